"""Dates as people write them, in the languages that Delebot has words in."""

from __future__ import annotations

from datetime import UTC, datetime

LIKE_NORWEGIAN = "januar februar mars april mai juni juli august september oktober november desember"
MONTHS = {
    "nb": LIKE_NORWEGIAN,
    "nn": LIKE_NORWEGIAN,
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "en": "January February March April May June July August September October November December",
}
ORDINAL = frozenset(("nb", "nn", "da"))


def in_words(when: datetime, language: str) -> str:
    """The day in UTC, such as «20. november 2026»; in English for a language that is not known."""
    when = when.astimezone(UTC)
    month = MONTHS.get(language, MONTHS["en"]).split()[when.month - 1]
    return f"{when.day}{'.' if language in ORDINAL else ''} {month} {when.year}"
