"""The contract of `JobSource`: every test holds for the mirror and for the live API."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pydantic import SecretStr
from pytest_django.fixtures import Settings

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobFilters, JobNotFound, JobSource, UnreadableCursor
from jobs_ui.sources.cursors import Place, write_cursor
from jobs_ui.sources.live import LiveSource
from jobs_ui.sources.mirror import MirrorSource
from jobs_ui.stores import Store, client_of, configured_stores
from jobs_ui.sync import Syncer
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db
BASE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NO_FILTER = JobFilters()


@pytest.fixture(params=["mirror", "live"])
def source(request: pytest.FixtureRequest, sandbox: SandboxProcess, settings: Settings) -> JobSource:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": request.param})
    return get_source()


@pytest.fixture
def publish(sandbox: SandboxProcess, source: JobSource) -> Callable[[], None]:
    """Lets the source know what the API has: for the mirror that is a round of sync."""

    def run() -> None:
        if source.capabilities.filters == "index":
            store = configured_stores()[0]
            Syncer(store.slug, client_of(store)).run_round()

    return run


def put(sandbox: SandboxProcess, number: int, *, at: datetime | None = None, **changes: Any) -> str:
    created = at or BASE + timedelta(minutes=number)
    job_id = f"job-{number:04d}"
    sandbox.put_job(job_id, raw_job(job_id, created_at=created.isoformat(), **changes))
    return job_id


def walk_older(source: JobSource, filters: JobFilters = NO_FILTER, *, most: int = 100) -> list[list[str]]:
    """The ids of each page, from the newest on."""
    pages, cursor = [], None
    for _ in range(most):
        page = source.list_jobs(filters, before=cursor)
        pages.append([job.job_id for job in page.jobs])
        cursor = page.older
        if cursor is None:
            return pages
    raise AssertionError("the pages do not end")


def test_the_newest_job_comes_first(sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]) -> None:
    for number in (2, 0, 1):
        put(sandbox, number)
    publish()

    assert walk_older(source) == [["job-0002", "job-0001", "job-0000"]]


def test_no_jobs_are_one_empty_page(source: JobSource, publish: Callable[[], None]) -> None:
    publish()

    page = source.list_jobs(NO_FILTER)

    assert page.jobs == ()
    assert page.older is None
    assert page.newer is None


@pytest.mark.parametrize("same_moment", [False, True], ids=["a minute apart", "all at the same moment"])
def test_every_job_is_reached_once_by_going_older(
    sandbox: SandboxProcess,
    source: JobSource,
    publish: Callable[[], None],
    same_moment: bool,
) -> None:
    expected = {put(sandbox, number, at=BASE if same_moment else None) for number in range(230)}
    publish()

    seen = [job_id for page in walk_older(source) for job_id in page]

    assert len(seen) == len(set(seen))
    assert set(seen) == expected


def test_going_newer_comes_back_to_the_same_pages(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    for number in range(330):
        put(sandbox, number)
    publish()
    first = source.list_jobs(NO_FILTER)
    second = source.list_jobs(NO_FILTER, before=first.older)
    third = source.list_jobs(NO_FILTER, before=second.older)

    back = source.list_jobs(NO_FILTER, after=third.newer)
    top = source.list_jobs(NO_FILTER, after=back.newer)

    assert [job.job_id for job in back.jobs] == [job.job_id for job in second.jobs]
    assert [job.job_id for job in top.jobs] == [job.job_id for job in first.jobs]
    assert top.newer is None


def test_a_page_stays_what_it_was_while_jobs_arrive(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    for number in range(120):
        put(sandbox, number)
    publish()
    cursor = source.list_jobs(NO_FILTER).older
    before = [job.job_id for job in source.list_jobs(NO_FILTER, before=cursor).jobs]
    for number in range(200, 230):
        put(sandbox, number)
    publish()

    after = [job.job_id for job in source.list_jobs(NO_FILTER, before=cursor).jobs]

    assert after == before


def test_a_page_stays_what_it_was_when_newer_jobs_vanish(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    for number in range(160):
        put(sandbox, number)
    publish()
    cursor = source.list_jobs(NO_FILTER).older
    before = [job.job_id for job in source.list_jobs(NO_FILTER, before=cursor).jobs]
    for number in range(120, 160):
        sandbox.delete_job(f"job-{number:04d}")
    publish()

    after = [job.job_id for job in source.list_jobs(NO_FILTER, before=cursor).jobs]

    assert after == before


def test_filters_find_every_match_and_nothing_else(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    failed = {put(sandbox, number, status="failed") for number in range(0, 700, 100)}
    paused = put(sandbox, 701, status="paused")
    prices = {put(sandbox, 702, type="price-import"), put(sandbox, 703, type="pricebook-import")}
    for number in range(300, 560):
        if number % 100:
            put(sandbox, number)
    publish()

    def found(filters: JobFilters) -> set[str]:
        return {job_id for page in walk_older(source, filters) for job_id in page}

    assert found(JobFilters(statuses=("failed",))) == failed
    assert found(JobFilters(statuses=("failed", "paused"))) == failed | {paused}
    assert found(JobFilters(types=("price-import",))) == prices
    assert found(JobFilters(statuses=("cancelled",))) == set()


def test_a_page_says_down_to_when_it_has_looked(
    sandbox: SandboxProcess, settings: Settings, staff_client: Client
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    for number in range(520):
        put(sandbox, number)

    page = staff_client.get("/jobs/?status=failed").content.decode()

    assert "looked through 480 jobs" in page
    assert "down to 2026-11-20 12:40:00 UTC" in page


def test_a_source_says_how_far_it_has_looked(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    for number in range(20):
        put(sandbox, number)
    publish()

    page = source.list_jobs(JobFilters(statuses=("failed",)))

    assert page.scanned == (20 if source.capabilities.filters == "scan" else None)


@pytest.mark.parametrize("cursor", ["x", "!!!", "", write_cursor(Place(BASE, "nonsense"))[:-3]])
def test_a_cursor_that_it_did_not_write_is_refused(source: JobSource, publish: Callable[[], None], cursor: str) -> None:
    publish()
    if cursor:
        with pytest.raises(UnreadableCursor):
            source.list_jobs(NO_FILTER, before=cursor)


def test_a_job_has_all_its_fields(sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]) -> None:
    link = "https://files.example/20261120_part_1.csv?Expires=1&Signature=abc"
    job_id = put(sandbox, 1, type="product-export", filter="eq(sku,a)", file_locations=[link], colour="mauve")
    publish()

    job = source.get_job(job_id)

    assert (job.job_id, job.type, job.status, job.store) == (job_id, "product-export", "success", "default")
    assert job.created_at == BASE + timedelta(minutes=1)
    assert job.request_id == f"request-{job_id}"
    assert job.filter == "eq(sku,a)"
    assert job.files == ("20261120_part_1.csv",)
    assert "mauve" in str(job.raw)
    assert "abc" not in str(job.raw)


def test_an_unknown_job_is_not_found(source: JobSource, publish: Callable[[], None]) -> None:
    publish()
    with pytest.raises(JobNotFound):
        source.get_job("nobody-knows-me")


def test_messages_are_paged_in_order(sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]) -> None:
    messages = [f"message {number}" for number in range(250)]
    job_id = put(sandbox, 1, status="failed")
    sandbox.put_errors(job_id, messages=messages)
    publish()
    job = source.get_job(job_id)

    pages = [source.list_errors(job, number=number) for number in (1, 2, 3)]

    assert [line.message for page in pages for line in page.lines] == messages
    assert [line.position for page in pages for line in page.lines] == list(range(250))
    assert [page.has_next for page in pages] == [True, True, False]


def test_a_job_read_again_is_as_the_api_has_it_now(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    job_id = put(sandbox, 1, status="started", completed_at=None)
    publish()
    put(sandbox, 1, status="failed")
    sandbox.put_errors(job_id, messages=["missing sku for price"])

    job = source.refresh_job(job_id)

    assert job.status == "failed"
    assert [line.message for line in source.list_errors(job).lines] == ["missing sku for price"]


def test_links_are_fresh_each_time(sandbox: SandboxProcess, source: JobSource) -> None:
    sandbox.reset(history=60, quiet=True)
    links = set()
    for _ in range(2):
        for job_id in sandbox.job_ids():
            _, found = source.file_links(job_id)
            links |= {link.reveal() for link in found}
            if len(found) == 2:
                break
        sandbox.advance(10)

    assert len(links) >= 4
    assert all("Signature=" in link for link in links)


def test_what_the_api_does_is_told_in_its_own_kind(sandbox: SandboxProcess, source: JobSource) -> None:
    sandbox.faults([{"match": "job", "kind": "status", "status": 500}])

    with pytest.raises(CannotAsk) as raised:
        source.get_job("not-in-the-mirror")

    assert raised.value.kind == "upstream-failure"
    assert raised.value.sentence


def test_freshness_is_known(source: JobSource, publish: Callable[[], None]) -> None:
    publish()

    assert source.freshness(datetime.now(UTC)).state == "fresh"


def test_what_is_known_of_many_errors_is_not_called_all_of_them(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    job_id = put(sandbox, 1, status="failed")
    sandbox.put_errors(job_id, messages=[f"message {number}" for number in range(250)])
    publish()

    reading = source.get_job(job_id).errors

    expected = ("complete", "250") if source.capabilities.filters == "index" else ("more", "100+")
    assert (reading.state, reading.count_words) == expected


def test_a_place_far_down_is_found_again_after_many_newer_jobs_vanished(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]
) -> None:
    for number in range(400):
        put(sandbox, number)
    publish()
    cursor = None
    for _ in range(5):
        cursor = source.list_jobs(NO_FILTER, before=cursor).older
    before = [job.job_id for job in source.list_jobs(NO_FILTER, before=cursor).jobs]
    for number in range(160, 400):
        sandbox.delete_job(f"job-{number:04d}")

    page = source.list_jobs(NO_FILTER, before=cursor)

    assert [job.job_id for job in page.jobs] == before
    assert page.older is not None


def test_pages_may_be_larger(sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None]) -> None:
    for number in range(130):
        put(sandbox, number)
    publish()

    page = source.list_jobs(NO_FILTER, size=100)

    assert len(page.jobs) == 100
    assert len(source.list_jobs(NO_FILTER, before=page.older, size=100).jobs) == 30


@pytest.mark.parametrize("behaviour", [{"max_limit": 50}, {"max_limit": 10}, {"ignore_paging": True}])
def test_going_newer_skips_nothing_whatever_the_size_of_the_apis_pages(
    sandbox: SandboxProcess, source: JobSource, publish: Callable[[], None], behaviour: dict[str, Any]
) -> None:
    expected = [put(sandbox, number) for number in range(130)][::-1]
    sandbox.settings(**behaviour)
    publish()
    page = source.list_jobs(NO_FILTER)
    while page.older:
        page = source.list_jobs(NO_FILTER, before=page.older)
    back = [job.job_id for job in page.jobs]
    for _ in range(30):
        if page.newer is None:
            break
        page = source.list_jobs(NO_FILTER, after=page.newer)
        back = [job.job_id for job in page.jobs if job.job_id not in back] + back

    assert page.newer is None
    assert back == expected


@pytest.mark.parametrize("kind", [MirrorSource, LiveSource])
def test_stores_that_are_asked_in_turn_share_one_deadline(
    kind: type[MirrorSource | LiveSource], sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the two answers in time by itself, that it knows no such job; both together do not."""
    monkeypatch.setattr("jobs_ui.sources.live.ASKING_DEADLINE", 1.5)
    monkeypatch.setattr("jobs_ui.sources.mirror.source.ASKING_DEADLINE", 1.5)
    secret = SecretStr("sandbox")
    stores = [Store(slug, slug, sandbox.url, "sandbox", secret) for slug in ("europe", "trade")]
    sandbox.faults([{"match": "job", "kind": "slow", "seconds": 1.0, "times": None}])

    with pytest.raises(CannotAsk) as caught:
        kind(stores).get_job("nobody-knows-me")

    assert caught.value.kind == "timed-out"
    for store in stores:
        client_of(store).close()


def test_live_says_that_the_list_goes_on_where_the_api_ends_it(
    sandbox: SandboxProcess, settings: Settings, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    # The bound of the client alone: to put 10,000 jobs takes minutes.
    monkeypatch.setattr("jobs_ui.jobs_api.paging.MAX_OFFSET", 200)
    for number in range(330):
        put(sandbox, number)
    url, texts = "/jobs/", []
    for _ in range(10):
        answer = staff_client.get(url)
        texts.append(answer.content.decode())
        found = re.search(r'rel="next"\s+href="([^"]+)"', texts[-1])
        if not found:
            break
        url = html.unescape(found[1])
    assert "no more than the newest 10,000 jobs" in texts[-1]
    assert "no more than the newest 10,000 jobs" not in texts[0]


@pytest.mark.parametrize("name", ["before", "after"])
def test_live_asks_for_no_offset_that_a_cursor_makes_up(
    name: str, sandbox: SandboxProcess, settings: Settings, staff_client: Client
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    put(sandbox, 1)
    cursor = write_cursor(Place(BASE, "job-0001", 9223372036854775807))
    assert staff_client.get("/jobs/", {name: cursor}).status_code == 200
