"""The parts of an export: CSV drawn from the seed, behind links that are signed and expire as a CDN's do."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import math
import random
import re
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qs, urlencode

from .jobs import SandboxJob, draw, uuid_from

_KEY_PAIR_ID = "K2SANDBOX0LINKS"
_STORE = str(uuid.uuid5(uuid.NAMESPACE_DNS, "sandbox.store"))
_PATH = re.compile(r"/files/[0-9a-f-]+/(?P<job>[^/]+)/\d{8}_\d{6}_part_(?P<part>\d+)\.csv")

_HEADER = (
    "id", "name", "slug", "sku", "description", "status", "commodity_type", "mpn", "upc_ean", "external_ref", "tags",
)  # fmt: skip
_NOUNS = ("Lampe", "Sofa", "Tisch", "Stuhl", "Regal", "Teppich", "Bürotür", "Vase", "Chaise longue", "Hängematte")
_STYLES = ("Größe L", "öko", "“Nordic”", 'aus 3/4"-Rohr', "weiß, matt", "très chic", "Eiche, geölt", "für draußen")
_DESCRIPTIONS = (
    "Handmade, solid and heavy; two people needed.",
    'Called "the classic" by those who own one.',
    "Maße: 120 × 60 cm, Höhe 75 cm",
    "First line\nsecond line",
    "=SUM(A1:A9)",
    "",
)


def part_path(job: SandboxJob, part: int) -> str:
    """The path of `part` (from 1), named after the moment at which the export started."""
    stamp = datetime.fromtimestamp(job.started_at or job.created_at, UTC)
    return f"/files/{_STORE}/{job.id}/{stamp:%Y%m%d_%H%M%S}_part_{part}.csv"


def part_of(path: str) -> tuple[str, int] | None:
    """The job id and the part's number that `path` names, or None."""
    match = _PATH.fullmatch(path)
    return (match["job"], int(match["part"])) if match else None


def sign(seed: int, path: str, written_at: float, lifetime: float) -> str:
    """`path` with a signature that holds for `lifetime` seconds from `written_at` (epoch seconds)."""
    expires = math.ceil(written_at + lifetime)
    query = {"Expires": expires, "Signature": _signature(seed, path, expires), "Key-Pair-Id": _KEY_PAIR_ID}
    return f"{path}?{urlencode(query)}"


def is_valid(seed: int, path: str, query: str, now: float) -> bool:
    """Whether `query` carries the signature of `path`, and `now` is before the moment at which it ends."""
    given = parse_qs(query)
    try:
        expires = int(given["Expires"][0])
        signature = given["Signature"][0]
    except (KeyError, ValueError):
        return False
    return hmac.compare_digest(signature.encode(), _signature(seed, path, expires).encode()) and now < expires


def _signature(seed: int, path: str, expires: int) -> str:
    digest = hmac.new(f"sandbox:{seed}".encode(), f"{path}?{expires}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().replace("=", "~")


@lru_cache(maxsize=32)
def part_content(key: str, part: int) -> bytes:
    """UTF-8 CSV of one part with its own header row: always the same bytes for the same job and part."""
    rng = draw(key, "part", part)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    first = part * 10_000
    writer.writerows(_row(rng, first + number) for number in range(rng.randint(40, 400)))
    return text.getvalue().encode()


@lru_cache(maxsize=2)
def padded(content: bytes, least: int) -> bytes:
    """`content` with its rows repeated until it has at least `least` bytes."""
    if len(content) >= least:
        return content
    rows = content[content.index(b"\n") + 1 :]
    return content + rows * -(-(least - len(content)) // len(rows))


def _row(rng: random.Random, number: int) -> tuple[str, ...]:
    noun, style = rng.choice(_NOUNS), rng.choice(_STYLES)
    # The first row holds the cell that a spreadsheet would run as a formula.
    description = _DESCRIPTIONS[4] if number % 10_000 == 0 else rng.choice(_DESCRIPTIONS)
    return (
        uuid_from(rng),
        f"{noun} {style}",
        f"product-{number}",
        f"{noun[:4].upper()}-{number:06d}",
        description,
        rng.choice(("live", "live", "draft")),
        "physical",
        f"MPN-{rng.randint(1000, 9999)}",
        f"{rng.randint(10**12, 10**13 - 1)}",
        f"ERP-{number}",
        rng.choice(("", "sale", "sale,clearance")),
    )


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a single `Range`, or None where the whole is to be sent.

    Raises `ValueError` for a range that lies beyond `size` bytes.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if begin >= size or begin > end:
        raise ValueError("range not satisfiable")
    return begin, end
