"""The page of all parts: there in debug alone, and made of what the pages are made of."""

from __future__ import annotations

from django.test import Client
from pytest_django.fixtures import Settings

from jobs_ui.status import STATUSES
from tests.test_job_list import Page

URL = "/styleguide/"
PARTS = ["badge", "time", "id", "tabs", "rows", "timeline", "notice", "button", "form", "pager", "empty"]
PARTS += ["groups", "bar", "chart"]


def test_it_shows_every_part_in_every_state(staff_client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    answer = staff_client.get(URL)
    assert answer.status_code == 200
    page = Page(answer)
    assert page.having("data-part") == PARTS
    assert {*STATUSES, "archived"} <= set(page.having("data-status"))
    assert page.having("data-freshness") == ["fresh", "stale", "down"]
    assert "»" in page.text  # a lane that is cut
    assert "Give the number of waiting jobs as a whole number" in page.text
    assert {link["rel"] for link in page.all("a") if "rel" in link} == {"prev", "next"}
    assert len([svg for svg in page.all("svg") if svg.get("role") == "img"]) == 8 + 3  # charts and timelines
    assert len(page.having("data-error-group")) == 2
    ids = page.having("id")
    assert len(ids) == len(set(ids))


def test_it_is_not_there_in_production(staff_client: Client) -> None:
    assert staff_client.get(URL).status_code == 404


def test_it_is_for_staff(client: Client, db: None, settings: Settings) -> None:
    settings.DEBUG = True
    assert client.get(URL)["Location"].startswith("/login/")
