"""How the sandbox answers: the forms that have been seen of one and the same thing, to be switched between."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

_CHOICES: dict[str, tuple[object, ...]] = {
    "timestamp_form": ("iso", "nozone", "go", "go_monotonic"),
    "file_locations_form": ("list", "string"),
    "request_id_name": ("x_request_id", "request_id"),
    "old_errors_form": (None, 422, 200),
}


@dataclass
class SandboxSettings:
    """Durations are seconds."""

    max_limit: int = 100
    """Most records of a page; a larger limit is cut to it without a word."""
    ignore_paging: bool = False
    """Send the whole list for every page, as servers before February 2024 do."""
    total: int | None = None
    """What `meta.results.total` claims; None for the truth."""
    link_lifetime: float = 3600.0
    token_lifetime: float = 3600.0
    token_envelope: bool = False
    """Wrap the token's answer in `data`."""
    with_links: bool = False
    """Send `links` and `meta.page` with lists."""
    timestamp_form: str = "iso"
    omit_times: bool = False
    """Leave out times that have not happened instead of sending null."""
    file_locations_form: str = "list"
    """`string` sends the first part's link as plain text."""
    request_id_name: str = "x_request_id"
    old_errors_form: int | None = None
    """The status with which errors are sent as an error envelope, as older servers do."""
    resign_links: bool = True
    """Whether reading a job again yields newly signed links."""
    part_bytes: int = 0
    """Least size of a part in bytes; its rows are repeated until it has them."""
    with_ranges: bool = True
    """Whether the file host understands `Range`."""

    def update(self, values: dict[str, Any]) -> None:
        """Set all of `values`, or raise `ValueError` with a sentence and set none."""
        known = asdict(self)
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no setting {name}. Known: {', '.join(known)}.")
            if name in _CHOICES:
                if value not in _CHOICES[name] or isinstance(value, bool):
                    raise ValueError(f"{name} must be one of {', '.join(map(str, _CHOICES[name]))}.")
            elif not _fits(value, getattr(type(self), name)):
                raise ValueError(f"{name} cannot be {value!r}.")
        for name, value in values.items():
            setattr(self, name, value)


def _fits(value: object, default: object) -> bool:
    if default is None:
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    if isinstance(default, bool):
        return isinstance(value, bool)
    wanted = int if isinstance(default, int) else (int, float)
    return isinstance(value, wanted) and not isinstance(value, bool) and value >= 0
