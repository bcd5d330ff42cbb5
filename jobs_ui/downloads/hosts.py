"""Which addresses a file may come from. A link is somebody else's word, so it is checked before anyone goes there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from jobs_ui.downloads.problems import CannotDownload
from jobs_ui.jobs_api import SignedLink

# The host's clock and ours may differ by so much before a link is called expired.
CLOCK_LEEWAY = timedelta(seconds=60)
# What an address may hold as it is: the reserved characters of RFC 3986, and what has been encoded already.
_ADDRESS_CHARACTERS = "/#%[]=:;$&()+,!?*@'~"

# NAT64 (RFC 6052), its networks for private use (RFC 8215), and addresses "compatible" with IPv4 (RFC 4291).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_TRANSLATION = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def check_expiry(link: SignedLink, now: datetime) -> None:
    """Raises CannotDownload for a link that is known to be dead at `now`, by the API's clock."""
    if link.expires_at is not None and link.expires_at + CLOCK_LEEWAY < now:
        raise CannotDownload("expired")


def check_host(url: str, hosts: Sequence[str]) -> bool:
    """Whether the host is named in `hosts`, the setting DOWNLOAD_HOSTS: such a one is trusted.

    Any other needs https, and may come only where none is named. Raises CannotDownload.
    """
    # The link's class knows the host that both URL parsers agree on, and none where they do not.
    host = SignedLink(url).host
    scheme = urlsplit(url).scheme.lower() if host else ""
    if any(_covers(pattern, host, _name(host)) for pattern in hosts) and scheme in ("http", "https"):
        return True
    if hosts or scheme != "https":
        raise CannotDownload("not-allowed", host=host)
    return False


def direct_address(link: SignedLink, *, hosts: Sequence[str], now: datetime) -> str:
    """The address for a browser that is sent to the file host itself. A secret: for the `Location` header alone.

    Checked as far as that can be done without going there: a name that leads to a private address is the browser's
    to follow, in its own network. Raises CannotDownload.
    """
    check_expiry(link, now)
    # A header holds ASCII without line ends; what is checked is what is sent.
    url = quote(link.reveal(), safe=_ADDRESS_CHARACTERS)
    host = SignedLink(url).host
    if not check_host(link.reveal(), hosts) and not _is_public(_name(host)):
        raise CannotDownload("not-allowed", host=host)
    check_host(url, hosts)
    return url


def is_global(address: str) -> bool:
    """Whether an IP address is one of the public internet, and so is the IPv4 address that it may carry."""
    parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _LOCAL_TRANSLATION or parsed.teredo is not None:
            return False
        carried = _carried(parsed)
        if carried is not None:
            return _is_open(carried)
    return _is_open(parsed)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Where packets to an address end that is an IPv4 address in other clothes."""
    if address in _TRANSLATED or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _is_public(name: str) -> bool:
    """Whether a host's name is no address at all, or a public one; browsers also read `2130706433` and `0x7f.1`."""
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        return is_global(name.strip("[]"))
    except ValueError:
        pass
    try:
        return is_global(socket.inet_ntoa(socket.inet_aton(name)))
    except OSError:
        return True


def _name(host: str) -> str:
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host


def _covers(pattern: str, host: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return pattern in (host, name)
