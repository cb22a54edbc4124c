"""Which delivery of a channel goes now, and when to look again if none does: hours, spacing and what blocks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.settings import Window


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that a channel owes, first in the order of `order_at` and then `id`.

    `urgent` is what a person asked for now: it waits for neither hours nor our own back-off, only for what the
    platform asked. `correction` tells an edit of a post that is already there.
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
    block_is_firm: bool = False
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
    if lane.blocked_until and (lane.block_is_firm or not waiting.urgent):
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
