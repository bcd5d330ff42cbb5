"""The sandbox answers as the Jobs API does: its endpoints, its fields, its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from jobs_ui.sandbox.process import SandboxProcess

# The fields of section 3 of the facts: what may be sent for each, and for which types of job.
TYPES = {"product-import", "product-export", "child-products", "hierarchy-duplicate", "price-import"}
STATUSES = {"pending", "started", "success", "failed", "cancelled"}
ATTRIBUTES: dict[str, tuple[type, ...]] = {
    "type": (str,),
    "status": (str,),
    "created_at": (str,),
    "started_at": (str, type(None)),
    "completed_at": (str, type(None)),
    "updated_at": (str,),
}
META = {
    "product-import": {"x_request_id"},
    "product-export": {"x_request_id", "file_locations", "filter"},
    "child-products": {"x_request_id"},
    "hierarchy-duplicate": {"x_request_id", "copied_from", "hierarchy_id"},
    "price-import": {"x_request_id"},
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MESSAGES = (
    r"data\.attributes\.sku: Must be unique amongst products\.",
    r"missing required csv header: name",
    r"slug must be URL compatible\.",
    r"error processing gzip file",
    r"error processing object '.+' invalid json provided",
    r"duplicate price book Id '.+' in imported price books",
    r"missing sku for price",
    r"price book id not found: .+",
    r"duplicate external ref found",
    r"matched price with .+ - .+ not found",
)


class Caller:
    """A client of the sandbox that hides nothing."""

    def __init__(self, process: SandboxProcess) -> None:
        self.process = process
        self.token = self.new_token()

    def new_token(self, **form: str) -> str:
        given = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"} | form
        answer = requests.post(f"{self.process.url}/oauth/access_token", data=given, timeout=10)
        token: str = answer.json()["access_token"]
        return token

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("headers", {"Authorization": f"Bearer {self.token}"})
        return requests.request(method, f"{self.process.url}{path}", timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def jobs(self, limit: int = 100, offset: int = 0) -> list[Any]:
        rows: list[Any] = self.get(f"/pcm/jobs?page[limit]={limit}&page[offset]={offset}").json()["data"]
        return rows

    def all_jobs(self) -> list[Any]:
        rows: list[Any] = []
        while page := self.jobs(offset=len(rows)):
            rows += page
        return rows

    def job(self, job_id: str) -> Any:
        return self.get(f"/pcm/jobs/{job_id}").json()["data"]

    def first(self, **wanted: str) -> Any:
        return next(job for job in self.all_jobs() if wanted.items() <= job["attributes"].items())


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess(quiet=True) as running:
        yield running


@pytest.fixture
def sandbox(process: SandboxProcess) -> Caller:
    process.reset(history=150, quiet=True)
    return Caller(process)


def title(answer: requests.Response) -> tuple[int, str]:
    """The status and the title of an error envelope that is as it should be."""
    (error,) = answer.json()["errors"]
    assert int(error["status"]) == answer.status_code
    assert UUID.fullmatch(error["request_id"])
    return answer.status_code, error["title"]


def test_it_sends_exactly_the_fields_of_the_facts(sandbox: Caller) -> None:
    seen: set[tuple[str, str]] = set()
    for job in sandbox.all_jobs():
        assert set(job) == {"type", "id", "attributes", "meta"}
        assert job["type"] == "pim-job"
        assert UUID.fullmatch(job["id"])
        attributes, meta = job["attributes"], job["meta"]
        assert set(attributes) == set(ATTRIBUTES)
        for name, allowed in ATTRIBUTES.items():
            assert isinstance(attributes[name], allowed)
        assert META[attributes["type"]] - {"filter"} <= set(meta) <= META[attributes["type"]]
        assert UUID.fullmatch(meta["x_request_id"])
        seen.add((attributes["type"], attributes["status"]))
    assert {kind for kind, _ in seen} == TYPES
    assert {status for _, status in seen} == STATUSES


def test_the_times_of_a_job_are_those_of_the_facts(sandbox: Caller) -> None:
    for job in sandbox.all_jobs():
        times = {name: value for name, value in job["attributes"].items() if name.endswith("_at")}
        for value in times.values():
            assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?Z", value)
        status = job["attributes"]["status"]
        assert (times["started_at"] is None) == (status in {"pending", "cancelled"})
        assert (times["completed_at"] is None) == (status not in {"success", "failed"})
        if status in {"started", "success", "failed"}:
            # It does not move when the job completes.
            assert times["updated_at"] == times["started_at"]


def test_an_export_has_files_only_when_it_succeeded(sandbox: Caller) -> None:
    exports = [job for job in sandbox.all_jobs() if job["attributes"]["type"] == "product-export"]
    numbers = set()
    for job in exports:
        files = job["meta"]["file_locations"]
        if job["attributes"]["status"] == "success":
            numbers.add(len(files))
        else:
            assert files is None or (job["attributes"]["status"] == "failed" and files == [])
    assert {0, 1, 2} <= numbers
    assert any("filter" not in job["meta"] for job in exports)
    assert len({job["meta"]["filter"] for job in exports if "filter" in job["meta"]}) > 5


def test_the_history_is_long_and_heavy_tailed(sandbox: Caller, process: SandboxProcess) -> None:
    process.reset(quiet=True)
    sandbox.token = sandbox.new_token()
    jobs = [job["attributes"] for job in sandbox.all_jobs()]
    assert len(jobs) == 600
    created = [datetime.fromisoformat(job["created_at"]) for job in jobs]
    assert created == sorted(created, reverse=True)
    assert 85 < (created[0] - created[-1]).days <= 90
    runs = sorted(
        (datetime.fromisoformat(job["completed_at"]) - datetime.fromisoformat(job["started_at"])).total_seconds()
        for job in jobs
        if job["completed_at"]
    )
    assert runs[0] < 0.1
    assert runs[len(runs) // 2] < 30
    assert 600 < runs[-1] <= 2400
    assert 0.08 < sum(job["status"] == "failed" for job in jobs) / len(jobs) < 0.16
    by_day = [at for at in created if at.weekday() < 5 and 8 <= at.hour < 18]
    assert len(by_day) > len(jobs) / 2


def test_a_token_is_needed_and_an_implicit_one_is_refused(sandbox: Caller) -> None:
    assert title(sandbox.get("/pcm/jobs", headers={})) == (401, "Unauthorized")
    assert title(sandbox.get("/pcm/jobs", headers={"Authorization": "Bearer nonsense"})) == (401, "Unauthorized")
    sandbox.token = sandbox.new_token(grant_type="implicit")
    assert title(sandbox.get("/pcm/jobs")) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("form", "status"),
    [({"client_secret": "wrong"}, 401), ({"client_id": "wrong"}, 401), ({"grant_type": "password"}, 400)],
)
def test_wrong_credentials_get_no_token(sandbox: Caller, form: dict[str, str], status: int) -> None:
    given = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"} | form
    answer = sandbox.call("POST", "/oauth/access_token", data=given)
    assert title(answer)[0] == status
    assert sandbox.process.state()["tokens_issued"] == 1


@pytest.mark.parametrize("envelope", [False, True])
@pytest.mark.parametrize("how", ["data", "json"])
def test_a_token_is_answered_in_both_shapes(sandbox: Caller, envelope: bool, how: str) -> None:
    sandbox.process.settings(token_envelope=envelope, token_lifetime=60)
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    given = sandbox.call("POST", "/oauth/access_token", **{how: form}).json()
    token = given["data"] if envelope else given
    assert set(token) == {"access_token", "token_type", "expires_in", "expires", "identifier"}
    assert (token["token_type"], token["expires_in"], token["identifier"]) == ("Bearer", 60, "client_credentials")
    assert abs(token["expires"] - sandbox.process.state()["now"] - 60) < 5


def test_a_token_expires_and_can_be_revoked(sandbox: Caller) -> None:
    sandbox.process.advance(3590)
    assert sandbox.get("/pcm/jobs").status_code == 200
    sandbox.process.advance(11)
    assert sandbox.get("/pcm/jobs").status_code == 401
    sandbox.token = sandbox.new_token()
    assert sandbox.get("/pcm/jobs").status_code == 200
    sandbox.process.revoke_tokens()
    assert sandbox.get("/pcm/jobs").status_code == 401


def test_pages_are_cut_from_one_list(sandbox: Caller) -> None:
    ids = sandbox.process.job_ids()
    assert [job["id"] for job in sandbox.all_jobs()] == ids
    assert [job["id"] for job in sandbox.jobs(limit=7, offset=30)] == ids[30:37]
    assert len(sandbox.get("/pcm/jobs").json()["data"]) == 25
    assert len(sandbox.jobs(limit=1000)) == 100
    assert sandbox.jobs(offset=10_000) == []
    assert sandbox.get("/pcm/jobs").json()["meta"] == {"results": {"total": 150}}


@pytest.mark.parametrize("query", ["offset]=10001", "offset]=-1", "limit]=0", "limit]=-5", "limit]=ten", "limit]=²"])
def test_pages_out_of_bounds_are_refused(sandbox: Caller, query: str) -> None:
    assert title(sandbox.get(f"/pcm/jobs?page[{query}")) == (400, "Bad Request")


def test_paging_can_be_ignored_capped_and_lied_about(sandbox: Caller) -> None:
    sandbox.process.settings(ignore_paging=True, total=1)
    answer = sandbox.get("/pcm/jobs?page[limit]=10&page[offset]=100").json()
    assert len(answer["data"]) == 150
    assert answer["meta"]["results"]["total"] == 1
    sandbox.process.settings(ignore_paging=False, max_limit=20)
    assert len(sandbox.jobs(limit=100)) == 20


def test_links_are_sent_when_it_is_told_to(sandbox: Caller) -> None:
    sandbox.process.settings(with_links=True)
    answer = sandbox.get("/pcm/jobs?page[limit]=50&page[offset]=50").json()
    assert answer["meta"]["page"] == {"limit": 50, "offset": 50, "current": 2, "total": 3}
    following = sandbox.get(answer["links"]["next"]).json()
    assert following["links"]["next"] is None
    assert following["data"][0]["id"] == sandbox.process.job_ids()[100]


def test_a_job_is_found_by_its_id(sandbox: Caller) -> None:
    job = next(job for job in sandbox.jobs() if job["attributes"]["type"] != "product-export")
    assert sandbox.job(job["id"]) == job
    assert title(sandbox.get("/pcm/jobs/nobody")) == (404, "Not Found")
    assert title(sandbox.get("/pcm/jobs/nobody/errors")) == (404, "Not Found")
    assert title(sandbox.get("/pcm/nothing")) == (404, "Not Found")


def test_a_failed_import_has_hundreds_of_errors_of_several_kinds(sandbox: Caller) -> None:
    for job in sandbox.jobs(limit=25):
        attributes = job["attributes"]
        if (attributes["type"], attributes["status"]) == ("product-import", "failed"):
            break
    path = f"/pcm/jobs/{job['id']}/errors"
    errors: list[Any] = []
    while page := sandbox.get(f"{path}?page[limit]=100&page[offset]={len(errors)}").json()["data"]:
        errors += page
    assert len(errors) == sandbox.get(path).json()["meta"]["results"]["total"] >= 150
    assert len(sandbox.get(path).json()["data"]) == 25
    assert len({error["id"] for error in errors}) == len(errors)
    kinds = set()
    for error in errors:
        assert set(error) == {"type", "id", "attributes"}
        assert error["type"] == "pim-job-error"
        kinds.add(next(known for known in MESSAGES if re.search(known, error["attributes"]["message"])))
    assert len(kinds) >= 4


def test_one_job_has_12345_errors_that_can_all_be_reached(sandbox: Caller) -> None:
    for job in sandbox.all_jobs():
        answer = sandbox.get(f"/pcm/jobs/{job['id']}/errors?page[limit]=1").json()
        if answer["meta"]["results"]["total"] == 12_345:
            break
    assert job["attributes"]["status"] == "failed"
    last = sandbox.get(f"/pcm/jobs/{job['id']}/errors?page[limit]=100&page[offset]=12300").json()["data"]
    assert len(last) == 45


def test_a_successful_price_import_can_carry_notices(sandbox: Caller) -> None:
    numbers = set()
    for job in sandbox.all_jobs():
        if (job["attributes"]["type"], job["attributes"]["status"]) == ("price-import", "success"):
            notices = sandbox.get(f"/pcm/jobs/{job['id']}/errors").json()["data"]
            assert all("matched price with" in each["attributes"]["message"] for each in notices)
            numbers.add(len(notices) > 0)
    assert numbers == {True, False}


@pytest.mark.parametrize("status", [422, 200])
def test_errors_can_take_the_old_form(sandbox: Caller, status: int) -> None:
    sandbox.process.settings(old_errors_form=status)
    job_id = sandbox.first(status="failed")["id"]
    sandbox.process.put_errors(job_id, messages=["missing required csv header: name"])
    answer = sandbox.get(f"/pcm/jobs/{job_id}/errors")
    assert answer.status_code == status
    assert answer.json() == {
        "errors": [{"status": str(status), "title": "Failed Validation", "detail": "missing required csv header: name"}]
    }


def test_only_a_pending_job_can_be_cancelled(sandbox: Caller) -> None:
    for status in ("started", "success", "failed", "cancelled"):
        job = sandbox.first(status=status)
        assert title(sandbox.call("POST", f"/pcm/jobs/{job['id']}/cancel", json={})) == (400, "Bad Request")
        assert sandbox.job(job["id"])["attributes"] == job["attributes"]
    job = sandbox.first(status="pending")
    answer = sandbox.call("POST", f"/pcm/jobs/{job['id']}/cancel", json={})
    assert (answer.status_code, answer.json()["data"]["attributes"]["status"]) == (200, "cancelled")
    sandbox.process.advance(600)
    assert sandbox.job(job["id"])["attributes"]["status"] == "cancelled"
    assert title(sandbox.call("POST", "/pcm/jobs/nobody/cancel", json={})) == (404, "Not Found")


def test_jobs_can_be_made(sandbox: Caller) -> None:
    paths = ("products/import", "products/export?filter=eq(sku,A)", "products/17/build", "hierarchies/4/duplicate_job")
    for path in (*paths, "pricebooks/import"):
        answer = sandbox.call("POST", f"/pcm/{path}", json={})
        assert answer.status_code == 201
    newest = sandbox.jobs(limit=5)
    assert {job["attributes"]["type"] for job in newest} == TYPES
    assert {job["attributes"]["status"] for job in newest} == {"pending"}
    assert "eq(sku,A)" in [job["meta"].get("filter") for job in newest]
    # A file is sent in chunks of unknown length by some clients.
    assert sandbox.call("POST", "/pcm/products/import", data=iter([b"name,sku", b"\nLampe,L-1"])).status_code == 201


def test_every_answer_carries_the_date_of_its_clock(sandbox: Caller) -> None:
    sandbox.process.advance(86_400)
    now = sandbox.process.state()["now"]
    for path in ("/pcm/jobs", "/nothing", "/files/nothing"):
        assert abs(parsedate_to_datetime(sandbox.get(path).headers["Date"]).timestamp() - now) < 5
