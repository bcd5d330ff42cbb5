"""Error lists as the live source reads them: for one page, from the begin of the list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from jobs_ui.insights.error_groups import ErrorGroup as Group
from jobs_ui.insights.error_groups import Grouping
from jobs_ui.jobs_api import JobError, Page
from jobs_ui.sources.asking import asking
from jobs_ui.sources.errors import ErrorGroup, ErrorGroups, ErrorLine, ErrorSlot


class ErrorsRead:
    """A job's error list as far as it has been read, for the parts of a page that all need its begin."""

    def __init__(self, walk: Iterator[Page[JobError]], *, keep: int) -> None:
        """`keep`: how many batches are kept."""
        self._walk = walk
        self._keep = keep
        self._batches: list[tuple[ErrorLine, ...]] = []

    def batches(self) -> Iterator[tuple[ErrorLine, ...]]:
        """A batch a page of the API. Raises CannotAsk. Of a long list only the begin is kept."""
        yield from self._batches
        while True:
            with asking():
                page = next(self._walk, None)
            if page is None:
                return
            lines = tuple(ErrorLine(error.position, error.message, error.id) for error in page.items)
            if not lines:
                continue
            if len(self._batches) < self._keep:
                self._batches.append(lines)
            yield lines


def grouped(batches: Iterable[Sequence[ErrorLine]], most: int | None) -> ErrorGroups:
    """The groups of these messages, at most `most` of them."""
    grouping, count = Grouping(), 0
    for batch in batches:
        for line in batch:
            grouping.add(line.position, line.message)
        count += len(batch)
    found = [_group(number, group) for number, group in enumerate(grouping.groups(), start=1)]
    return ErrorGroups(tuple(found[:most]), count)


def _group(number: int, group: Group) -> ErrorGroup:
    slots = (
        ErrorSlot(name, slot.count, tuple(slot.shown()), slot.is_cut)
        for slot, name in zip(group.slots, group.names(), strict=True)
    )
    return ErrorGroup(number, group.digest, group.sample, group.count, group.first, group.last, tuple(slots))
