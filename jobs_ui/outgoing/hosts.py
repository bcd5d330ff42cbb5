"""Which hosts are trusted by name, and which addresses are of the public internet."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from jobs_ui.jobs_api import host_of

# NAT64 (RFC 6052), its networks for private use (RFC 8215), and addresses "compatible" with IPv4 (RFC 4291).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_TRANSLATION = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def is_named(url: str, hosts: Sequence[str]) -> bool:
    """Whether an http(s) address leads to a host that is one of `hosts`, each `host`, `host:port` or `*.host`."""
    # The host that both URL parsers agree on; none where they do not.
    host = host_of(url)
    name = name_of(host)
    return scheme_of(url) in ("http", "https") and any(_covers(pattern, host, name) for pattern in hosts)


def may_be_asked(url: str, trusted: Sequence[str]) -> bool:
    """Whether a host that an administrator has chosen may be asked: over https, or where it is named in `trusted`.

    Of one that is not named the address has to be public as well, which shows when it is connected to.
    """
    return scheme_of(url) == "https" or is_named(url, trusted)


def scheme_of(url: str) -> str:
    """The scheme in lower case; "" where the address has no host that can be told with certainty."""
    return urlsplit(url).scheme.lower() if host_of(url) else ""


def name_of(host: str) -> str:
    """A host without its port."""
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host


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


def is_public(name: str) -> bool:
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


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Where packets to an address end that is an IPv4 address in other clothes."""
    if address in _TRANSLATED or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _covers(pattern: str, host: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return pattern in (host, name)
