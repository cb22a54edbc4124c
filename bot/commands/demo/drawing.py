"""What every face is drawn with: links, pictures and moments, safe whatever a payload holds."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.posts.dates import in_words

READERS = ZoneInfo("Europe/Oslo")
SCHEMES = ("http", "https", "mailto")
OUTSIDE = 'target="_blank" rel="noopener noreferrer"'


def is_safe(address: object) -> bool:
    """Whether a link may lead there: a browser must never run what a post brought along."""
    if not isinstance(address, str) or any(sign.isspace() or ord(sign) < 32 for sign in address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.netloc or parts.scheme.lower() == "mailto")


def is_picture(address: object) -> bool:
    return is_safe(address) and not str(address).lower().startswith("mailto:")


def anchor(address: object, inner: str, look: str = "") -> str:
    """A link around HTML, or the HTML alone when the address is none that may be followed."""
    if not is_safe(address):
        return f'<span class="{look}">{inner}</span>' if look else inner
    marked = f' class="{look}"' if look else ""
    return f'<a{marked} href="{escape(str(address))}" {OUTSIDE}>{inner}</a>'


def image(address: object, alt: object, look: str = "picture") -> str:
    """A picture with the words for who cannot see it; only those words when its address is no web address."""
    words = escape(alt if isinstance(alt, str) else "")
    if not is_picture(address):
        return f"<p>{words}</p>" if words else ""
    return f'<img class="{look}" src="{escape(str(address))}" alt="{words}" decoding="async">'


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects in what should be a list of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def words(value: object) -> str:
    """What should be text, as text."""
    return value if isinstance(value, str) else ""


def day(when: datetime) -> str:
    """The day as the readers of the sample site write it."""
    return in_words(when.astimezone(READERS).replace(tzinfo=UTC), "nb")


def clock(when: datetime) -> str:
    return f"{when.astimezone(READERS):%H:%M}"
