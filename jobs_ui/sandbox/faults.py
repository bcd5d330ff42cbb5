"""Rules by which requests go wrong, and how each kind looks on the wire."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .http_parts import NotUnderstoodError

ENDPOINTS = ("token", "jobs", "job", "errors", "cancel", "file", "create")
# What replaces the answer, and what is done to a true one.
REPLACING = ("status", "html", "close", "hang", "garbage", "empty", "unauthorized")
SPOILING = ("cut", "slow", "trickle", "hold")


@dataclass
class FaultRule:
    """Which requests go wrong, and how.

    Of the requests that match, the first `skip` pass, then every `every`-th goes wrong, `times` times in all (None:
    for ever). `seconds` is how long `slow` and `hang` wait, and over how long `trickle` spreads the body.
    `hold` sends half of the body, and the rest when it is told to release it.
    """

    match: str = "*"
    kind: str = "status"
    status: int | None = None
    retry_after: str | None = None
    seconds: float = 1.5
    times: int | None = None
    every: int = 1
    skip: int = 0
    seen: int = 0
    done: int = 0

    def strikes(self, endpoint: str) -> bool:
        """Count a request to `endpoint`, and say whether it is to go wrong."""
        if self.match not in {"*", endpoint}:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.seen - self.skip) % self.every:
            return False
        if self.times is not None and self.done >= self.times:
            return False
        self.done += 1
        return True


class FaultPlan:
    """The rules in their order; the first that strikes decides."""

    def __init__(self, rules: list[FaultRule]) -> None:
        self.rules = rules

    def next_for(self, endpoint: str) -> FaultRule | None:
        """The rule that spoils this request, or None."""
        return next((rule for rule in self.rules if rule.strikes(endpoint)), None)


_TYPES: dict[str, tuple[type, ...]] = {
    "match": (str,),
    "kind": (str,),
    "status": (int, type(None)),
    "retry_after": (str, int, type(None)),
    "seconds": (int, float),
    "times": (int, type(None)),
    "every": (int,),
    "skip": (int,),
}


def read_rules(values: object) -> list[FaultRule]:
    """Rules out of JSON. Raises `NotUnderstoodError` with a sentence that names what is wrong."""
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise NotUnderstoodError("rules must be a list of objects.")
    return [_read_rule(each) for each in values]


def _read_rule(value: dict[str, Any]) -> FaultRule:
    known = {each.name for each in fields(FaultRule)} - {"seen", "done"}
    if unknown := sorted(set(value) - known):
        raise NotUnderstoodError(f"A rule has no {unknown[0]}. Known: {', '.join(sorted(known))}.")
    for name, given in value.items():
        if not isinstance(given, _TYPES[name]) or isinstance(given, bool):
            raise NotUnderstoodError(f"{name} cannot be {given!r}.")
    rule = FaultRule(**value)
    if rule.kind not in REPLACING + SPOILING:
        raise NotUnderstoodError(f"kind must be one of {', '.join(REPLACING + SPOILING)}.")
    if rule.match not in {"*", *ENDPOINTS}:
        raise NotUnderstoodError(f"match must be * or one of {', '.join(ENDPOINTS)}.")
    if rule.every < 1 or rule.skip < 0 or rule.seconds < 0:
        raise NotUnderstoodError("every must be at least 1, skip and seconds at least 0.")
    return rule
