"""Which addresses may be asked: what is public, what is the host that a person typed, what may be shown in a log.

Nothing here resolves a name or opens a connection.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpx

Address = IPv4Address | IPv6Address

# The IANA special-purpose registries, written out: `is_global` of the standard library differs between Python
# versions and says yes to multicast and to forms that carry a private IPv4 address inside.
NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata service of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # old 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
SIX_TO_FOUR = IPv6Network("2002::/16")
ISATAP = (0x00005EFE, 0x02005EFE)
ODD = re.compile(r"[\s%<>@\\^|\[\]]")
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_public(address: str | Address) -> bool:
    """Whether an IP address is reachable from everywhere; False for what is not an IP address at all.

    An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4, ISATAP) is only as public as that one. Teredo
    and the local-use NAT64 prefix 64:ff9b:1::/48 are never public: nobody publishes a site there, and where in the
    latter the IPv4 address sits is each network's own choice. An address with a zone is never public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in NOT_PUBLIC_V4)
    return parsed.scope_id is None and _is_public_v6(parsed)


def _is_public_v6(address: IPv6Address) -> bool:
    inner = carried(address)
    if inner is not None and not is_public(inner):
        return False
    if address.ipv4_mapped or address in NAT64:
        return True
    return address in GLOBAL_UNICAST and not any(address in network for network in NOT_PUBLIC_V6)


def carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to or through, if it has one."""
    number = int(address)
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in NAT64 or number >> 32 & 0xFFFFFFFF in ISATAP:
        return IPv4Address(number & 0xFFFFFFFF)
    return None


def literal(host: str) -> Address | None:
    """The IP address that a URL's host spells, in any of the ways that a connection understands; None for a name.

    Beside the usual ones these are the old forms of IPv4: 2130706433, 0x7f.1, 0177.0.0.1, 127.1, a final dot.
    """
    text = host.strip("[]").rstrip(".")
    try:
        return ip_address(text)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def is_forbidden(host: str) -> bool:
    """Whether a URL's host is a literal that is not public; False for every name, which is judged when resolved."""
    address = literal(host)
    return not is_public(address) if address else ":" in host


@lru_cache(maxsize=1024)
def normal(host: str) -> str:
    """A host as it is compared: lower case, without a final dot, IP addresses and IDNA in their one usual form."""
    address = literal(host)
    if address:
        return str(address)
    try:
        return httpx.URL(scheme="http", host=host.rstrip(".")).raw_host.decode().lower()
    except (httpx.InvalidURL, ValueError):
        return host.rstrip(".").lower()


def admits(private_host: str | None, url: httpx.URL) -> bool:
    """Whether `url` leads to the host that a person typed as `host` or `host:port`; without a port, any port is it."""
    if not private_host:
        return False
    if ":" in private_host and literal(private_host):
        # Without brackets an IPv6 address would be read as a host and a port.
        private_host = f"[{private_host.strip('[]')}]"
    try:
        typed = urlsplit(f"//{private_host}")
        host, port = typed.hostname, typed.port
    except ValueError:
        return False
    actual = url.port or DEFAULT_PORTS.get(url.scheme)
    return bool(host) and normal(host or "") == normal(url.host) and port in (None, actual)


def host_of(url: str) -> str:
    """The host of an address, in lower case and without its port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def shown(url: str) -> str:
    """An address as a log may show it: scheme, host, port and path, without user info, query and fragment."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(not an address)"
    if not parts.scheme or not host:
        return "(not an address)"
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path}"


def is_web(url: httpx.URL) -> bool:
    """Whether an address is one that can be asked for at all: http or https, and a host without odd characters."""
    try:
        host = url.host
    except ValueError:  # A host name that is no name in any alphabet.
        return False
    return url.scheme in DEFAULT_PORTS and bool(host) and not ODD.search(host)


def bare(url: str) -> str:
    """A web address without user info and fragment, as it is requested; httpx.InvalidURL when it is none."""
    parsed = httpx.URL(url).copy_with(userinfo=b"", fragment=None)
    if not is_web(parsed):
        raise httpx.InvalidURL("not a web address")
    return str(parsed)


def authority(url: str) -> str:
    """The host of an address, with its port when that is written: what `admits` takes as typed by a person."""
    return httpx.URL(url).netloc.decode()
