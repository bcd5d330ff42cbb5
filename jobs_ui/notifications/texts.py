"""What a message says, fit to be sent: bounded, without secrets, and without what turns or ends a line."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from jobs_ui.jobs_api import clean_json, clean_line
from jobs_ui.notifications.messages import Message

MOST_LINES = 40
LONGEST_LINE = 500
LONGEST_FACTS = 32 * 1024
"""Bytes of the facts as JSON."""

# What makes text run the other way, so that it shows something else than it says.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINK = re.compile(r"https?://[!-~]{1,1000}")


def cleaned(message: Message) -> Message:
    """The message, fit to be sent. Facts beyond their bound are left out as a whole: half of them would be wrong."""
    facts = clean_json(json.loads(json.dumps(dict(message.facts), default=str)))
    if not isinstance(facts, dict) or len(json.dumps(facts)) > LONGEST_FACTS:
        facts = {}
    return replace(
        message,
        title=_line(message.title) or "Jobs console",
        lines=tuple(_line(line) for line in message.lines[:MOST_LINES]),
        url=message.url if _LINK.fullmatch(message.url) else "",
        facts=facts,
    )


def _line(text: str) -> str:
    return _TURNING.sub("\ufffd", clean_line(text, LONGEST_LINE)).strip()
