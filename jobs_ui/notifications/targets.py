"""The configured targets of webhooks. Pages show their names; addresses and secrets stay in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings
from pydantic import SecretStr

from console.environment import Environment

USE_WEBHOOKS = "jobs_ui.use_webhooks"
"""The permission that somebody needs to have messages sent to a webhook."""


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where messages can be posted: its short name in rules, its name on pages, and how to reach it."""

    slug: str
    name: str
    form: Literal["json", "chat"]
    url: SecretStr = field(repr=False)
    secret: SecretStr | None = field(repr=False)


def configured_targets() -> Mapping[str, WebhookTarget]:
    """The targets that the settings name, by short name, in their order."""
    environment: Environment = settings.ENVIRONMENT
    return {
        target.slug: WebhookTarget(target.slug, target.name, target.form, target.url, target.secret)
        for target in environment.webhooks
    }
