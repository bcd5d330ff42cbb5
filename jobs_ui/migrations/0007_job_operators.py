"""The group whose members may cancel jobs. Staff without it read everything."""

from typing import Any

from django.db import migrations

GROUP = "Job operators"


def make_group(apps: Any, schema_editor: Any) -> None:  # Any: what Django hands over
    # Django makes permissions after all migrations: the one that the group needs is made here, as Django would.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="jobs_ui", model="job"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename="cancel_job", defaults={"name": "Can cancel pending jobs"}
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs_ui", "0006_audit"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    # Backwards nothing: the group may have members by then, and another purpose.
    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
