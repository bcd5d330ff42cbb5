"""Downloads at once: a bounded number, given back however a download ends, and never in the way of pages."""

from __future__ import annotations

import gc
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client

from jobs_ui.downloads import slots
from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.views import export_parts
from tests.file_host import FileHost
from tests.test_job_files import chunks, download, put
from tests.test_job_files_together import pieces_of
from tests.test_job_list import Page, Sync

pytestmark = pytest.mark.usefixtures("log")

Few = Callable[[], int]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Iterator[Few]:
    """Two slots instead of all, and how many of them are free. All are, when the test ends."""
    few = slots.Slots(2)
    monkeypatch.setattr(export_parts, "SLOTS", few)

    def count() -> int:
        gc.collect()
        taken = [slot for slot in (few.take(), few.take(), few.take()) if slot]
        for slot in taken:
            slot.release()
        return len(taken)

    yield count
    assert count() == 2


def leave(answer: HttpResponseBase) -> None:
    """Closes the answer as a server does when the reader has gone, and leaves the test its database."""
    with patch.object(connection, "close_if_unusable_or_obsolete"):
        answer.close()


def test_half_of_the_threads_of_a_worker_serve_downloads() -> None:
    config = runpy.run_path(str(Path(__file__).resolve().parent.parent / "gunicorn.conf.py"))
    assert config["threads"] // 2 == slots.MOST_AT_ONCE


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv", "files/1/preview/", "errors.csv"])
def test_beyond_the_bound_a_page_says_to_try_again_before_anyone_is_asked(
    rest: str, sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client, free: Few
) -> None:
    sync()
    sandbox.settings(part_bytes=500_000)
    running = [download(staff_client, export) for _ in range(2)]
    assert free() == 0
    before = sandbox.state()["requests"]
    answer = staff_client.get(f"/jobs/{export}/{rest}")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    page = Page(answer)
    assert "Too many downloads at once" in page.text
    assert "Try again in 10 seconds" in page.text
    assert sandbox.state()["requests"] == before
    # Pages are not downloads.
    assert staff_client.get("/jobs/").status_code == 200
    assert chunks(running[0])
    assert free() == 1
    leave(running[1])


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv"])
def test_a_slot_comes_back_when_a_download_is_finished(rest: str, export: str, staff_client: Client, free: Few) -> None:
    answer = staff_client.get(f"/jobs/{export}/{rest}")
    assert free() == 1
    assert chunks(answer)
    assert free() == 2


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv"])
def test_a_slot_comes_back_when_the_reader_goes_away_or_never_begins(
    rest: str, sandbox: SandboxProcess, export: str, staff_client: Client, free: Few
) -> None:
    sandbox.settings(part_bytes=500_000)
    leave(staff_client.get(f"/jobs/{export}/{rest}"))
    assert free() == 2
    answer = staff_client.get(f"/jobs/{export}/{rest}")
    assert next(pieces_of(answer))
    leave(answer)
    assert free() == 2


def test_a_slot_comes_back_when_a_download_breaks_off(
    sandbox: SandboxProcess, export: str, staff_client: Client, free: Few
) -> None:
    sandbox.settings(part_bytes=500_000)
    for rest, skip in (("files/1/", 0), ("files.zip", 0), ("files.csv", 2)):
        sandbox.faults([{"match": "file", "kind": "cut", "skip": skip}])
        answer = staff_client.get(f"/jobs/{export}/{rest}")
        with pytest.raises(Exception, match="IncompleteRead"):
            chunks(answer)
        assert free() == 2


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv", "files/1/preview/"])
def test_a_slot_comes_back_from_head_and_from_a_page(
    rest: str,
    sandbox: SandboxProcess,
    export: str,
    staff_client: Client,
    file_host: FileHost,
    allow: Callable[..., None],
    free: Few,
) -> None:
    assert staff_client.head(f"/jobs/{export}/{rest}").status_code == 200
    assert free() == 2
    staff_client.get(f"/jobs/no-such-job/{rest}")
    assert free() == 2
    put(sandbox, "http://evil.example/a.csv")
    assert staff_client.get(f"/jobs/an-export/{rest}").status_code == 502
    assert free() == 2
    sandbox.faults([{"match": "job", "status": 500}])
    assert staff_client.get(f"/jobs/{export}/{rest}").status_code == 503
    assert free() == 2


def test_a_slot_comes_back_when_a_view_fails(
    export: str, staff_client: Client, free: Few, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(export_parts.ExportParts, "open", fail)
    staff_client.raise_request_exception = False
    assert download(staff_client, export).status_code == 500
    assert free() == 2


def test_a_slot_that_is_given_back_twice_is_one_slot() -> None:
    one = slots.Slots(1)
    slot = one.take()
    assert slot is not None
    assert one.take() is None
    slot.release()
    slot.release()
    again = one.take()
    assert again is not None
    assert one.take() is None


def test_a_slot_that_is_lost_comes_back() -> None:
    # As when something fails between the view and the server, and the answer is dropped without being closed.
    one = slots.Slots(1)
    slot = one.take()
    assert slot is not None
    del slot
    assert one.take() is not None


def test_who_downloads_slowly_sees_the_file_as_it_comes(
    sandbox: SandboxProcess, export: str, api: JobsClient, staff_client: Client
) -> None:
    sandbox.put_files(export, b"x" * 400_000)
    sandbox.faults([{"match": "file", "kind": "hold"}])
    answer = download(staff_client, export)
    pieces, got = pieces_of(answer), b""
    while len(got) < 200_000:
        got += next(pieces)
    assert sandbox.state()["held"] == 1
    assert sandbox.release() == 1
    assert len(got + b"".join(pieces)) == 400_000


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv"])
def test_no_connection_of_the_database_is_held_while_a_file_is_sent(
    rest: str, transactional_db: None, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.settings(part_bytes=500_000)
    answer = staff_client.get(f"/jobs/{export}/{rest}")
    assert connection.connection is None
    held = [connection.connection is not None for _ in pieces_of(answer)]
    assert len(held) > 1
    assert not any(held)
