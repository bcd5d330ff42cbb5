"""System checks for every setting, with ids that stay. `console.wsgi` runs them as well as Django's commands.

A setting that is wrong is an error everywhere. One that is missing is an error only where it is needed: `migrate`,
`collectstatic`, `sandbox` and `demo` need no credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks  # noqa: A004 - their name

from console.environment import Environment, Problem
from jobs_ui.outgoing.hosts import may_be_asked

IDS = {
    "EPCC_API_BASE_URL": "jobs_ui.E001",
    "EPCC_CLIENT_ID": "jobs_ui.E002",
    "EPCC_CLIENT_SECRET": "jobs_ui.E003",
    "EPCC_CLIENT_SECRET_FILE": "jobs_ui.E004",
    "DATABASE_URL": "jobs_ui.E005",
    "DATABASE_URL_FILE": "jobs_ui.E006",
    "JOBS_SOURCE": "jobs_ui.E007",
    "CONSOLE_SECRET_KEY": "jobs_ui.E008",
    "CONSOLE_SECRET_KEY_FILE": "jobs_ui.E009",
    "CONSOLE_DEBUG": "jobs_ui.E010",
    "CONSOLE_ALLOWED_HOSTS": "jobs_ui.E011",
    "CONSOLE_CSRF_TRUSTED_ORIGINS": "jobs_ui.E012",
    "CONSOLE_HTTPS": "jobs_ui.E013",
    "DOWNLOAD_HOSTS": "jobs_ui.E014",
    "TEST_DATABASE_URL": "jobs_ui.E016",
    "CONSOLE_API_BUDGET": "jobs_ui.E017",
    "CONSOLE_STORES_FILE": "jobs_ui.E018",
    "DOWNLOAD_MODE": "jobs_ui.E019",
    "CONSOLE_PROXY_COUNT": "jobs_ui.E020",
    "CONSOLE_URL": "jobs_ui.E021",
    "WEBHOOK_HOSTS": "jobs_ui.E022",
    "EMAIL_HOST": "jobs_ui.E023",
    "EMAIL_PORT": "jobs_ui.E024",
    "EMAIL_HOST_USER": "jobs_ui.E025",
    "EMAIL_HOST_PASSWORD": "jobs_ui.E026",
    "EMAIL_HOST_PASSWORD_FILE": "jobs_ui.E027",
    "EMAIL_SECURITY": "jobs_ui.E028",
    "DEFAULT_FROM_EMAIL": "jobs_ui.E029",
}
WEBHOOK_NOT_TRUSTED, SENDER_MISSING, CONSOLE_URL_MISSING = "jobs_ui.W001", "jobs_ui.W002", "jobs_ui.W003"
STATIC_FILES_MISSING = "jobs_ui.E015"
STORE_SETTINGS = ("EPCC_API_BASE_URL", "EPCC_CLIENT_ID", "EPCC_CLIENT_SECRET")


@register()
def check_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """One error a setting that cannot be used. (Any: the signature that Django calls checks with.)"""
    problems: list[Problem] = settings.ENVIRONMENT_PROBLEMS
    return [
        Error(
            f"The setting {problem.name} {problem.reason}.",
            hint=f"It should be {problem.expected}.",
            id=IDS[problem.name],
        )
        for problem in problems
    ]


@register()
def check_delivery(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What will keep messages from being sent, or from being of use. Pages work all the same, so these are warnings."""
    environment: Environment = settings.ENVIRONMENT
    refused = {problem.name for problem in settings.ENVIRONMENT_PROBLEMS}
    found: list[CheckMessage] = [
        Warning(
            f"Nothing can be sent to the webhook “{target.slug}”: its address is not https.",
            hint="Name its host in WEBHOOK_HOSTS, where it is to be trusted over http, too.",
            id=WEBHOOK_NOT_TRUSTED,
        )
        for target in environment.webhooks
        if "WEBHOOK_HOSTS" not in refused and not may_be_asked(target.url.get_secret_value(), environment.WEBHOOK_HOSTS)
    ]
    if environment.EMAIL_HOST and not environment.DEFAULT_FROM_EMAIL and "DEFAULT_FROM_EMAIL" not in refused:
        found.append(
            Warning(
                "No e-mail can be sent: EMAIL_HOST is set, and DEFAULT_FROM_EMAIL is missing.",
                hint=f"It should be {Environment.model_fields['DEFAULT_FROM_EMAIL'].description}.",
                id=SENDER_MISSING,
            )
        )
    if (
        (environment.EMAIL_HOST or environment.webhooks)
        and not environment.CONSOLE_URL
        and "CONSOLE_URL" not in refused
    ):
        found.append(
            Warning(
                "Messages have no link to the console: CONSOLE_URL is missing.",
                hint=f"It should be {Environment.model_fields['CONSOLE_URL'].description}.",
                id=CONSOLE_URL_MISSING,
            )
        )
    return found


def missing_store_settings() -> list[CheckMessage]:
    """What is missing of the credentials of a store; nothing where they are all there or were refused already."""
    environment: Environment = settings.ENVIRONMENT
    partly = any(getattr(environment, name) is not None for name in STORE_SETTINGS)
    return [] if environment.CONSOLE_STORES_FILE and not partly else _missing_of(*STORE_SETTINGS)


def problems_with_serving() -> list[CheckMessage]:
    """Everything that keeps the web process from serving: wrong settings, and missing ones that it needs."""
    problems = [problem for problem in run_checks() if problem.is_serious()]
    environment: Environment = settings.ENVIRONMENT
    if environment.CONSOLE_DEBUG:
        return problems
    problems += [*_missing_of("CONSOLE_SECRET_KEY"), *missing_store_settings()]
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists() and "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]:
        problems.append(
            Error(
                "The static files have not been collected.",
                hint="Run `python manage.py collectstatic --noinput` (or `make install`) first.",
                id=STATIC_FILES_MISSING,
            )
        )
    return problems


def _missing_of(*names: str) -> list[CheckMessage]:
    environment: Environment = settings.ENVIRONMENT
    refused = {problem.name.removesuffix("_FILE") for problem in settings.ENVIRONMENT_PROBLEMS}
    return [_missing(name) for name in names if getattr(environment, name) is None and name not in refused]


def _missing(name: str) -> Error:
    expected = Environment.model_fields[name].description
    return Error(f"The setting {name} is missing.", hint=f"It should be {expected}.", id=IDS[name])
