"""One job's page: what it says, when it stops asking, and what it does for a job that the mirror does not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client
from pydantic import SecretStr
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.models import Job, JobError, SyncState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import queue_knowledge
from jobs_ui.sources.mirror.source import REMEMBER_A_MISS
from jobs_ui.stores import client_of
from tests.conftest import raw_job
from tests.german import GERMAN
from tests.test_job_list import HOSTILE, HTMX, Page, Sync, check_nothing_was_injected, shown, sync_state

# Session, user, the job, the state of sync, who did what; where there are errors, the first groups.
QUERIES = 5
ID = "7e1b9ba1-c844-4556-9b16-4ae3f0988b0f"
SIGNED = "https://files.example/20260105_part_1.csv?Expires=1&Signature=s3cr3t-s1gn4tur3&Key-Pair-Id=K2"

Asked = Callable[[], dict[str, int]]


def get(client: Client, job_id: str = ID, *, status: int = 200, headers: dict[str, str] | None = None) -> Page:
    answer = client.get(f"/jobs/{quote(job_id)}/", headers=headers)
    assert answer.status_code == status
    return Page(answer)


@pytest.fixture
def asked(sandbox: SandboxProcess) -> Asked:
    """Tells how often each endpoint of the API was asked since the call before."""
    seen: dict[str, int] = {}

    def since() -> dict[str, int]:
        now: dict[str, int] = sandbox.state()["requests"]
        new = {name: count - seen.get(name, 0) for name, count in now.items() if count != seen.get(name, 0)}
        seen.clear()
        seen.update(now)
        new.pop("token", None)
        return new

    return since


def test_the_page_carries_id_and_status_where_scripts_look_for_them(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID))
    sync()
    (main,) = get(staff_client).all("main")
    assert (main["data-job-id"], main["data-status"]) == (ID, "success")


def test_the_page_tells_how_the_job_went(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    created = datetime(2026, 1, 5, 15, 27, 23, tzinfo=UTC)
    sandbox.put_job(
        ID,
        raw_job(
            ID,
            type="product-export",
            created_at="2026-01-05T15:27:23Z",
            started_at=(created + timedelta(seconds=12)).isoformat(),
            completed_at=(created + timedelta(seconds=258)).isoformat(),
            filter="eq(sku,LAMP-001)",
            file_locations=[SIGNED, SIGNED.replace("part_1", "part_2")],
            something_new={"kept": "too"},
        ),
    )
    sync()
    page = get(staff_client)
    for words in (
        "Created 2026-01-05 15:27:23 UTC. It waited 12 s, ran for 4 min 06 s and succeeded.",
        "Product export",
        "product-export",
        "15:27:23",
        "15:27:35",
        "15:31:41",
        "eq(sku,LAMP-001)",
        "20260105_part_1.csv",
        "20260105_part_2.csv",
        f"request-{ID}",
        "something_new",
    ):
        assert words in page.text, words
    assert "Waited 12 s, ran 4 min 06 s, drawn to scale." in page.attributes
    files = {f"/jobs/{ID}/files{rest}" for rest in ("/1/", "/2/", "/1/preview/", "/2/preview/", ".csv", ".zip")}
    assert files <= set(page.having("href"))
    for words in ("2 parts, each with its own header row.", "All parts as one CSV", "All parts as a zip"):
        assert words in page.text


def test_no_page_and_no_row_holds_a_signed_link(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    sandbox.put_job(
        ID, raw_job(ID, type="product-export", file_locations=[SIGNED], notes=f"see {SIGNED}", nested=[{"u": SIGNED}])
    )
    sync()
    for address in ("/jobs/", f"/jobs/{ID}/", f"/jobs/{ID}/errors/"):
        content = unescape(staff_client.get(address).content.decode())
        assert "s3cr3t" not in content
        assert "Signature=" not in content
    assert "s3cr3t" not in repr(list(Job.objects.values()))
    assert "20260105_part_1.csv" in get(staff_client).text


def test_the_first_errors_of_a_failed_job_are_on_its_page(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, status="failed"))
    rows = [f"row {number}: Must be unique" for number in range(1, 9)]
    sandbox.put_errors(ID, messages=[*rows, "missing sku for price", "too long", "too long", "rare"])
    sync()
    page = get(staff_client)
    # By what they say, most frequent first, and no more than a few: the rest has a page of its own.
    assert page.having("data-count") == ["8", "2", "1"]
    assert page.text.index("8 row 1: Must be unique") < page.text.index("2 too long")
    assert "row 2: Must be unique" not in page.text
    assert "rare" not in page.text
    assert "This price has no SKU, so it belongs to no product." in page.text
    assert "12 messages, all of them" in page.text
    assert "failed with 12 errors." in page.text
    assert f"/jobs/{ID}/errors/" in page.having("href")


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_text_of_others_is_text_in_every_field(
    words: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    for number, kind in enumerate(("product-export", "hierarchy-duplicate", words)):
        sandbox.put_job(
            f"job-{number}",
            raw_job(
                f"job-{number}",
                type=kind,
                status=words if number else "failed",
                filter=words,
                x_request_id=words,
                file_locations=[f"https://files.example/{words}.csv", words],
                copied_from=words,
                hierarchy_id=words,
                anything={words[:100]: [words]},
            ),
        )
        sandbox.put_errors(f"job-{number}", messages=[words])
    sync()
    for number in range(3):
        page = get(staff_client, f"job-{number}")
        check_nothing_was_injected(page)
        assert shown(words)[:200] in page.text
    assert Page(staff_client.get("/jobs/job-0/")).text.count(shown(words)[:200]) >= 3


@pytest.mark.parametrize("status", ["pending", "started", "paused by ops"])
def test_the_page_of_an_open_job_asks_again(
    status: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, status=status, completed_at=None))
    sync()
    for page in (get(staff_client), get(staff_client, headers=HTMX)):
        assert page.having("hx-get") == [f"/jobs/{ID}/"]
        assert page.having("data-status") == [status]


@pytest.mark.parametrize("status", ["success", "failed", "cancelled"])
def test_the_page_of_a_final_job_stands_still(
    status: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, status=status))
    sync()
    assert get(staff_client).having("hx-get") == []
    # 286 ends the polling of a page that saw the job open a moment ago.
    fragment = get(staff_client, status=286, headers=HTMX)
    assert fragment.having("hx-get") == []
    assert fragment.having("data-status") == [status]
    # A boosted link is no poll.
    assert get(staff_client, headers=HTMX | {"HX-Boosted": "true"}).all("html")


def test_a_poll_gets_the_moving_part_alone(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    sandbox.put_job(ID, raw_job(ID, status="pending", started_at=None, completed_at=None))
    sync()
    page, fragment = get(staff_client), get(staff_client, headers=HTMX)
    assert not fragment.all("html")
    assert fragment.all("main") == page.all("main")
    assert "It has waited" in fragment.text
    sandbox.patch_job(ID, attributes={"status": "started", "started_at": datetime.now(UTC).isoformat()})
    sync()
    assert get(staff_client, headers=HTMX).having("data-status") == ["started"]


def test_a_status_that_nobody_knows_is_shown_as_it_is(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, status="paused by ops"))
    sync()
    page = get(staff_client)
    assert "Elastic Path calls its status “paused by ops”, which this console does not know." in page.text


def test_the_page_is_one_query_each_and_asks_nobody(
    sandbox: SandboxProcess,
    sync: Sync,
    staff_client: Client,
    asked: Asked,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sandbox.put_job(ID, raw_job(ID))
    sandbox.put_job("failed", raw_job("failed", status="failed"))
    sandbox.put_errors("failed", messages=[f"row {number}" for number in range(250)])
    sync()
    asked()
    # What is usual is learnt by the first page that tells of a run, and then kept for a while.
    get(staff_client)
    with django_assert_num_queries(QUERIES):
        get(staff_client)
    with django_assert_num_queries(QUERIES):
        get(staff_client, status=286, headers=HTMX)
    with django_assert_num_queries(QUERIES + 1):
        get(staff_client, "failed")
    assert asked() == {}


def mirrored(job_id: str, *, run: float | None, status: str = "success", kind: str = "price-import") -> None:
    """A job of the mirror that started ten minutes ago; `run`: seconds, None while it runs."""
    started = datetime.now(UTC) - timedelta(minutes=10)
    Job.objects.create(
        store="default",
        job_id=job_id,
        type=kind,
        status=status,
        created_at=started - timedelta(seconds=9),
        started_at=started,
        completed_at=None if run is None else started + timedelta(seconds=run),
        raw={},
        read_at=started,
    )


def test_a_run_is_drawn_against_the_usual_time_of_its_type(sandbox: SandboxProcess, staff_client: Client) -> None:
    sync_state()
    for number in range(4):
        mirrored(f"usual-{number}", run=60)
    mirrored("other", run=60, kind="child-products")
    # Of so few nobody can say what is usual.
    assert "Usually" not in get(staff_client, "usual-0").text
    queue_knowledge.forget()
    mirrored("runs", run=None, status="started")
    mirrored("quick", run=30)
    page = get(staff_client, "quick")
    assert "Ran 30 s. Usually 1 min 00 s; 19 of 20 take less than 1 min 00 s." in page.text
    # From none to twice the usual.
    assert {"25.00%", "50.00%"} <= set(page.having("width") + page.having("x1"))
    assert "late" not in page.having("class")
    page = get(staff_client, "runs")
    assert "Has run 10 min" in page.text
    assert "late" in page.having("class")
    assert "Usually" not in get(staff_client, "other").text


def test_nothing_is_asked_of_the_api_for_the_usual_time(
    sandbox: SandboxProcess, staff_client: Client, asked: Asked, settings: Settings
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    for number in range(6):
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}"))
    asked()
    assert "Usually" not in get(staff_client, "job-0").text
    assert "jobs" not in asked()


def test_the_page_speaks_german_and_tells_times_in_the_readers_zone(
    sandbox: SandboxProcess, staff_client: Client
) -> None:
    sync_state()
    for number in range(6):
        mirrored(f"usual-{number}", run=7.5)
    Job.objects.create(
        store="default",
        job_id=ID,
        type="product-export",
        status="failed",
        created_at=datetime(2026, 1, 5, 15, 27, 23, tzinfo=UTC),
        started_at=datetime(2026, 1, 5, 15, 27, 35, tzinfo=UTC),
        completed_at=datetime(2026, 1, 5, 15, 31, 41, tzinfo=UTC),
        errors_state="complete",
        errors_count=12_345,
        errors_read_at=datetime(2026, 1, 5, 15, 32, tzinfo=UTC),
        files=["a.csv", "b.csv"],
        raw={"id": ID},
        read_at=datetime(2026, 1, 5, 15, 32, tzinfo=UTC),
    )
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    page = get(staff_client, headers=GERMAN)
    for words in (
        "Erstellt 05.01.2026 20:57:23 IST. Er wartete 12 s, lief 4 min 06 s und schlug mit 12.345 Fehlern fehl.",
        "Alle 12.345 Fehler ansehen",
        "12.345 Meldungen, das sind alle (gelesen 05.01.2026 21:02:00 IST).",
        "2 Teile, jeder mit eigener Kopfzeile.",
        "Zeiten in IST",
        "20:57:23",
    ):
        assert words in page.text, words
    for words in ("Created", "waited", "Why it failed", "Facts", "Last read", "Raw JSON,", "All parts", "Read again"):
        assert words not in page.text, words
    assert "05.01.2026 20:57:23 IST = 05.01.2026 15:27:23 UTC" in page.having("title")
    assert "Lief 7,5 s. Üblich sind 7,5 s;" in get(staff_client, "usual-0", headers=GERMAN).text


def test_a_job_that_the_mirror_does_not_know_is_asked_for_stored_and_shown(
    sandbox: SandboxProcess, staff_client: Client, asked: Asked
) -> None:
    sandbox.put_job(ID, raw_job(ID, type="hierarchy-duplicate", copied_from="one", hierarchy_id="other"))
    asked()
    page = get(staff_client)
    assert page.having("data-job-id") == [ID]
    assert asked() == {"job": 1}
    stored = Job.objects.get()
    assert (stored.store, stored.job_id, stored.type) == ("default", ID, "hierarchy-duplicate")
    # From here on it is known.
    get(staff_client)
    assert asked() == {}


def test_a_failed_job_that_the_mirror_does_not_know_is_shown_with_its_errors(
    sandbox: SandboxProcess, staff_client: Client, asked: Asked
) -> None:
    sandbox.put_job(ID, raw_job(ID, status="failed"))
    sandbox.put_errors(ID, messages=["missing required csv header: name"])
    asked()
    page = get(staff_client)
    assert "missing required csv header: name" in page.text
    # Whether they are few, then all of them: the list ends with an empty page, so that is asked for as well.
    assert asked() == {"job": 1, "errors": 3}
    assert JobError.objects.count() == 1


def test_a_failed_job_is_shown_though_its_errors_cannot_be_had(sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.put_job(ID, raw_job(ID, status="failed"))
    sandbox.faults([{"match": "errors", "status": 500}])
    assert "The errors of this job have not been read yet." in get(staff_client).text


def test_an_id_that_nobody_knows_is_a_page_and_is_asked_for_once_only(
    sandbox: SandboxProcess, staff_client: Client, asked: Asked
) -> None:
    asked()
    for address in ("no-such-job/", "no-such-job/", "no-such-job/errors/", "no-such-job/files/1/"):
        answer = staff_client.get(f"/jobs/{address}")
        assert answer.status_code == 404
        page = Page(answer)
        assert "There is no such job" in page.text
        assert "no-such-job" in page.text
    assert asked() == {"job": 1}
    # Another id is another question.
    get(staff_client, "no-such-job-either", status=404)
    assert asked() == {"job": 1}


def test_a_miss_is_remembered_for_a_while_only(
    sandbox: SandboxProcess, staff_client: Client, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 5 <= REMEMBER_A_MISS <= 300
    monkeypatch.setattr("jobs_ui.sources.mirror.source.REMEMBER_A_MISS", 0)
    get(staff_client, status=404)
    sandbox.put_job(ID, raw_job(ID))
    get(staff_client)


@pytest.mark.parametrize(
    "path", ["%00", "a%00b", "%20", ".", "..", "x" * 300, "%FF%FE", "%ED%A0%80", "<x-evil>", "a%0Ab", "\u202e"]
)
def test_an_id_that_cannot_be_one_is_no_error_of_the_console(
    path: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    for suffix in ("", "errors/", "files/1/"):
        answer = staff_client.get(f"/jobs/{path}/{suffix}")
        assert answer.status_code == 404
        check_nothing_was_injected(Page(answer))
    assert staff_client.post(f"/jobs/{path}/refresh/").status_code == 404


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 500}, "Elastic Path has a problem of its own."),
        ({"kind": "html", "status": 500}, "Elastic Path has a problem of its own."),
        ({"kind": "garbage"}, "Elastic Path gave an answer that makes no sense."),
        ({"kind": "empty"}, "Elastic Path gave an answer that makes no sense."),
        ({"status": 403}, "Elastic Path does not let this console's key read jobs."),
        ({"status": 429, "retry_after": "120"}, "Elastic Path is being asked too often just now."),
        ({"kind": "unauthorized"}, "Elastic Path refuses this console's key."),
    ],
    ids=["500", "html", "garbage", "empty", "forbidden", "rate-limit", "unauthorized"],
)
def test_an_unknown_job_cannot_be_shown_while_the_api_is_down_and_the_page_says_why(
    fault: dict[str, object], sentence: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID))
    sandbox.faults([{"match": "job", **fault}])
    answer = staff_client.get(f"/jobs/{ID}/")
    assert answer.status_code == 503
    page = Page(answer)
    assert "Elastic Path could not be asked" in page.text
    assert sentence in page.text
    assert ID in page.text
    assert answer.get("Retry-After") == fault.get("retry_after")
    # That the API was down is no miss.
    sandbox.faults([])
    get(staff_client)


def test_a_store_that_cannot_be_reached_is_said_so(
    sandbox: SandboxProcess, staff_client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens there; without the pauses between the tries.
    monkeypatch.setattr("jobs_ui.jobs_api.retries.time.sleep", lambda _: None)
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"EPCC_API_BASE_URL": "http://127.0.0.1:1"})
    page = get(staff_client, status=503)
    assert "Elastic Path cannot be reached." in page.text
    client_of.cache_clear()


def test_a_known_job_is_shown_while_the_api_is_down(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client, asked: Asked
) -> None:
    sandbox.put_job(ID, raw_job(ID, status="started", completed_at=None))
    sync()
    sandbox.faults([{"status": 500}])
    with pytest.raises(AssertionError):
        sync()
    asked()
    page = get(staff_client)
    assert page.freshness == "down"
    assert "Elastic Path has a problem of its own." in page.text
    assert page.having("data-status") == ["started"]
    assert get(staff_client, headers=HTMX).freshness == "down"
    assert asked() == {}


def test_the_page_says_how_fresh_it_is(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    sandbox.put_job(ID, raw_job(ID))
    sync()
    assert get(staff_client).freshness == "fresh"
    SyncState.objects.update(next_round_at=datetime.now(UTC) - timedelta(minutes=2))
    assert get(staff_client).freshness == "stale"


def test_a_job_that_is_gone_stays_readable_and_is_marked(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, status="started", completed_at=None))
    sync()
    Job.objects.update(gone_at=datetime.now(UTC))
    page = get(staff_client)
    assert "gone from Elastic Path" in page.text
    assert "this is what was last known of it." in page.text
    # It cannot change any more.
    assert page.having("hx-get") == []
    assert get(staff_client, status=286, headers=HTMX).having("data-job-id") == [ID]
    listed = Page(staff_client.get("/jobs/"))
    assert listed.ids == [ID]
    assert "gone" in listed.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "product-import"}, "Only exports have files."),
        ({"type": "product-export", "file_locations": []}, "No file: the export matched no products."),
        ({"type": "product-export", "file_locations": None}, "Elastic Path has not said yet where the file is."),
        ({"type": "product-export", "status": "failed", "file_locations": None}, "No file was written."),
    ],
)
def test_what_there_is_to_download_is_said_before_anyone_clicks(
    changes: dict[str, object], sentence: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, **changes))
    assert sentence in get(staff_client).text


def test_a_console_without_a_store_says_so(staff_client: Client, settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={"EPCC_CLIENT_ID": None, "EPCC_CLIENT_SECRET": SecretStr("")}
    )
    sync_state()
    page = Page(staff_client.get("/jobs/"))
    assert page.freshness == "stale"
    assert "No store is configured." in page.text
    get(staff_client, status=404)
