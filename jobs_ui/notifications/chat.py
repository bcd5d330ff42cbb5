"""A message as text for chat tools. What came from outside must not call people or lead anywhere.

Slack, Mattermost, Rocket.Chat and Google Chat take the same body and read its text each in its own way: `<!channel>`,
`@here`, `#channel`, `~channel`, `[text](address)`, `<address|text>`, bare addresses. `&`, `<` and `>` are escaped as
Slack documents it. For the rest there is no escape that all of them know (a backslash is shown by some), so that a
character with a meaning is sent as its full-width twin: it looks alike and means nothing. Our own link is the only one.
"""

from __future__ import annotations

import re

from jobs_ui.notifications.messages import Message

LONGEST = 4000
"""Characters. Google Chat refuses more than 4,096; Slack advises 4,000."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = "@#~*`|[]\\"
_TWINS = str.maketrans({character: chr(ord(character) + 0xFEE0) for character in _SPECIAL} | _ENTITIES)
# Within a word it stands in names and means nothing; at its edge it makes it italic.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# "lamp.example" and "www.lamp.example" become links by themselves. A word joiner has no width and ends the name.
_NAME = re.compile(r"(?<=\w)([.\u3002\uff0e\uff61])(?=[^\W\d_]{2})")
_JOINER = "\u2060"


def chat_text(message: Message) -> str:
    """The text of a message that has been cleaned."""
    link = f"\n{escaped_link(message.url)}" if message.url else ""
    text = "\n".join(map(defused, (message.title, *message.lines)))
    if len(text) + len(link) > LONGEST:
        # Cut between two lines, of which each is much shorter: half an entity would be shown as it is.
        text = text[: LONGEST - len(link) - 2].rpartition("\n")[0] + "\n…"
    return text + link


def defused(line: str) -> str:
    """One line in which nothing has a meaning but the words."""
    text = _UNDERSCORE.sub("＿", line.translate(_TWINS))
    text = _NAME.sub(rf"\1{_JOINER}", text)
    return text.replace("://", f":{_JOINER}//{_JOINER}")


def escaped_link(url: str) -> str:
    """Our own link, bare: all of them make it one."""
    return url.replace("&", "&amp;")
