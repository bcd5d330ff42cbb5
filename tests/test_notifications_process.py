"""The process that syncs tells people, and whoever does not answer keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from jobs_ui.models import Job, Notification, NotificationRule
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store
from tests.conftest import raw_job
from tests.test_sync_lease import SyncProcess, environment, wait_until
from tests.webhook_receiver import Receiver, endless, receiver, status

__all__ = ["receiver"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)
RUNS = {"status": "started", "completed_at": None}


@pytest.fixture
def hanging(receiver: Receiver) -> Receiver:
    """One that takes what it is sent, and never answers."""
    never = endless(b" ", pause=0.05)
    receiver.answer = lambda handler: (status(204) if handler.path == "/good" else never)(handler)
    return receiver


@pytest.fixture
def sync_process(sandbox: SandboxProcess, hanging: Receiver, tmp_path: Path) -> Callable[[], SyncProcess]:
    """Starts `sync_jobs --watch` with two webhooks: one hangs, the other answers."""
    file = tmp_path / "settings.toml"
    file.write_text(
        f'[webhooks.bad]\nurl = "http://{hanging.host}/bad"\n[webhooks.good]\nurl = "http://{hanging.host}/good"\n'
    )
    environ = environment(sandbox, CONSOLE_STORES_FILE=str(file), WEBHOOK_HOSTS=hanging.host)
    return lambda: SyncProcess(environ, tmp_path / "said.txt", "--watch")


@pytest.fixture
def operator(staff: User) -> User:
    """Somebody who may use webhooks."""
    # Tests with transactions empty the tables, those that migrations have filled as well.
    group, _ = Group.objects.get_or_create(name="Job operators")
    group.permissions.add(Permission.objects.get(codename="use_webhooks"))
    staff.groups.add(group)
    return staff


def rules(user: User) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    for webhook in ("bad", "good"):
        NotificationRule.objects.create(user=user, kind="failed", webhook=webhook, created_at=since, since=since)


def paths(receiver: Receiver) -> list[str]:
    return sorted(came.path for came in receiver.received)


def test_a_target_that_hangs_delays_neither_sync_nor_the_others(
    sandbox: SandboxProcess, store: Store, operator: User, hanging: Receiver, sync_process: Callable[[], SyncProcess]
) -> None:
    rules(operator)
    # One that stays open: rounds are two seconds apart.
    sandbox.put_job("open", raw_job("open", **RUNS))
    sandbox.put_job("first", raw_job("first", **RUNS))
    process = sync_process()
    try:
        wait_until(lambda: Job.objects.filter(job_id="first").exists())
        sandbox.put_job("first", raw_job("first", status="failed"))
        wait_until(lambda: "/bad" in paths(hanging) and "/good" in paths(hanging))
        # While the one still hangs:
        sandbox.put_job("later", raw_job("later", **RUNS))
        wait_until(lambda: Job.objects.filter(job_id="later").exists(), patience=8)
        wait_until(lambda: Notification.objects.get(webhook="good").state == "sent")
        assert Notification.objects.get(webhook="bad").state == "waiting"
        process.process.terminate()
        assert process.process.wait(timeout=8) == 0
    finally:
        process.process.kill()
        process.process.wait()
    assert paths(hanging) == ["/bad", "/good"]


def test_a_single_round_tells_as_well(sandbox: SandboxProcess, store: Store, operator: User) -> None:
    call_command("sync_jobs")
    NotificationRule.objects.create(
        user=operator, kind="queue", longest=0, webhook="gone", created_at=datetime.now(UTC), since=datetime.now(UTC)
    )
    sandbox.put_job("waits", raw_job("waits", status="pending", started_at=None, completed_at=None))
    call_command("sync_jobs")
    one = Notification.objects.get()
    assert (one.title, one.state) == ("1 job waits in Default, more than 0", "failed")
    assert one.outcome == "The webhook is not in the settings any more."
