"""The group of those who may cancel jobs may also have notifications sent to the console's webhooks."""

from typing import Any

from django.db import migrations

GROUP = "Job operators"


def allow(apps: Any, schema_editor: Any) -> None:  # Any: what Django hands over
    # Django makes permissions after all migrations: the one that the group needs is made here, as Django would.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="jobs_ui", model="notificationrule"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename="use_webhooks",
        defaults={"name": "Can have notifications sent to the console's webhooks"},
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("jobs_ui", "0010_notifications")]

    # Backwards nothing: the group may have members by then, and another purpose.
    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
