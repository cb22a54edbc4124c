"""The addresses in a text: made absolute, compared as pages, given campaign parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0<>\"\\^`{|}]|[\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]")
LONGEST = 8000  # No server and no browser takes more.


def resolved(address: str, base: str = "") -> str:
    """The address as an absolute http(s) or mailto address, or nothing if it is none that a reader could follow.

    Nobody is led to an address with a name before an @, which looks like that of a host.
    """
    address = address.strip()
    if not address.removeprefix("https://").removeprefix("http://") or address[0] == "#" or len(address) > LONGEST:
        return ""
    try:
        whole = urljoin(base, re.sub(r"[\t\n\r]", "", address))
        parts = urlsplit(whole)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return safe(whole) if "@" in parts.path else ""
    return safe(whole) if parts.scheme in ("http", "https") and host and "@" not in parts.netloc else ""


LOOKS_LIKE_ADDRESS = re.compile(r"\s*(?:https?://|(?=www\.))([^\s/?#]+)\S*\s*", re.IGNORECASE)


def misleads(words: str, address: str) -> bool:
    """Whether the words of a link are an address on another host than the one that it leads to."""
    shown = LOOKS_LIKE_ADDRESS.fullmatch(words)
    return shown is not None and page(address)[0] not in ("", page("//" + shown[1].rstrip(".,\u2026"))[0])


def safe(address: str) -> str:
    """The address with what could end it early in any markup percent-encoded."""
    return UNSAFE.sub(lambda sign: quote(sign[0], safe="", errors="ignore"), address)


def page(address: str) -> tuple[str, str]:
    """What makes two addresses the same page for a reader: host and path without www., scheme, query, last slash."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    return host.removeprefix("www."), parts.path.rstrip("/")


def same_page(one: str, other: str) -> bool:
    """Whether two addresses lead to the same page; never for none."""
    return bool(page(one)[0]) and page(one) == page(other) and _named_page(one) == _named_page(other)


def _named_page(address: str) -> str:
    """The page that a query names (`?p=12`), where the path does not."""
    found = re.search(r"[?&](?:p|page_id|id)=(\d+)", address)
    return found[1] if found and not page(address)[1] else ""


def is_home_of(home: str, address: str) -> bool:
    """Whether one address is the front page of the site, or of the language, that the other belongs to."""
    (host, path), (other_host, other_path) = page(home), page(address)
    short = path.count("/") <= 1 and len(path) <= 12
    return bool(host) and host == other_host and short and other_path.startswith(f"{path}/")


def with_campaign(link: str, campaign: Mapping[str, str]) -> str:
    """The link with its campaign parameters (`source` is `utm_source`); the rest of it stays as it was written.

    A parameter of the same name that the link has already gives way: the channel knows better where it posts.
    """
    if not link.startswith(("http://", "https://")) or not campaign:
        return link
    named = {name if name.startswith("utm_") else f"utm_{name}": value for name, value in campaign.items()}
    address, hash_sign, fragment = link.partition("#")
    place, _, query = address.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0].casefold() not in named]
    added = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in named.items()]
    return f"{place}?{'&'.join(kept + added)}{hash_sign}{fragment}"
