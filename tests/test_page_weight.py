"""What the list weighs over the wire: compressed, as a browser asks for it."""

from __future__ import annotations

import gzip
import random
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from jobs_ui.models import Job
from tests.test_job_list import HTMX, NOON, Page, sync_state

FIRST_LOAD, REFRESH, STYLESHEET, OWN_SCRIPTS = 80_000, 8_000, 8_000, 4_000  # bytes
TYPES = ("product-import", "product-export", "price-import", "hierarchy-duplicate", "child-products")


def wire(client: Client, **headers: str) -> int:
    """The length of the list's answer, compressed."""
    answer = client.get("/jobs/", headers={"Accept-Encoding": "gzip", **headers})
    assert answer["Content-Encoding"] == "gzip"
    return len(answer.content)


def file_of(address: str) -> Path:
    found = finders.find(address.removeprefix("/static/").partition("#")[0])
    assert isinstance(found, str)
    return Path(found)


def weight(file: Path) -> int:
    return len(gzip.compress(file.read_bytes()))


@pytest.fixture
def busy_day(db: None, sandbox: object) -> None:
    """A page of jobs as different from each other as they are in a shop: nothing of an id can be compressed."""
    chance = random.Random(7)

    def uuid() -> str:
        return str(UUID(int=chance.getrandbits(128)))

    for number in range(60):
        created = NOON + timedelta(seconds=number * 97 + chance.random())
        started = created + timedelta(seconds=chance.random() * 40)
        kind = chance.choice(TYPES)
        Job.objects.create(
            store="default",
            job_id=uuid(),
            type=kind,
            status=chance.choice(["success", "success", "success", "failed", "cancelled"]),
            created_at=created,
            started_at=started,
            completed_at=started + timedelta(seconds=chance.random() * 900),
            filter=f"in(sku,{uuid()[:13]},{uuid()[:13]})" if kind == "product-export" else None,
            copied_from=uuid() if kind == "hierarchy-duplicate" else "",
            hierarchy_id=uuid() if kind == "hierarchy-duplicate" else "",
            files=["a.csv"] * chance.randint(1, 9) if kind == "product-export" else None,
            errors_state="complete",
            errors_count=chance.randint(0, 20_000),
            raw={},
            read_at=created,
        )
    sync_state()


@pytest.mark.usefixtures("busy_day")
def test_the_first_load_of_the_list_is_light(staff_client: Client) -> None:
    page = Page(staff_client.get("/jobs/"))
    assert len(page.ids) == 50
    addresses = {link["href"] for link in page.all("link")} | {script["src"] for script in page.all("script")}
    addresses |= {use["href"].partition("#")[0] for use in page.all("use") if use["href"].startswith("/")}
    assert len(addresses) >= 5
    assert wire(staff_client) + sum(weight(file_of(address)) for address in addresses) <= FIRST_LOAD


@pytest.mark.usefixtures("busy_day")
def test_a_refresh_is_light(staff_client: Client) -> None:
    assert wire(staff_client, **HTMX) <= REFRESH


def test_the_stylesheet_and_the_scripts_are_small() -> None:
    folder = file_of("/static/jobs_ui/console.css").parent
    assert weight(folder / "console.css") <= STYLESHEET
    assert sum(weight(script) for script in folder.glob("*.js")) <= OWN_SCRIPTS
