"""Says when a feed is quiet for longer than its newsroom's own rhythm explains, by the dates of its articles. Pure.

Time is counted in the days on which the newsroom works: not on holidays, in the weeks when most people are away, nor
at weekends unless it publishes then. All articles of one day are one publication, so that a batch is no rhythm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
from statistics import fmean, median
from zoneinfo import ZoneInfo

REACH = timedelta(days=3 * 366)  # Before the last article; what is older says little about today's newsroom.
NO_FEEDS_YET = datetime(1995, 1, 1, tzinfo=UTC)  # A date before is no date.
RECENT = 50  # Publications from which the rhythm is learnt.
FEWEST = 8  # With fewer publications nothing can be said,
SHORTEST = timedelta(days=28)  # nor from less time: it may have been one burst.
LEAST_QUIET = 4  # Working days; a shorter silence is never worth a word.
BURST = 4  # A pause this many times as long as usual parts one burst of articles from the next.
AT_WEEKENDS = 0.15  # Of all publications; a newsroom to which all days are alike has 0.29 at weekends.
YEAR = timedelta(days=364)  # The same weekday a year ago.
SAME_SEASON = timedelta(days=28)
CACHED = 4096  # Days: all that is looked at of one newsroom.


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a country does not work: its public holidays, and the seasons in which most people are away.

    `season` names the season of a day; an ordinary day has none.
    """

    is_holiday: Callable[[date], bool]
    season: Callable[[date], str]


EVERY_DAY = Calendar(lambda _: False, lambda _: "")
SUMMER = dict.fromkeys(("NO", "SE", "DK"), range(27, 32))  # ISO weeks; the common holiday lies in their middle.


@lru_cache(maxsize=8)
def calendar_of(country: str) -> Calendar:
    """The calendar of HOLIDAYS; without a country, one in which there is no holiday."""
    if not country:
        return EVERY_DAY
    from holidays import country_holidays  # Late, for it takes 17 MB, which a feed that is not quiet never needs.

    is_holiday = lru_cache(CACHED)(country_holidays(country).__contains__)
    return Calendar(is_holiday, lru_cache(CACHED)(partial(_season, is_holiday, SUMMER.get(country, ()))))


def _season(is_holiday: Callable[[date], bool], summer: Collection[int], day: date) -> str:
    christmas = date(day.year - (day.month == 1), 12, 25)
    if -1 <= (day - christmas).days <= 7 and is_holiday(christmas):
        return "Christmas"
    if day.isocalendar().week in summer:
        return "summer"
    thursday = day + timedelta(days=3 - day.weekday())
    if day < thursday and is_holiday(thursday) and is_holiday(thursday + timedelta(days=1)):
        return "Easter"  # Where Thursday and Friday are holidays, as in Norway, few work on the days before.
    return ""


def countries() -> dict[str, str]:
    """The two letters of every country whose holidays are known, by all its codes and its name in lower case."""
    from holidays.registry import COUNTRIES

    known: dict[str, str] = {}
    for name, (_, code, *others) in COUNTRIES.items():
        known |= dict.fromkeys((name, code.casefold(), *(other.casefold() for other in others)), code)
    return known


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that the newsroom's rhythm doesn't explain.

    `since` is the date of the last article, and with it the silence's identity. `days` counts the whole days since,
    `working_days` those of them on which the newsroom would work; `per_week` is how many articles are usual.
    """

    since: datetime
    days: int
    working_days: int
    per_week: float


def words(silence: Silence) -> str:
    """The silence in words, such as: usually 2 articles a week, none for 12 days."""
    return f"usually {usual(silence.per_week)}, none for {silence.days} days"


def usual(per_week: float) -> str:
    """How many articles are usual, by the week, or by the month for those that write less."""
    a_month = per_week * 52 / 12
    if per_week >= 0.75:
        number, span = round(per_week), "a week"
    elif a_month >= 0.75:
        number, span = round(a_month), "a month"
    else:
        number, span = 1, f"every {max(2, round(1 / a_month))} months"
    return f"{max(number, 1)} article{'s' if number > 1 else ''} {span}"


def unusual_silence(
    published: Iterable[datetime], now: datetime, zone: ZoneInfo, calendar: Callable[[], Calendar]
) -> Silence | None:
    """The present silence, if it is longer than any that this newsroom's past leads one to expect; else None.

    `published` are the dates of all articles that are remembered, in any order; the last fifty days with articles
    tell the rhythm, and those of a year ago what is usual at this time of the year. Dates in the future are ignored.
    `calendar` is only called where a silence is well longer than usual. While nothing new is published, a silence that
    is unusual stays so.
    """
    past = {at for at in published if NO_FEEDS_YET <= at <= now}
    since = max(past, default=now)
    on_day = Counter(at.astimezone(zone).date() for at in past if since - at <= REACH)
    days, today = sorted(on_day), now.astimezone(zone).date()
    if len(days) < FEWEST or days[-1] - days[0] < SHORTEST:
        return None
    if (today - days[-1]).days <= max(LEAST_QUIET, 1.5 * _apart(days)):
        return None
    week, workdays = _worked(days, today, calendar())
    cycles = [workdays.between(*pair) + 1 for pair in pairwise(days[-RECENT:])]
    patience = _patience(cycles)
    quiet = workdays.between(days[-1], today)
    if patience is None or quiet < max(LEAST_QUIET, patience, _last_year(days, workdays) + _margin(cycles)):
        return None
    at_once = median(on_day[day] for day in days[-RECENT:])
    return Silence(since, (today - days[-1]).days, quiet, week / fmean(cycles) * at_once)


# --- Working days --------------------------------------------------------------------------------------------------


class Workdays:
    """Counts the days on which a newsroom works, out of the days of a stretch in their order."""

    def __init__(self, first: date, works: Iterable[bool]) -> None:
        self._first = first.toordinal()
        self._before = [0, *accumulate(works)]

    def between(self, earlier: date, later: date) -> int:
        """How many there are after the earlier and before the later day; what follows the stretch has none."""
        before = min(later.toordinal() - self._first, len(self._before) - 1)
        return self._before[before] - self._before[earlier.toordinal() - self._first + 1]


def _worked(days: Sequence[date], today: date, calendar: Calendar) -> tuple[int, Workdays]:
    """On how many days of a week this newsroom works, and its working days until today, or for a few years."""
    recent, last = days[-RECENT:], min(today, days[-1] + REACH)
    at_weekends = sum(day.weekday() >= 5 for day in recent) >= AT_WEEKENDS * len(recent)
    stretch = [date.fromordinal(n) for n in range(days[0].toordinal(), last.toordinal() + 1)]
    seasons = [calendar.season(day) for day in stretch]
    busy = _busy_seasons(days, zip(seasons, stretch, strict=True))
    works = (
        season in busy and (at_weekends or day.weekday() < 5) and not calendar.is_holiday(day)
        for season, day in zip(seasons, stretch, strict=True)
    )  # fmt: skip
    return 7 if at_weekends else 5, Workdays(days[0], works)


def _apart(days: Sequence[date]) -> float:
    """How many days lie from one publication to the next on average."""
    recent = days[-RECENT:]
    return (recent[-1] - recent[0]).days / (len(recent) - 1)


def _busy_seasons(days: Sequence[date], stretch: Iterable[tuple[str, date]]) -> set[str]:
    """The seasons in which this newsroom worked the last time as it does at other times, the ordinary one first."""
    published, busy, apart = set(days), {""}, _apart(days)
    for season, run in groupby(stretch, itemgetter(0)):
        within = [day for _, day in run]
        # A season at either end of what is known may be there in part only.
        if season and days[0] < within[0] and within[-1] < days[-1]:
            often = len(published.intersection(within)) >= max(2, len(within) / apart / 2)
            busy = busy | {season} if often else busy - {season}
    return busy


# --- The rhythm ----------------------------------------------------------------------------------------------------


def _bursts(cycles: Sequence[int]) -> list[int]:
    """The pauses that part one burst of articles from the next; empty where these make up less than half of the time.

    One long pause is no burst, and neither are those that chance makes among many.
    """
    long = [cycle for cycle in cycles if cycle > BURST * median(cycles)]
    return long if sum(long) > sum(cycles) / 2 else []


def _patience(cycles: Sequence[int]) -> float | None:
    """How many quiet working days this rhythm explains; None when it is none, because events and not weeks make it."""
    bursts = _bursts(cycles)
    if not bursts:
        return max(cycles) - 1 + _margin(cycles)
    if len(bursts) < FEWEST - 1 or _bursts(bursts):
        return None
    return max(bursts) - 1 + _margin(bursts)


def _margin(cycles: Sequence[int]) -> float:
    """How much longer than ever a pause may last: the more, the less is known of this newsroom.

    In a newsroom that writes whenever chance has it, about one pause in a thousand is longer by more than three usual
    ones and a bit. One that keeps to its days needs less: half of its longest pause and a bit.
    """
    known = len(cycles)
    return min((0.5 + 20 / known) * max(cycles), (3 + 10 / known) * fmean(cycles))


def _last_year(days: Sequence[date], workdays: Workdays) -> int:
    """The longest silence, in working days, that began at this time of the year a year ago."""
    then = days[-1] - YEAR
    return max((workdays.between(a, b) for a, b in pairwise(days) if abs(a - then) <= SAME_SEASON), default=0)
