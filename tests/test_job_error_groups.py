"""What a failed import of thousands of rows comes down to: its groups, their values, the messages of one of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from jobs_ui import models
from jobs_ui.insights.error_groups import GROUPER, MOST_GROUPS, OTHERS
from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.base import CannotAsk
from jobs_ui.sync import Syncer
from jobs_ui.sync.clocks import TimeBox, utc_now
from jobs_ui.views.job_errors import GROUPS_IN_SIGHT
from tests.conftest import raw_job
from tests.test_job_errors import get, put
from tests.test_job_list import HOSTILE, Page, Sync, check_nothing_was_injected, shown

UNIQUE, SLUG, HEADER = "data.attributes.sku: Must be unique amongst products.", "must be URL compatible.", "name"


def import_of(rows: int) -> list[str]:
    """The messages of an import: two thirds have a SKU that is taken, one third a bad slug, and no column `name`."""
    messages = [
        f"row {row}: {UNIQUE} (LAMP-{row // 2})" if row % 3 else f"slug size {row}.xl {SLUG}" for row in range(1, rows)
    ]
    return [*messages, "missing required csv header: name"]


def digests(page: Page) -> list[str]:
    return page.having("data-error-group")


def counts(page: Page) -> list[int]:
    return [int(count) for count in page.having("data-count")]


def group_of(word: str) -> models.ErrorGroup:
    return models.ErrorGroup.objects.get(is_shown=True, sample__contains=word)


def rows_of(client: Client, query: str = "") -> list[list[str]]:
    answer = client.get(f"/jobs/a-job/errors.csv{query}")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.getvalue().decode())))


@pytest.fixture
def live(settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})


def test_12345_messages_are_three_groups_that_add_up(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, import_of(12_345))
    sync()

    page = get(staff_client)

    assert "12,345 errors" in page.text
    assert "in 3 groups" in page.text
    assert counts(page) == [8230, 4114, 1]
    assert sum(counts(page)) == 12_345
    assert "8,230 67 %" in page.text
    assert "1 under 0.1 %" in page.text
    # What to do, the values, and where they stand.
    assert "Give the row a SKU of its own" in page.text
    assert "A slug becomes part of an address." in page.text
    assert "6,173 SKUs LAMP-0, LAMP-1, LAMP-2, LAMP-3, LAMP-4, …" in page.text
    assert "8,230 row numbers 1, 2, 4, 5, 7, …" in page.text
    assert "4,114 slugs size 3.xl, size 6.xl" in page.text
    assert "1 column name" in page.text
    assert "first No. 1, last No. 12,344" in page.text
    assert "No. 12,345 in the list" in page.text
    assert "Page 1 of 124" in page.text


def test_what_differs_is_marked(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, ["row 7: missing sku for price <b>&", "error processing object '<LAMP>' invalid json provided"])
    sync()
    content = staff_client.get("/jobs/a-job/errors/").content.decode()
    assert content.count("row <mark>7</mark>: missing sku for price &lt;b&gt;&amp;") == 2
    assert content.count("object &#x27;<mark>&lt;LAMP&gt;</mark>&#x27; invalid") == 2


def test_a_hint_is_for_what_the_message_says_and_not_for_words_in_a_value(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["error processing object 'must be URL compatible' invalid json provided"])
    sync()
    digest = group_of("invalid json").digest
    for path in ("/jobs/a-job/", "/jobs/a-job/errors/", "/insights/errors/", f"/insights/errors/{digest}/"):
        page = Page(staff_client.get(path))
        assert "A slug takes letters" not in page.text
        assert "What is given for this object is no JSON that can be read." in page.text


def test_the_values_of_a_group_are_there_one_a_line(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, import_of(1_000))
    sync()
    page = get(staff_client)
    links = [link for link in page.having("href") if "values.txt" in link]
    # Each link is what a copy button copies, too.
    assert links == page.having("data-copy-from")
    answer = staff_client.get(links[0])
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.decode().splitlines() == list(
        dict.fromkeys(f"LAMP-{row // 2}" for row in range(1, 1_000) if row % 3)
    )


def test_a_value_with_a_line_break_is_one_line(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, ["object 'two\nlines' is bad", "object 'one' is bad"])
    sync()
    link = next(link for link in get(staff_client).having("href") if "values.txt" in link)
    assert staff_client.get(link).content.decode() == "two lines\none"


@pytest.mark.parametrize(
    "query", ["", "?group=x&place=0", "?group={}&place=9", "?group={}&place=-1", "?group=%00&place=²"]
)
def test_values_that_there_are_not_are_said_so(
    query: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(10))
    sync()
    answer = staff_client.get("/jobs/a-job/errors/values.txt" + query.format(group_of(UNIQUE).digest))
    assert answer.status_code == 404
    assert "There are no such values" in Page(answer).text


def test_one_group_is_read_page_by_page(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, import_of(400))
    sync()
    group = group_of("slug size")
    assert group.count == 133
    first = get(staff_client, f"?group={group.digest}")
    assert "1 to 100 of 133" in first.text
    assert "3 slug size 3.xl" in first.text
    assert "1 row 1:" not in first.text
    assert "Page 1 of 2" in first.text
    second = get(staff_client, str(first.link("next")).partition("errors/")[2])
    assert "101 to 133 of 133" in second.text
    assert "399 slug size 399.xl" in second.text
    assert second.link("next") is None
    assert str(second.link("prev")).startswith(f"/jobs/a-job/errors/?group={group.digest}")


@pytest.mark.parametrize(
    ("q", "expected"),
    [("LAMP-7 ", ["14"]), ("lamp-7)", ["14"]), ("größe ÖL", ["401"]), ("%", []), ("_", []), ("LAMP-1\0", [])],
)
def test_messages_are_searched_in_any_case(
    q: str, expected: list[str], sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, [*import_of(400), "Größe öl fehlt"])
    sync()
    page = Page(staff_client.get("/jobs/a-job/errors/", {"q": q}))
    found = [row["id"].removeprefix("m") for row in page.all("tr") if "id" in row]
    if q == "LAMP-7 ":  # blanks around are no part of what is looked for
        assert found == ["14", *found[1:]]
        assert all(int(place) // 2 in {7, *range(70, 80)} or int(place) // 20 == 7 for place in found)
    elif not expected and q != "LAMP-1\0":
        assert found == []
        assert "No message matches" in page.text
        assert f"has “{q}” in it" in page.text
    elif expected:
        assert found == expected


def test_a_search_within_a_group_has_pages(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, import_of(900))
    sync()
    group = group_of(UNIQUE)
    first = get(staff_client, f"?group={group.digest}&q=LAMP")
    second = get(staff_client, str(first.link("next")).partition("errors/")[2])
    assert "151 row 151:" in second.text
    assert "slug size" not in second.text.partition("Group")[2].partition("151")[2]


def test_a_search_without_a_match_counts_no_messages_of_other_groups(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(10))
    sync()
    page = get(staff_client, f"?group={group_of('slug size').digest}&q=nowhere")
    assert "No message of this group has “nowhere” in it." in page.text
    assert "None of the 10 messages has “nowhere” in it." in get(staff_client, "?q=nowhere").text


def test_a_group_that_the_job_does_not_have_is_said_so(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(10))
    sync()
    for digest in ("0123456789abcdef", "x" * 500, "\0", "others"):
        answer = staff_client.get("/jobs/a-job/errors/", {"group": digest})
        assert answer.status_code == 200
        assert "no such group of messages" in Page(answer).text
        assert staff_client.get("/jobs/a-job/errors.csv", {"group": digest}).status_code == 400


def test_csv_holds_all_messages_or_those_of_a_group_or_those_that_match(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(5_000))
    sync()
    rows = rows_of(staff_client)
    assert rows[0] == ["number", "group", "message", "id"]
    assert [row[2] for row in rows[1:]] == import_of(5_000)
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 5_001)]
    slugs = rows_of(staff_client, f"?group={group_of('slug size').digest}")
    assert [row[2] for row in slugs[1:]] == [message for message in import_of(5_000) if "slug" in message]
    assert {row[1] for row in slugs[1:]} == {"2"}
    assert [row[2] for row in rows_of(staff_client, "?q=CSV+header")[1:]] == ["missing required csv header: name"]
    assert rows_of(staff_client, "?q=nowhere") == [rows[0]]


def test_csv_is_safe_to_open_in_a_spreadsheet(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    hostile = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", 'a,"b"\nc']
    put(sandbox, hostile, type='../"x"\r\nSet-Cookie: a=b')
    sync()
    answer = staff_client.get("/jobs/a-job/errors.csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="x-set-cookie-a-b_20')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert [row[2] for row in rows_of(staff_client)[1:]] == [*(f"'{text}" for text in hostile[:5]), hostile[5]]
    assert staff_client.head("/jobs/a-job/errors.csv").status_code == 200
    assert staff_client.post("/jobs/a-job/errors.csv").status_code == 405


def test_csv_of_messages_that_go_away_meanwhile_is_never_taken_for_whole(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox, import_of(400))
    sync()
    monkeypatch.setattr("jobs_ui.sources.mirror.errors.BATCH", 100)
    queries = ("", f"?group={group_of('slug size').digest}", "?q=slug")
    begun = [staff_client.get(f"/jobs/a-job/errors.csv{query}") for query in queries]
    models.JobError.objects.all().delete()
    for answer in begun:
        with pytest.raises(CannotAsk):
            answer.getvalue()
    assert staff_client.get("/jobs/a-job/errors.csv").status_code == 503


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_values_and_samples_are_text(words: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, [f"object '{words}' is bad", f"{words} 7", f"{words} 8"])
    sync()
    page = get(staff_client)
    check_nothing_was_injected(page)
    assert sum(counts(page)) == 3
    link = next((link for link in page.having("href") if "values.txt" in link), None)
    if link:
        assert staff_client.get(link).status_code == 200
    assert shown(words)[:40] in page.text


def test_more_groups_than_one_looks_at_are_folded_and_still_add_up(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    put(sandbox, [f"problem {first}{second}" for first in letters for second in letters[:12]])
    sync()
    page = get(staff_client)
    assert len(counts(page)) == MOST_GROUPS + 1
    assert sum(counts(page)) == 312
    assert digests(page)[-1] == OTHERS
    assert f"{MOST_GROUPS + 1 - GROUPS_IN_SIGHT} more groups" in page.text
    assert len(page.all("details")) == 1
    others = get(staff_client, f"?group={OTHERS}")
    assert "1 to 100 of 112" in others.text


def test_a_page_that_was_begun_still_has_its_groups_after_a_new_reading(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(10))
    sync()
    before = models.Job.objects.get().errors_reading
    put(sandbox, ["too long"])
    staff_client.post("/jobs/a-job/refresh/")
    assert counts(get(staff_client)) == [1]
    assert models.ErrorGroup.objects.filter(reading=before, is_shown=False).count() == 3
    assert models.ErrorGroup.objects.filter(is_shown=True).count() == 1


def test_a_long_list_is_not_read_to_its_end_while_somebody_waits(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox, import_of(10), completed_at=(utc_now() - timedelta(hours=1)).isoformat())
    sync()
    sandbox.put_errors("a-job", messages=import_of(350))
    monkeypatch.setattr("jobs_ui.sources.mirror.source.PATIENCE", timedelta(0))
    staff_client.post("/jobs/a-job/refresh/")
    # What was known stays, and sync reads the rest.
    assert sum(counts(get(staff_client))) == 10
    sync()
    assert sum(counts(get(staff_client))) == 350


def _ungrouped() -> Iterator[int]:
    """The mirror as it was before messages were grouped."""
    models.ErrorGroup.objects.all().delete()
    models.JobError.objects.update(group_number=None)
    models.Job.objects.update(errors_grouped=None)
    yield models.Job.objects.get().errors_count


def test_messages_that_were_stored_before_there_were_groups_are_grouped_by_sync(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, import_of(600))
    sync()
    read_at = models.Job.objects.get().errors_read_at
    assert next(_ungrouped()) == 600
    page = get(staff_client)
    assert counts(page) == []
    assert "They are being sorted into groups" in page.text
    assert "row 1: data.attributes.sku" in Page(staff_client.get("/jobs/a-job/")).text
    sync()
    page = get(staff_client)
    assert sum(counts(page)) == 600
    assert "3 slug size 3.xl must be URL compatible. 2" in page.text
    job = models.Job.objects.get()
    assert (job.errors_grouped, job.errors_read_at) == (GROUPER, read_at)
    # Nothing is left of the copy without groups: nobody would come back for it.
    assert models.JobError.objects.count() == 600


def test_grouping_takes_no_longer_than_its_share_of_a_round(
    sandbox: SandboxProcess, sync: Sync, api: JobsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox, import_of(10))
    sync()
    next(_ungrouped())
    monkeypatch.setattr(TimeBox, "is_over", lambda self: True)
    Syncer("default", api).run_round(reads_for=timedelta(0))
    assert models.Job.objects.get().errors_grouped is None


def test_pruned_jobs_take_their_groups_along(sandbox: SandboxProcess, sync: Sync) -> None:
    old = (utc_now() - timedelta(days=30)).isoformat()
    put(sandbox, import_of(10), created_at=old, started_at=old, completed_at=old)
    sync()
    assert models.ErrorValues.objects.exists()
    call_command("prune_jobs", "--older-than", "10d", "--yes")
    assert not models.ErrorGroup.objects.exists()
    assert not models.ErrorValues.objects.exists()


def test_live_groups_the_begin_of_a_list_and_says_so(sandbox: SandboxProcess, live: None, staff_client: Client) -> None:
    put(sandbox, import_of(850))
    page = get(staff_client)
    assert sum(counts(page)) == 500
    assert "the first 500 in 2 groups" in page.text
    assert not [link for link in page.having("href") if "group=" in link]
    assert page.all("select") == []
    # All of them are on the pages, and in the file.
    assert "1 row 1:" in page.text
    assert [row[2] for row in rows_of(staff_client)[1:]] == import_of(850)
    assert "1 row 1:" in Page(staff_client.get("/jobs/a-job/errors/?q=slug&group=x")).text
    assert "cannot search them" in Page(staff_client.get("/jobs/a-job/errors/?q=slug")).text


def test_live_says_when_the_api_does_not_answer_for_the_file(
    sandbox: SandboxProcess, live: None, staff_client: Client
) -> None:
    put(sandbox, import_of(20))
    sandbox.faults([{"match": "errors", "status": 500}])
    answer = staff_client.get("/jobs/a-job/errors.csv")
    assert answer.status_code == 503
    assert "Elastic Path could not be asked" in Page(answer).text


def test_an_unknown_job_has_no_messages(sandbox: SandboxProcess, staff_client: Client) -> None:
    for path in ("errors.csv", "errors/values.txt"):
        assert staff_client.get(f"/jobs/nobody/{path}").status_code == 404


def test_the_group_of_a_price_import_that_succeeded_is_called_a_notice(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", type="price-import"))
    sandbox.put_errors("a-job", messages=["matched price with book-1 - price-2 not found"] * 3)
    sync()
    page = get(staff_client)
    assert counts(page) == [3]
    assert "3 notices" in page.text
    assert "nothing was applied for it" in page.text


@pytest.mark.parametrize("source", ["mirror", "live"])
def test_no_entry_of_the_list_is_lost_whatever_its_form(
    source: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client, settings: Settings
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", status="failed"))
    entries: list[object] = [
        "a plain text",
        None,
        {"attributes": {"detail": "told as a detail"}},
        {"code": 7},
        [],
        {"title": "old"},
    ]
    sandbox.put_errors("a-job", raw=entries)
    sync()
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": source})
    page = get(staff_client)
    assert "6 errors" in page.text
    assert [row[2] for row in rows_of(staff_client)[1:]] == [
        "a plain text",
        "null",
        "told as a detail",
        '{"code": 7}',
        "[]",
        "old",
    ]
    # Each at its place of the list.
    assert "3 told as a detail" in page.text


def test_a_page_far_down_a_live_list_does_not_hold_a_thread_for_minutes(
    sandbox: SandboxProcess, live: None, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sandbox, import_of(900))
    monkeypatch.setattr("jobs_ui.sources.live.ASKING_DEADLINE", 0.0)
    answer = staff_client.get("/jobs/a-job/errors/?page=9")
    assert answer.status_code == 503
    assert "Elastic Path did not answer in time." in Page(answer).text


def test_a_file_has_no_pages(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, import_of(10))
    sync()
    assert len(rows_of(staff_client, "?page=x")) == 11
