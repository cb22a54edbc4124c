"""Reads the dates that feeds write: RFC 822, ISO 8601, Unix time, and what people write instead of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

LONGEST = 80  # Characters; what is longer is no date.
FIRST_YEAR = 1990  # What is older is a default value (year 1, 1970), not a day on which somebody published.

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän ene gen",
            "feb fév fev",
            "mar mär mrz mär",
            "apr avr abr",
            "mai maj may mag",
            "jun giu",
            "jul lug",
            "aug aoû ago",
            "sep set",
            "okt oct ott out",
            "nov",
            "des dec dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
} | {"juin": 6, "juil": 7}

ZONES = {
    **dict.fromkeys(("z", "ut", "utc", "gmt", "wet"), 0),
    **dict.fromkeys(("cet", "met", "mez", "bst", "west"), 60),
    **dict.fromkeys(("cest", "mest", "mesz", "eet"), 120),
    **dict.fromkeys(("eest", "msk"), 180),
} | {"est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420}

ISO = re.compile(r"(\d{4}-?\d{2}-?\d{2})(?:[T ]\s*(\d{2}(?::?\d{2}){0,2})(?:[.,]\d+)?\s*(.*))?", re.IGNORECASE)
STAMP = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?")
WORD = r"(?P<month>[^\W\d_]{3,})\.?"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{DAY}[\s-]*(?:of |de )?\s*{WORD},?[\s-]+(?:de )?(?P<year>\d{{4}}|\d{{2}})\b",
        rf"\b{WORD}\s+{DAY},?\s+(?P<year>\d{{4}})\b",
        rf"\b{WORD}\s+{DAY}\s+(?P<rest>\d.*)\b(?P<year>\d{{4}})$",
        r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})\b",
        r"\b(?P<year>\d{4})[./](?P<month>\d{1,2})[./](?P<day>\d{1,2})\b",
    )
)
CLOCK = re.compile(r"(?<![\d+-])(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*([ap]\.?m\b\.?)?")
ZONE = re.compile(r"(?:gmt|utc)?\s*([+-])(\d{1,2}):?(\d{2})?|([a-z]{1,4})")


def read_date(text: str) -> tuple[datetime, bool] | None:
    """The moment in UTC and whether it is certain; None when the text is no date or an impossible one.

    A day without a time, and a time without a zone that is known, are read as UTC and are not certain.
    """
    words = " ".join(re.sub(r"\([^()]*\)", " ", text[: LONGEST * 2]).split())
    if not words or len(words) > LONGEST:
        return None
    try:
        found = _stamp(words) or _iso(words) or _written(words.casefold())
        moment = found[0].astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None
    return (moment, found[1]) if found and moment and moment.year >= FIRST_YEAR else None


def _stamp(words: str) -> tuple[datetime, bool] | None:
    """Seconds, or milliseconds, since 1970."""
    match = STAMP.fullmatch(words)
    return (datetime.fromtimestamp(int(match[1]), UTC), True) if match else None


def _iso(words: str) -> tuple[datetime, bool] | None:
    match = ISO.fullmatch(words)
    if not match:
        return None
    day, clock, zone = match.groups()
    digits = re.sub(r"60$", "59", (clock or "00").replace(":", ""))  # A leap second is 60.
    return _placed(datetime.fromisoformat(f"{day.replace('-', '')}T{digits}"), clock, zone)


def _written(words: str) -> tuple[datetime, bool] | None:
    """A date as people write it: the day's parts in any usual order, the time beside it, the zone last."""
    for pattern in DAYS:
        match = pattern.search(words)
        month = _month(match["month"]) if match else 0
        if match and month:
            rest = match.groupdict().get("rest") or f"{words[: match.start()]} {words[match.end() :]}"
            return _assembled(_year(match["year"]), month, int(match["day"]), rest)
    return None


def _month(word: str) -> int:
    """The number of a month, by its number or the beginning of its name in one of the usual languages."""
    return int(word) if word.isdecimal() else MONTHS.get(word[:4], MONTHS.get(word[:3], 0))


def _year(digits: str) -> int:
    """A year of two digits is of the years around 2000."""
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) < 70 else 1900)


def _assembled(year: int, month: int, day: int, rest: str) -> tuple[datetime, bool]:
    if month > 12 >= day:  # Written the American way, as only the month can be.
        month, day = day, month
    clock = CLOCK.search(rest)
    if not clock:
        return _placed(datetime(year, month, day), "", "")  # noqa: DTZ001 - the zone is added there
    hour = int(clock[1])
    if clock[4]:
        hour = hour % 12 + (12 if clock[4].startswith("p") else 0)
    second = min(int(clock[3] or 0), 59)  # A leap second is 60.
    return _placed(datetime(year, month, day, hour, int(clock[2]), second), clock[0], rest[clock.end() :])  # noqa: DTZ001


def _placed(moment: datetime, clock: str | None, zone: str | None) -> tuple[datetime, bool]:
    """The moment in its zone, and whether both the time and the zone were given."""
    minutes = _minutes((zone or "").strip().casefold())
    place = UTC if minutes is None else timezone(timedelta(minutes=minutes))
    return moment.replace(tzinfo=place), bool(clock) and minutes is not None


def _minutes(zone: str) -> int | None:
    """How far a zone is east of Greenwich; None when the zone is unknown."""
    match = ZONE.match(zone)
    if not match:
        return None
    if match[4]:
        return ZONES.get(match[4])
    away = int(match[2]) * 60 + int(match[3] or 0)
    return -away if match[1] == "-" else away
