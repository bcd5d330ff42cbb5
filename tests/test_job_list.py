"""The list: order, filters, pages, freshness, and what somebody else's text can do to it (nothing)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from django.http import HttpResponseBase, QueryDict
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from jobs_ui.models import Job, SyncState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.conftest import raw_job

Sync = Callable[[], RoundOutcome]

HTMX = {"HX-Request": "true"}
NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
# Whatever the number of rows: session, user, the state of sync in all stores, the keys of the rows, the rows; a whole
# page also asks for the types and statuses that were seen, and for the saved views of its reader.
REFRESH_QUERIES = 5
QUERIES = REFRESH_QUERIES + 2
HOSTILE = {
    "markup": '<x-evil onclick="alert(1)">&amp;</x-evil>',
    "closing": "</code></td></tr></table></main><x-evil>",
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x="',
    "single": "' onmouseover='alert(1)' x='",
    "comment": "<!-- <x-evil> -->",
    "template": "{% debug %}{{ request }}{# x #}",
    "nul": "a\0b\x07c",
    "rtl": "safe\u202egnp.exe\u2066x",
    "long": "0123456789abcdef" * 512,
    "unicode": "Größe 漢字 🛋️ e\u0301",
    "formula": "=SUM(A1:A9)",
}


class Page(HTMLParser):
    """A page as a reader and a browser have it: elements with their attributes, and the text between them."""

    VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})

    def __init__(self, answer: HttpResponseBase) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(answer.content.decode())  # type: ignore[attr-defined]  # pages are not streamed
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without its beginning"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        msg = f"a comment reached the page: {data}"
        raise AssertionError(msg)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def having(self, attribute: str) -> list[str]:
        """The values of that attribute, wherever it is."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    @property
    def attributes(self) -> set[str]:
        """Every value of every attribute."""
        return {value for _, attributes in self.elements for value in attributes.values()}

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Id and status of each job of a list, in its order."""
        return [(row["data-job-id"], row["data-status"]) for row in self.all("tr") if "data-job-id" in row]

    @property
    def ids(self) -> list[str]:
        return [job_id for job_id, _ in self.rows]

    def link(self, relation: str) -> str | None:
        """The address of the link with that `rel`, of which there is one at most."""
        found = [link["href"] for link in self.all("a") if link.get("rel") == relation]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def refresh(self) -> str:
        """The address that the table is refreshed from."""
        (region,) = [attributes for _, attributes in self.elements if "data-refresh" in attributes]
        return region["hx-get"]

    @property
    def freshness(self) -> str:
        (state,) = self.having("data-freshness")
        return state


def check_nothing_was_injected(page: Page) -> None:
    assert not page.open
    for tag, attributes in page.elements:
        assert tag != "x-evil"
        assert tag != "script" or "src" in attributes
        assert not [name for name in attributes if name.startswith("on")]
    # All addresses lead into this console.
    for address in [*page.having("href"), *page.having("action"), *page.having("src")]:
        assert address.startswith(("/", "#")), address
        assert not address.startswith("//"), address


def shown(text: str) -> str:
    """Text as pages have it: what no page may hold is replaced, blanks count once."""
    return " ".join("".join("�" if char in "\0\x07" else char for char in text).split())


def get(client: Client, query: str = "", **headers: str) -> Page:
    answer = client.get(f"/jobs/{query}", headers=headers)
    assert answer.status_code == 200
    return Page(answer)


@pytest.fixture
def put(sandbox: SandboxProcess) -> Callable[..., None]:
    """Puts a job into the store, created so many seconds after noon three days ago."""

    def put_job(job_id: str, *, at: float = 0, **changes: object) -> None:
        sandbox.put_job(job_id, raw_job(job_id, created_at=(NOON + timedelta(seconds=at)).isoformat(), **changes))

    return put_job


Put = Callable[..., None]


def mirror(count: int, *, created_at: datetime = NOON, step: timedelta = timedelta(0), prefix: str = "job") -> None:
    """Rows as sync would have stored them, where a test is about the list alone."""
    Job.objects.bulk_create(
        Job(
            store="default",
            job_id=f"{prefix}-{number}",
            type="product-export",
            status="success",
            created_at=created_at + number * step,
            started_at=created_at + number * step + timedelta(seconds=3),
            completed_at=created_at + number * step + timedelta(seconds=60),
            request_id=f"request-{number}",
            filter="eq(sku,LAMP-1)",
            files=["part_1.csv"],
            raw={},
            read_at=created_at,
        )
        for number in range(count)
    )


def sync_state(**changes: object) -> SyncState:
    """What sync writes of itself after a good round."""
    now = datetime.now(UTC)
    values: dict[str, object] = {
        "last_success_at": now,
        "last_try_at": now,
        "next_round_at": now + timedelta(seconds=15),
    }
    return SyncState.objects.create(store="default", **(values | changes))


def test_the_newest_job_comes_first(put: Put, sync: Sync, staff_client: Client) -> None:
    for job_id, at in (("middle", 20), ("newest", 30), ("oldest", 10)):
        put(job_id, at=at)
    sync()
    assert get(staff_client).ids == ["newest", "middle", "oldest"]


def test_the_first_address_leads_to_the_list(staff_client: Client) -> None:
    assert staff_client.get("/")["Location"] == "/jobs/"


def test_a_row_says_what_the_job_is_and_leads_to_it(put: Put, sync: Sync, staff_client: Client) -> None:
    put(
        "7e1b9ba1-c844-4556-9b16-4ae3f0988b0f",
        type="product-export",
        filter="eq(sku,LAMP-001)",
        file_locations=["https://files.example/a_part_1.csv?Signature=abc", "https://files.example/a_part_2.csv"],
        started_at=(NOON + timedelta(seconds=12)).isoformat(),
        completed_at=(NOON + timedelta(seconds=258)).isoformat(),
    )
    sync()
    page = get(staff_client)
    assert page.rows == [("7e1b9ba1-c844-4556-9b16-4ae3f0988b0f", "success")]
    for words in ("Succeeded", "Product export", "eq(sku,LAMP-001)", "12 s", "4 min 06 s", "2 files", "7e1b9ba1"):
        assert words in page.text
    assert "/jobs/7e1b9ba1-c844-4556-9b16-4ae3f0988b0f/" in page.having("href")


def test_the_list_can_be_filtered_by_status(put: Put, sync: Sync, staff_client: Client) -> None:
    for number, status in enumerate(("success", "failed", "pending", "failed", "started", "cancelled")):
        put(f"{status}-{number}", at=number, status=status)
    sync()
    assert get(staff_client, "?status=failed").ids == ["failed-3", "failed-1"]
    assert get(staff_client, "?status=failed&status=pending").ids == ["failed-3", "pending-2", "failed-1"]
    assert get(staff_client, "?status=nothing-like-that").ids == []
    assert get(staff_client, "?status=").ids == get(staff_client).ids
    assert len(get(staff_client).ids) == 6


def test_a_status_that_nobody_knows_is_shown_as_it_is(put: Put, sync: Sync, staff_client: Client) -> None:
    put("paused", status="paused by ops")
    put("other", at=1)
    sync()
    page = get(staff_client)
    assert ("paused", "paused by ops") in page.rows
    assert "paused by ops" in page.text
    filtered = get(staff_client, "?" + urlencode({"status": "paused by ops"}))
    assert filtered.rows == [("paused", "paused by ops")]


def test_the_list_can_be_filtered_by_type_under_any_of_its_names(put: Put, sync: Sync, staff_client: Client) -> None:
    types = ["price-import", "pricebook-import", "product-export", "product_export", "product-import", "brand-new"]
    for number, name in enumerate(types):
        put(name, at=number, type=name)
    sync()
    prices = ["pricebook-import", "price-import"]
    assert get(staff_client, "?type=price-import").ids == prices
    assert get(staff_client, "?type=pricebook-import").ids == prices
    assert get(staff_client, "?type=product_export").ids == ["product_export", "product-export"]
    assert get(staff_client, "?type=brand-new").ids == ["brand-new"]
    assert get(staff_client, "?type=brand-new&type=price-import").ids == ["brand-new", *prices]
    assert "brand-new" in get(staff_client).text


def test_status_and_type_both_have_to_match(put: Put, sync: Sync, staff_client: Client) -> None:
    put("a", status="failed", type="product-import")
    put("b", at=1, status="success", type="product-import")
    put("c", at=2, status="failed", type="price-import")
    sync()
    assert get(staff_client, "?status=failed&type=product-import").ids == ["a"]


def test_an_empty_list_says_whether_there_are_none_or_none_match(staff_client: Client, sandbox: object) -> None:
    sync_state()
    assert "No jobs yet" in get(staff_client).text
    page = get(staff_client, "?status=failed&type=price-import")
    assert "No job matches" in page.text
    assert "failed, of type Price import" in page.text
    assert {"/jobs/?type=price-import", "/jobs/?status=failed", "/jobs/"} <= set(page.having("href"))


def test_a_filter_is_kept_by_every_link_and_by_the_refresh(staff_client: Client, sandbox: object) -> None:
    mirror(120)
    page = get(staff_client, "?status=success&type=product_export")
    for address in (page.link("next"), page.refresh, *page.having("hx-get")):
        assert address is not None
        query = QueryDict(address.partition("?")[2])
        assert query.getlist("status") == ["success"]
        assert query.getlist("type") == ["product_export"]
    older = get(staff_client, str(page.link("next")).removeprefix("/jobs/"))
    assert QueryDict(str(older.link("prev")).partition("?")[2])["status"] == "success"
    # The refresh of a page is that very page.
    assert older.refresh == page.link("next")


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_text_of_others_is_text_in_every_field(words: str, put: Put, sync: Sync, staff_client: Client) -> None:
    put("filter", type="product-export", filter=words, file_locations=[words, f"https://f.example/{words}.csv?a=b"])
    put("type", at=1, type=words)
    put("status", at=2, status=words)
    put("copied", at=3, type="hierarchy-duplicate", copied_from=words, hierarchy_id=words, x_request_id=words)
    put(words[:200], at=4)
    sync()
    page = get(staff_client)
    check_nothing_was_injected(page)
    assert len(page.rows) == 5
    assert shown(words)[:150] in page.text
    assert "Signature" not in page.text
    # The filter echoes what the address says.
    for name in ("status", "type"):
        check_nothing_was_injected(get(staff_client, "?" + urlencode({name: words})))


def follow(client: Client, relation: str, page: Page, *, expected: int) -> list[str]:
    """The ids of that page and of all that its links lead to."""
    ids = page.ids
    for _ in range(expected):
        address = page.link(relation)
        if address is None:
            return ids
        page = get(client, address.removeprefix("/jobs/"))
        ids = ids + page.ids if relation == "next" else page.ids + ids
    pytest.fail("the pages do not come to an end")


def test_every_job_is_reached_once_by_paging_though_many_share_a_time(
    sandbox: SandboxProcess, put: Put, sync: Sync, staff_client: Client
) -> None:
    for number in range(400):
        # 300 of them in the very same moment.
        put(f"job-{number}", at=min(max(number - 50, 0), 1) + (number >= 350) * number)
    sync()
    expected = set(sandbox.job_ids())
    assert len(expected) == 400
    ids = follow(staff_client, "next", get(staff_client), expected=20)
    assert len(ids) == 400
    assert set(ids) == expected
    # From the oldest page back to the newest: the same jobs in the same order, at least down to where it began.
    page = get(staff_client)
    while (address := page.link("next")) is not None:
        page = get(staff_client, address.removeprefix("/jobs/"))
    assert page.ids[-1] == ids[-1]
    back = follow(staff_client, "prev", page, expected=20)
    assert [job_id for number, job_id in enumerate(back) if job_id not in back[:number]] == ids
    assert get(staff_client).link("prev") is None


def test_pages_stay_the_same_while_jobs_arrive(staff_client: Client, sandbox: object) -> None:
    mirror(170, step=timedelta(seconds=1))
    first = get(staff_client)
    second = get(staff_client, str(first.link("next")).removeprefix("/jobs/"))
    mirror(60, created_at=NOON + timedelta(hours=1), step=timedelta(seconds=1), prefix="new")
    again = get(staff_client, str(first.link("next")).removeprefix("/jobs/"))
    assert again.ids == second.ids
    back = get(staff_client, str(again.link("prev")).removeprefix("/jobs/"))
    assert back.ids == first.ids
    newer = get(staff_client, str(back.link("prev")).removeprefix("/jobs/"))
    assert all(job_id.startswith("new-") for job_id in newer.ids[:-1])


def test_a_page_beyond_the_end_says_so_and_leads_back(staff_client: Client, sandbox: object) -> None:
    mirror(60, step=timedelta(seconds=1))
    page = get(staff_client)
    address = str(page.link("next")).removeprefix("/jobs/")
    Job.objects.filter(created_at__lt=NOON + timedelta(seconds=20)).delete()
    beyond = get(staff_client, address)
    assert beyond.ids == []
    assert "The list ends here" in beyond.text
    assert "/jobs/" in beyond.having("href")


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        "é",
        "A" * 2000,
        cursor("-created|2026-01-01T00:00:00+00:00|not-a-number"),
        cursor("-created|2026-01-01T00:00:00+00:00|-1"),
        cursor("-created|2026-01-01T00:00:00+00:00|99999999999999999999"),
        cursor("-created|2026-01-01T00:00:00|1"),
        cursor("-created|0001-01-01T00:00:00+23:59|1"),
        cursor("-created|9999-12-31T23:59:59-23:59|1"),
        cursor("created|2026-01-01T00:00:00+00:00|1"),
        cursor("2026-01-01T00:00:00+00:00|0|1"),
    ],
)
def test_a_place_that_cannot_be_read_is_the_newest_page_with_a_sentence(
    name: str, value: str, staff_client: Client, sandbox: object
) -> None:
    mirror(60)
    page = get(staff_client, "?" + urlencode({name: value, "status": "success"}))
    assert "The place in the list could not be read, so the newest jobs are shown." in page.text
    assert page.ids == get(staff_client).ids
    # Neither the refresh nor a link repeats it.
    assert set(page.having("hx-get")) == {"/jobs/?status=success"}


def test_a_place_with_a_huge_key_is_no_error(staff_client: Client, sandbox: object) -> None:
    mirror(3)
    for name in ("before", "after"):
        value = cursor(f"-created|2026-01-01T00:00:00+00:00|{'0' * 19}1{'9' * 300}")
        get(staff_client, "?" + urlencode({name: value}))


def test_older_and_newer_at_once_is_the_newest_page_with_a_sentence(staff_client: Client, sandbox: object) -> None:
    mirror(60)
    place = QueryDict(str(get(staff_client).link("next")).partition("?")[2])["before"]
    page = get(staff_client, "?" + urlencode({"before": place, "after": place}))
    assert "either older or newer" in page.text
    assert page.ids == get(staff_client).ids


@pytest.mark.parametrize("value", ["x" * 300, "a\0b", "a\nb", "\x1b[31m"])
@pytest.mark.parametrize("name", ["status", "type"])
def test_a_filter_that_cannot_be_read_is_left_out_with_a_sentence(
    name: str, value: str, staff_client: Client, sandbox: object
) -> None:
    mirror(3)
    page = get(staff_client, "?" + urlencode([(name, value)]))
    assert f"Part of the filter by {name} could not be read and is left out." in page.text
    assert len(page.ids) == 3


NAMES = ["status", "type", "before", "after", "q", "page", "store", "sort", ""]
QUERY_STRINGS = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.text("%&=;+0123456789ABCDEFabcdef", max_size=60),
    st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=30)), max_size=6).map(
        lambda pairs: urlencode(pairs, errors="replace")
    ),
    st.builds(
        lambda name, when, sort, key: urlencode({name: cursor(f"{sort}|{when}|{key}"), "sort": sort}),
        st.sampled_from(["before", "after"]),
        st.one_of(
            st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
            st.integers().map(str),
            st.text(st.characters(blacklist_categories=["Cs"]), max_size=10),
        ),
        st.sampled_from(["-created", "created", "-run", "wait", "x"]),
        st.one_of(st.integers(), st.text(st.characters(blacklist_categories=["Cs"]), max_size=10)),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=QUERY_STRINGS)
@example(query="status=%00&type=%ff")
@example(query="before=" + "9" * 700)
@example(query="&".join(["status=x"] * 2000))
@example(query="before=" + cursor("-created|0001-01-01T00:00:00+23:59|1"))
def test_no_query_string_is_an_error_of_the_console(query: str, staff_client: Client, sandbox: object) -> None:
    answer = staff_client.generic("GET", "/jobs/", QUERY_STRING=query)
    # 400 is Django's for a thousand fields.
    assert answer.status_code == 200 or (answer.status_code == 400 and query.count("&") >= 1000)
    check_nothing_was_injected(Page(answer))


def test_htmx_gets_the_same_rows_without_the_page_around_them(staff_client: Client, sandbox: object) -> None:
    mirror(60)
    page, fragment = get(staff_client), get(staff_client, **HTMX)
    assert fragment.ids == page.ids
    assert fragment.link("next") == page.link("next")
    assert not fragment.all("html")
    assert not fragment.all("h1")
    assert len(page.all("html")) == 1
    assert fragment.having("data-freshness") == page.having("data-freshness")
    # What is swapped holds the address of the next refresh itself.
    assert fragment.having("hx-get") == [page.refresh] == ["/jobs/"]


def test_a_fresh_page_is_quiet(staff_client: Client, sandbox: object) -> None:
    sync_state()
    page = get(staff_client)
    assert page.freshness == "fresh"
    assert "Sync is not running" not in page.text


def test_a_page_that_nothing_was_ever_read_for_says_how_to_start(staff_client: Client, sandbox: object) -> None:
    page = get(staff_client)
    assert page.freshness == "stale"
    assert "Nothing has been read from Elastic Path yet." in page.text
    assert "sync_jobs --watch" in page.text


def test_a_first_load_that_still_runs_says_so(staff_client: Client, sandbox: object) -> None:
    sync_state(last_success_at=None)
    page = get(staff_client)
    assert page.freshness == "stale"
    assert "read for the first time" in page.text


@pytest.mark.parametrize(("overdue", "state"), [(25, "fresh"), (35, "stale")])
def test_a_round_that_is_30_s_overdue_makes_the_page_stale(
    overdue: int, state: str, staff_client: Client, sandbox: object
) -> None:
    now = datetime.now(UTC)
    sync_state(
        last_success_at=now - timedelta(minutes=40), next_round_at=now - timedelta(seconds=overdue), problem_kind=""
    )
    page = get(staff_client)
    assert page.freshness == state
    assert ("Sync is not running" in page.text) is (state == "stale")
    assert "40 min ago" in page.text


def test_a_store_that_is_down_says_what_is_wrong_since_when_and_whom_to_ask(
    staff_client: Client, sandbox: object
) -> None:
    now = datetime.now(UTC)
    mirror(3)
    sync_state(
        last_success_at=now - timedelta(minutes=12),
        failing_since=now - timedelta(minutes=11),
        problem_kind="credentials-refused",
        problem="whatever the API said",
        problem_request_id="fad8c5c0-9546",
    )
    page = get(staff_client)
    assert page.freshness == "down"
    assert "Elastic Path refuses this console's key." in page.text
    assert "12 min ago" in page.text
    assert "fad8c5c0-9546" in page.text
    assert len(page.ids) == 3


def test_the_list_says_within_a_round_that_the_api_is_down_and_that_it_is_back(
    sandbox: SandboxProcess, put: Put, sync: Sync, staff_client: Client
) -> None:
    put("known")
    sync()
    assert get(staff_client).freshness == "fresh"
    sandbox.faults([{"match": "jobs", "status": 500}])
    with pytest.raises(AssertionError):
        sync()
    page = get(staff_client)
    assert page.freshness == "down"
    assert "Elastic Path has a problem of its own." in page.text
    assert page.ids == ["known"]
    sandbox.faults([])
    sync()
    assert get(staff_client).freshness == "fresh"


def test_rows_that_cannot_be_read_are_not_passed_over_in_silence(
    sandbox: SandboxProcess, put: Put, sync: Sync, staff_client: Client
) -> None:
    put("good")
    sandbox.put_job("bad", {"type": "pim-job", "id": "bad"})
    sync()
    page = get(staff_client)
    assert page.ids == ["good"]
    assert "1 row of Elastic Path's answer could not be read." in page.text


@pytest.mark.parametrize("rows", [0, 1, 50, 200])
def test_a_page_costs_the_same_queries_whatever_the_number_of_rows(
    rows: int, staff_client: Client, sandbox: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(rows)
    sync_state()
    for query in ("", "?status=success", "?type=product-export&type=price-import", "?status=failed&status=success"):
        with django_assert_num_queries(QUERIES if rows else QUERIES - 1):
            get(staff_client, query)
        with django_assert_num_queries(REFRESH_QUERIES if rows else REFRESH_QUERIES - 1):
            get(staff_client, query, **HTMX)


def test_older_and_newer_pages_cost_no_more(
    staff_client: Client, sandbox: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(200)
    first = get(staff_client)
    with django_assert_num_queries(QUERIES):
        second = get(staff_client, str(first.link("next")).removeprefix("/jobs/"))
    third = get(staff_client, str(second.link("next")).removeprefix("/jobs/"))
    with django_assert_num_queries(QUERIES):
        get(staff_client, str(third.link("prev")).removeprefix("/jobs/"))


def test_open_lists_cause_no_request_to_the_api(
    sandbox: SandboxProcess, put: Put, sync: Sync, staff_client: Client
) -> None:
    put("a")
    sync()
    before = sandbox.state()
    for _ in range(10):
        get(staff_client)
        get(staff_client, "?status=failed", **HTMX)
    after = sandbox.state()
    assert (after["requests"], after["tokens_issued"]) == (before["requests"], before["tokens_issued"])


@pytest.mark.parametrize(
    "job_id",
    [
        "a/b/c",
        "/a",
        "a/",
        "with space",
        "50%",
        "%2F",
        "%00",
        "a?b=c#d",
        "a+b&c;d",
        "Größe-漢字-🛋️",
        "v1.2..3",
        "...",
        "a:b@c",
        "files/1",
        "x" * 255,
        "'\"<>",
        "\\",
    ],
)
def test_any_id_works_in_the_list_and_in_the_address_of_its_job(
    job_id: str, put: Put, sync: Sync, staff_client: Client
) -> None:
    put(job_id, status="failed")
    sync()
    page = get(staff_client)
    assert page.ids == [job_id]
    (address,) = {link["href"] for link in page.all("a") if link.get("id") == f"job-{job_id}"}
    for path in (address, f"{address}errors/"):
        answer = staff_client.get(path)
        assert answer.status_code == 200, path
        assert job_id in Page(answer).text or job_id in Page(answer).attributes or path.endswith("errors/")
    # Typed with everything encoded, it is the same job.
    answer = staff_client.get(f"/jobs/{quote(job_id, safe='')}/")
    assert Page(answer).having("data-job-id") == [job_id]
