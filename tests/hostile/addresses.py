"""Addresses that lead inside, in every disguise: as a feed's address, behind a redirect, as a picture and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bot.feeds.pictures import look, on_page, picture_at
from bot.model import Item, Picture
from bot.net.client import Client, NetProblem
from bot.net.guard import Guard, guarded_socket
from tests.hostile.cases import HERE, Case, fetched, serving

# What the resolver of these cases knows; a name with two lists gives the second one from the second question on.
NAMES: dict[str, tuple[list[str], ...]] = {
    "inside.example": (["10.0.0.5"],),
    "loopback.example": (["127.0.0.1"],),
    "six.example": (["::1"],),
    "unique.example": (["fd00::5"],),
    "mapped.example": (["::ffff:169.254.169.254"],),
    "nat64.example": (["64:ff9b::a00:5"],),
    "metadata.example": (["169.254.169.254"],),
    "zero.example": (["0.0.0.0"],),
    "rebound.example": (["93.184.215.14"], ["127.0.0.1"]),
    "both.example": (["10.0.0.5", "93.184.215.14", "::1", "2606:4700::1111"],),
}

PRIVATE = "{} is a private address"
LEADS = "{} leads to {}, which is a private address"

# The host as it stands in the address, and what is said of it.
HOSTS: dict[str, tuple[str, str]] = {
    "loopback": ("127.0.0.1", PRIVATE.format("127.0.0.1")),
    "loopback, elsewhere in its network": ("127.255.255.254", PRIVATE.format("127.255.255.254")),
    "loopback as one decimal number": ("2130706433", PRIVATE.format("2130706433")),
    "loopback as one hexadecimal number": ("0x7f000001", PRIVATE.format("0x7f000001")),
    "loopback as one octal number": ("017700000001", PRIVATE.format("017700000001")),
    "loopback with octal parts": ("0177.0.0.01", "the feed's address is not a web address"),
    "loopback with hexadecimal parts": ("0x7f.0x0.0x0.0x1", PRIVATE.format("0x7f.0x0.0x0.0x1")),
    "loopback in two parts": ("127.1", PRIVATE.format("127.1")),
    "loopback in three parts": ("127.0.1", PRIVATE.format("127.0.1")),
    "loopback with a final dot": ("127.0.0.1.", PRIVATE.format("127.0.0.1.")),
    "loopback in full-width digits": (
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
        "the feed's address is not a web address",
    ),
    "loopback with ideographic full stops": ("127\u30020\u30020\u30021", PRIVATE.format("127.0.0.1")),
    "loopback in circled digits": (
        "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
        "the feed's address is not a web address",
    ),
    "loopback in percent-encoding": ("%31%32%37.0.0.1", "the feed's address is not a web address"),
    "any address": ("0.0.0.0", PRIVATE.format("0.0.0.0")),
    "any address as a single zero": ("0", PRIVATE.format("0")),
    "private, class A": ("10.0.0.5", PRIVATE.format("10.0.0.5")),
    "private, class B": ("172.31.255.255", PRIVATE.format("172.31.255.255")),
    "private, class C": ("192.168.1.1", PRIVATE.format("192.168.1.1")),
    "shared by a carrier's customers": ("100.64.0.1", PRIVATE.format("100.64.0.1")),
    "link-local": ("169.254.0.1", PRIVATE.format("169.254.0.1")),
    "metadata of a cloud": ("169.254.169.254", PRIVATE.format("169.254.169.254")),
    "metadata as one number": ("2852039166", PRIVATE.format("2852039166")),
    "metadata of Alibaba": ("100.100.100.200", PRIVATE.format("100.100.100.200")),
    "metadata of Oracle": ("192.0.0.192", PRIVATE.format("192.0.0.192")),
    "metadata over IPv6": ("[fd00:ec2::254]", PRIVATE.format("fd00:ec2::254")),
    "broadcast": ("255.255.255.255", PRIVATE.format("255.255.255.255")),
    "multicast": ("239.255.255.250", PRIVATE.format("239.255.255.250")),
    "benchmarking": ("198.18.0.1", PRIVATE.format("198.18.0.1")),
    "documentation": ("203.0.113.9", PRIVATE.format("203.0.113.9")),
    "loopback over IPv6": ("[::1]", PRIVATE.format("::1")),
    "loopback over IPv6, written out": ("[0:0:0:0:0:0:0:1]", PRIVATE.format("0:0:0:0:0:0:0:1")),
    "any address over IPv6": ("[::]", PRIVATE.format("::")),
    "IPv4-mapped loopback": ("[::ffff:127.0.0.1]", PRIVATE.format("::ffff:127.0.0.1")),
    "IPv4-mapped metadata in hexadecimal": ("[::ffff:a9fe:a9fe]", PRIVATE.format("::ffff:a9fe:a9fe")),
    "IPv4-compatible": ("[::127.0.0.1]", PRIVATE.format("::127.0.0.1")),
    "IPv4-translated": ("[::ffff:0:127.0.0.1]", PRIVATE.format("::ffff:0:127.0.0.1")),
    "NAT64": ("[64:ff9b::10.0.0.5]", PRIVATE.format("64:ff9b::10.0.0.5")),
    "NAT64 of local use": ("[64:ff9b:1::808:808]", PRIVATE.format("64:ff9b:1::808:808")),
    "6to4": ("[2002:7f00:1::1]", PRIVATE.format("2002:7f00:1::1")),
    "Teredo": ("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", PRIVATE.format("2001:0:4136:e378:8000:63bf:3fff:fdd2")),
    "ISATAP": ("[2a00:1450::5efe:10.0.0.1]", PRIVATE.format("2a00:1450::5efe:10.0.0.1")),
    "link-local over IPv6": ("[fe80::1]", PRIVATE.format("fe80::1")),
    "with a zone": ("[fe80::1%25eth0]", "the feed's address is not a web address"),
    "site-local": ("[fec0::1]", PRIVATE.format("fec0::1")),
    "unique local": ("[fd12:3456::1]", PRIVATE.format("fd12:3456::1")),
    "multicast over IPv6": ("[ff02::1]", PRIVATE.format("ff02::1")),
    "a public name before an @": ("klynge.example@127.0.0.1", PRIVATE.format("127.0.0.1")),
    "a name for a private address": ("inside.example", LEADS.format("inside.example", "10.0.0.5")),
    "a name for loopback": ("loopback.example", LEADS.format("loopback.example", "127.0.0.1")),
    "a name for loopback over IPv6": ("six.example", LEADS.format("six.example", "::1")),
    "a name for a unique local address": ("unique.example", LEADS.format("unique.example", "fd00::5")),
    "a name for a mapped address": ("mapped.example", LEADS.format("mapped.example", "::ffff:169.254.169.254")),
    "a name for an address behind NAT64": ("nat64.example", LEADS.format("nat64.example", "64:ff9b::a00:5")),
    "a name for the metadata of a cloud": ("metadata.example", LEADS.format("metadata.example", "169.254.169.254")),
    "a name for any address": ("zero.example", LEADS.format("zero.example", "0.0.0.0")),
}

# Addresses of which not the host is the trouble.
SCHEMES: dict[str, str] = {
    "a file": "file:///etc/passwd",
    "FTP": "ftp://klynge.example/feed",
    "gopher": "gopher://klynge.example:70/_x",
    "data": "data:text/xml,<rss/>",
    "a script": "javascript:alert(1)",
    "no host": "http:///feed",
    "a line break within": "http://klynge.example/\r\nX-Evil: 1",
    "a name that is none in any alphabet": "https://xn--a--/",
}


def lookup() -> Callable[[str, int, int], list[str]]:
    """A resolver for one case, which remembers what it was asked."""
    asked: list[str] = []

    def found(host: str, *_: int) -> list[str]:
        asked.append(host)
        lists = NAMES.get(host, ([],))
        return lists[min(asked.count(host), len(lists)) - 1]

    return found


def cases() -> Iterator[Case]:
    for name, (host, expected) in HOSTS.items():
        yield Case(f"address: {name}", lambda host=host: through_every_door(host), expected)  # type: ignore[misc]
    for name, url in SCHEMES.items():
        expected = "the feed's address is not a web address"
        yield Case(f"address: {name}", lambda url=url: as_a_feed(url), expected)  # type: ignore[misc]
    yield Case("address: a name that is rebound between two looks", rebound, LEADS.format("rebound.example", HERE))
    yield Case("address: a name for public and private addresses", both, "93.184.215.14 2606:4700::1111")
    yield Case("address: a socket, however it came so far", a_socket, "no socket")
    yield Case("address: one host admitted, another named by a redirect", not_for_others, "no request")
    yield Case("address: one host admitted, its other ports named", not_for_other_ports, "no request")
    yield Case("address: inside, in front of a proxy", before_a_proxy, "0x7f.1 is a private address")


async def through_every_door(host: str) -> str:
    """What is said of a feed there; behind a redirect, as a picture and as an article's page it is never asked."""
    asked: list[bytes] = []
    async with Client(user_agent="test", lookup=lookup()) as client, serving(b"", asked=asked) as trap:
        url = f"http://{host}:{trap}/x"
        said = await fetched(client, url, private=False)
        redirect = f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(redirect) as door:
            await fetched(client, f"http://{HERE}:{door}/feed")
        assert await look(client, Item("1", url, "Sak", pictures=(Picture(url),))) is None
        assert await picture_at(client, url) is None
        assert await on_page(client, url) is None
    assert not asked, asked
    return said


async def as_a_feed(url: str) -> str:
    async with Client(user_agent="test", lookup=lookup()) as client:
        return await fetched(client, url, private=False)


async def rebound() -> str:
    """Each connection looks anew, and connects to what it has looked at: there is nothing between check and use."""
    with ThreadPoolExecutor(1) as threads:
        guard = Guard(lookup(), threads)
        assert [found["host"] for found in await guard.resolve("rebound.example", 80)] == ["93.184.215.14"]
        try:
            await guard.resolve("rebound.example", 80)
        except NetProblem as problem:
            return problem.why
    return "given out"


async def both() -> str:
    with ThreadPoolExecutor(1) as threads:
        return " ".join(found["host"] for found in await Guard(lookup(), threads).resolve("both.example", 80))


async def a_socket() -> str:
    import socket

    try:
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (HERE, 80))).close()
    except PermissionError:
        return "no socket"
    return "a socket"


async def not_for_others() -> str:
    """ALLOW_PRIVATE of one feed is for its host alone: not for a name that leads to the same machine."""
    return await _redirected("loopback.example")


async def not_for_other_ports() -> str:
    return await _redirected(HERE)


async def _redirected(host: str) -> str:
    asked: list[bytes] = []
    async with Client(user_agent="test", lookup=lookup()) as client, serving(b"", asked=asked) as trap:
        redirect = f"HTTP/1.1 301 Moved\r\nLocation: http://{host}:{trap}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(redirect) as door:
            said = await fetched(client, f"http://{HERE}:{door}/feed")
    assert "redirects elsewhere, but" in said and "private address" in said, said
    return f"{len(asked)} requests" if asked else "no request"


async def before_a_proxy() -> str:
    asked: list[bytes] = []
    async with (
        serving(b"", asked=asked) as proxy,
        Client(user_agent="test", proxy=f"http://{HERE}:{proxy}", lookup=lookup()) as client,
    ):
        said = await fetched(client, "http://0x7f.1/feed", private=False)
    assert not asked
    return said
