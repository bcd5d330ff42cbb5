"""What the invented jobs have that the cases look for. No Django here: the program that starts the workers has none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

# Neither in a filter nor in a message.
STORES = ("default", "outlet")
ABSENT_WORD = "klavierhocker"
COMMON_WORD = "unique"
# Pending jobs of these types lie far apart in the list: the worst case of a filter that hardly anything matches.
RARE_TYPES = ("price-import", "hierarchy-duplicate")
RARE_PLACES = (0.03, 0.21, 0.4, 0.55, 0.8, 0.97)


@dataclass(slots=True)
class Facts:
    """What the cases look for in the filled database."""

    jobs: int
    errors: int
    deep_created_at: str = ""
    deep_key: int = 0
    detail: str = ""
    many_errors: str = ""
    find_id: str = ""
    find_prefix: str = ""
    find_request: str = ""
    word_rare: str = ""
    rare_group: str = ""
    standing: str = ""

    def dumped(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))
