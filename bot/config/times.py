"""Durations, hours of the week and cron fields, as people write them in an env file. Pure."""

from __future__ import annotations

import re
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from bot.config.wrong import Wrong, did_you_mean, suggest
from bot.settings import Window

LONGEST = timedelta(days=3650)
SHORTEST_POLL = timedelta(seconds=10)

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile("".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in "dhms"))
LOOSE = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,3})?)\s*([a-zæøå]*)\.?\s*")
ALIASES = (
    ("s", ("s", "sec", "second", "seconds", "sek", "sekund", "sekunder")),
    ("m", ("", "m", "min", "mins", "minute", "minutes", "minutt", "minutter")),
    ("h", ("h", "hr", "hrs", "hour", "hours", "t", "time", "timer")),
    ("d", ("d", "day", "days", "dag", "dager", "døgn")),
)
LOOSE_UNITS = {word: UNITS[unit] for unit, aliases in ALIASES for word in aliases}
LOOSE_UNITS |= dict.fromkeys(("w", "week", "weeks", "u", "uke", "uker"), 7 * UNITS["d"])


def written(span: timedelta) -> str:
    """A duration in the form that is read, such as 1h30m."""
    left, parts = int(span.total_seconds()), []
    for unit in "dhms":
        count, left = divmod(left, UNITS[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _meant_duration(text: str) -> str:
    text = text.strip().casefold()
    parts = LOOSE.findall(text)
    if not parts or LOOSE.sub("", text) or any(unit not in LOOSE_UNITS for _, unit in parts):
        return ""
    seconds = sum(float(count.replace(",", ".")) * LOOSE_UNITS[unit] for count, unit in parts)
    return did_you_mean(written(timedelta(seconds=seconds))) if 1 <= seconds <= LONGEST.total_seconds() else ""


def duration(text: str) -> timedelta:
    """A length of time in days, hours, minutes and seconds."""
    match = DURATION.fullmatch(text)
    if not text or not match:
        raise Wrong("is not a duration such as 90s, 15m, 24h or 7d", hint=_meant_duration(text))
    seconds = sum(int(count or 0) * UNITS[unit] for count, unit in zip(match.groups(), "dhms", strict=True))
    if seconds > LONGEST.total_seconds():
        raise Wrong(f"is longer than {written(LONGEST)}, the longest there is")
    return timedelta(seconds=seconds)


def every(text: str) -> timedelta:
    """How often a feed is polled."""
    span = duration(text)
    if span < SHORTEST_POLL:
        raise Wrong("is too often for any site", "Write 15m, or at the very least 10s.")
    return span


ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NORWEGIAN = ("man", "tir", "ons", "tor", "fre", "lør", "søn")
DAYS = {name: day for names in (ENGLISH, NORWEGIAN) for day, name in enumerate(names)}
WINDOW = re.compile(r"(?P<days>[^0-9]*?)\s*(?P<start>[0-9.:]+)\s*[-\u2013]\s*(?P<end>[0-9.:]+)")
HOURS_FORM = "Write it like mon-fri 08:00-16:00, sat 10:00-14:00."


def _day(text: str) -> int:
    if text not in DAYS:
        meant = text[:3] if text[:3] in DAYS else suggest(text, DAYS)
        raise Wrong("has a day that is not one of mon tue wed thu fri sat sun", hint=did_you_mean(meant))
    return DAYS[text]


def _days(text: str) -> frozenset[int]:
    """The days that are named, one by one or as a stretch that may run over the weekend."""
    days: set[int] = set()
    for word in re.sub(r"\s*[-\u2013]\s*", "-", text.casefold()).split():
        first, _, last = word.partition("-")
        start, end = _day(first), _day(last or first)
        days.update((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))
    return frozenset(days or range(7))


def _clock(text: str) -> int:
    """A time of day in minutes; 24:00 is the end of the day."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 0)
    if hour * 60 + minute > 1440 or minute > 59:
        loose = re.fullmatch(r"([01]?[0-9]|2[0-3])\.?([0-5][0-9])?", text)
        hint = did_you_mean(f"{int(loose[1]):02}:{loose[2] or '00'}") if loose else ""
        raise Wrong("has a time that is not like 08:00", hint=hint)
    return hour * 60 + minute


def _window(text: str) -> Window:
    match = WINDOW.fullmatch(text)
    if not match:
        raise Wrong("is not a stretch of hours", HOURS_FORM)
    start, end = _clock(match["start"]), _clock(match["end"])
    if start >= end:
        raise Wrong("has hours that end before they begin", "Write a night as two: 22:00-24:00, 00:00-06:00.")
    return Window(days=_days(match["days"]), start=time(*divmod(start, 60)), end=time(*divmod(end % 1440, 60)))


def hours(text: str) -> tuple[Window, ...]:
    """Stretches of the week; an end at 24:00 is the time 00:00."""
    windows = tuple(_window(part.strip()) for part in text.split(",") if part.strip())
    if not windows:
        raise Wrong("holds no hours", HOURS_FORM)
    return windows


def cron(text: str) -> str:
    """Five cron fields, checked by the scheduler that will read them."""
    from apscheduler.triggers.cron import CronTrigger

    example = "Write minute hour day month weekday, such as 0 7-17 * * mon-fri."
    # The scheduler counts weekdays from Monday, cron from Sunday: a number would mean another day than was meant.
    if re.search(r"(?<!/)[0-9]", "".join(text.split()[4:5])):
        raise Wrong("has a weekday as a number", "Write it by name, such as mon-fri.")
    try:
        CronTrigger.from_crontab(text, ZoneInfo("UTC"))
    except ValueError:
        raise Wrong("is not five cron fields", example) from None
    return text
