"""What was measured: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measurement:
    """One case on one database of one size.

    `ratio`: to the floor; of `sync-*` the raw driver's time over ours. `budget`: the most that the ratio may be, or
    the least where `is_minimum`; None where there is none. `problem`: why there is no ratio.
    """

    database: str
    jobs: int
    case: str
    milliseconds: float
    ratio: float
    budget: float | None
    is_minimum: bool = False
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether it keeps its budget."""
        if self.problem:
            return False
        if self.budget is None:
            return True
        return self.ratio >= self.budget if self.is_minimum else self.ratio <= self.budget


def table(measurements: Iterable[Measurement]) -> str:
    """In columns, a line a measurement."""
    lines = [f"{'database':<12}{'jobs':>10}  {'case':<14}{'median ms':>10}{'ratio':>9}  {'budget':<12}"]
    for item in measurements:
        if item.problem:
            lines.append(f"{item.database:<12}{item.jobs:>10,}  {item.case:<14}  NOT MEASURED: {item.problem}")
            continue
        sign = "≥" if item.is_minimum else "≤"
        budget = "" if item.budget is None else f"{sign} {item.budget:g}"
        verdict = "" if item.budget is None else "ok" if item.holds else "OVER"
        lines.append(
            f"{item.database:<12}{item.jobs:>10,}  {item.case:<14}{item.milliseconds:>10.2f}{item.ratio:>9.2f}  "
            f"{budget:<8}{verdict}"
        )
    return "\n".join(lines)


def write(measurements: Iterable[Measurement], path: Path) -> None:
    """`{"ratios": {"<database>/<case>": {"ratio": …, "budget": …}}}`; `at_least` marks a budget that is a minimum."""
    ratios: dict[str, dict[str, float | bool | None]] = {}
    for item in measurements:
        if item.budget is None:
            continue
        entry: dict[str, float | bool | None] = {
            "ratio": None if item.problem else round(item.ratio, 3),
            "budget": item.budget,
        }
        if item.is_minimum:
            entry["at_least"] = True
        ratios[f"{item.database}/{item.case}"] = entry
    path.write_text(json.dumps({"ratios": ratios}, indent=2) + "\n", encoding="utf-8")
