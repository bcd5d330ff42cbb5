"""What a page says when the console's own database does not let it do its work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.conftest import PASSWORD
from tests.test_job_list import Page


@pytest.fixture
def locked(transactional_db: None, staff: User) -> Iterator[None]:
    """Somebody else writes, and does not end."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the whole database")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()
    connection.close()


def test_a_login_that_cannot_be_stored_says_so(locked: None) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post("/login/", {"username": "mara", "password": PASSWORD})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    page = Page(answer)
    assert "The console's own database does not answer" in page.text
    assert "Nothing was lost." in page.text


def test_another_error_is_still_the_consoles_own(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff_client.raise_request_exception = False

    def broken() -> None:
        raise ValueError

    monkeypatch.setattr("jobs_ui.views.job_list.get_source", broken)
    answer = staff_client.get("/jobs/")
    assert answer.status_code == 500
    assert "The console made a mistake" in Page(answer).text
