"""The figures over all jobs of a period: counted right, by store and period, drawn, and as tables beside it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui import models
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync.clocks import utc_now
from tests.german import GERMAN, left_in_english
from tests.test_job_list import HOSTILE, Page, check_nothing_was_injected, shown

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PATH = "/insights/"


def put(
    job_id: str,
    *,
    days: int = 1,
    hour: int = 9,
    kind: str = "product-import",
    status: str = "success",
    wait: float | None = 1,
    run: float | None = 10,
    store: str = "default",
) -> models.Job:
    """A job of the mirror, created so many days ago at that hour (UTC). `wait` and `run` in seconds."""
    created = TODAY - timedelta(days=days) + timedelta(hours=hour, minutes=30)
    return models.Job.objects.create(
        store=store,
        job_id=job_id,
        type=kind,
        status=status,
        created_at=created,
        wait_ms=-1 if wait is None else int(wait * 1000),
        run_ms=-1 if run is None else int(run * 1000),
        raw={},
        read_at=created,
    )


def put_errors(job: models.Job, digest: str, sample: str, count: int) -> None:
    models.ErrorGroup.objects.create(
        job=job,
        reading=1,
        is_shown=True,
        number=models.ErrorGroup.objects.filter(job=job).count() + 1,
        digest=digest,
        sample=sample,
        count=count,
        first=0,
        last=count - 1,
        slots=[],
        store=job.store,
        created_at=job.created_at,
    )


def get(client: Client, **query: str) -> Page:
    answer = client.get(PATH, query)
    assert answer.status_code == 200
    return Page(answer)


def day(days: int) -> str:
    return f"{TODAY - timedelta(days=days):%Y-%m-%d}"


@pytest.mark.usefixtures("sandbox")
def test_jobs_are_counted_by_day_and_result(staff_client: Client) -> None:
    for number, status in enumerate(["success"] * 7 + ["failed"] * 2 + ["cancelled", "pending", "odd"]):
        put(f"job-{number}", days=2, status=status)
    put("other-day", days=5)

    page = get(staff_client)

    assert "Jobs 13 Succeeded 80.0 % Failed 2" in page.text
    assert f"{day(2)} 7 2 1 2" in page.text
    assert f"{day(5)} 1 0 0 0" in page.text
    assert f"{day(3)} 0 0 0 0" in page.text
    # As a title in the drawing, and the rate in its own table.
    assert f"{day(2)}: 12 jobs, 2 failed, 1 cancelled, 2 open or unknown" in page.text
    assert f"{day(2)} 77.8 %" in page.text
    assert f"{day(3)} –" in page.text


@pytest.mark.usefixtures("sandbox")
def test_what_is_not_known_to_have_succeeded_is_no_success(staff_client: Client) -> None:
    put("odd", status="odd")
    page = get(staff_client)
    assert "Jobs 1 Succeeded – Failed 0" in page.text
    assert "1 job waiting, running or with a status that the console does not know is not counted in it." in page.text
    put("good")
    put("waits", status="pending", wait=None, run=None)
    page = get(staff_client)
    assert "Jobs 3 Succeeded 100.0 % Failed 0" in page.text
    assert "2 jobs waiting, running or with a status that the console does not know are not counted" in page.text


@pytest.mark.usefixtures("sandbox")
def test_the_day_that_is_not_over_says_so(staff_client: Client) -> None:
    put("today", days=0, hour=0)
    page = get(staff_client)
    assert f"{day(0)}, so far 1 0 0 0" in page.text
    assert f"{day(0)}, so far: 1 job, 0 failed" in page.text
    assert f"{day(1)} 0 0 0 0" in page.text
    assert page.having("opacity") == [".55", ".55"]


@pytest.mark.usefixtures("sandbox")
def test_the_time_that_was_lost_is_told_by_day(staff_client: Client) -> None:
    put("failed", days=2, status="failed", run=3600)
    put("other", days=2, status="failed", run=120)
    put("good", days=2, run=7200)
    put("cancelled", days=2, status="cancelled", wait=None, run=None)
    page = get(staff_client)
    assert "Lost in failed jobs 1 h 02 min" in page.text
    assert f"{day(2)}: 1 h 02 min" in page.text
    assert f"{day(2)} 1 h 02 min" in page.text
    assert f"{day(3)} 0.00 s" in page.text


@pytest.mark.usefixtures("sandbox")
def test_each_type_is_drawn_over_time_on_one_scale(staff_client: Client) -> None:
    put("a", days=3, wait=0.5, run=10)
    put("b", days=2, wait=0.5, run=1000)
    put("c", days=2, kind="price-import", wait=8, run=16)
    page = get(staff_client)
    assert "one scale for all, 0.52 s to 17 min 30 s" in page.text
    assert "Product import: waited 0.5" in page.text
    assert "Day Product import, wait Product import, run Price import, wait Price import, run" in page.text
    assert re.search(rf"{day(2)} 0\.5\d s 1[67] min \d\d s 8\.2 s 16 s", page.text)
    assert f"{day(4)} – – – –" in page.text
    # Two lines of each type; a line of two days, and a dash for one.
    drawn = [path["d"] for path in page.all("path") if path.get("class") in {"w", "r"}]
    assert sum("L" in line for line in drawn) >= 2
    assert any(line.count("M") == 1 and "L" not in line for line in drawn)


@pytest.mark.usefixtures("sandbox")
def test_a_day_leads_to_its_jobs(staff_client: Client) -> None:
    put("before", days=3, hour=23)
    put("first", days=2, hour=0)
    put("last", days=2, hour=23)
    put("after", days=1, hour=0)
    (link,) = [link for link in get(staff_client).having("href") if f"created_from={day(2)}" in link]
    assert f"created_to={day(2)}" in link
    assert Page(staff_client.get(link)).ids == ["last", "first"]


@pytest.mark.usefixtures("sandbox")
def test_wait_and_run_are_told_by_type_and_over_time(staff_client: Client) -> None:
    for number in range(1, 101):
        put(f"import-{number}", days=2, wait=number / 1000, run=number)
    # Under a former name of the same type; and one that never started.
    put("export", days=1, kind="product_export", wait=30, run=300)
    put("waits", days=1, kind="product-export", status="pending", wait=None, run=None)

    page = get(staff_client)

    assert "Product import 100 100.0 % 0.05 s 0.10 s 52 s 1 min 37 s" in page.text
    assert "Product export 2 100.0 % 31 s 31 s 5 min 10 s 5 min 10 s" in page.text
    assert f"{day(2)} 52 s 1 min 37 s" in page.text
    assert f"{day(1)} 5 min 10 s 5 min 10 s" in page.text
    assert f"{day(1)} 31 s 31 s" in page.text
    assert f"{day(3)} – –" in page.text


@pytest.mark.usefixtures("sandbox")
def test_the_busiest_hours_are_those_of_utc(staff_client: Client) -> None:
    for number in range(3):
        put(f"nine-{number}", days=number + 1, hour=9)
    put("night", hour=23)
    page = get(staff_client)
    assert "by creation, in UTC; most at 09:00" in page.text
    assert "08:00 0 09:00 3 10:00 0" in page.text
    assert "23:00 1" in page.text


@pytest.mark.usefixtures("sandbox")
def test_the_slowest_jobs_lead_to_themselves(staff_client: Client) -> None:
    for number in range(12):
        put(f"job-{number}", run=number * 60)
    put("runs", status="started", run=None)
    put("too-old", days=40, run=99_999)
    page = get(staff_client)
    assert page.ids == [f"job-{number}" for number in range(11, 1, -1)]
    assert "/jobs/job-11/" in page.having("href")
    assert "11 min 00 s" in page.text


@pytest.mark.usefixtures("sandbox")
def test_the_costliest_errors_are_those_by_which_the_most_time_was_lost(staff_client: Client) -> None:
    for number in range(3):
        put_errors(put(f"often-{number}", status="failed", run=3600), "often", "too long", 2)
    put_errors(put("much", status="failed", run=90), "much", "too short", 500)
    # Notices of a job that succeeded: nothing was lost.
    put_errors(put("notice", run=99_999), "notice", "too wide", 9_000)
    put_errors(put("old", days=60, status="failed", run=99_999), "past", "too thin", 9_999)
    page = get(staff_client)
    assert page.having("data-error-group") == ["often", "much", "notice"]
    assert page.having("data-count") == ["6", "500", "9000"]
    assert "3 h 00 min too long 3 jobs 6 messages" in page.text
    assert "1 min 30 s too short 1 job 500 messages" in page.text
    assert "Lost in failed jobs 3 h 01 min" in page.text
    assert "/insights/errors/much/" in page.having("href")
    assert "/insights/errors/?sort=lost" in page.having("href")
    assert "What went wrong, all of it" in page.text


@pytest.mark.usefixtures("sandbox")
def test_periods_and_stores_are_told_apart(staff_client: Client) -> None:
    models.SyncState.objects.create(store="gone")
    put("today", days=0, hour=0)
    put("week", days=6, store="gone")
    put("month", days=29, store="gone")
    put("quarter", days=89)
    put("year", days=300)
    for period, count in {"7d": 2, "30d": 3, "90d": 4}.items():
        assert f"Jobs {count} Succeeded" in get(staff_client, period=period).text
    assert "Jobs 2 Succeeded" in get(staff_client, period="90d", store="default").text
    page = get(staff_client, store="gone")
    assert "Jobs 2 Succeeded" in page.text
    assert "gone, not read any more" in page.text
    assert [link for link in page.having("href") if f"created_from={day(6)}" in link and "store=gone" in link]


@pytest.mark.usefixtures("sandbox")
def test_a_day_is_told_by_its_hours(staff_client: Client) -> None:
    job = put("now")
    models.Job.objects.filter(pk=job.pk).update(created_at=utc_now())
    put("old", days=2)
    page = get(staff_client, period="24h")
    assert "Jobs an hour, by result" in page.text
    assert "Jobs 1 Succeeded" in page.text
    (link,) = [link for link in page.having("href") if link.startswith("/jobs/?created_from=")][-1:]
    assert Page(staff_client.get(link)).ids == ["now"]


@pytest.mark.usefixtures("sandbox")
def test_each_chart_has_words_and_a_table(staff_client: Client) -> None:
    put("a")
    page = get(staff_client)
    drawn = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    assert len(drawn) == 8
    assert all(svg["aria-label"] for svg in drawn)
    assert page.text.count("Show as a table") == 8
    assert not page.having("style")


@pytest.mark.usefixtures("sandbox")
def test_without_jobs_the_page_says_so(staff_client: Client) -> None:
    put("old", days=60)
    page = get(staff_client)
    assert "No jobs in the last 30 days" in page.text
    assert "/insights/errors/?sort=lost" in page.having("href")
    assert not [svg for svg in page.all("svg") if svg.get("role") == "img"]


def test_live_says_that_it_cannot_tell(sandbox: SandboxProcess, staff_client: Client, settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    page = get(staff_client)
    assert "There is no history to look at" in page.text
    assert "No jobs in the last" not in page.text


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    "query", [{"period": "1y"}, {"period": "\0"}, {"sort": "\0"}, {"store": "x" * 999}, {"store": "\0'"}]
)
def test_what_cannot_be_read_is_said(query: dict[str, str], staff_client: Client) -> None:
    put("a")
    page = get(staff_client, **query)
    assert "could not be read" in page.text or "There is no such store" in page.text
    assert "Jobs 1 Succeeded" in page.text


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_what_others_named_is_text(words: str, staff_client: Client) -> None:
    # As sync stores it: NULs are replaced, and names are cut.
    words = words.replace("\0", "�").replace("\x07", "�")[:255]
    put_errors(put("a", kind=words, status=words), "abc", words, 3)
    page = get(staff_client)
    check_nothing_was_injected(page)
    assert shown(words)[:30] in page.text


@pytest.mark.usefixtures("sandbox")
def test_only_the_types_of_the_most_jobs_are_drawn(staff_client: Client) -> None:
    for number in range(14):
        for each in range(2 if number else 1):
            put(f"job-{number}-{each}", kind=f"kind-{number:02}")
    page = get(staff_client)
    assert "There are more types; these had the most jobs." in page.text
    assert "kind-12, 2 jobs" in page.text
    assert "kind-13, 2 jobs" not in page.text
    assert "kind-00, 1 job" not in page.text


@pytest.mark.usefixtures("sandbox")
def test_the_page_costs_the_same_queries_whatever_there_is(
    staff_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Session, user, the state of sync, which days are kept; results, waits and runs, the slowest (keys and rows), the
    # costliest errors and their samples.
    for number in range(3):
        put_errors(put(f"job-{number}"), f"digest-{number}", "too long", 1)
    with django_assert_num_queries(11):
        get(staff_client)
    for number in range(3, 40):
        put_errors(put(f"job-{number}", days=number % 9, kind=f"kind-{number}"), f"digest-{number}", "too long", number)
    with django_assert_num_queries(11):
        get(staff_client)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("query", [{}, {"store": "default"}])
def test_jobs_are_counted_in_one_index(query: dict[str, str], staff_client: Client) -> None:
    put("a")
    with CaptureQueriesContext(connection) as captured:
        get(staff_client, **query)
    if connection.vendor != "sqlite":
        return  # PostgreSQL plans a handful of rows without any index
    counted = [each["sql"] for each in captured if "GROUP BY" in each["sql"] and 'FROM "jobs_ui_job"' in each["sql"]]
    assert len(counted) == 3
    with connection.cursor() as cursor:
        for sql in counted:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "USING COVERING INDEX job_" in " ".join(str(row) for row in cursor.fetchall())


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("period", ["24h", "30d"])
def test_it_speaks_german(period: str, staff_client: Client) -> None:
    failed = put("failed", days=0, hour=0, status="failed", wait=0.5, run=5400)
    models.Job.objects.filter(pk=failed.pk).update(created_at=utc_now())
    put_errors(failed, "abc", "zu lang", 12_345)
    put("open", days=0, hour=0, status="pending", wait=None, run=None)
    put("good", days=2, run=0.4)
    answer = staff_client.get(PATH, {"period": period}, headers=GERMAN)
    assert left_in_english(answer) == []
    page = Page(answer)
    assert "Die teuersten Fehler" in page.text
    assert "12.345 Meldungen" in page.text
    assert ("50,0 %" if period == "30d" else "0,0 %") in page.text
    if period == "30d":
        before = TODAY - timedelta(days=2)
        assert f"{before:%d.%m.%Y} 1 0 0 0" in page.text
        assert f"{before:%d.%m.%Y}: 1 Job, 0 fehlgeschlagen, 0 abgebrochen" in page.text
        assert "0,1 s" in page.text


@pytest.mark.usefixtures("sandbox")
def test_days_are_those_of_utc_and_moments_those_of_the_reader(staff_client: Client) -> None:
    put("late", days=2, hour=23)
    assert "Those of your time zone" not in get(staff_client).text
    staff_client.cookies["zone"] = "Asia/Kolkata"
    page = get(staff_client)
    assert "Hours and days are those of UTC" in page.text
    assert "Those of your time zone (IST) begin and end at other times." in page.text
    assert f"{day(2)} 1 0 0 0" in page.text
    assert f"{day(1)} 05:00:00 IST = {day(2)} 23:30:00 UTC" in page.having("title")


@pytest.mark.usefixtures("sandbox")
def test_the_navigation_leads_there(staff_client: Client) -> None:
    put("a")
    for path, current in {PATH: "page", "/insights/errors/": "true"}.items():
        in_the_rail = next(link for link in Page(staff_client.get(path)).all("a") if link.get("href") == PATH)
        assert in_the_rail["aria-current"] == current


def test_it_is_for_staff(client: Client, db: None) -> None:
    assert client.get(PATH)["Location"].startswith("/login/")
