"""Finding jobs in the list: the search box, dates, stores, orders, and the counts on the tabs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from jobs_ui import models
from jobs_ui.models import Job, JobText, SyncState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import base
from jobs_ui.sources.base import JobFilters
from jobs_ui.sources.mirror import counting, paging, search
from jobs_ui.sync import RoundOutcome
from tests.conftest import raw_job
from tests.test_job_list import HTMX, NOON, Page, check_nothing_was_injected, follow, get, mirror, sync_state

Sync = Callable[[], RoundOutcome]

TABS = {**HTMX, "HX-Target": "tabs"}
# Session, user, the statuses that were seen, and at most one for each tab.
MOST_COUNTING_QUERIES = 10
LAMP = "7e1b9ba1-c844-4556-9b16-4ae3f0988b0f"
CHAIR = "7e1b9ba1-0000-4000-8000-000000000000"


def find(client: Client, q: str, **others: str) -> Page:
    return get(client, "?" + urlencode({"q": q, **others}))


@pytest.fixture
def shop(sandbox: SandboxProcess, sync: Sync) -> None:
    """A handful of jobs with something to find in each."""
    put, at = sandbox.put_job, 0

    def export(job_id: str, expression: str) -> None:
        nonlocal at
        at += 1
        created = (NOON + timedelta(seconds=at)).isoformat()
        put(
            job_id,
            raw_job(job_id, created_at=created, type="product-export", filter=expression, x_request_id=f"rq-{at}"),
        )

    export(LAMP, "eq(sku,LAMP-001)")
    export(CHAIR, "in(tags,Summer Sale)")
    export("umlaut", 'eq(name,"Größe Übermaß")')
    export("percent", "eq(name,100%_off)")
    export("quote", 'eq(name,Mara\'s "big" sofa)')
    export("100-off", "eq(name,100x-off)")
    put("failed", raw_job("failed", status="failed", created_at=(NOON + timedelta(seconds=60)).isoformat()))
    sandbox.put_errors("failed", messages=["The SKU SOFA-9 must be unique amongst products", "Größe fehlt"])
    sync()


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        # By id, the begin of one, a request id.
        (LAMP, [LAMP]),
        (f"  {LAMP} ", [LAMP]),
        ("7e1b9ba1", [CHAIR, LAMP]),
        ("7e1b9ba1-c", [LAMP]),
        # Ids in the other case, as some tools print them.
        (LAMP.upper(), [LAMP]),
        ("7E1B9BA1", [CHAIR, LAMP]),
        ("RQ-2", [CHAIR]),
        ("rq-2", [CHAIR]),
        # By words of a filter, in any case and any order, in the middle of a word.
        ("lamp-001", [LAMP]),
        ("LAMP", [LAMP]),
        ("amp-0", [LAMP]),
        ("sale summer", [CHAIR]),
        ("Summer Sale", [CHAIR]),
        ("summer lamp", []),
        # By words of a message; both words may be in different ones of a job.
        ("must be unique amongst", ["failed"]),
        ("sofa-9 fehlt", ["failed"]),
        ("sofa", ["failed", "quote"]),
        # Letters that are not ASCII, in either case.
        ("größe", ["failed", "umlaut"]),
        ("GRÖSSE", ["failed", "umlaut"]),
        ("ÜBERMAß", ["umlaut"]),
        ("u\u0308bermass", ["umlaut"]),
        # What means something to LIKE, to FTS5 or to SQL is itself here.
        ("100%_off", ["percent"]),
        ("%_o", ["percent"]),
        ("%%%", []),
        ("___", []),
        ("mara's", ["quote"]),
        ('"big"', ["quote"]),
        ('a "b', []),
        ("' OR 1=1 --", []),
        ("sku AND lamp", []),
        ("NEAR(sku, lamp)", []),
        ("sku*", []),
        ("text:sku", []),
        ("\\", []),
        # Short words narrow down what a longer one finds.
        ("zz sofa", []),
        ("be unique", ["failed"]),
        ("eq sofa", ["quote"]),
        # In quotes it is never an id.
        ('"7e1b9ba1"', []),
        ('"lamp"', [LAMP]),
        ("100-off", ["100-off"]),
        ('"100x-off"', ["100-off"]),
        ("漢字が", []),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_search_finds(q: str, ids: list[str], staff_client: Client) -> None:
    page = find(staff_client, q)
    assert page.ids == ids
    (box,) = [field for field in page.all("input") if field.get("name") == "q"]
    assert box["value"] == q.strip()


@pytest.mark.parametrize("q", ["ab", "a b", "ü", "é é", "\\", "%"])
@pytest.mark.usefixtures("shop")
def test_a_search_for_less_than_three_letters_says_what_can_be_searched_for(q: str, staff_client: Client) -> None:
    page = find(staff_client, q)
    assert page.ids == []
    assert "Words of three letters and more can be searched for" in page.text


@pytest.mark.usefixtures("shop")
def test_a_search_that_was_taken_for_an_id_says_so_and_offers_the_word(staff_client: Client) -> None:
    Job.objects.filter(job_id="failed").update(job_id="lamp-breaker")
    page = find(staff_client, "lamp")
    assert page.ids == ["lamp-breaker"]
    assert "jobs whose id begins with lamp" in page.text
    (address,) = [link["href"] for link in page.all("a") if link.get("id") == "as-words"]
    as_words = get(staff_client, address.removeprefix("/jobs/"))
    assert as_words.ids == [LAMP]
    assert "begins with" not in as_words.text
    assert "begins with" not in find(staff_client, "sofa").text


@pytest.mark.usefixtures("shop")
def test_a_search_is_combined_with_the_rest_of_the_filter(staff_client: Client) -> None:
    assert find(staff_client, "sofa", status="failed").ids == ["failed"]
    assert find(staff_client, "sofa", type="product-export").ids == ["quote"]
    assert find(staff_client, "sofa", type="product-export", status="failed").ids == []
    assert find(staff_client, "sofa", sort="created").ids == ["quote", "failed"]
    page = find(staff_client, "sofa", type="price-import")
    assert "of type Price import, found by “sofa”" in page.text
    assert {"/jobs/?q=sofa", "/jobs/?type=price-import"} <= set(page.having("href"))


@pytest.mark.usefixtures("shop")
def test_every_link_keeps_the_search(staff_client: Client) -> None:
    page = find(staff_client, "sofa", type="product-export", created_from="2026-01-01")
    query = "q=sofa&type=product-export&created_from=2026-01-01"
    assert page.refresh == f"/jobs/?{query}"
    hrefs = page.having("href")
    for address in (
        f"/jobs.csv?{query}",
        f"/jobs/?{query}&sort=created",
        "/jobs/?q=sofa&status=failed&type=product-export&created_from=2026-01-01",
    ):
        assert address in hrefs


@pytest.mark.parametrize(
    "q", ["<x-evil>", "</code></td><x-evil>", '" onfocus="alert(1)', "'\"><script>alert(1)</script>"]
)
@pytest.mark.usefixtures("shop")
def test_markup_in_a_search_is_text(q: str, staff_client: Client) -> None:
    page = find(staff_client, q)
    check_nothing_was_injected(page)
    assert q in page.text
    for headers in (HTMX, TABS):
        check_nothing_was_injected(get(staff_client, "?" + urlencode({"q": q}), **headers))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(q=st.one_of(st.text(max_size=40), st.text("\"'%_\\*()^:-+ aäß漢\U0001f6cb\0", max_size=12)))
@example(q='"')
@example(q='"""')
@example(q="a" * 5000)
@example(q=" ".join("abc" * 60))
@example(q="İİİ")
@example(q="\U0010ffff" * 4)
@pytest.mark.usefixtures("shop")
def test_no_search_is_an_error_of_the_console(q: str, staff_client: Client) -> None:
    query = "?" + urlencode({"q": q}, errors="replace")
    check_nothing_was_injected(get(staff_client, query))
    get(staff_client, query, **TABS)
    assert staff_client.get(f"/jobs.csv{query}").status_code in (200, 400)


def test_a_search_for_a_common_word_goes_through_the_list_and_says_how_far(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RARE", 5)
    monkeypatch.setattr(paging, "BATCHES", (10, 30))
    mirror(90, step=timedelta(seconds=1))
    jobs = list(Job.objects.order_by("created_at"))
    JobText.objects.bulk_create(JobText(job=job, kind="filter", text="eq(sku,lamp)") for job in jobs[::10])
    page = find(staff_client, "lamp")
    assert page.ids == ["job-80", "job-70", "job-60", "job-50"]
    assert "Looked through 40 jobs for these, down to 20" in page.text
    assert follow(staff_client, "next", page, expected=5) == [f"job-{number}" for number in range(80, -1, -10)]
    # Such a search is not counted, and its tabs say so.
    assert figures(get(staff_client, "?q=lamp", **TABS))["all"] == "–"


def test_a_search_without_an_index_of_words_says_what_the_administrator_has_to_do(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(3)
    monkeypatch.setattr("jobs_ui.search_index.exists", lambda: False)
    page = find(staff_client, "lamp")
    assert page.ids == []
    assert "CREATE EXTENSION pg_trgm" in page.text
    assert find(staff_client, "job-1").ids == ["job-1"]


# Dates


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("created_from=2026-11-21", ["22nd", "21st-late", "21st"]),
        ("created_to=2026-11-21", ["21st-late", "21st", "20th"]),
        ("created_from=2026-11-21&created_to=2026-11-21", ["21st-late", "21st"]),
        ("created_from=2026-11-21T00:00:00.000001Z&created_to=2026-11-22T00:00:00Z", ["21st-late"]),
        ("created_from=2026-11-22T01:00:00%2B01:00", ["22nd"]),
        ("created_from=2026-11-23", []),
        ("created_from=2026-11-21&sort=created", ["21st", "21st-late", "22nd"]),
    ],
)
def test_the_list_can_be_filtered_by_date(query: str, ids: list[str], staff_client: Client, sandbox: object) -> None:
    for name, moment in {
        "20th": "2026-11-20T23:59:59.999999",
        "21st": "2026-11-21T00:00:00",
        "21st-late": "2026-11-21T23:59:59.999999",
        "22nd": "2026-11-22T00:00:00",
    }.items():
        created = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        Job.objects.create(
            store="default", job_id=name, type="x", status="success", created_at=created, read_at=created, raw={}
        )
    page = get(staff_client, f"?{query}")
    assert page.ids == ids


def test_a_date_that_cannot_be_read_is_said_and_a_moment_stays_in_its_field(
    staff_client: Client, sandbox: object
) -> None:
    mirror(3)
    page = get(staff_client, "?created_from=never&created_to=2026-11-24T10:00:00Z")
    assert "The date created_from could not be read" in page.text
    fields = {field["name"]: field for field in page.all("input") if "name" in field}
    assert (fields["created_from"]["type"], fields["created_from"]["value"]) == ("date", "")
    # A date field of a browser would drop it.
    assert (fields["created_to"]["type"], fields["created_to"]["value"]) == ("text", "2026-11-24T10:00:00Z")


# Stores and types to choose from


def test_with_one_store_there_is_nothing_to_choose(staff_client: Client, sandbox: object) -> None:
    mirror(3)
    sync_state()
    page = get(staff_client)
    assert "store" not in [select["name"] for select in page.all("select")]
    assert "Store" not in page.text


def test_with_several_stores_each_row_says_its_own_and_the_list_can_be_filtered(
    staff_client: Client, sandbox: object
) -> None:
    mirror(4, step=timedelta(seconds=1))
    Job.objects.filter(job_id__in=["job-0", "job-2"]).update(store="old-shop")
    sync_state()
    SyncState.objects.create(store="old-shop")
    assert get(staff_client).ids == ["job-3", "job-2", "job-1", "job-0"]
    page = get(staff_client, "?store=old-shop")
    assert page.ids == ["job-2", "job-0"]
    assert "old-shop" in [option["value"] for option in page.all("option") if "selected" in option]
    assert page.text.count("old-shop") >= 3
    assert get(staff_client, "?store=old-shop&store=default").ids == ["job-3", "job-2", "job-1", "job-0"]
    assert get(staff_client, "?store=nothing-like-it").ids == []


def test_the_types_to_choose_from_are_known_seen_or_given(put_seen: Callable[..., None], staff_client: Client) -> None:
    put_seen(models.SeenValue.TYPE, "pcm-rule-sync")
    page = get(staff_client, "?type=never-seen")
    types = [option["value"] for option in page.all("option")]
    assert {"product-import", "price-import", "pcm-rule-sync", "never-seen"} <= set(types)
    assert "never-seen" in [option["value"] for option in page.all("option") if "selected" in option]
    assert "pricebook-import" not in types


@pytest.fixture
def put_seen(db: None, sandbox: object) -> Callable[..., None]:
    def put(kind: str, value: str) -> None:
        models.SeenValue.objects.create(store="default", kind=kind, value=value)

    return put


# Orders


def lengths(count: int) -> None:
    """Jobs that waited and ran for different times, many for the same; some have not run."""
    Job.objects.bulk_create(
        Job(
            store="default",
            job_id=f"job-{number}",
            type="product-import",
            status="failed" if number % 3 else "success",
            created_at=NOON + timedelta(minutes=number % 50),
            started_at=NOON + timedelta(minutes=number % 50, seconds=number % 9),
            completed_at=None
            if number % 11 == 0
            else NOON + timedelta(minutes=number % 50, seconds=number % 9 + number % 7),
            wait_ms=1000 * (number % 9),
            run_ms=models.UNKNOWN_MS if number % 11 == 0 else 1000 * (number % 7),
            raw={},
            read_at=NOON,
        )
        for number in range(count)
    )


@pytest.mark.parametrize("status", ["", "failed"])
@pytest.mark.parametrize("sort", base.SORTS)
def test_every_order_is_complete_in_both_directions(
    sort: str, status: str, staff_client: Client, sandbox: object
) -> None:
    lengths(180)
    column = {"created": "created_at", "run": "run_ms", "wait": "wait_ms"}[sort.removeprefix("-")]
    sign = "-" if sort.startswith("-") else ""
    jobs = Job.objects.exclude(**({} if column == "created_at" else {column: models.UNKNOWN_MS}))
    jobs = jobs.filter(status=status) if status else jobs
    expected = list(jobs.order_by(f"{sign}{column}", f"{sign}id").values_list("job_id", flat=True))
    first = get(staff_client, "?" + urlencode({"sort": sort, "status": status}))
    assert follow(staff_client, "next", first, expected=6) == expected
    last = first
    while (address := last.link("next")) is not None:
        last = get(staff_client, address.removeprefix("/jobs/"))
    back = follow(staff_client, "prev", last, expected=6)
    assert [job_id for number, job_id in enumerate(back) if job_id not in back[:number]] == expected


def test_the_heads_of_the_columns_sort_and_say_how(staff_client: Client, sandbox: object) -> None:
    lengths(20)

    def heads(page: Page) -> dict[str, str]:
        links = {link["id"]: link["href"] for link in page.all("a") if link.get("id", "").startswith("by-")}
        return {name.removeprefix("by-"): address for name, address in links.items()}

    page = get(staff_client, "?status=failed")
    assert heads(page) == {
        "created": "/jobs/?status=failed&sort=created",
        "wait": "/jobs/?status=failed&sort=-wait",
        "run": "/jobs/?status=failed&sort=-run",
    }
    assert page.having("aria-sort") == ["descending"]
    assert "newest first" in page.text
    page = get(staff_client, "?sort=-run")
    assert heads(page)["run"] == "/jobs/?sort=run"
    assert heads(page)["created"] == "/jobs/"
    (head,) = [attributes for attributes in page.all("th") if "aria-sort" in attributes]
    assert (head["aria-sort"], "c-run" in head["class"]) == ("descending", True)
    # Days are headings of a list in order of creation only.
    assert not [row for row in page.all("tr") if row.get("class") == "day"]
    assert get(staff_client, "?sort=run").having("aria-sort") == ["ascending"]
    # Where no index carries it, the head is a word.
    assert heads(get(staff_client, "?type=product-import")) == {"created": "/jobs/?type=product-import&sort=created"}


# Counts


def figures(page: Page) -> dict[str, str]:
    """What the tabs say, by status."""
    labels = {"All": "all", "Pending": "pending", "Running": "started", "Succeeded": "success", "Failed": "failed"}
    found = re.findall(r"(All|Pending|Running|Succeeded|Failed|Cancelled|Paused)\s*([\d,]+\+?|–)", page.text)
    return {labels.get(label, label.lower()): count for label, count in found}


def test_the_tabs_are_counted_after_the_page(staff_client: Client, sandbox: object) -> None:
    mirror(1234)
    Job.objects.filter(job_id__in=["job-1", "job-2"]).update(status="failed")
    page = get(staff_client)
    (tabs,) = [attributes for tag, attributes in page.elements if attributes.get("id") == "tabs"]
    assert (tabs["hx-get"], tabs["hx-swap"]) == ("/jobs/", "outerHTML")
    assert "load" in tabs["hx-trigger"]
    assert figures(page) == {}

    counted = get(staff_client, **TABS)
    assert figures(counted) == {
        "all": "1,234", "pending": "0", "started": "0", "success": "1,232", "failed": "2", "cancelled": "0",
    }  # fmt: skip
    assert counted.rows == []
    assert not counted.all("html")
    # The very same tabs, or they would move: their links, which of them is current, and what they ask again.
    same = [link for link in page.all("a") if link.get("id", "").startswith("tab-")]
    assert [link for link in counted.all("a") if link.get("id", "").startswith("tab-")] == same
    (again,) = [attributes for tag, attributes in counted.elements if attributes.get("id") == "tabs"]
    assert "load" not in again["hx-trigger"]
    assert again["hx-get"] == "/jobs/"


def test_the_answer_depends_on_what_htmx_asks_for(staff_client: Client, sandbox: object) -> None:
    assert "HX-Target" in staff_client.get("/jobs/")["Vary"]
    # A link that is boosted, or Back, gets the whole page whatever its target.
    for header in ("HX-Boosted", "HX-History-Restore-Request"):
        assert get(staff_client, **TABS, **{header: "true"}).all("html")


def test_counts_follow_the_filter_but_not_its_status(staff_client: Client, sandbox: object) -> None:
    mirror(5)
    mirror(3, prefix="other", created_at=NOON - timedelta(days=10))
    Job.objects.filter(job_id__startswith="other").update(status="failed", type="price-import")
    assert figures(get(staff_client, "?status=failed", **TABS))["all"] == "8"
    assert figures(get(staff_client, "?status=failed", **TABS))["success"] == "5"
    assert figures(get(staff_client, "?type=price-import", **TABS))["all"] == "3"
    assert figures(get(staff_client, f"?created_from={NOON:%Y-%m-%d}", **TABS))["all"] == "5"
    assert figures(get(staff_client, "?q=other-", **TABS)) == {
        "all": "3", "pending": "0", "started": "0", "success": "0", "failed": "3", "cancelled": "0",
    }  # fmt: skip


def test_counts_are_never_wrong_beyond_what_they_say(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (base, counting):
        monkeypatch.setattr(module, "MOST_COUNTED", 10)
    mirror(25)
    Job.objects.filter(job_id__in=[f"job-{number}" for number in range(10)]).update(status="failed")
    counted = figures(get(staff_client, **TABS))
    assert (counted["all"], counted["success"], counted["failed"]) == ("10+", "10+", "10")


def all_of(counts: dict[str, int] | None) -> int:
    assert counts is not None
    return counts[""]


def test_no_more_is_counted_than_is_said(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all jobs neither: also where no status by itself, or none that is known, has more."""
    monkeypatch.setattr(counting, "MOST_COUNTED", 10)
    mirror(16)
    Job.objects.filter(job_id__in=[f"job-{number}" for number in range(8)]).update(status="failed")
    assert all_of(counting.count_by_status(JobFilters(), ())) == 11
    Job.objects.update(status="paused")
    assert all_of(counting.count_by_status(JobFilters(), ())) == 11


def test_a_status_that_nobody_knows_has_a_tab_where_it_was_seen(
    put_seen: Callable[..., None], staff_client: Client
) -> None:
    mirror(2)
    assert "tab-paused" not in get(staff_client).having("id")
    put_seen(models.SeenValue.STATUS, "Paused")
    Job.objects.filter(job_id="job-1").update(status="Paused")
    assert "tab-Paused" in get(staff_client).having("id")
    assert figures(get(staff_client, **TABS))["paused"] == "1"


def test_counting_costs_the_same_queries_whatever_the_number_of_rows(staff_client: Client, sandbox: object) -> None:
    costs = []
    for rows in (0, 60, 600):
        mirror(rows, prefix=f"of-{rows}")
        with CaptureQueriesContext(connection) as captured:
            get(staff_client, **TABS)
        costs.append(len(captured))
    assert costs == [costs[0]] * 3
    assert costs[0] <= MOST_COUNTING_QUERIES


def test_searching_costs_the_same_queries_whatever_the_number_of_rows(staff_client: Client, shop: None) -> None:
    mirror(60)

    def queries(q: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            find(staff_client, q)
        return len(captured)

    assert queries("job-") == queries("7e1b")
    assert queries("sofa") == queries("lamp")
    assert queries("sofa") <= 14


def test_searching_costs_the_same_queries_whatever_else_is_filtered(staff_client: Client, shop: None) -> None:
    def queries(query: str, **headers: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            get(staff_client, query, **headers)
        return len(captured)

    more = "".join(f"&type=type-{number}" for number in range(8)) + "&status=failed&status=success&status=pending"
    assert queries(f"?q=sofa{more}") == queries("?q=sofa&type=type-1&status=failed")
    assert queries(f"?q=sofa{more}", **TABS) == queries("?q=sofa&type=type-1", **TABS)


# What a source cannot do


def test_live_mode_hides_what_it_cannot_do_and_says_so_where_it_was_asked_for(
    sandbox: SandboxProcess, staff_client: Client, settings: Settings
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    for number in range(3):
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}"))
    page = get(staff_client)
    assert len(page.ids) == 3
    assert "q" not in [field.get("name") for field in page.all("input")]
    assert "sort" not in [field.get("name") for field in page.all("select")]
    assert not [name for name in page.having("id") if name.startswith("by-")]
    (tabs,) = [attributes for _, attributes in page.elements if attributes.get("id") == "tabs"]
    assert "hx-get" not in tabs

    asked = get(staff_client, "?q=lamp&sort=-run")
    assert len(asked.ids) == 3
    assert "Jobs are read live from Elastic Path, which cannot search" in asked.text
    assert "which cannot sort them" in asked.text


def test_history_that_cannot_be_had_is_said(staff_client: Client, sandbox: object) -> None:
    mirror(3)
    state = sync_state()
    assert "cannot be had" not in get(staff_client).text
    state.history_cut = True
    state.save()
    assert "Older ones than the console has seen cannot be had." in get(staff_client).text


def test_a_filter_of_many_values_is_counted_at_once_and_right(staff_client: Client, sandbox: object) -> None:
    mirror(30)
    models.Job.objects.filter(job_id__endswith="7").update(status="failed")
    models.Job.objects.filter(job_id="job-9").update(status="odd", type="product-import")
    for number in range(100):
        models.SeenValue.objects.create(store="default", kind="status", value=f"odd-{number}")
    types = [("type", f"t{number}") for number in range(5)]
    stores = [("store", f"o{number}") for number in range(9)]
    query = urlencode([*types, ("type", "product-export"), *stores, ("store", "default")])
    with CaptureQueriesContext(connection) as captured:
        tabs = figures(get(staff_client, f"?{query}", **TABS))
    assert (tabs["all"], tabs["success"], tabs["failed"], tabs["pending"]) == ("29", "26", "3", "0")
    # A statement of one piece for each range, not for each range and status: those would be six thousand.
    assert max(query["sql"].count("UNION ALL") for query in captured.captured_queries) < 100
