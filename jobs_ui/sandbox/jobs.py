"""One job of the sandbox, and the plan of its life, drawn from the seed before it begins."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any

HISTORY, LIVE = "history", "live"
TERMINAL = frozenset({"success", "failed", "cancelled"})
NOT_RAW = object()  # a raw job may be any JSON, null included

BIG_ERROR_COUNT = 12_345

# Among any 18 live jobs in a row there are then two of each. At most seven of the newest 25 are not final yet, so
# these always hold a failed import and an export of two parts, even after somebody cancelled one.
_SURE_FAILURE, _SURE_EXPORT, _SURE_EVERY = 1, 5, 9

_TYPES = {
    "product-import": 30,
    "product-export": 30,
    "price-import": 18,
    "child-products": 12,
    "hierarchy-duplicate": 10,
}
_FAILS = {
    "product-import": 0.20,
    "product-export": 0.05,
    "price-import": 0.15,
    "child-products": 0.08,
    "hierarchy-duplicate": 0.06,
}
# Run times in seconds: median and sigma of a lognormal, then the bounds they are kept in. Live ones are short, so
# that something happens while one watches.
_RUN_TIMES = {
    HISTORY: {
        "product-import": (25.0, 1.6),
        "product-export": (12.0, 1.5),
        "price-import": (9.0, 1.7),
        "child-products": (0.8, 1.6),
        "hierarchy-duplicate": (4.0, 1.4),
    },
    LIVE: {
        "product-import": (6.5, 0.5),
        "product-export": (6.0, 0.5),
        "price-import": (6.0, 0.6),
        "child-products": (4.5, 0.4),
        "hierarchy-duplicate": (8.0, 0.5),
    },
}
_RUN_BOUNDS = {HISTORY: (0.01, 2400.0), LIVE: (1.2, 60.0)}

_FILTERS = (
    "eq(sku,LAMP-00{n})",
    "like(name,*Leuchte*)",
    "in(sku,LAMP-00{n},SOFA-01{n},TISCH-02{n},STUHL-03{n})",
    "eq(status,live)",
    "eq(status,draft):like(sku,SOFA-*)",
    "ge(updated_at,2026-0{m}-01T00:00:00Z)",
    "eq(external_ref,ERP-{n}{m})",
    "like(name,*Chaise longue*):eq(status,live)",
    "in(tags,sale,clearance,spring-2026)",
    "eq(template_id,7c6f{n}a{m}-1b7e-4f0e-9a55-d2f3a4b5c6d7)",
)


def draw(*key: object) -> random.Random:
    """A random source that depends on nothing but `key`: the same in every process and on every machine."""
    return random.Random(":".join(map(str, key)))  # noqa: S311 - a simulation, not a secret


def uuid_from(source: random.Random) -> str:
    """A version 4 UUID drawn from `source`."""
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


@dataclass(frozen=True, slots=True)
class PutPart:
    """A part of an export as a test has put it: its bytes, and headers over those that would be sent."""

    content: bytes
    headers: dict[str, str]


@dataclass(slots=True, eq=False)
class SandboxJob:
    """A job. Times are epoch seconds in UTC, durations seconds.

    `key` is what its errors and files are drawn from. `raw`, where given, is sent as it is; `patch` is laid over
    what would be sent. Either one takes the job out of the moving queue. `files`, where given, are its parts.
    """

    id: str
    key: str
    type: str
    created_at: float
    request_id: str
    run_time: float = 1.0
    outcome: str = "success"
    error_count: int = 0
    cancel_after: float | None = None
    parts: int = 0
    filter: str | None = None
    copied_from: str = ""
    hierarchy_id: str = ""
    status: str = "pending"
    started_at: float | None = None
    completed_at: float | None = None
    updated_at: float = 0.0
    raw: Any = NOT_RAW
    patch: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[Any] | None = None
    files: list[PutPart] | None = None

    @property
    def is_raw(self) -> bool:
        """Whether it is sent exactly as it was put."""
        return self.raw is not NOT_RAW


def plan_job(seed: int, kind: str, index: int, created_at: float, job_type: str | None = None) -> SandboxJob:
    """The job number `index` of its `kind`, with everything that will happen to it but the time of its turn.

    Type, outcome, errors and ids depend on seed, kind and index alone, not on `created_at` (epoch seconds).
    """
    key = f"{seed}:{kind}:{index}"
    rng = draw(key)
    job = SandboxJob(id=uuid_from(rng), request_id=uuid_from(rng), key=key, type="", created_at=round(created_at, 3))
    slot = index % _SURE_EVERY if kind == LIVE else None
    job.type = job_type or rng.choices(list(_TYPES), list(_TYPES.values()))[0]
    if job_type is None and slot in {_SURE_FAILURE, _SURE_EXPORT}:
        job.type = "product-import" if slot == _SURE_FAILURE else "product-export"
    is_sure = job_type is None and slot in {_SURE_FAILURE, _SURE_EXPORT}
    median, sigma = _RUN_TIMES[kind][job.type]
    low, high = _RUN_BOUNDS[kind]
    run_time = rng.lognormvariate(0, sigma) * median
    # Cut at exactly the bound, several jobs would have run for the very same time.
    job.run_time = round(max(run_time, low) if run_time < high else high * rng.uniform(0.7, 1), 3)
    # Every ninth live job is a sure failure, so the others fail less often than those of the history.
    fails = rng.random() < _FAILS[job.type] * (0.3 if kind == LIVE else 1.0)
    if is_sure:
        fails = slot == _SURE_FAILURE
    job.outcome = "failed" if fails else "success"
    job.error_count = _error_count(rng, job, is_sure)
    if not is_sure and rng.random() < (0.06 if kind == LIVE else 0.1):
        job.cancel_after = round(rng.uniform(1.5, 12.0), 3)
    _draw_meta(rng, job)
    if is_sure and slot == _SURE_EXPORT:
        job.parts = 2
    return job


def make_biggest_failure(job: SandboxJob) -> None:
    """Turn `job` into the failed import with 12,345 errors."""
    job.type, job.outcome, job.error_count = "product-import", "failed", BIG_ERROR_COUNT
    job.cancel_after, job.parts, job.filter, job.run_time = None, 0, None, 94.27


def _error_count(rng: random.Random, job: SandboxJob, is_sure: bool) -> int:
    if job.outcome == "success":
        # A successful price import can carry notices of what was not applied.
        return rng.randint(1, 18) if job.type == "price-import" and rng.random() < 0.4 else 0
    if job.type == "product-import":
        return rng.randint(150, 950) if is_sure or rng.random() < 0.85 else 1
    return rng.randint(3, 40) if job.type == "price-import" else rng.randint(1, 4)


def _draw_meta(rng: random.Random, job: SandboxJob) -> None:
    if job.type == "product-export":
        if rng.random() < 0.75:
            job.filter = rng.choice(_FILTERS).format(n=rng.randint(100, 999), m=rng.randint(1, 9))
        # No part at all is a success too: the filter matched no product.
        job.parts = rng.choices((1, 2, 3, 5, 0), (70, 12, 6, 3, 9))[0]
    elif job.type == "hierarchy-duplicate":
        job.copied_from, job.hierarchy_id = uuid_from(rng), uuid_from(rng)
