"""Which problems the jobs of a period have in common, and from there to the jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui import models
from jobs_ui.insights.error_groups import OTHERS
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync.clocks import utc_now
from tests.conftest import raw_job
from tests.german import GERMAN, left_in_english
from tests.test_job_list import HOSTILE, Page, Sync, check_nothing_was_injected, shown


def put(sandbox: SandboxProcess, job_id: str, messages: list[str], *, days: float = 0.1) -> None:
    created = (utc_now() - timedelta(days=days)).isoformat()
    times = {"created_at": created, "started_at": created, "completed_at": created}
    sandbox.put_job(job_id, raw_job(job_id, status="failed", **times))
    sandbox.put_errors(job_id, messages=messages)


def get(client: Client, path: str = "/insights/errors/", **query: str) -> Page:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return Page(answer)


def problems(page: Page) -> list[str]:
    return page.having("data-error-group")


def test_one_problem_of_eleven_imports_is_one_row_that_leads_to_them(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    for number in range(11):
        put(sandbox, f"job-{number}", [f"duplicate external ref found: ERP-{number}{row}" for row in range(number + 1)])
    put(sandbox, "other", ["missing sku for price"] * 500)
    sync()

    page = get(staff_client)

    assert page.having("data-count") == ["66", "500"]
    assert "11 duplicate external ref found: ERP-" in page.text
    assert "This external reference is used more than once." in page.text
    jobs = get(staff_client, next(link for link in page.having("href") if problems(page)[0] in link))
    assert "11 jobs" in jobs.text
    assert sorted(jobs.ids) == sorted(f"job-{number}" for number in range(11))
    # From there to the messages of that group in one job.
    errors = staff_client.get(next(link for link in jobs.having("href") if "/jobs/job-3/errors/" in link))
    assert "1 to 4 of 4" in Page(errors).text


def test_a_period_leaves_out_what_is_older(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, "new", ["too long"])
    put(sandbox, "week", ["too long", "too short"], days=5)
    put(sandbox, "old", ["too thin"], days=60)
    sync()
    assert len(problems(get(staff_client, period="24h"))) == 1
    assert len(problems(get(staff_client, period="7d"))) == 2
    assert len(problems(get(staff_client))) == 2
    assert len(problems(get(staff_client, period="90d"))) == 3
    digest = problems(get(staff_client, period="24h"))[0]
    assert get(staff_client, f"/insights/errors/{digest}/", period="24h").ids == ["new"]
    assert get(staff_client, f"/insights/errors/{digest}/").ids == ["new", "week"]
    thin = next(each for each in problems(get(staff_client, period="90d")) if each not in problems(get(staff_client)))
    empty = get(staff_client, f"/insights/errors/{thin}/")
    assert "No job of the last 30 days has this problem" in empty.text


def test_problems_come_in_the_order_that_is_asked_for(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    def failed(job_id: str, hours: int, messages: list[str]) -> None:
        created = utc_now() - timedelta(days=2)
        times = {"created_at": created, "started_at": created, "completed_at": created + timedelta(hours=hours)}
        raw = raw_job(job_id, status="failed", **{name: moment.isoformat() for name, moment in times.items()})
        sandbox.put_job(job_id, raw)
        sandbox.put_errors(job_id, messages=messages)

    failed("long", 10, ["too long"])
    failed("often", 1, ["too short", "too wide"])
    failed("again", 1, ["too short"])
    failed("much", 2, ["too thin"] * 50)
    sync()
    page = get(staff_client)
    assert "2 too short 2 h 00 min lost 2 messages" in page.text
    lost = Page(staff_client.get(next(link for link in page.having("href") if "sort=lost" in link)))
    # A job with two problems counts in full for each.
    assert [lost.text.index(words) for words in ("too long", "too thin", "too short", "too wide")] == sorted(
        lost.text.index(words) for words in ("too long", "too thin", "too short", "too wide")
    )
    assert "10 h 00 min too long 1 job 1 message" in lost.text
    assert "1 h 00 min too wide 1 job 1 message" in lost.text
    messages = get(staff_client, sort="messages")
    assert "50 too thin 1 job 2 h 00 min lost" in messages.text
    assert messages.having("data-count")[0] == "50"
    # The order stays with another period.
    assert "/insights/errors/?period=7d&sort=messages" in messages.having("href")
    assert "The order could not be read" in get(staff_client, sort="cost").text
    jobs = get(staff_client, f"/insights/errors/{problems(page)[0]}/")
    assert "2 messages. The jobs that failed with it had run for 2 h 00 min in all." in jobs.text
    assert "ran 1 h 00 min" in jobs.text


def test_a_list_that_was_read_again_counts_once(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, "a", ["too long"] * 3)
    sync()
    put(sandbox, "a", ["too long"] * 5)
    staff_client.post("/jobs/a/refresh/")
    assert get(staff_client).having("data-count") == ["5"]


def test_what_is_left_over_of_a_job_is_no_problem_of_its_own(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    put(sandbox, "a", [f"problem {first}{second}" for first in letters for second in letters[:12]])
    sync()
    assert models.ErrorGroup.objects.get(digest=OTHERS).count > 1
    page = get(staff_client)
    assert len(problems(page)) == 50
    assert OTHERS not in problems(page)
    assert "There are more; these 50 have the most jobs." in page.text


def test_stores_are_told_apart(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, "a", ["too long"])
    put(sandbox, "b", ["too long", "too short"])
    sync()
    models.SyncState.objects.create(store="gone")
    models.Job.objects.filter(job_id="b").update(store="gone")
    models.ErrorGroup.objects.filter(job__job_id="b").update(store="gone")
    models.CountedDay.objects.update(is_due=True)
    assert len(problems(get(staff_client))) == 2
    assert len(problems(get(staff_client, store="default"))) == 1
    page = get(staff_client, store="nobody")
    assert "There is no such store" in page.text
    assert len(problems(page)) == 2


def test_the_jobs_of_a_problem_have_pages(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    for number in range(60):
        put(sandbox, f"job-{number:02}", ["too long"], days=number / 10)
    sync()
    digest = problems(get(staff_client))[0]
    first = get(staff_client, f"/insights/errors/{digest}/")
    assert first.ids == [f"job-{number:02}" for number in range(50)]
    second = Page(staff_client.get(str(first.link("next"))))
    assert second.ids == [f"job-{number:02}" for number in range(50, 60)]
    assert second.link("next") is None
    assert Page(staff_client.get(str(second.link("prev")))).ids == first.ids
    assert "No jobs on this page" in get(staff_client, f"/insights/errors/{digest}/", page="99").text


@pytest.mark.parametrize("path", ["/insights/errors/", "/insights/errors/{}/"])
def test_what_cannot_be_read_is_said(path: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, "a", ["too long"])
    sync()
    path = path.format(models.ErrorGroup.objects.get().digest)
    for query in ({"period": "1y"}, {"period": "\0"}, {"store": "x" * 999}, {"page": "-1"}):
        assert staff_client.get(path, query).status_code == 200
    assert "The period could not be read" in get(staff_client, path, period="1y").text


def test_a_problem_that_nobody_knows_is_a_404(sandbox: SandboxProcess, staff_client: Client) -> None:
    assert staff_client.get("/insights/errors/others/").status_code == 404
    answer = staff_client.get("/insights/errors/0123456789abcdef/")
    assert answer.status_code == 404
    assert "There is no such problem" in Page(answer).text


def test_without_errors_the_page_says_so(sandbox: SandboxProcess, staff_client: Client) -> None:
    assert "No errors in the last 30 days" in get(staff_client).text


def test_live_says_that_it_cannot_tell(sandbox: SandboxProcess, staff_client: Client, settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    assert "There is no history to look at" in get(staff_client).text
    assert staff_client.get("/insights/errors/0123456789abcdef/").status_code == 404


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_messages_are_text(words: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, "a", [words])
    sync()
    page = get(staff_client)
    check_nothing_was_injected(page)
    assert shown(words)[:40] in page.text
    jobs = get(staff_client, f"/insights/errors/{problems(page)[0]}/")
    check_nothing_was_injected(jobs)


def test_they_speak_german(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    assert left_in_english(staff_client.get("/insights/errors/", {"period": "1y"}, headers=GERMAN)) == []
    put(sandbox, "a", ["zu lang"] * 1_234)
    sync()
    answer = staff_client.get("/insights/errors/", headers=GERMAN)
    assert left_in_english(answer) == []
    page = Page(answer)
    assert "1 zu lang" in page.text
    assert "1.234 Meldungen" in page.text
    path = f"/insights/errors/{problems(page)[0]}/"
    for query in ({}, {"page": "99"}):
        assert left_in_english(staff_client.get(path, query, headers=GERMAN)) == []
    assert left_in_english(staff_client.get("/insights/errors/none/", headers=GERMAN)) == []


def test_a_time_is_the_readers_and_utc_one_hover_away(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, "a", ["too long"])
    sync()
    staff_client.cookies["zone"] = "Asia/Kolkata"
    page = get(staff_client)
    assert [title for title in page.having("title") if " IST = " in title and title.endswith(" UTC")]
    jobs = get(staff_client, f"/insights/errors/{problems(page)[0]}/")
    assert [title for title in jobs.having("title") if " IST = " in title and title.endswith(" UTC")]


def test_the_pages_cost_the_same_queries_whatever_there_is(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        put(sandbox, f"job-{number}", [f"kind {'abcdefghijkl'[each]}" for each in range(number + 1)])
    sync()
    digest = problems(get(staff_client))[0]
    # Session, user, the state of sync, which days are kept, the problems, their samples.
    with django_assert_num_queries(6):
        get(staff_client)
    with django_assert_num_queries(7):  # how many in all, this page's jobs, the sample
        get(staff_client, f"/insights/errors/{digest}/")
