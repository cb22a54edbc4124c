"""How long a server asks to be left alone, by the headers of its answer. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

LONGEST_WAIT = timedelta(hours=24)


def retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How long the server asks to wait, in seconds or until a date; at most a day."""
    text = headers.get("Retry-After", "").strip()
    return capped(seconds(text) or timedelta(0)) or _until(text, headers, now)


def rest_wished(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How long the answer says that it stays fresh, by Cache-Control and Age, or by Expires; at most a day."""
    pairs = (part.strip().partition("=") for part in headers.get("Cache-Control", "").lower().split(","))
    directives = {name.strip(): value.strip(' "') for name, _, value in pairs}
    if "no-store" in directives or "no-cache" in directives:
        return None
    if "max-age" not in directives:
        return _until(headers.get("Expires", ""), headers, now)
    lifetime, age = seconds(directives["max-age"]), seconds(headers.get("Age", "").strip())
    return capped((lifetime or timedelta(0)) - (age or timedelta(0)))


def seconds(text: str) -> timedelta | None:
    """A whole number of seconds; None for anything else."""
    return timedelta(seconds=int(text[:9])) if text.isascii() and text.isdigit() else None


def _until(text: str, headers: httpx.Headers, now: datetime) -> timedelta | None:
    """From the server's own now, if it tells it, until a date of its."""
    date = http_date(text)
    return capped(date - (http_date(headers.get("Date", "")) or now)) if date else None


def http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def capped(wait: timedelta) -> timedelta | None:
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None
