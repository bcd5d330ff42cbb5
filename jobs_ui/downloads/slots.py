"""How many downloads a process serves at once: each holds a thread for as long as it takes, and pages need some too."""

from __future__ import annotations

import threading

# Half of the threads of a worker in gunicorn.conf.py.
MOST_AT_ONCE = 16


class Slot:
    """The right to one download. Given back once, however often that is said."""

    def __init__(self, slots: Slots) -> None:
        self._slots: Slots | None = slots

    def release(self) -> None:
        """Gives it back."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.give_back()

    # An answer that is dropped without being closed, because something between the view and the server failed.
    __del__ = release


class Slots:
    """A number of slots, for several threads."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    def take(self) -> Slot | None:
        """A slot; None where all are taken. Nobody waits for one: the wait would hold a thread, too."""
        return Slot(self) if self._free.acquire(blocking=False) else None

    def give_back(self) -> None:
        """Makes one more free; for `Slot` to call."""
        self._free.release()


SLOTS = Slots(MOST_AT_ONCE)
