"""Files that come packed: unpacked where they came as a whole, and never half of one as if it were all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.downloads import BrokenOff
from jobs_ui.downloads.unpacking import unpacked
from jobs_ui.sandbox.process import SandboxProcess
from tests.file_host import QUERY, FileHandler, FileHost
from tests.test_job_files import CSV, check_refused, content, put

pytestmark = pytest.mark.usefixtures("log")

Send = Callable[[FileHandler, bytes, str], None]


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}
FORMS = [*PACKED.items(), ("deflate", bare)]
LONG = b"id,name\n" + b"".join(b"%d,Lampe %d\n" % (number, number * 7919) for number in range(20_000))


def until_it_closes(handler: FileHandler, body: bytes, encoding: str) -> None:
    handler.send(200, body, Content_Encoding=encoding)


def with_its_length(handler: FileHandler, body: bytes, encoding: str) -> None:
    handler.send(200, body, Content_Encoding=encoding, Content_Length=str(len(body)))


def chunked(handler: FileHandler, body: bytes, encoding: str) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.close_connection = True
    framed = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    handler.send(200, framed, Content_Encoding=encoding, Transfer_Encoding="chunked")


@pytest.mark.parametrize("send", [until_it_closes, with_its_length, chunked])
@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("rest", ["files/1/", "files.csv", "files.zip"])
def test_a_packed_file_that_was_cut_never_passes_as_whole(
    rest: str,
    encoding: str,
    send: Send,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    packed = PACKED[encoding](LONG)
    file_host.answers["/a.csv"] = lambda handler: send(handler, packed, encoding)
    assert content(staff_client.get(f"/jobs/an-export/{rest}"))
    file_host.answers["/a.csv"] = lambda handler: send(handler, packed[: len(packed) * 2 // 3], encoding)
    answer = staff_client.get(f"/jobs/an-export/{rest}")
    if answer.status_code != 200:
        check_refused(answer, 502, "The file could not be fetched")
        return
    with pytest.raises(BrokenOff):
        content(answer)


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize(
    "body", [b"", b"\x1f", b"no packing at all", gzip.compress(CSV)[:12]], ids=["none", "sign", "bare", "cut"]
)
def test_a_packed_file_that_breaks_off_at_once_is_a_page(
    body: bytes,
    encoding: str,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: until_it_closes(handler, body, encoding)
    check_refused(staff_client.get("/jobs/an-export/files/1/"), 502, "The file could not be fetched")
    check_refused(staff_client.get("/jobs/an-export/files/1/preview/"), 502, "The file could not be fetched")


def test_no_bytes_are_packed_in_nothing(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: with_its_length(handler, b"", "gzip")
    assert content(staff_client.get("/jobs/an-export/files/1/")) == b""


def unpack(body: bytes, encoding: str, size: int) -> bytes:
    pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
    return b"".join(unpacked(iter(pieces), encoding))


@pytest.mark.parametrize(("encoding", "pack"), FORMS, ids=["gzip", "x-gzip", "deflate", "bare"])
@given(body=st.binary(max_size=300), times=st.integers(1, 3000), size=st.integers(1, 50), part=st.floats(0, 1))
def test_however_it_is_cut_it_is_the_whole_or_it_breaks_off(
    encoding: str, pack: Callable[[bytes], bytes], body: bytes, times: int, size: int, part: float
) -> None:
    packed = pack(body * times)
    assert unpack(packed, encoding, size) == body * times
    cut = packed[: int(len(packed) * part)]
    if cut != packed:
        with pytest.raises(BrokenOff):
            unpack(cut, encoding, size)


def test_members_of_a_packed_file_follow_one_another() -> None:
    two = gzip.compress(b"id\n") + gzip.compress(b"1\n")
    assert unpack(two, "gzip", 7) == b"id\n1\n"
    with pytest.raises(BrokenOff):
        unpack(two[:-3], "gzip", 7)


def test_what_is_packed_tightly_comes_out_in_pieces() -> None:
    packed = gzip.compress(bytes(50_000_000))
    sizes = [len(piece) for piece in unpacked(iter([packed]), "gzip")]
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 64 * 1024
