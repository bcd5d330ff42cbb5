"""Several stores: the file that names them, and pages that span them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pydantic import SecretStr
from pytest_django.fixtures import Settings

from console.environment import Environment, Problem, read_environment
from jobs_ui import models
from jobs_ui.management.commands.sync_jobs import run_until_stopped
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobFilters
from jobs_ui.stores import Store, client_of, configured_stores
from jobs_ui.sync import Syncer, rounds, store_jobs, walk, watch
from jobs_ui.sync.store import Stored
from jobs_ui.sync.watch import Watch
from tests.conftest import raw_job
from tests.test_job_list import Page
from tests.test_sync_lease import wait_until

SECRET = "hunter2-hunter2"
GOOD = f"""
[stores.europe]
name = "Europe"
base_url = "https://euwest.api.elasticpath.com/"
client_id = "an-id"
client_secret = "{SECRET}"

[stores.trade]
base_url = "http://127.0.0.1:9000"
client_id = "another-id"
client_secret_file = "trade.secret"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], tuple[Environment, list[Problem]]]:
    (tmp_path / "trade.secret").write_text("  from-a-file\n")

    def run(content: str) -> tuple[Environment, list[Problem]]:
        path = tmp_path / "stores.toml"
        path.write_text(content)
        return read_environment({"CONSOLE_STORES_FILE": str(path)})

    return run


def test_the_stores_of_the_file_are_read_in_order(read: Callable[[str], tuple[Environment, list[Problem]]]) -> None:
    environment, problems = read(GOOD)

    europe, trade = environment.CONSOLE_STORES_FILE
    assert problems == []
    assert (europe.slug, europe.name, europe.base_url) == ("europe", "Europe", "https://euwest.api.elasticpath.com")
    assert (trade.slug, trade.name) == ("trade", "trade")
    assert europe.client_secret.get_secret_value() == SECRET
    assert trade.client_secret.get_secret_value() == "from-a-file"
    assert SECRET not in repr(environment)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not = [toml", "not TOML"),
        ("", "without stores"),
        ("stores = 3", "without stores"),
        ("[stores]\nx = 1", "not a table"),
        (GOOD.replace("europe", '"Eu rope"'), "a to z, 0 to 9 and hyphens"),
        (GOOD.replace('client_id = "an-id"\n', ""), "“europe” without a usable client_id"),
        (GOOD.replace("https://euwest", "http://euwest"), "“europe” whose base_url must be https"),
        (GOOD.replace(f'client_secret = "{SECRET}"', ""), "one of client_secret and client_secret_file"),
        (GOOD.replace("trade.secret", "nowhere"), "“trade” whose client_secret_file cannot be read"),
        (GOOD.replace("client_id", "clientid", 1), "a key that is not known: clientid"),
        (GOOD.replace(f'"{SECRET}"', '""'), "“europe” without a usable client_secret"),
    ],
)
def test_a_file_that_is_wrong_is_a_sentence_without_secrets(
    read: Callable[[str], tuple[Environment, list[Problem]]], content: str, words: str
) -> None:
    environment, (problem,) = read(content)

    assert environment.CONSOLE_STORES_FILE == ()
    assert problem.name == "CONSOLE_STORES_FILE"
    assert words in problem.reason
    assert SECRET not in str(problem)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    _, (problem,) = read_environment({"CONSOLE_STORES_FILE": str(tmp_path / "nowhere")})
    assert "cannot be read" in problem.reason


@pytest.fixture
def two_stores(
    sandbox: SandboxProcess, settings: Settings, read: Callable[[str], tuple[Environment, list[Problem]]]
) -> SandboxProcess:
    """Europe, which the sandbox serves, and Trade, which nobody does."""
    (europe, trade) = read(GOOD)[0].CONSOLE_STORES_FILE
    europe = europe.model_copy(
        update={"base_url": sandbox.url, "client_id": "sandbox", "client_secret": SecretStr("sandbox")}
    )
    trade = trade.model_copy(update={"base_url": "http://127.0.0.1:1", "name": "Trade"})
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={
            "EPCC_API_BASE_URL": None,
            "EPCC_CLIENT_ID": None,
            "EPCC_CLIENT_SECRET": None,
            "CONSOLE_STORES_FILE": (europe, trade),
        }
    )
    return sandbox


def sync_all() -> list[bool]:
    return [Syncer(store.slug, client_of(store)).run_round().complete for store in configured_stores()]


@pytest.mark.django_db
def test_a_store_that_fails_is_named_and_does_not_hold_up_the_other(two_stores: SandboxProcess) -> None:
    two_stores.put_job("a", raw_job("a"))

    assert sync_all() == [True, False]

    freshness = get_source().freshness(datetime.now(UTC))
    assert freshness.state == "down"
    assert freshness.headline.startswith("Trade: ")
    assert [job.job_id for job in get_source().list_jobs(JobFilters()).jobs] == ["a"]


@pytest.mark.django_db
def test_list_and_search_span_all_stores_or_one(two_stores: SandboxProcess) -> None:
    two_stores.put_job("a", raw_job("a", type="product-export", filter="eq(sku,lamp)"))
    sync_all()
    row = models.Job.objects.get()
    row.pk, row.store, row.job_id = None, "trade", "b"
    row.save()

    def found(**filters: object) -> set[str]:
        return {job.job_id for job in get_source().list_jobs(JobFilters(**filters)).jobs}  # type: ignore[arg-type]  # the test's own

    assert found() == {"a", "b"}
    assert found(stores=("trade",)) == {"b"}
    assert found(stores=("europe", "trade")) == {"a", "b"}
    assert found(stores=("europe",), q="lamp") == {"a"}
    assert found(stores=("trade",), q="a") == set()


@pytest.mark.django_db
def test_a_store_that_was_taken_out_keeps_its_history_read_only(
    two_stores: SandboxProcess, settings: Settings, staff_client: Client
) -> None:
    two_stores.put_job("a", raw_job("a", type="product-export"))
    sync_all()
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={"CONSOLE_STORES_FILE": settings.ENVIRONMENT.CONSOLE_STORES_FILE[1:]}
    )

    assert [store.slug for store in get_source().stores() if not store.is_configured] == ["europe"]
    models.Job.objects.update(status="pending", started_at=None, completed_at=None)
    page = Page(staff_client.get("/jobs/a/"))
    # Nothing counts on as if it were known, and nothing is offered that cannot be done.
    assert page.freshness == "stale"
    assert "This store is not read any more." in page.text
    assert "Its store is not read any more, so how it went on is not known." in page.text
    assert "data-refresh" not in page.having("data-refresh")
    assert not page.all("form") or "/jobs/a/refresh/" not in page.having("action")
    assert Page(staff_client.get("/jobs/?store=europe")).freshness == "stale"
    row = models.Job.objects.get()
    assert get_source().get_job("a").waited(datetime.now(UTC) + timedelta(days=9)) == row.read_at - row.created_at
    with pytest.raises(CannotAsk, match="no key for the store"):
        get_source().refresh_job("a")
    assert staff_client.get("/jobs/a/files/1/").status_code == 503


@pytest.mark.django_db
def test_an_unknown_id_is_asked_for_in_each_store(two_stores: SandboxProcess) -> None:
    two_stores.put_job("a", raw_job("a"))

    assert get_source().get_job("a").store == "europe"
    with pytest.raises(CannotAsk):
        get_source().get_job("nobody-knows-me")


@pytest.fixture
def both_at_the_sandbox(two_stores: SandboxProcess, settings: Settings) -> SandboxProcess:
    """The sandbox serves Trade as well, with the same jobs."""
    (europe, trade) = settings.ENVIRONMENT.CONSOLE_STORES_FILE
    trade = europe.model_copy(update={"slug": trade.slug, "name": trade.name})
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"CONSOLE_STORES_FILE": (europe, trade)})
    return two_stores


@pytest.fixture
def mistake(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set the jobs of Trade meet a mistake of ours, whose text holds what an answer held."""
    is_there = threading.Event()
    is_there.set()

    def store_or_fail(store: str, *args: Any, **options: Any) -> Stored:
        if store == "trade" and is_there.is_set():
            raise ValueError(f"cannot read https://files.example/part_1.csv?Signature={SECRET}&Expires=1")
        return store_jobs(store, *args, **options)

    monkeypatch.setattr(walk, "store_jobs", store_or_fail)
    return is_there


def silent_watch(store: Store, stop: threading.Event) -> Watch:
    return Watch(store.slug, client_of(store), stop, say=lambda _: None, complain=lambda _: None)


def has(store: str, job_id: str) -> bool:
    return models.Job.objects.filter(store=store, job_id=job_id).exists()


@pytest.mark.django_db(transaction=True)
def test_a_mistake_of_ours_in_one_store_stops_no_other_and_is_told(
    both_at_the_sandbox: SandboxProcess,
    mistake: threading.Event,
    staff_client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(rounds, "QUIET", timedelta(milliseconds=50))
    monkeypatch.setattr(watch, "LONGEST_PAUSE", timedelta(milliseconds=50))
    both_at_the_sandbox.put_job("a", raw_job("a"))
    stop = threading.Event()
    threads = [
        threading.Thread(target=run_until_stopped, args=(silent_watch(store, stop), stop))
        for store in configured_stores()
    ]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: models.SyncState.objects.filter(store="trade", problem_kind="internal").exists())
        page = staff_client.get("/jobs/").content.decode()
        both_at_the_sandbox.put_job("b", raw_job("b"))
        wait_until(lambda: has("europe", "b"))
        mistake.clear()
        wait_until(lambda: has("trade", "b"))
        wait_until(lambda: get_source().freshness(datetime.now(UTC)).state == "fresh")
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert "Trade: This console made a mistake of its own" in page
    assert "ValueError" in caplog.text
    assert "in store_or_fail" in caplog.text
    assert SECRET not in caplog.text
    assert not models.SyncState.objects.filter(problem__contains=SECRET).exists()


@pytest.mark.django_db
def test_a_mistake_in_a_single_round_leaves_the_rounds_of_the_other_stores(
    both_at_the_sandbox: SandboxProcess, mistake: threading.Event, settings: Settings
) -> None:
    stores = settings.ENVIRONMENT.CONSOLE_STORES_FILE
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"CONSOLE_STORES_FILE": stores[::-1]})
    both_at_the_sandbox.put_job("a", raw_job("a"))

    with pytest.raises(CommandError, match=r"a mistake of its own \(ValueError\)"):
        call_command("sync_jobs")

    assert has("europe", "a")
    assert models.SyncState.objects.get(store="trade").lease_holder == ""


@pytest.mark.django_db
def test_a_hundred_odd_types_hide_no_odd_status(two_stores: SandboxProcess) -> None:
    odd = [("type", f"a-type-{number}") for number in range(120)] + [("status", "paused")]
    models.SeenValue.objects.bulk_create(
        models.SeenValue(store=store, kind=kind, value=value) for store in ("europe", "trade") for kind, value in odd
    )

    types, statuses = get_source().seen()

    assert len(types) == 100
    assert statuses == ("paused",)
