"""Why a message could not be delivered."""

from __future__ import annotations


class CannotDeliver(Exception):
    """The message did not arrive, or nobody can tell that it did.

    `reason`: one sentence for staff, without a secret and without the target's address. `is_final`: trying again
    makes no sense. `is_of_target`: the next message would fare no better, so the target is left in peace for a while.
    """

    def __init__(self, reason: str, *, is_final: bool = False, is_of_target: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.is_of_target = is_of_target and not is_final
