"""The configured stores and the API client of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from pydantic import SecretStr

from console.environment import Environment
from jobs_ui.budget import UNLIMITED, Budget, Kind
from jobs_ui.jobs_api import JobsClient

DEFAULT_STORE = "default"
DEADLINES: dict[Kind, float] = {"sync": 12.0, "act": 20.0}
"""Seconds that one call may take in all. Sync's is shorter: with the longest pause between two rounds of a quiet store
before it, pages still say within 30 s that the API is down, also where it hangs."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store: its short name in URLs and the mirror, its name on pages, and how to reach its API."""

    slug: str
    name: str
    base_url: str
    client_id: str
    client_secret: SecretStr


def configured_stores() -> tuple[Store, ...]:
    """The stores that this console has a key for; none where the settings name none."""
    environment: Environment = settings.ENVIRONMENT
    stores = [
        Store(store.slug, store.name, store.base_url, store.client_id, store.client_secret)
        for store in environment.CONSOLE_STORES_FILE
    ]
    base_url, client_id = environment.EPCC_API_BASE_URL, environment.EPCC_CLIENT_ID
    secret = environment.EPCC_CLIENT_SECRET
    if base_url and client_id and secret and all(store.slug != DEFAULT_STORE for store in stores):
        stores.insert(0, Store(DEFAULT_STORE, "Default", base_url, client_id, secret))
    return tuple(stores)


@lru_cache(maxsize=64)
def client_of(store: Store, kind: Kind = "act") -> JobsClient:
    """The one client of this process for that store: its threads share connections and the token.

    `kind` tells from whose share of the store's budget its requests are taken, and how long one call of it may take.
    """
    environment: Environment = settings.ENVIRONMENT
    rate = environment.CONSOLE_API_BUDGET
    return JobsClient(
        base_url=store.base_url,
        client_id=store.client_id,
        client_secret=store.client_secret.get_secret_value(),
        deadline=DEADLINES[kind],
        before_request=Budget(store.slug, kind, rate=rate) if rate < UNLIMITED else None,
    )
