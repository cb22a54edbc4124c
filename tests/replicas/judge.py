"""Says which promises of replicas were broken, beside those that hold for one Delebot as well. Pure.

Times are seconds of one clock, that of the bench, which also stops and kills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.faults import judge as shared
from tests.faults.judge import Broken, Row, Verdict

TOGETHER = timedelta(seconds=2)  # What two polls find within this has no order: each writes it down in its own time.
MARGIN = 2.0  # Seconds by which a poll may come early: the moment is counted from the last answer, not its question.
AT_ONCE = 1.0
TO_SAVE = 5.0  # Seconds in which what was answered is surely saved; after a kill before that it is asked for again.
RESUMED_WITHIN = 30.0
LONGEST_PAUSE = 3.0  # Seconds. A transaction that does nothing for longer waits for something outside.


@dataclass(frozen=True, slots=True)
class Poll:
    """One request for a feed, of which process (0 where nobody could tell), and when it was answered.

    `cut_off` is that it got no answer: on a connection that was kept open, a client then asks once more at once.
    """

    feed: str
    process: int
    began: float
    ended: float
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    process: int
    at: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A time without the database."""

    how: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Orphan:
    """What a process was at when it was killed, and when another one took it up."""

    lane: str
    killed_at: float
    resumed_at: float | None

    @property
    def after(self) -> float | None:
        return None if self.resumed_at is None else self.resumed_at - self.killed_at


@dataclass(frozen=True, slots=True)
class Told:
    """A line of an alert as somebody got it. What arrives again under the same key is the same message."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Record:
    """All that the judge reads. `jobs` are the engine's, in the end, by their state; `left` is what still holds a lane.

    `expected` are words of which somebody must have been told. `paused` is for how long a transaction did nothing.
    """

    shared: shared.Record
    every: float
    polls: Sequence[Poll] = ()
    kills: Sequence[Kill] = ()
    stops: Sequence[Stop] = ()
    orphans: Sequence[Orphan] = ()
    alerts: Sequence[Told] = ()
    expected: Sequence[str] = ()
    jobs: Mapping[str, int] = field(default_factory=dict)
    left: Sequence[str] = ()
    paused: float = 0.0


SHARED = tuple(promise for promise in shared.PROMISES if promise != "order")
OWN = ("order", "polled twice", "not resumed", "alerts", "engine", "left behind", "connection held")
PROMISES = (*SHARED, *OWN)


def judge(record: Record) -> Verdict:
    """Everything that should not have happened."""
    rules = (_order, _polled_twice, _not_resumed, _alerts, _engine, _left, _held)
    own = (broken for rule in rules for broken in rule(record))
    return Verdict((*shared.judge(record.shared, without=("order",)).broken, *own))


def _order(record: Record) -> Iterable[Broken]:
    """Attempted for the first time after what was owed later: of the same feed, or clearly later of another one."""
    rows = {(row.channel, row.number): row for row in record.shared.rows}
    for channel in record.shared.channels:
        arrived = (a.number for a in record.shared.arrivals if a.channel == channel.name and not a.decided)
        first = [row for n in dict.fromkeys(arrived) if (row := rows.get((channel.name, n))) and not row.interrupted]
        yield from _out_of_order(channel.name, first)


def _out_of_order(channel: str, attempted: Sequence[Row]) -> Iterable[Broken]:
    latest: Row | None = None
    latest_of: dict[str, Row] = {}
    for row in attempted:
        before = latest_of.get(row.feed)
        if before and _place(row) < _place(before):
            yield Broken("order", channel, row.number, f"it was attempted first after {before.number} of its feed")
        elif latest and _owed_at(row) + TOGETHER < _owed_at(latest):
            by = _owed_at(latest) - _owed_at(row)
            how = f"it was attempted first after {latest.number}, which was owed {by.total_seconds():.1f} s later"
            yield Broken("order", channel, row.number, how)
        latest_of[row.feed] = max(row, before or row, key=_place)
        latest = max(row, latest or row, key=_owed_at)


def _owed_at(row: Row) -> datetime:
    return datetime.fromisoformat(row.owed_at)


def _place(row: Row) -> tuple[datetime, int]:
    return _owed_at(row), row.id


def _polled_twice(record: Record) -> Iterable[Broken]:
    """Asked again too early, though nothing hit the poll before."""
    last: dict[str, Poll] = {}
    for poll in sorted(record.polls, key=lambda p: p.began):
        before = last.get(poll.feed)
        last[poll.feed] = poll
        if not before or poll.began - before.began >= record.every - MARGIN:
            continue
        if not _is_one_poll(before, poll) and not _was_hit(before, record):
            apart, whose = poll.began - before.began, f"by {before.process} and {poll.process}"
            yield Broken("polled twice", poll.feed, 0, f"asked twice within {apart:.1f} s, {whose}")


def _is_one_poll(before: Poll, poll: Poll) -> bool:
    return before.cut_off and before.process == poll.process and poll.began - before.ended < AT_ONCE


def _was_hit(poll: Poll, record: Record) -> bool:
    """Whether its process was killed, or the database gone, before what it gave was surely saved."""
    end = poll.ended + TO_SAVE
    # Whose process was gone already when its question was read, that one was killed just before.
    began = poll.began if poll.process else poll.began - TO_SAVE
    killed = any(k.process == poll.process or not poll.process for k in record.kills if began <= k.at <= end)
    return killed or any(poll.began <= stop.ended + TO_SAVE and stop.began <= end for stop in record.stops)


def _not_resumed(record: Record) -> Iterable[Broken]:
    for orphan in record.orphans:
        if orphan.after is None:
            yield Broken("not resumed", orphan.lane, 0, "its process was killed, and nobody took it up")
        elif orphan.after > RESUMED_WITHIN:
            yield Broken("not resumed", orphan.lane, 0, f"its process was killed, and it lay for {orphan.after:.1f} s")


def _alerts(record: Record) -> Iterable[Broken]:
    """The same told in two messages, or not at all."""
    said = Counter(told.words for told in dict.fromkeys(record.alerts))
    for words, times in said.items():
        if times > 1:
            yield Broken("alerts", "", 0, f"somebody was told {times} times: {words}")
    for expected in record.expected:
        if not any(expected in words for words in said):
            yield Broken("alerts", "", 0, f"nobody was told: {expected}")


def _engine(record: Record) -> Iterable[Broken]:
    """Jobs of the engine that will never be done, or that a process which has ended is at."""
    for state in ("aborted", "failed", "doing"):
        if count := record.jobs.get(state, 0):
            yield Broken("engine", "", 0, f"{count} jobs of the engine are {state} in the end")


def _left(record: Record) -> Iterable[Broken]:
    for lane in record.left:
        yield Broken("left behind", lane, 0, "everybody has ended, and it is still held")


def _held(record: Record) -> Iterable[Broken]:
    if record.paused > LONGEST_PAUSE:
        yield Broken("connection held", "", 0, f"a transaction did nothing for {record.paused:.1f} s")
