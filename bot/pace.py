"""Which delivery of a channel goes now, when to look again if none does, and which waited too long to go. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.config.times import written

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.settings import Window

AT_ONCE = timedelta(hours=1)  # What comes within an hour comes at once, for those who read it.


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that a channel owes, first in the order of `order_at` and then `id`.

    `urgent` is what a person asked for now: it waits for no hours, and the asking has lifted our own back-off.
    `correction` tells an edit of a post that is already there.
    """

    id: int
    order_at: datetime
    due_at: datetime
    urgent: bool = False
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """How a channel stands: what holds it up, its last post, its hours and the least time between two posts."""

    open: bool = True
    blocked_until: datetime | None = None
    last_sent_at: datetime | None = None
    spacing: timedelta = timedelta(0)
    hours: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What a lane does next: send the delivery `id` now, or look again at `at`, or neither: there is nothing to do."""

    id: int | None = None
    at: datetime | None = None


def opens_at(hours: Sequence[Window], now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from now on that lies within the hours; now itself when there are none."""
    local = now.astimezone(zone)
    for ahead in range(8):
        day = (local + timedelta(days=ahead)).date()
        windows = sorted((w for w in hours if day.weekday() in w.days), key=lambda w: w.start)
        for window in windows:
            start = datetime.combine(day, window.start, zone)
            # An end at midnight is written 24:00 and read as 00:00, so it belongs to the next day.
            last = day + timedelta(days=1) if window.end <= window.start else day
            if now < datetime.combine(last, window.end, zone):
                return max(now, start.astimezone(now.tzinfo))
    return now


def ready_at(waiting: Waiting, lane: Lane, now: datetime, zone: ZoneInfo) -> datetime:
    """When this delivery may go, as far as its lane lets it."""
    moments = [waiting.due_at]
    if lane.blocked_until:
        moments.append(lane.blocked_until)
    if lane.last_sent_at:
        moments.append(lane.last_sent_at + lane.spacing)
    earliest = max(moments)
    if waiting.urgent or waiting.correction:
        return earliest
    return opens_at(lane.hours, max(earliest, now), zone)


def next_step(waiting: Sequence[Waiting], lane: Lane, now: datetime, zone: ZoneInfo) -> Step:
    """The first in order that may go now; else the earliest moment at which one may."""
    if not lane.open or not waiting:
        return Step()
    in_order = sorted(waiting, key=lambda w: (w.order_at, w.id))
    moments = [ready_at(w, lane, now, zone) for w in in_order]
    for delivery, moment in zip(in_order, moments, strict=True):
        if moment <= now:
            return Step(id=delivery.id)
    return Step(at=min(moments))


# --- What waited too long ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """What a feed's FLOOD and MAX_AGE let through by itself."""

    flood: int = 5
    max_age: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A share that nobody has seen; `approved` says that a person let it go, and is not asked again."""

    id: int
    feed: str
    order_at: datetime
    approved: bool = False


def turns(waiting: Sequence[Unsent], lane: Lane, zone: ZoneInfo) -> Iterator[tuple[Unsent, datetime]]:
    """When each of them, in order, would have gone if nothing but its lane's hours and spacing had held it up."""
    free = lane.last_sent_at + lane.spacing if lane.last_sent_at else None
    for unsent in waiting:
        turn = opens_at(lane.hours, max(unsent.order_at, free or unsent.order_at), zone)
        free = turn + lane.spacing
        yield unsent, turn


def overdue(
    waiting: Sequence[Unsent], lane: Lane, limits: Mapping[str, Limit], now: datetime, zone: ZoneInfo
) -> dict[int, str]:
    """Which shares a person has to let go, since their turn has long passed, and why, in the same words for all.

    A lane that was stopped, paused, blocked, or without Delebot goes on with what waited, when that is little and
    young; it doesn't pour out more than FLOOD of a feed, nor what is older than MAX_AGE.
    """
    late = [(u, now - turn) for u, turn in turns(waiting, lane, zone) if not u.approved and now - turn > AT_ONCE]
    counts = Counter(unsent.feed for unsent, _ in late)
    reasons = ((u.id, _reason(lateness, counts[u.feed], limits.get(u.feed, Limit()))) for u, lateness in late)
    return {id: why for id, why in reasons if why}


def _reason(lateness: timedelta, count: int, limit: Limit) -> str:
    if count > limit.flood:
        return f"more articles waited for the channel than FLOOD={limit.flood} lets through at once"
    if lateness > limit.max_age:
        return f"waited for the channel longer than MAX_AGE={written(limit.max_age)} allows"
    return ""
