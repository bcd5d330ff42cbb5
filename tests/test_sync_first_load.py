"""The first load: how far it is, how long it will take, and what the API does not give."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing

import pytest
from django.core.management import call_command
from django.test import Client
from rich.console import Console

from jobs_ui import models
from jobs_ui.jobs_api import Refused, paging
from jobs_ui.jobs_api.pages import Page
from jobs_ui.jobs_api.schemas import Job
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.mirror import MirrorSource
from jobs_ui.stores import Store, configured_stores
from jobs_ui.sync import Syncer, walk
from jobs_ui.sync.progress import Bars, Lines, expected
from jobs_ui.sync.walk import LoadProgress
from tests.conftest import Clock
from tests.simulated_api import SimulatedApi
from tests.test_sync_rounds import put_jobs

MOST = 40


class ApiWithALimit(SimulatedApi):
    """Refuses offsets from which a page would reach beyond `MOST`, as the Jobs API does at 10,000."""

    def list_jobs(self, *, offset: int = 0, limit: int = 100) -> Page[Job]:
        if offset + limit > MOST:
            raise Refused(status=400)
        return super().list_jobs(offset=offset, limit=limit)


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> Callable[[Clock, int], ApiWithALimit]:
    """Makes an API with so many jobs, of which it lists `MOST`."""
    monkeypatch.setattr(walk, "PAGE", 10)
    monkeypatch.setattr(walk, "OVERLAP", 2)
    monkeypatch.setattr(paging, "MAX_OFFSET", MOST)

    def make(clock: Clock, count: int) -> ApiWithALimit:
        api = ApiWithALimit(clock)
        for _ in range(count):
            api.end(api.create(), "success")
            clock.advance(60)
        return api

    return make


@pytest.mark.parametrize(("count", "cut"), [(90, True), (25, False)])
def test_history_that_the_api_does_not_list_is_said_to_be_missing(
    count: int, cut: bool, short_list: Callable[[Clock, int], ApiWithALimit], store: Store, clock: Clock, db: None
) -> None:
    api = short_list(clock, count)

    assert Syncer(store.slug, api.as_client(), clock=clock).run_round().complete

    freshness = MirrorSource(configured_stores()).freshness(clock())
    assert freshness.state == "fresh"
    assert freshness.history_cut is cut
    assert models.Job.objects.count() == min(count, MOST)


def test_once_missing_it_stays_said(
    short_list: Callable[[Clock, int], ApiWithALimit], store: Store, clock: Clock, staff_client: Client
) -> None:
    api = short_list(clock, 90)
    syncer = Syncer(store.slug, api.as_client(), clock=clock)
    syncer.run_round()
    api.create()
    syncer.run_round()

    assert models.SyncState.objects.get().history_cut
    assert "10,000" in staff_client.get("/jobs/").content.decode()


def test_when_the_whole_list_could_be_read_nothing_is_said_to_be_missing(
    short_list: Callable[[Clock, int], ApiWithALimit], store: Store, clock: Clock, db: None
) -> None:
    api = short_list(clock, 90)
    syncer = Syncer(store.slug, api.as_client(), clock=clock)
    syncer.run_round()
    del api.jobs[20:]

    assert syncer.run_round(full=True).complete
    assert not models.SyncState.objects.get().history_cut


@pytest.mark.parametrize(
    ("offset", "total", "whole"),
    [(100, 600, 600), (100, 1, None), (100, None, None), (100, 250_000, 10_000), (600, 600, 600)],
)
def test_a_total_is_believed_only_where_it_can_be_true(offset: int, total: int | None, whole: int | None) -> None:
    assert expected(LoadProgress(offset, total)) == whole


def test_lines_tell_the_rate_and_what_is_left() -> None:
    seconds = iter([0.0, 2.0, 10.0, 11.0, 20.0])
    lines: list[str] = []
    report = Lines(lines.append, clock=lambda: next(seconds))
    for offset in (0, 200, 1_000, 1_100):
        report("default", LoadProgress(offset, 3_000))
    report("default", LoadProgress(3_000, 3_000, is_over=True))

    assert lines == [
        "Store default: 1,000 jobs read, 100 a second, about 2,000 to go (20 s).",
        "Store default: the whole list has been read, 3,000 rows.",
    ]


def test_a_load_that_was_resumed_counts_its_rate_from_there() -> None:
    seconds = iter([0.0, 10.0])
    lines: list[str] = []
    report = Lines(lines.append, clock=lambda: next(seconds))
    report("default", LoadProgress(5_000, None))
    report("default", LoadProgress(5_500, None))

    assert lines == ["Store default: 5,500 jobs read, 50 a second."]


def test_a_terminal_gets_a_bar() -> None:
    terminal = io.StringIO()
    with closing(Bars(Console(file=terminal, force_terminal=True, width=100))) as report:
        report("default", LoadProgress(100, 600))
        report("default", LoadProgress(600, 600, is_over=True))

    shown = terminal.getvalue()
    assert "Reading store default" in shown
    assert "600/600" in shown


def test_the_command_says_it_in_plain_lines_where_there_is_no_terminal(
    sandbox: SandboxProcess, store: Store, db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    put_jobs(sandbox, range(250))

    call_command("sync_jobs")
    first = capsys.readouterr().out
    call_command("sync_jobs")

    assert "Store default: the whole list has been read, 250 rows.\nStore default: 250 new, 0 changed.\n" in first
    assert capsys.readouterr().out == "Store default: 0 new, 0 changed.\n"
