"""Which addresses are public, in every disguise that is known."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.addresses import (
    NOT_PUBLIC_V4,
    admits,
    authority,
    bare,
    host_of,
    is_forbidden,
    is_public,
    literal,
    normal,
    shown,
)


def words(text: str) -> list[str]:
    return text.split()


PUBLIC = words("""
    1.1.1.1  8.8.8.8  9.255.255.255  11.0.0.0  93.184.216.34  100.63.255.255  100.128.0.0  126.255.255.255  128.0.0.1
    169.253.255.255  169.255.0.0  172.15.255.255  172.32.0.0  192.0.1.1  192.0.3.1  192.167.255.255  192.169.0.0
    198.17.255.255  198.20.0.0  223.255.255.255
    2606:4700:4700::1111  2001:4860:4860::8888  2a00:1450:400f::1  2001:67c:2e8::1  2001:200::1  3ffe::1
    ::ffff:8.8.8.8  64:ff9b::808:808  64:ff9b::8.8.8.8  2002:808:808::1  2a00:1450::5efe:808:808
    2a00:1450::200:5efe:8.8.8.8
""")

NOT_PUBLIC = words("""
    0.0.0.0  0.1.2.3  10.0.0.5  10.255.255.255  100.64.0.1  100.127.255.255  127.0.0.1  127.255.255.254
    169.254.169.254  172.16.0.1  172.31.255.255  192.0.0.1  192.0.0.170  192.0.2.1  192.88.99.1  192.168.1.1
    198.18.0.1  198.19.255.255  198.51.100.7  203.0.113.9  224.0.0.1  239.255.255.250  240.0.0.1  255.255.255.255
    ::  ::1  ::8.8.8.8  ::127.0.0.1  ::ffff:0:8.8.8.8  100::1  fc00::1  fd12:3456::1  fe80::1  fe80::1%eth0  fec0::1
    ff02::1  ff0e::1  2001::1  2001:0:4136:e378:8000:63bf:3fff:fdd2  2001:2::1  2001:10::1  2001:20::1  2001:db8::1
    3fff::1  4000::1  5f00::1  2a00:1450::1%lo
    ::ffff:10.0.0.1  ::ffff:127.0.0.1  ::ffff:169.254.169.254  ::ffff:a00:1  64:ff9b::a00:1  64:ff9b::127.0.0.1
    64:ff9b::169.254.169.254  64:ff9b:1::808:808  64:ff9b:1:a00::1  2002:a00:1::  2002:7f00:1::1  2002:c0a8:101::1
    2002:a9fe:a9fe::1  2a00:1450::5efe:10.0.0.1  2a00:1450::200:5efe:127.0.0.1  fe80::5efe:8.8.8.8
    localhost  example.com  1.2.3  256.1.1.1  2130706433
""")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_globally_routable_address_is_public(address: str) -> None:
    assert is_public(address)
    assert not is_forbidden(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_is_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_carrying_a_private_address_never_makes_it_public(inner: IPv4Address) -> None:
    number = int(inner)
    for outer in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80 | 1):
        assert is_public(IPv6Address(outer)) == is_public(inner)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_the_standard_library_calls_private_is_never_public(address: IPv4Address | IPv6Address) -> None:
    # Newer Pythons call all of 6to4 private; what it carries decides, which is tested above.
    carries = int(address) >> 112 == 0x2002 and address.version == 6
    if not carries and (not address.is_global or address.is_multicast or address.is_link_local):
        assert not is_public(address)


@given(st.sampled_from(NOT_PUBLIC_V4).flatmap(lambda network: st.ip_addresses(network=str(network))))
def test_every_spelling_of_a_private_address_is_forbidden(address: IPv4Address) -> None:
    a, b, c, d = address.packed
    for spelling in (
        str(address), f"{address}.", str(int(address)), hex(int(address)), f"0{int(address):o}",
        f"{a}.{b}.{c * 256 + d}",
        f"{a}.{b * 65536 + c * 256 + d}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"::ffff:{address}", f"[::ffff:{address}]",
    ):  # fmt: skip
        assert is_forbidden(spelling)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0xa.0.0x5", "10.0.0.5"),
        ("[::1]", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
    ],
)
def test_a_number_is_read_as_a_connection_would_read_it(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@pytest.mark.parametrize("host", ["localhost", "cluster.example", "10.example", "0x7g", "1.2.3.4.5", "å.example", ""])
def test_a_name_is_not_a_number(host: str) -> None:
    assert literal(host) is None
    assert not is_forbidden(host)


@pytest.mark.parametrize("host", ["fe80::1%eth0", "fe80::1%25eth0", "::g", "a:b"])
def test_an_unreadable_or_zoned_address_is_forbidden(host: str) -> None:
    assert is_forbidden(host)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("intranet.example", "http://intranet.example/feed"),
        ("INTRANET.example.", "https://intranet.EXAMPLE:8443/"),
        ("intranet.example:8080", "http://intranet.example:8080/"),
        ("intranet.example:80", "http://intranet.example/"),
        ("10.0.0.5", "http://10.0.0.5:9/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("[::1]", "http://[0:0::1]/"),
        ("::1", "http://[::1]:8080/"),
        ("blåbær.example", "http://xn--blbr-roah.example/"),
        ("127.1", "http://127.0.0.1/"),
    ],
)
def test_the_host_that_was_typed_is_admitted(typed: str, url: str) -> None:
    assert admits(typed, httpx.URL(url))


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        (None, "http://intranet.example/"),
        ("", "http://intranet.example/"),
        ("intranet.example", "http://other.example/"),
        ("intranet.example", "http://intranet.example.evil.example/"),
        ("intranet.example:8080", "http://intranet.example/"),
        ("intranet.example:8080", "http://intranet.example:22/"),
        ("10.0.0.5", "http://10.0.0.6/"),
        ("intranet.example:x", "http://intranet.example/"),
        ("intranet.example", "http://user@other.example/"),
    ],
)
def test_no_other_host_is_admitted(typed: str | None, url: str) -> None:
    assert not admits(typed, httpx.URL(url))


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://user:secret@feed.example/rss?token=secret#part", "https://feed.example/rss"),
        ("http://feed.example:8080/a/b?x", "http://feed.example:8080/a/b"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://feed.example:99999/secret", "(not an address)"),
        ("http://[secret", "(not an address)"),
        ("secret", "(not an address)"),
        ("", "(not an address)"),
    ],
)
def test_a_shown_address_holds_no_secret(url: str, safe: str) -> None:
    assert shown(url) == safe


@given(st.text())
def test_anything_can_be_shown(text: str) -> None:
    shown(text)
    host_of(text)
    normal(text)
    is_forbidden(text)


def test_the_parts_of_an_address() -> None:
    assert host_of("https://User:x@Feed.Example:8080/x") == "feed.example"
    assert bare("https://user:secret@feed.example/rss?token=1#part") == "https://feed.example/rss?token=1"
    assert authority("http://user:secret@intranet.example:8080/x") == "intranet.example:8080"
    assert authority("https://intranet.example/x") == "intranet.example"


@pytest.mark.parametrize("url", ["https://xn--a--/", "https://xn--/", "ftp://klynge.example/", "https:///sti", "x"])
def test_what_is_no_web_address_is_refused_as_such(url: str) -> None:
    with pytest.raises(httpx.InvalidURL):
        bare(url)
