"""Pages and people while another process loads thousands of jobs into the same database."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from jobs_ui import models
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import PASSWORD
from tests.test_sync_lease import SyncProcess, environment, wait_until

JOBS = 3_000


@pytest.mark.django_db(transaction=True)
def test_pages_are_answered_and_people_log_in_while_a_first_load_is_under_way(
    sandbox: SandboxProcess, staff_client: Client, tmp_path: Path
) -> None:
    sandbox.reset(history=JOBS, quiet=True)
    newest, *_ = sandbox.job_ids()
    environ = environment(sandbox, CONSOLE_API_BUDGET="100000")
    sync = SyncProcess(environ, tmp_path / "sync.txt", "--watch")
    addresses = ("/jobs/", "/jobs/?status=failed&sort=-run", f"/jobs/{newest}/", f"/jobs/{newest}/errors/")
    statuses: list[int] = []
    loaded: set[int] = set()
    try:
        wait_until(models.Job.objects.exists)
        while models.SyncState.objects.filter(watermark_created_at=None).exists():
            assert sync.process.poll() is None, sync.said()
            loaded.add(models.Job.objects.count())
            statuses += [staff_client.get(address).status_code for address in addresses]
            # That writes: a session, and when the person was last there.
            answer = Client().post("/login/", {"username": "mara", "password": PASSWORD})
            assert answer.status_code == 302
    finally:
        sync.process.kill()
        sync.process.wait()

    # It was under way meanwhile, and not once over before the first page.
    assert len(loaded) >= 3, sync.said()
    assert len(statuses) >= 12
    assert set(statuses) == {200}
    assert "did not answer" not in sync.said()
    assert models.Job.objects.count() >= JOBS
