"""What somebody must be told: what is wrong now, less what was told already; and again when it is well. Pure.

A thing that is wrong is told once, together with what else is, and never through the channel that it is about. It is
told again when it gets worse, ever more rarely, so that what comes and goes makes no storm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

MESSAGES_AT_ONCE = 3  # So many messages may follow each other; what is wrong then waits and is told together.
WITHIN = timedelta(minutes=30)
AGAIN_AFTER = tuple(timedelta(minutes=m) for m in (0, 10, 30, 120, 360, 1440))
CALM = timedelta(days=1)  # What was well for so long begins anew when it goes wrong again.
COMES_AND_GOES = 3  # What was told so often is said to be well only when it has been so for a while.
SURELY_WELL = timedelta(hours=1)
LINES = 12
MORE = "There is more: delebot status"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, and what to do about it.

    `key` names it for as long as it lasts, and `size` grows when it gets worse. `about` is the channel through which
    it is never told. `well` says that it is over; it is empty where nobody needs to hear that.
    """

    key: str
    what: str
    do: str = ""
    about: str = ""
    well: str = ""
    size: int = 0

    @property
    def line(self) -> str:
        return f"{self.what}. {self.do}" if self.do else self.what


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is remembered of something wrong: since when, when and of what size it was told last, and how often."""

    key: str
    about: str
    well: str
    began_at: datetime
    size: int = 0
    told_at: datetime | None = None
    ended_at: datetime | None = None
    times: int = 0

    @property
    def is_told(self) -> bool:
        """Whether this time of it was told."""
        return self.told_at is not None and self.told_at >= self.began_at

    @property
    def owes_relief(self) -> bool:
        """Whether somebody heard that it was wrong, and not yet that it is well."""
        return bool(self.well and self.ended_at and self.told_at and self.began_at <= self.told_at < self.ended_at)


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told now, by channel, and every alarm that changed with it."""

    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()


def telling(
    wrong: Sequence[Trouble],
    alarms: Mapping[str, Alarm],
    channels: Collection[str],
    now: datetime,
    patience: timedelta = timedelta(0),
) -> Telling:
    """What to tell through these channels, those of ALERTS that are open.

    With patience, in which more may go wrong for the same reason, nothing is told before that time is over.
    """
    present = {w.key: _going_on(w, alarms.get(w.key), now) for w in wrong}
    past = {key: _over(alarm, now) for key, alarm in alarms.items() if key not in present}
    news = [w for w in wrong if _is_news(w, present[w.key], now)]
    relief = [alarm for alarm in past.values() if _is_relief(alarm, now)]
    messages: dict[str, tuple[str, ...]] = {}
    if _may_speak([*present.values(), *past.values()], now) and _settled(news, present, now, patience):
        lines = [(w.about, w.line) for w in news] + [(a.about, a.well) for a in relief]
        messages = {name: told for name in channels if (told := tuple(line for about, line in lines if about != name))}
        for w in news:
            if any(name != w.about for name in messages):
                present[w.key] = _told(replace(present[w.key], size=w.size), now)
        for alarm in relief:
            if any(name != alarm.about for name in messages):
                past[alarm.key] = replace(alarm, told_at=now)
    changed = (a for a in (*present.values(), *past.values()) if alarms.get(a.key) != a)
    return Telling(messages, tuple(changed))


def _going_on(wrong: Trouble, known: Alarm | None, now: datetime) -> Alarm:
    """The alarm of something that is wrong; one that was over begins again, and remembers how often it was told."""
    if known and known.ended_at is None:
        return replace(known, well=wrong.well, about=wrong.about)
    recent = known is not None and known.told_at is not None and _since(known.told_at, now) < CALM
    if known and recent:
        return Alarm(wrong.key, wrong.about, wrong.well, now, told_at=known.told_at, times=known.times)
    return Alarm(wrong.key, wrong.about, wrong.well, now)


def _over(alarm: Alarm, now: datetime) -> Alarm:
    return alarm if alarm.ended_at else replace(alarm, ended_at=now)


def _told(alarm: Alarm, now: datetime) -> Alarm:
    return replace(alarm, told_at=now, times=alarm.times + 1)


def _since(moment: datetime, now: datetime) -> timedelta:
    """How long ago that was; a moment that lies ahead, for the clock was set back, is long ago."""
    return now - moment if now >= moment else CALM


def _is_news(wrong: Trouble, alarm: Alarm, now: datetime) -> bool:
    """Whether this must be told: it is new or has grown, and was not told too lately."""
    if alarm.is_told and wrong.size <= alarm.size:
        return False
    wait = AGAIN_AFTER[min(alarm.times, len(AGAIN_AFTER) - 1)]
    return alarm.told_at is None or _since(alarm.told_at, now) >= wait


def _is_relief(alarm: Alarm, now: datetime) -> bool:
    if not alarm.owes_relief or alarm.ended_at is None:
        return False
    return alarm.times < COMES_AND_GOES or _since(alarm.ended_at, now) >= SURELY_WELL


def _may_speak(alarms: Sequence[Alarm], now: datetime) -> bool:
    """Whether another message makes no storm of those that were sent lately."""
    lately = {a.told_at for a in alarms if a.told_at and now - WITHIN < a.told_at <= now}
    return len(lately) < MESSAGES_AT_ONCE


def _settled(news: Sequence[Trouble], present: Mapping[str, Alarm], now: datetime, patience: timedelta) -> bool:
    """Whether nothing new has gone wrong for a while, or the first of it has waited long enough."""
    began = [present[w.key].began_at for w in news if not present[w.key].is_told]
    return not began or now - max(began) >= patience or now - min(began) >= 3 * patience


def message(lines: Sequence[str], before: str = "") -> str:
    """The words of one message, after those that wait to be sent. Nobody reads a hundred lines."""
    whole = [line.removeprefix("• ") for line in before.split("\n") if line and line != MORE] + list(lines)
    if len(whole) == 1:
        return whole[0]
    return "\n".join([f"• {line}" for line in whole[:LINES]] + [MORE] * (len(whole) > LINES))
