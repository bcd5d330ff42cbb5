"""The error objects of a job: known messages of the API, with another row's values in each."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

from .jobs import SandboxJob, draw, uuid_from

_SKUS = ("LAMP", "SOFA", "TISCH", "STUHL", "REGAL", "TEPPICH", "BÜRO", "VASE")
_SLUGS = ("Große Größe", "size.xl", "red & blue", "2.5 mm", "Crème brûlée", "matte black/white")
_WHOLE_FILE = ("missing required csv header: name", "error processing gzip file")


def _sku(rng: random.Random) -> str:
    return f"{rng.choice(_SKUS)}-{rng.randint(0, 99_999):05d}"


def _row(rng: random.Random) -> str:
    return f"row {rng.randint(2, 50_001)}: "


_Maker = Callable[[random.Random], str]
_IMPORT: dict[_Maker, int] = {
    lambda _: "data.attributes.sku: Must be unique amongst products.": 34,
    lambda rng: f"{_row(rng)}data.attributes.sku: Must be unique amongst products. ({_sku(rng)})": 26,
    lambda rng: f"error processing object '{_sku(rng)}' invalid json provided": 16,
    lambda rng: f"{_row(rng)}slug must be URL compatible. ({rng.choice(_SLUGS)}-{rng.randint(1, 400)})": 14,
    lambda rng: f"duplicate external ref found: ERP-{rng.randint(10_000, 99_999)}": 10,
}
_PRICE: dict[_Maker, int] = {
    lambda rng: f"{_row(rng)}missing sku for price": 50,
    lambda rng: f"price book id not found: {uuid_from(rng)}": 30,
    lambda rng: f"duplicate price book Id '{uuid_from(rng)}' in imported price books": 20,
}
_NOTICE: dict[_Maker, int] = {
    lambda rng: f"matched price with {uuid_from(rng)} - {uuid_from(rng)} not found": 1,
}
_BY_TYPE: dict[str, dict[_Maker, int]] = {
    "product-import": _IMPORT,
    "price-import": _PRICE,
    "child-products": {lambda _: "slug must be URL compatible.": 1},
    "hierarchy-duplicate": {lambda _: "duplicate external ref found": 1},
    "product-export": {lambda rng: f"error processing object '{_sku(rng)}' invalid json provided": 1},
}


def job_messages(job: SandboxJob) -> tuple[tuple[str, str], ...]:
    """The (id, message) pairs of a job that has ended, in their order; empty for any other."""
    if job.status not in {"success", "failed"}:
        return ()
    return _drawn(job.key, job.type, job.outcome, job.error_count)


@lru_cache(maxsize=64)
def _drawn(key: str, job_type: str, outcome: str, count: int) -> tuple[tuple[str, str], ...]:
    rng = draw(key, "errors")
    if job_type == "product-import" and count == 1:
        return ((uuid_from(rng), rng.choice(_WHOLE_FILE)),)
    makers = _NOTICE if outcome == "success" else _BY_TYPE[job_type]
    chosen = rng.choices(list(makers), list(makers.values()), k=count)
    return tuple((uuid_from(rng), make(rng)) for make in chosen)
