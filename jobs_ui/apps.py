"""The app's configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsUiConfig(AppConfig):
    name = "jobs_ui"
    verbose_name = "Jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs_ui import (
            checks,  # noqa: F401 - importing it registers the system checks
            search_index,
        )

        post_migrate.connect(search_index.after_migrate, sender=self)
