"""DOWNLOAD_MODE=redirect: the browser fetches a part itself, by a fresh link that is in nothing but the redirect."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from pytest_django.fixtures import Settings

from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from tests.file_host import QUERY, SIGNATURE
from tests.test_job_files import check_refused, chunks, download, put
from tests.test_job_list import Sync

pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture(autouse=True)
def _redirect(settings: Settings, sandbox: SandboxProcess) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"DOWNLOAD_MODE": "redirect"})


@pytest.mark.parametrize("method", ["get", "head"])
def test_the_browser_is_sent_to_a_link_that_is_fresh(
    method: str, sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sandbox.settings(link_lifetime=2)
    sync()
    sandbox.advance(600)
    answer = getattr(staff_client, method)(f"/jobs/{export}/files/1/")
    assert answer.status_code == 302
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert answer.content == b""
    assert SIGNATURE not in repr(answer)
    assert "Signature" not in repr(answer)
    assert requests.get(answer["Location"], timeout=10).status_code == 200
    assert "Signature" not in repr(list(Job.objects.values()))


def test_the_console_fetches_nothing(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    download(staff_client, export)
    assert sandbox.state()["requests"].get("file", 0) == 0


def test_all_parts_and_the_preview_come_through_the_console(export: str, staff_client: Client) -> None:
    for rest in ("files.zip", "files.csv"):
        assert chunks(staff_client.get(f"/jobs/{export}/{rest}"))
    assert staff_client.get(f"/jobs/{export}/files/1/preview/").status_code == 200


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/a.csv",
        "http://files.example@evil.example/a.csv",
        "http://evil.example\\@files.example/a.csv",
        "ftp://files.example/a.csv",
        "javascript:alert(1)//files.example",
        "//files.example/a.csv",
        "nonsense",
    ],
)
def test_nobody_is_sent_to_a_host_that_is_not_allowed(
    link: str, sandbox: SandboxProcess, allow: Callable[..., None], staff_client: Client
) -> None:
    allow("files.example")
    put(sandbox, link + QUERY)
    check_refused(download(staff_client, "an-export"), 502, "the console may not fetch it")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1:8443",
        "169.254.169.254",
        "192.168.1.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0",
        "localhost",
        "a.localhost",
        "224.0.0.1",
    ],
)
def test_nobody_is_sent_to_a_private_address(
    host: str, sandbox: SandboxProcess, allow: Callable[..., None], staff_client: Client
) -> None:
    allow()
    put(sandbox, f"https://{host}/a.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 502, "the console may not fetch it")


@pytest.mark.parametrize("host", ["files.example", "1.1.1.1", "[2606:4700:4700::1111]"])
def test_any_public_host_will_do_where_none_is_named(
    host: str, sandbox: SandboxProcess, allow: Callable[..., None], staff_client: Client
) -> None:
    allow()
    put(sandbox, f"https://{host}/a.csv{QUERY}")
    assert download(staff_client, "an-export")["Location"] == f"https://{host}/a.csv{QUERY}"
    put(sandbox, f"http://{host}/a.csv{QUERY}")
    check_refused(download(staff_client, "an-export"), 502)


def test_a_link_cannot_add_a_header(sandbox: SandboxProcess, allow: Callable[..., None], staff_client: Client) -> None:
    allow("files.example")
    put(sandbox, f"https://files.example/é b\r\nSet-Cookie: a=b{QUERY}")
    answer = download(staff_client, "an-export")
    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).path == "/%C3%A9%20b%0D%0ASet-Cookie:%20a=b"
    assert "Set-Cookie" not in answer


def test_what_cannot_be_had_is_the_same_page(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv?Expires=1689084545&Signature={SIGNATURE}", filter="eq(sku,LAMP-1)")
    check_refused(download(staff_client, "an-export"), 410, "The link to this file has expired", "eq(sku,LAMP-1)")
    check_refused(download(staff_client, export, 3), 404, "There is no such part")
    check_refused(download(staff_client, "no-such-job"), 404, "There is no such job")
    sandbox.faults([{"match": "job", "status": 500}])
    check_refused(download(staff_client, export), 503, "Elastic Path could not be asked")
