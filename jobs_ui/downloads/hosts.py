"""Which addresses a file may come from. A link is somebody else's word, so it is checked before anyone goes there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from jobs_ui.downloads.problems import CannotDownload
from jobs_ui.jobs_api import SignedLink, host_of
from jobs_ui.outgoing.hosts import is_global, is_named, is_public, name_of, scheme_of

__all__ = ["check_expiry", "check_host", "direct_address", "is_global"]

# The host's clock and ours may differ by so much before a link is called expired.
CLOCK_LEEWAY = timedelta(seconds=60)
# What an address may hold as it is: the reserved characters of RFC 3986, and what has been encoded already.
_ADDRESS_CHARACTERS = "/#%[]=:;$&()+,!?*@'~"


def check_expiry(link: SignedLink, now: datetime) -> None:
    """Raises CannotDownload for a link that is known to be dead at `now`, by the API's clock."""
    if link.expires_at is not None and link.expires_at + CLOCK_LEEWAY < now:
        raise CannotDownload("expired")


def check_host(url: str, hosts: Sequence[str]) -> bool:
    """Whether the host is named in `hosts`, the setting DOWNLOAD_HOSTS: such a one is trusted.

    Any other needs https, and may come only where none is named. Raises CannotDownload.
    """
    if is_named(url, hosts):
        return True
    if hosts or scheme_of(url) != "https":
        raise CannotDownload("not-allowed", host=host_of(url))
    return False


def direct_address(link: SignedLink, *, hosts: Sequence[str], now: datetime) -> str:
    """The address for a browser that is sent to the file host itself. A secret: for the `Location` header alone.

    Checked as far as that can be done without going there: a name that leads to a private address is the browser's
    to follow, in its own network. Raises CannotDownload.
    """
    check_expiry(link, now)
    # A header holds ASCII without line ends; what is checked is what is sent.
    url = quote(link.reveal(), safe=_ADDRESS_CHARACTERS)
    host = host_of(url)
    if not check_host(link.reveal(), hosts) and not is_public(name_of(host)):
        raise CannotDownload("not-allowed", host=host)
    check_host(url, hosts)
    return url
