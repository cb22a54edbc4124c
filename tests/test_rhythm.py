"""When a feed is unusually quiet: newsrooms of every rhythm, with their holidays, and some that stop."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.config.values import NEIGHBOURS, country
from bot.config.wrong import Wrong
from bot.feeds.rhythm import (
    EVERY_DAY,
    FEWEST,
    LEAST_QUIET,
    Calendar,
    Silence,
    calendar_of,
    countries,
    unusual_silence,
    usual,
    words,
)

OSLO = ZoneInfo("Europe/Oslo")
NORWAY = calendar_of("NO")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORKDAYS = (0, 1, 2, 3, 4)


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=OSLO).astimezone(UTC)


def days_of(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days))


def works(day: date) -> bool:
    return day.weekday() < 5 and not NORWAY.is_holiday(day)


def regular(weekdays: tuple[int, ...], first: date, last: date, every: int = 1) -> list[datetime]:
    """A newsroom that publishes on some weekdays of every nth week, and not on holidays."""
    return [
        at(day)
        for day in days_of(first, last)
        if day.weekday() in weekdays and day.isocalendar().week % every == 0 and not NORWAY.is_holiday(day)
    ]


def alarm(published: list[datetime], now: datetime, calendar: Calendar = NORWAY) -> Silence | None:
    return unusual_silence(published, now, OSLO, lambda: calendar)


def told_after(published: list[datetime], calendar: Calendar = NORWAY) -> int | None:
    """After how many days without an article a newsroom that has stopped is told of; None if never."""
    last, quiet, told = max(published), 0, 500
    if not alarm(published, last + told * DAY, calendar):
        return None
    while told - quiet > 1:  # An alarm stays one, so that halving finds the first day.
        middle = (quiet + told) // 2
        quiet, told = (quiet, middle) if alarm(published, last + middle * DAY, calendar) else (middle, told)
    return told


def false_alarms(published: list[datetime], remembered: int = 120) -> int:
    """How many pauses of a newsroom that goes on are taken for the end."""
    longer = (n for n, (a, b) in enumerate(pairwise(published), 1) if b - a > LEAST_QUIET * DAY)
    return sum(alarm(published[max(0, n - remembered) : n], published[n] - MINUTE) is not None for n in longer)


# --- The rhythm ----------------------------------------------------------------------------------------------------


def expected(last: date, day: date) -> list[date]:
    """The days on which people are at work, from one day until another."""
    return [d for d in days_of(last, day) if works(d) and not NORWAY.season(d)]


newsrooms = st.builds(
    regular,
    st.sets(st.sampled_from(WORKDAYS), min_size=1).map(lambda days: tuple(sorted(days))),
    st.dates(date(2021, 1, 1), date(2021, 12, 31)),
    st.dates(date(2022, 12, 1), date(2023, 6, 1)),
    st.sampled_from([1, 2, 4]),
)


@given(newsrooms, st.booleans(), st.sampled_from([20, 120]))
def test_a_newsroom_that_keeps_its_days_is_never_alarmed_about(
    published: list[datetime], has_summer: bool, remembered: int
) -> None:
    kept = [p for p in published if not (has_summer and NORWAY.season(p.date()))]
    assert false_alarms(kept, remembered) == 0


@given(newsrooms)
def test_a_newsroom_that_stops_is_told_of_within_a_few_of_its_usual_pauses(published: list[datetime]) -> None:
    longest = max(len(expected(a.date(), b.date())) for a, b in pairwise(published[-51:]))
    days = told_after(published)
    assert days is not None
    last = max(published).date()
    assert days > LEAST_QUIET and len(expected(last, last + days * DAY)) <= 4 * longest + LEAST_QUIET


@given(st.lists(st.integers(0, 30), min_size=8, max_size=60), st.integers(0, 300), st.integers(0, 2000))
def test_a_silence_that_is_unusual_stays_so_and_keeps_its_identity(pauses: list[int], soon: int, later: int) -> None:
    published = [at(date(2021, 1, 1) + timedelta(days=n)) for n in accumulate(pauses)]
    first = alarm(published, max(published) + soon * DAY)
    second = alarm(published, max(published) + (soon + later) * DAY)
    if first:
        assert second and second.since == first.since == max(published)
        assert second.working_days >= first.working_days and second.per_week == first.per_week


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=60), st.datetimes(timezones=st.just(UTC)))
def test_dates_of_any_kind_are_borne(published: list[datetime], now: datetime) -> None:
    assume(datetime(1, 1, 2, tzinfo=UTC) < now < datetime(9999, 12, 30, tzinfo=UTC))
    found = alarm(published, now, EVERY_DAY)
    assert found is None or (found.since in published and words(found))


def test_a_date_before_there_were_feeds_is_no_date() -> None:
    published = regular((1, 3), date(2025, 1, 1), date(2025, 10, 1))
    never = [datetime.min.replace(tzinfo=UTC) + n * 30 * DAY for n in range(10)]
    assert told_after(never + published) == told_after(published)
    assert alarm(never, at(date(2025, 10, 1))) is None


@given(st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_the_dates_matters(dice: random.Random) -> None:
    published = regular((1, 3), date(2025, 8, 10), date(2025, 12, 1))
    mixed = published + dice.choices(published, k=30)
    dice.shuffle(mixed)
    silence = alarm(published, max(published) + 14 * DAY)
    assert silence and silence == alarm(mixed, max(published) + 14 * DAY)


@pytest.mark.parametrize(
    ("weekdays", "every", "days"), [(WORKDAYS, 1, 7), ((1, 3), 1, 12), ((1,), 1, 14), ((1,), 2, 31), ((1,), 4, 81)]
)
def test_how_soon_a_newsroom_that_stops_is_told_of(weekdays: tuple[int, ...], every: int, days: int) -> None:
    assert told_after(regular(weekdays, date(2024, 8, 1), date(2025, 9, 15), every)) == days


def test_with_few_articles_nothing_is_said() -> None:
    published = regular((1,), date(2025, 8, 20), date(2025, 12, 1))
    assert told_after(published[:FEWEST]) is not None
    assert told_after(published[: FEWEST - 1]) is None


def test_from_little_time_nothing_is_said() -> None:
    published = regular(WORKDAYS, date(2025, 8, 20), date(2025, 12, 1))
    assert told_after(published[:20]) is None
    assert told_after(published[:21]) == 7


def test_a_batch_of_articles_is_one_publication() -> None:
    batch = [at(date(2025, 9, 1)) + n * MINUTE for n in range(40)]
    assert told_after(batch) is None
    weekly = regular((1,), date(2025, 1, 1), date(2025, 6, 1))
    assert told_after([p + n * MINUTE for p in weekly for n in range(6)]) == told_after(weekly)


def test_what_is_announced_for_the_future_does_not_hide_a_silence() -> None:
    published = regular(WORKDAYS, date(2025, 8, 1), date(2025, 10, 1))
    assert alarm([*published, at(date(2026, 1, 1))], at(date(2025, 10, 20)))


def test_weekends_count_for_those_who_publish_at_weekends() -> None:
    all_days = [at(day) for day in days_of(date(2025, 9, 1), date(2025, 11, 1))]  # until a Friday
    assert told_after(all_days) == LEAST_QUIET + 1
    assert told_after([p for p in all_days if p.weekday() < 5]) == LEAST_QUIET + 3


def bursts(dice: random.Random, first: date, last: date) -> Iterator[datetime]:
    """Articles around events, which come when they come."""
    day = first
    while day < last:
        yield from (at(day + timedelta(days=dice.randint(0, 6))) for _ in range(dice.randint(4, 10)))
        day += timedelta(days=10 + int(dice.expovariate(1 / 60)))


def test_a_newsroom_that_only_writes_about_events_is_not_expected_to_write_between_them() -> None:
    for seed in range(10):
        published = sorted(bursts(random.Random(seed), date(2024, 1, 1), date(2026, 1, 1)))
        assert false_alarms(published) == 0
        assert (told_after(published[-50:]) or 500) > 150


def test_a_few_bursts_are_no_rhythm() -> None:
    events = [date(2025, 1, 6), date(2025, 3, 3), date(2025, 5, 5), date(2025, 8, 18), date(2025, 10, 6)]
    assert told_after([at(first + timedelta(days=n)) for first in events for n in range(4)]) is None


def test_a_regular_newsletter_of_several_articles_is_a_rhythm_all_the_same() -> None:
    months = [date(year, month, 3) for year in (2024, 2025) for month in range(1, 13)]
    assert told_after([at(first + timedelta(days=n)) for first in months for n in range(3)]) is not None


# --- Holidays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "again"),
    [
        (date(2025, 7, 1), date(2025, 8, 4)),  # fellesferie
        (date(2025, 4, 11), date(2025, 4, 22)),  # Easter
        (date(2025, 12, 23), date(2026, 1, 5)),  # between Christmas and New Year
        (date(2024, 12, 20), date(2025, 1, 6)),
    ],
)
def test_holidays_are_no_silence(last: date, again: date) -> None:
    published = regular(WORKDAYS, last - timedelta(days=60), last + DAY)
    assert alarm(published, at(again)) is None
    assert alarm(published, at(again), EVERY_DAY)


def test_who_worked_last_summer_is_expected_to_this_summer() -> None:
    published = regular((1, 3), date(2024, 1, 1), date(2025, 7, 1))
    last_summer_off = [p for p in published if NORWAY.season(p.date()) != "summer"]
    august = at(date(2025, 7, 31))
    assert alarm(published, august)
    assert alarm(last_summer_off, august) is None


def test_what_was_usual_at_this_time_last_year_is_usual() -> None:
    published = regular((1, 3), date(2024, 1, 1), date(2025, 10, 1))
    pause = [p for p in published if not date(2024, 10, 1) <= p.date() < date(2024, 11, 1)]
    assert alarm(published, at(date(2025, 10, 28)))
    assert alarm(pause, at(date(2025, 10, 28))) is None
    assert alarm(pause, at(date(2025, 12, 1)))


def test_the_country_is_only_asked_for_where_a_silence_is_long() -> None:
    def never() -> Calendar:
        raise AssertionError("the calendar was asked for")

    published = regular((1,), date(2025, 1, 1), date(2025, 12, 1))
    assert unusual_silence(published, max(published) + 10 * DAY, OSLO, never) is None


def test_every_country_that_may_be_named_has_a_calendar() -> None:
    for code in ("NO", "SE", "DK", "FI", "IS", "GB", "DE"):
        assert code in countries().values()
        assert calendar_of(code).is_holiday(date(2026, 12, 25))
    assert not calendar_of("").is_holiday(date(2026, 12, 25))
    assert calendar_of("GB").season(date(2026, 7, 14)) == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("No", "NO"),
        ("nor", "NO"),
        ("Norge", "NO"),
        ("Norway", "NO"),
        ("se", "SE"),
        ("Danmrk", "DK"),
        ("GB-SCT", "GB"),
        ("nei", "no"),
        ("none", "no"),
    ],
)
def test_another_word_for_a_country_is_asked_about(written: str, meant: str) -> None:
    with pytest.raises(Wrong) as caught:
        country(written)
    assert (caught.value.what, caught.value.hint) == (
        "is not a country such as NO, SE, DK or GB, and not no",
        f"Did you mean {meant}?",
    )


def test_a_country_is_named_by_its_two_letters_and_none_by_no() -> None:
    assert [country(text) for text in ("NO", "GB", "DE", "no")] == ["NO", "GB", "DE", ""]
    assert set(NEIGHBOURS) <= set(countries().values())


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weekdays", "every", "expected"),
    [
        (WORKDAYS, 1, "usually 5 articles a week, none for"),
        ((1, 3), 1, "usually 2 articles a week, none for"),
        ((1,), 1, "usually 1 article a week, none for"),
        ((1,), 2, "usually 2 articles a month, none for"),
        ((1,), 4, "usually 1 article a month, none for"),
        ((1,), 13, "usually 1 article every 3 months, none for"),
    ],
)
def test_a_silence_in_words(weekdays: tuple[int, ...], every: int, expected: str) -> None:
    published = regular(weekdays, date(2022, 8, 1), date(2025, 9, 1), every)
    silence = alarm(published, max(published) + 900 * DAY)
    assert silence is not None and words(silence) == f"{expected} {silence.days} days"


@pytest.mark.parametrize(
    ("per_week", "expected"),
    [
        (14.2, "14 articles a week"),
        (0.75, "1 article a week"),
        (0.7, "3 articles a month"),
        (0.18, "1 article a month"),
        (0.17, "1 article every 2 months"),
        (0.01, "1 article every 23 months"),
    ],
)
def test_how_many_articles_are_usual_in_words(per_week: float, expected: str) -> None:
    assert usual(per_week) == expected


def test_several_articles_a_day_are_all_counted_in_the_words() -> None:
    published = [p + n * MINUTE for p in regular(WORKDAYS, date(2025, 8, 1), date(2025, 9, 13)) for n in range(3)]
    silence = alarm(published, at(date(2025, 9, 22)))
    assert silence is not None and words(silence) == "usually 15 articles a week, none for 10 days"


# --- Years of newsrooms --------------------------------------------------------------------------------------------

Newsroom = Callable[[random.Random, date], bool]
SIMULATED: dict[str, tuple[Newsroom, int, int]] = {
    # Whether there is an article on a working day; the false alarms of four newsrooms in four years; days until the
    # end is told of.
    "weekly, now and then not": (lambda dice, day: day.weekday() == 1 and dice.random() < 0.93, 2, 55),
    "twice a week, now and then not": (lambda dice, day: day.weekday() in (1, 3) and dice.random() < 0.88, 1, 30),
    "twice a week, by chance": (lambda dice, _: dice.random() < 0.4, 2, 45),
    "daily": (lambda dice, _: dice.random() < 0.92, 1, 12),
    "once a week, by chance": (lambda dice, _: dice.random() < 0.2, 0, 75),
}


def simulated(newsroom: Newsroom, seed: int) -> list[datetime]:
    """Four years of a newsroom that keeps the holidays and works little when most are away."""
    dice = random.Random(seed)
    days = days_of(date(2022, 1, 1), date(2026, 1, 1))
    return [at(d) for d in days if works(d) and not (NORWAY.season(d) and dice.random() < 0.9) and newsroom(dice, d)]


@pytest.mark.parametrize("name", SIMULATED)
def test_years_of_newsrooms_raise_few_alarms_and_their_end_is_told_of(name: str) -> None:
    newsroom, most, days = SIMULATED[name]
    histories = [simulated(newsroom, seed) for seed in range(4)]
    assert sum(map(false_alarms, histories)) <= most
    ends = [[p for p in history if p.date() < date(2024, 10, 1)] for history in histories]
    assert all((told_after(end) or 500) <= days for end in ends)
