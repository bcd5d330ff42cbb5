"""The messages of one job, grouped by their shape."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from jobs_ui.insights.known_messages import known_message
from jobs_ui.insights.shapes import Shaped, shape_of

GROUPER = 1
"""Which way of grouping this is: to be counted up when the same messages are grouped differently than before."""
MOST_GROUPS = 200
"""Shapes of one job that are kept apart; what comes after them is one more group, of everything else."""
MOST_SLOTS = 6
"""Values of one message that are collected."""
MOST_VALUE_CHARACTERS = 4_000_000
"""Of all different values of one job together."""
SHOWN_VALUES = 5
SHOWN_CHARACTERS = 80
OTHERS = "others"
"""The digest of the group of everything else."""

# What the values of a slot are called where the message is not a known one.
NAMES = {
    "row": "row numbers",
    "number": "numbers",
    "uuid": "ids",
    "id": "values",
    "url": "addresses",
    "value": "values",
}


@dataclass(slots=True)
class Slot:
    """The different values in one place of a group's messages, in the order in which they came.

    `count`: how many different ones there are. `values` may hold fewer: see MOST_VALUE_CHARACTERS.
    """

    values: dict[str, None] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False

    @property
    def count(self) -> int:
        return len(self.values)

    def shown(self) -> list[str]:
        """The first few, shortened."""
        return [value[:SHOWN_CHARACTERS] for value in islice(self.values, SHOWN_VALUES)]


@dataclass(slots=True)
class ErrorGroup:
    """Messages of one shape. Positions count from 0 in the job's list; the sample is the first message.

    `places`: the values that differ, by their place; see `shapes.Part.slot`.
    """

    digest: str
    shape: str
    sample: str
    first: int
    last: int
    count: int = 0
    places: dict[int, Slot] = field(default_factory=dict)

    @property
    def slots(self) -> list[Slot]:
        """The values that differ, place by place: those within its words, then what comes after these, then the row."""
        return [self.places[place] for place in sorted(self.places)]

    def names(self) -> list[str]:
        """What the values of each slot are called, in the plural."""
        known = known_message(self.shape)
        names = []
        for slot in self.slots:
            kind = slot.kinds.most_common(1)[0][0]
            names.append(known.values if known and known.values and kind != "row" else NAMES[kind])
        return names


class Grouping:
    """Takes messages one by one; `groups()` are those seen so far."""

    def __init__(self) -> None:
        self._groups: dict[str, ErrorGroup] = {}
        self._characters = 0

    def add(self, position: int, message: str) -> str:
        """Puts a message into its group, and returns the group's digest."""
        shaped = shape_of(message)
        group = self._groups.get(shaped.digest)
        if group is None:
            group = self._new_group(shaped, message, position)
        group.count += 1
        group.last = max(group.last, position)
        group.first = min(group.first, position)
        if group.digest != OTHERS:
            self._collect(group, shaped, message)
        return group.digest

    def groups(self) -> list[ErrorGroup]:
        """Most frequent first, among equals the one that came first; everything else last."""
        return sorted(self._groups.values(), key=lambda group: (group.digest == OTHERS, -group.count, group.first))

    def _new_group(self, shaped: Shaped, message: str, position: int) -> ErrorGroup:
        digest, shape = shaped.digest, shaped.shape
        if len(self._groups) >= MOST_GROUPS:
            digest, shape = OTHERS, ""
            if OTHERS in self._groups:
                return self._groups[OTHERS]
        group = self._groups[digest] = ErrorGroup(digest, shape, message, position, position)
        return group

    def _collect(self, group: ErrorGroup, shaped: Shaped, message: str) -> None:
        for part in shaped.parts:
            value = message[part.start : part.end]
            slot = group.places.get(part.slot)
            if slot is None:
                if len(group.places) >= MOST_SLOTS or not value:
                    continue
                slot = group.places[part.slot] = Slot()
            slot.kinds[part.kind] += 1
            if value in slot.values or slot.is_cut or not value:
                continue
            self._characters += len(value) + 1
            if self._characters > MOST_VALUE_CHARACTERS:
                slot.is_cut = True
                continue
            slot.values[value] = None
