"""Language and time zone of the reader: told by the browser, or chosen and remembered in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from jobs_ui.models import Job
from tests.german import GERMAN
from tests.test_job_list import Page, mirror, sync_state

URL = "/preferences/"
MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("sandbox")


def remember(client: Client, **form: str) -> Page:
    answer = client.post(URL, {"language": "", "zone": "", "keys": "on"} | form)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    return Page(client.get(URL))


def test_the_language_is_the_browsers_unless_another_is_chosen(staff_client: Client) -> None:
    page = Page(staff_client.get(URL, headers=GERMAN))
    assert page.all("html")[0]["lang"] == "de"
    assert "Einstellungen" in page.text
    assert "Gemerkt" not in remember(staff_client, language="en").text
    assert "Preferences" in Page(staff_client.get(URL, headers=GERMAN)).text
    assert "In diesem Browser gemerkt." in remember(staff_client, language="de").text
    assert "Preferences" in remember(staff_client, language="tlh").text


def test_times_are_those_of_the_browsers_zone_unless_another_is_chosen(staff_client: Client) -> None:
    assert "(UTC) there now" in Page(staff_client.get(URL)).text
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    assert "(IST) there now" in Page(staff_client.get(URL)).text
    assert "(JST) there now" in remember(staff_client, zone="Asia/Tokyo").text
    assert "(IST) there now" in remember(staff_client, zone="").text


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "Nowhere/At_All", "x" * 5000, "localtime"])
def test_a_zone_that_is_none_is_utc(name: str, staff_client: Client) -> None:
    staff_client.cookies["browser_zone"] = name
    assert "(UTC) there now" in Page(staff_client.get(URL)).text
    assert "(UTC) there now" in remember(staff_client, zone=name).text


def test_a_time_says_utc_as_well(staff_client: Client) -> None:
    mirror(1, created_at=MOMENT)
    sync_state()
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    job = Job.objects.get()
    titles = Page(staff_client.get(f"/jobs/{job.job_id}/")).having("title")
    assert "2026-01-15 17:30:00 IST = 2026-01-15 12:00:00 UTC" in titles


def test_every_text_is_translated() -> None:
    with (settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalog = read_po(file)
    assert len(catalog) > 10
    missing = []
    for message in catalog:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or [""])
        if message.id and (message.fuzzy or not all(forms)):
            missing.append(message.id)
    assert missing == []
    assert [error for message in catalog for error in message.check(catalog)] == []
