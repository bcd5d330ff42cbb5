"""Why a message could not be delivered."""

from __future__ import annotations


class CannotDeliver(Exception):
    """The message did not arrive, or nobody can tell that it did.

    `reason`: one sentence for staff, without a secret and without the target's address. `is_final`: trying again
    makes no sense.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
