"""Downloads: byte for byte, by a fresh link each time, from nowhere else than allowed, and never half a file."""

from __future__ import annotations

import gzip
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
import requests
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client

from jobs_ui.downloads import opening
from jobs_ui.jobs_api import JobsClient
from jobs_ui.models import Job, JobError, SyncState
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
from tests.file_host import QUERY, SIGNATURE, FileHandler, FileHost
from tests.test_job_list import HOSTILE, Page, Sync, check_nothing_was_injected

pytestmark = pytest.mark.usefixtures("log")

CSV = b"id,name\n1,Lampe\n" * 500


def put(sandbox: SandboxProcess, *links: object, **changes: object) -> str:
    """An export with these links."""
    values: dict[str, object] = {"type": "product-export", "file_locations": list(links)}
    sandbox.put_job("an-export", raw_job("an-export", **(values | changes)))
    return "an-export"


def download(client: Client, job_id: str, number: int = 1) -> HttpResponseBase:
    return client.get(f"/jobs/{job_id}/files/{number}/")


def chunks(answer: HttpResponseBase) -> list[bytes]:
    assert isinstance(answer, StreamingHttpResponse), answer
    assert not answer.is_async
    return list(cast("Iterator[bytes]", answer.streaming_content))


def content(answer: HttpResponseBase) -> bytes:
    return b"".join(chunks(answer))


def check_refused(answer: HttpResponseBase, status: int, *sentences: str) -> Page:
    """A page in the console's dress that explains, without a secret in it."""
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert "attachment" not in answer.get("Content-Disposition", "")
    text = answer.content.decode()  # type: ignore[attr-defined]  # a page is not streamed
    assert "Signature=" not in text
    assert SIGNATURE not in text
    page = Page(answer)
    check_nothing_was_injected(page)
    assert len(page.all("main")) == 1
    assert [link for link in page.all("a") if link["href"].startswith("/jobs/")]
    for sentence in sentences:
        assert sentence in page.text
    return page


def direct(api: JobsClient, job_id: str, number: int) -> bytes:
    """The file as its host has it."""
    files = api.get_job(job_id).files
    assert files is not None
    return requests.get(files[number - 1].reveal(), timeout=10).content


@pytest.mark.parametrize("number", [1, 2])
def test_a_part_comes_byte_for_byte_as_a_csv_attachment(
    number: int, export: str, api: JobsClient, staff_client: Client
) -> None:
    expected = direct(api, export, number)
    answer = download(staff_client, export, number)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(expected))
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    created = api.get_job(export).created_at
    name = f"product-export_{created:%Y-%m-%d}_part-{number}.csv"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert content(answer) == expected


def test_a_browser_that_takes_gzip_gets_the_same_bytes(export: str, api: JobsClient, staff_client: Client) -> None:
    answer = staff_client.get(f"/jobs/{export}/files/1/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert content(answer) == direct(api, export, 1)


def test_a_large_file_is_passed_on_in_pieces(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    sandbox.settings(part_bytes=3_000_000)
    answer = download(staff_client, export)
    sizes = [len(chunk) for chunk in chunks(answer)]
    assert sum(sizes) == int(answer["Content-Length"]) >= 3_000_000
    assert max(sizes) <= 200_000


def test_head_tells_what_the_download_would_be(export: str, api: JobsClient, staff_client: Client) -> None:
    answer = staff_client.head(f"/jobs/{export}/files/1/")
    assert answer.status_code == 200
    assert content(answer) == b""
    assert answer["Content-Length"] == str(len(direct(api, export, 1)))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]


def test_head_tells_no_length_where_the_host_does_not(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, CSV)
    answer = staff_client.head("/jobs/an-export/files/1/")
    assert (answer.status_code, content(answer)) == (200, b"")
    assert "Content-Length" not in answer


def test_a_download_is_a_get(export: str, staff_client: Client) -> None:
    assert staff_client.post(f"/jobs/{export}/files/1/").status_code == 405


def test_a_link_is_fresh_each_time_though_links_live_two_seconds(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sandbox.settings(link_lifetime=2)
    sync()
    for _ in range(3):
        sandbox.advance(3600)
        # An hour is the token's life as well: it is renewed on the way.
        answer = download(staff_client, export)
        assert answer.status_code == 200
        assert len(content(answer)) == int(answer["Content-Length"])


def test_the_mirror_holds_names_and_never_a_link(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sync()
    content(download(staff_client, export))
    rows = repr([list(model.objects.values()) for model in (Job, JobError, SyncState)])
    assert "Signature" not in rows
    assert "Key-Pair-Id" not in rows
    files = Job.objects.get(job_id=export).files
    assert isinstance(files, list)
    assert [name.rpartition("_part_")[2] for name in files] == ["1.csv", "2.csv"]


def test_a_download_stores_what_was_read_on_the_way(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, status="started", completed_at=None)
    sync()
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv{QUERY}")
    download(staff_client, "an-export")
    row = Job.objects.get()
    assert (row.status, row.files) == ("success", ["a_part_1.csv"])


def test_the_file_host_gets_no_token_no_cookie_and_no_referer(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    headers = {"Referer": "http://testserver/jobs/", "Authorization": "Basic bWFyYTpodW50ZXIy"}
    content(staff_client.get(f"/jobs/{export}/files/1/", headers=headers))
    state = sandbox.state()
    assert state["requests"]["file"] == 1
    assert state["offending_file_requests"] == []


def test_the_proxy_and_the_password_file_of_the_environment_are_not_used_for_files(
    export: str, staff_client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, sandbox: SandboxProcess
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login mara password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert content(download(staff_client, export))
    assert sandbox.state()["offending_file_requests"] == []


def test_a_link_that_has_expired_says_what_to_do(sandbox: SandboxProcess, staff_client: Client) -> None:
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv?Expires=1689084545&Signature={SIGNATURE}", filter="eq(sku,LAMP-1)")
    before = sandbox.state()["requests"].get("file", 0)
    page = check_refused(
        download(staff_client, "an-export"),
        410,
        "The link to this file has expired",
        "Run the export again with the same filter",
        "The export's filter: eq(sku,LAMP-1)",
        "request-an-export",
    )
    assert "/jobs/an-export/" in page.having("href")
    # It is known to be dead: its host is not asked.
    assert sandbox.state()["requests"].get("file", 0) == before


def test_a_link_that_the_api_does_not_renew_is_gone_after_its_hour(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sandbox.settings(resign_links=False)
    sandbox.advance(20 * 3_600)
    check_refused(download(staff_client, export), 410, "Run the export again")
    # Once sync knows the API's clock, the link is known to be dead without asking for the file.
    sync()
    check_refused(download(staff_client, export), 410, "The link to this file has expired")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_file_that_its_host_does_not_give_out_is_gone(
    status: int, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(status, b"<Error>AccessDenied</Error>")
    check_refused(
        download(staff_client, "an-export"),
        410,
        "This file is no longer there",
        f"The host of the file said {status}.",
        "all products",
    )


def test_files_that_the_api_lists_no_more_are_gone(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv{QUERY}", filter="eq(sku,LAMP-1)")
    sync()
    put(sandbox, filter="eq(sku,LAMP-1)")
    for _ in range(2):
        check_refused(
            download(staff_client, "an-export"),
            410,
            "This file is no longer there",
            "It lists no files of this export any more.",
            "Run the export again with the same filter",
            "eq(sku,LAMP-1)",
        )
    # From now on it is said before anybody clicks, and not taken for an export that matched nothing.
    page = Page(staff_client.get("/jobs/an-export/"))
    assert "Elastic Path does not list its 1 file any more." in page.text
    assert "/jobs/an-export/files/1/" not in page.having("href")
    assert "files gone" in Page(staff_client.get("/jobs/")).text
    put(sandbox, f"{sandbox.url}/files/b_part_1.csv{QUERY}", filter="eq(sku,LAMP-1)")
    staff_client.post("/jobs/an-export/refresh/")
    assert "/jobs/an-export/files/1/" in Page(staff_client.get("/jobs/an-export/")).having("href")


def test_a_page_of_a_part_that_is_gone_leads_to_the_others(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sync()
    sandbox.faults([{"match": "file", "kind": "status", "status": 404, "times": 1}])
    page = check_refused(download(staff_client, export), 410, "The other parts are fetched one by one")
    assert f"/jobs/{export}/files/2/" in page.having("href")
    assert f"/jobs/{export}/files/1/" not in page.having("href")
    assert content(download(staff_client, export, 2))


def test_a_host_that_trickles_its_headers_does_not_hold_a_thread(
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.5)
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    gone = threading.Event()

    def trickle(handler: FileHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while not gone.wait(0.05):
                handler.wfile.write(b"X: y\r\n")

    file_host.answers["/a.csv"] = trickle
    check_refused(download(staff_client, "an-export"), 502, "The host of the file is too slow")
    gone.set()


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nid,name\n"], ids=["mute", "body"]
)
@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv", "files/1/preview/"])
def test_a_host_that_falls_silent_is_called_slow(
    rest: str,
    begin: bytes,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.5)
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def fall_silent(handler: FileHandler) -> None:
        handler.wfile.write(begin)
        handler.rfile.read(1)  # until the other side hangs up

    file_host.answers["/a.csv"] = fall_silent
    check_refused(staff_client.get(f"/jobs/an-export/{rest}"), 502, "The host of the file is too slow")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        bytes(range(256)) * 8,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n" + CSV,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    ],
    ids=["nothing", "garbage", "two-lengths", "long-header", "many-headers"],
)
def test_a_host_that_answers_nonsense_was_reached(
    answer: bytes, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def answer_so(handler: FileHandler) -> None:
        handler.wfile.write(answer)

    file_host.answers["/a.csv"] = answer_so
    check_refused(download(staff_client, "an-export"), 502, "gave an answer that makes no sense, or broke it off.")


def test_an_encoding_that_cannot_be_undone_is_a_broken_answer(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, CSV, Content_Encoding="br")
    check_refused(download(staff_client, "an-export"), 502, "The file could not be fetched")


def test_a_file_that_was_deleted_is_gone(sandbox: SandboxProcess, staff_client: Client) -> None:
    put(sandbox, f"{sandbox.url}/files/no-such-file.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 410, "This file is no longer there")


def test_the_file_of_a_job_that_was_deleted_is_gone(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sync()
    sandbox.delete_job(export)
    check_refused(download(staff_client, export, 2), 410, "This file is no longer there")


@pytest.mark.parametrize("status", [500, 503, 204, 206, 302])
def test_an_answer_that_is_no_file_is_a_broken_one(
    status: int, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(status)
    check_refused(download(staff_client, "an-export"), 502, "The file could not be fetched", "Try again in a minute.")


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/a.csv",
        "http://{host}.evil.example/a.csv",
        "http://{host}@evil.example/a.csv",
        "http://evil.example\\@{host}/a.csv",
        "http://evil.example#@{host}/a.csv",
        "ftp://{host}/a.csv",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//{host}/a.csv",
        "/a.csv",
        "http://[",
        "http://",
        "nonsense",
        "http://evil.example:99999/a.csv",
    ],
)
def test_a_host_that_is_not_allowed_is_not_asked(
    link: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, link.format(host=file_host.host) + QUERY, filter="eq(sku,LAMP-1)")
    page = check_refused(
        download(staff_client, "an-export"),
        502,
        "This file lies where the console may not fetch it",
        "DOWNLOAD_HOSTS",
    )
    assert file_host.connections == 0
    # It would look like the value of the setting.
    assert "LAMP-1" not in page.text


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("https://evil.example/secret/a.csv", "evil.example"),
        ("https://mara:hunter2@Evil.example:8443/a.csv", "evil.example:8443"),
        ("http://{host}/redirect.csv", "there.example"),
    ],
)
def test_a_host_that_is_not_allowed_is_named_and_nothing_else_of_its_address(
    link: str,
    named: str,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, link.format(host=file_host.host) + QUERY)
    file_host.answers["/redirect.csv"] = lambda handler: handler.send(302, Location=f"//there.example/secret{QUERY}")
    page = check_refused(download(staff_client, "an-export"), 502, f"with the setting DOWNLOAD_HOSTS: {named}")
    assert [button["data-copy"] for button in page.all("button") if "data-copy" in button][:1] == [named]
    for secret in ("secret", "hunter2", "Expires"):
        assert secret not in page.text


def test_an_address_without_a_host_is_said_so(sandbox: SandboxProcess, staff_client: Client) -> None:
    put(sandbox, "nonsense" + QUERY)
    assert check_refused(download(staff_client, "an-export"), 502, "The address names no host").all("pre") == []


@pytest.mark.parametrize("pattern", ["{host}", "127.0.0.1", "*.0.0.1"])
def test_a_host_is_allowed_by_name_with_or_without_its_port_or_by_its_domain(
    pattern: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow("files.example", pattern.format(host=file_host.host))
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, CSV, Content_Length=str(len(CSV)))
    assert content(download(staff_client, "an-export")) == CSV


@pytest.mark.parametrize("pattern", ["127.0.0.1:1", "*.127.0.0.1", "0.0.1", "*.7.0.0.1"])
def test_another_port_or_a_part_of_a_name_is_another_host(
    pattern: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(pattern)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 502)
    assert file_host.connections == 0


def test_a_redirect_within_the_allowed_hosts_is_followed(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(302, Location=f"/b.csv{QUERY}")
    file_host.answers["/b.csv"] = lambda handler: handler.send(200, CSV, Content_Length=str(len(CSV)))
    assert content(download(staff_client, "an-export")) == CSV


def test_the_body_of_a_redirect_is_not_waited_for(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def endless(handler: FileHandler) -> None:
        handler.send(302, b"<p>", Location="/b.csv", Content_Length=str(10**12))
        handler.rfile.read(1)  # until the other side hangs up

    file_host.answers["/a.csv"] = endless
    file_host.answers["/b.csv"] = lambda handler: handler.send(200, CSV, Content_Length=str(len(CSV)))
    assert content(download(staff_client, "an-export")) == CSV


@pytest.mark.parametrize(
    "there",
    ["http://evil.example/a.csv", "//evil.example/a.csv", "https://169.254.169.254/latest", "file:///etc/passwd"],
)
def test_a_redirect_to_another_host_is_not_followed(
    there: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(302, Location=there + QUERY)
    check_refused(download(staff_client, "an-export"), 502, "This file lies where the console may not fetch it")
    assert len(file_host.asked) == 1


@pytest.mark.parametrize("there", ["/a.csv", "http://["])
def test_redirects_that_lead_nowhere_come_to_an_end(
    there: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(302, Location=there)
    check_refused(download(staff_client, "an-export"), 502, "The file could not be fetched")
    assert len(file_host.asked) <= 5


@pytest.mark.parametrize("hidden", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_a_private_address_behind_a_public_name_gets_not_a_byte(
    hidden: str,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo

    def lying(host: Any, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == "files.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    if hidden != "127.0.0.1":
        monkeypatch.setattr(socket.socket, "getpeername", lambda _: (hidden, 443, 0, 0))
    received: list[bytes] = []
    monkeypatch.setattr(FileHandler, "handle", lambda handler: received.append(handler.rfile.read()))
    allow()
    put(sandbox, f"https://files.example:{file_host.server_port}/a.csv{QUERY}")
    name = f"files.example:{file_host.server_port}"
    check_refused(download(staff_client, "an-export"), 502, "This file lies where the console may not fetch it", name)
    assert b"".join(received) == b""


@pytest.mark.parametrize("link", ["http://files.example/a.csv", "http://{host}/a.csv"])
def test_without_a_list_of_hosts_only_https_will_do(
    link: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow()
    put(sandbox, link.format(host=file_host.host) + QUERY)
    check_refused(download(staff_client, "an-export"), 502, "This file lies where the console may not fetch it")
    assert file_host.connections == 0


def test_a_host_that_cannot_be_reached_is_said_so(
    sandbox: SandboxProcess, allow: Callable[..., None], staff_client: Client
) -> None:
    allow("127.0.0.1:1")
    put(sandbox, f"http://127.0.0.1:1/a.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 502, "The host of the file cannot be reached.")


def test_while_the_api_is_down_no_file_can_be_had_and_the_page_says_why(
    sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sync()
    sandbox.faults([{"match": "job", "status": 500}])
    check_refused(
        download(staff_client, export), 503, "Elastic Path could not be asked", "Elastic Path has a problem of its own."
    )
    sandbox.faults([{"match": "job", "status": 429, "retry_after": "120"}])
    answer = download(staff_client, export)
    check_refused(answer, 503)
    assert answer["Retry-After"] == "120"


def test_a_job_that_nobody_knows_has_no_file(sandbox: SandboxProcess, staff_client: Client) -> None:
    check_refused(download(staff_client, "no-such-job"), 404, "There is no such job")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "{tls}", "x" * 64 + ".example"])
def test_a_host_that_has_no_address_or_no_certificate_is_not_reached(
    host: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    host = host.format(tls=file_host.host)
    allow(host)
    put(sandbox, f"https://{host}/a.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 502, "The host of the file cannot be reached.")


@pytest.mark.parametrize("number", [0, 3, 10**30])
def test_a_part_that_there_is_not_is_said_so(number: int, export: str, staff_client: Client) -> None:
    check_refused(
        download(staff_client, export, number), 404, "There is no such part", f"2 parts, and this is number {number}."
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "product-import"}, "Only exports have files."),
        ({"status": "started", "completed_at": None, "file_locations": None}, "when the export has succeeded"),
        ({"status": "failed", "file_locations": None}, "No file was written."),
        ({"file_locations": []}, "the export matched no products"),
    ],
)
def test_a_job_without_files_says_why(
    changes: dict[str, object], sentence: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", **({"type": "product-export"} | changes)))
    check_refused(download(staff_client, "a-job"), 404, "There is no such part", sentence)


def test_one_link_as_plain_text_is_one_part(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    sandbox.settings(file_locations_form="string")
    assert content(download(staff_client, export))
    # What was two parts a moment ago: the second one is not there any more.
    assert download(staff_client, export, 2).status_code in {404, 410}


def test_a_file_that_breaks_off_never_passes_as_whole(
    sandbox: SandboxProcess, export: str, staff_client: Client, log: io.StringIO
) -> None:
    sandbox.settings(part_bytes=1_000_000)
    sandbox.faults([{"match": "file", "kind": "cut"}])
    answer = download(staff_client, export)
    with pytest.raises(Exception, match="IncompleteRead"):
        content(answer)
    # The reader can tell, too: fewer bytes came than were promised.
    assert "Content-Length" in answer
    assert "broke off" in log.getvalue()


def test_a_file_that_breaks_off_at_once_is_a_page_that_says_so(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.faults([{"match": "file", "kind": "cut"}])
    check_refused(download(staff_client, export), 502, "The file could not be fetched")


def test_a_chunked_file_that_breaks_off_never_passes_as_whole(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def cut(handler: FileHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.send(200, b"100\r\n" + b"x" * 256 + b"\r\n100\r\nxxx", Transfer_Encoding="chunked")

    file_host.answers["/a.csv"] = cut
    answer = download(staff_client, "an-export")
    assert "Content-Length" not in answer
    with pytest.raises(Exception, match=r"IncompleteRead|InvalidChunk|ended prematurely"):
        content(answer)


def test_a_file_that_its_host_compressed_is_passed_on_as_it_was(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    packed = gzip.compress(CSV)
    file_host.answers["/a.csv"] = lambda handler: handler.send(
        200, packed, Content_Encoding="gzip", Content_Length=str(len(packed))
    )
    answer = download(staff_client, "an-export")
    # The length of the compressed file would cut the real one off.
    assert "Content-Length" not in answer
    assert "Content-Encoding" not in answer
    assert content(answer) == CSV


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Length": "10", "Transfer_Encoding": "chunked"},
        {"Content_Length": "-5"},
        {"Content_Length": "ten"},
        {"Content_Length": "²"},
    ],
    ids=["both", "negative", "word", "superscript"],
)
def test_a_length_that_makes_no_sense_is_not_passed_on(
    headers: dict[str, str],
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    body = b"10\r\n0123456789abcdef\r\n0\r\n\r\n" if "Transfer_Encoding" in headers else b"0123456789abcdef"

    def answer_so(handler: FileHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.send(200, body, **headers)

    file_host.answers["/a.csv"] = answer_so
    answer = download(staff_client, "an-export")
    assert "Content-Length" not in answer
    assert content(answer) == b"0123456789abcdef"


def test_headers_that_nobody_can_read_do_not_bring_the_link_into_the_log(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def answer_so(handler: FileHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nno colon here\r\nX: y\r\n\r\nabc")

    file_host.answers["/a.csv"] = answer_so
    answer = download(staff_client, "an-export")
    assert answer.status_code in {200, 502}
    assert any(SIGNATURE in path for path in file_host.asked)
    # What is logged is looked at when the test ends.
    if answer.streaming:
        content(answer)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_the_name_of_the_file_is_made_by_us(
    words: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}", type=words)
    file_host.answers["/a.csv"] = lambda handler: handler.send(
        200, CSV, Content_Type="text/html", Content_Disposition='attachment; filename="evil.exe"'
    )
    answer = download(staff_client, "an-export")
    if answer.status_code == 200:
        name = answer["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')
        assert name.endswith("_part-1.csv")
        assert len(name) < 100
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert content(answer) == CSV
    else:
        check_refused(answer, 404, "Only exports have files.")


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_a_page_that_explains_shows_text_of_others_as_text(
    words: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    put(sandbox, "https://evil.example/a.csv" + QUERY, filter=words, x_request_id=words)
    check_refused(download(staff_client, "an-export"), 502)
