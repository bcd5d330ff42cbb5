"""From a part of an export to its bytes: the link is checked, then the file is streamed.

A signed link is a secret, and its address is somebody else's word: it goes only to hosts that are allowed, never to a
private address behind a public name, and without the API's token, a cookie or a referer.
"""

from jobs_ui.downloads.heads import Beginning, Header, read_beginning, read_header
from jobs_ui.downloads.hosts import direct_address
from jobs_ui.downloads.merging import MergedFile, Plan, make_plan
from jobs_ui.downloads.opening import OpenFile, open_link
from jobs_ui.downloads.preview import MOST_ROWS, Preview, make_preview
from jobs_ui.downloads.problems import BrokenOff, CannotDownload
from jobs_ui.downloads.ranges import WantedRange, read_range
from jobs_ui.downloads.slots import SLOTS, Slot
from jobs_ui.downloads.zipping import ZippedParts

__all__ = [
    "MOST_ROWS",
    "SLOTS",
    "Beginning",
    "BrokenOff",
    "CannotDownload",
    "Header",
    "MergedFile",
    "OpenFile",
    "Plan",
    "Preview",
    "Slot",
    "WantedRange",
    "ZippedParts",
    "direct_address",
    "make_plan",
    "make_preview",
    "open_link",
    "read_beginning",
    "read_header",
    "read_range",
]
