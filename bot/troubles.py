"""What is wrong, as far as the rows and the machine tell: what `status` shows and what somebody is told of. Pure."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from bot.alerts import Trouble
from bot.outcome import State
from bot.plan import WAITS_FOR_APPROVAL

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.settings import Config

FAILURES = 3  # One failed poll is the weather,
FAILING_FOR = timedelta(days=1)  # unless polls are so rare that the second one comes a day later.
STUCK_FOR = timedelta(hours=1)  # What a platform could not take for so long is no passing trouble.
CREDENTIALS_END = (14, 7, 1, 0)  # Days before the end at which somebody is told.
LITTLE_SPACE = 100_000_000  # Bytes. With less the next pictures and the history may not fit.
LOST_FOR = timedelta(minutes=2)  # Whatever starts a replica again needs a moment for it.
ALIKE_AFTER = timedelta(minutes=15)  # One after the other they are given a new version or configuration.
CLOCK_OFF = timedelta(minutes=2)  # Signatures are refused beyond some minutes, and times of posts are wrong.

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that wait for a person for one reason; `title` is that of the first, `items` how many articles."""

    state: State
    why: str
    feed: str
    channels: tuple[str, ...]
    ids: tuple[int, ...]
    items: int
    title: str
    tried: bool


@dataclass(frozen=True, slots=True)
class Stuck:
    """A lane whose first post was tried and did not get through: how many wait, since when, and why."""

    count: int
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows don't tell: bytes free where the state is, how far the clock is ahead of the sites', and how
    unusually quiet each feed is, in words, by the moment of its last article. None is what nobody has looked at."""

    disk_free: int | None = None
    clock_ahead: timedelta | None = None
    silences: Mapping[str, tuple[datetime, str]] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand, read in one go."""

    feeds: Mapping[str, Row] = field(default_factory=dict)
    channels: Mapping[str, Row] = field(default_factory=dict)
    waiting: Sequence[Waiting] = ()
    stuck: Mapping[str, Stuck] = field(default_factory=dict)
    replicas: Sequence[Row] = ()


def can_tell(key: str, facts: Facts, config: Config) -> bool:
    """Whether it is known if this trouble goes on: what nobody has looked at is not well for that."""
    about, _, rest = key.partition(" ")
    names = {"feed": set(config.feeds), "channel": set(config.channels)}.get(about)
    if names is not None and not any(rest.startswith(f"{name} ") for name in names):
        return False  # What is no longer configured is not well again, it is gone.
    unknown = {"disk": facts.disk_free, "clock": facts.clock_ahead, "quiet": facts.silences}
    return (
        next((fact for word, fact in unknown.items() if key == word or f" {word} since " in key), "known") is not None
    )


def what_is_wrong(standing: Standing, facts: Facts, config: Config, now: datetime) -> list[Trouble]:
    """Everything that somebody should know of, the gravest first."""
    zone = config.bot.timezone
    return [
        *_of_machine(facts),
        *_of_replicas(standing.replicas, now, zone),
        *(t for name in config.channels if (t := _of_channel(name, standing, now, zone))),
        *(t for name in config.channels if (t := _of_credentials(name, standing.channels.get(name, {}), now, zone))),
        *(t for name in config.feeds if (t := _of_feed(name, standing.feeds.get(name, {}), now, zone))),
        *(t for name in config.feeds for t in _of_news(name, standing.feeds.get(name, {}), facts)),
        *(of_waiting(w, standing) for w in standing.waiting if w.why != WAITS_FOR_APPROVAL),
    ]


# --- Channels ------------------------------------------------------------------------------------------------------


def _of_channel(name: str, standing: Standing, now: datetime, zone: ZoneInfo) -> Trouble | None:
    """A channel that stopped, or through which nothing gets."""
    row, stuck = standing.channels.get(name, {}), standing.stuck.get(name)
    if row.get("stopped_at"):
        return Trouble(
            f"channel {name} stopped",
            f"{name} is stopped: {row['stopped_why']}. What comes meanwhile waits",
            f"Mend it, then run: delebot resume {name}",
            about=name,
            well=f"{name} goes on",
        )
    if stuck and now - stuck.since >= STUCK_FOR:
        number = "1 post waits" if stuck.count == 1 else f"{stuck.count} posts wait"
        return Trouble(
            f"channel {name} stuck",
            f"{name}: {number} since {short(stuck.since, zone)}: {stuck.why}",
            "They are tried again by themselves; look whether the platform works",
            about=name,
            well=f"{name} takes posts again",
        )
    return None


def _of_credentials(name: str, row: Row, now: datetime, zone: ZoneInfo) -> Trouble | None:
    """Credentials that the platform does not accept any more, or that end soon."""
    if row.get("verify_why") and not row.get("stopped_at"):
        what = f"{name}: its credentials are not accepted: {row['verify_why']}"
        do = f"Mend channels/{name}.env, then run: delebot check"
        return Trouble(
            f"channel {name} credentials", what, do, about=name, well=f"{name}: its credentials are accepted"
        )
    until: datetime | None = row.get("good_until")
    if until is None or until - now > timedelta(days=CREDENTIALS_END[0]):
        return None
    days = (until - now) / timedelta(days=1)
    size = sum(days <= end for end in CREDENTIALS_END)
    when = f"ended on {short(until, zone)}" if days <= 0 else f"end on {short(until, zone)}, in {_days(days)}"
    what = f"{name}: its credentials, or the version of the interface that it uses, {when}"
    do = f"Renew them as the page of its kind tells, in channels/{name}.env"
    return Trouble(f"channel {name} ends", what, do, about=name, well=f"{name} has new credentials", size=size)


def _days(days: float) -> str:
    whole = max(round(days), 1)
    return "1 day" if whole == 1 else f"{whole} days"


# --- Feeds ---------------------------------------------------------------------------------------------------------


def _of_feed(name: str, row: Row, now: datetime, zone: ZoneInfo) -> Trouble | None:
    """A feed that can't be read, or is no feed any more."""
    failures, ok_at = row.get("failures") or 0, row.get("ok_at")
    long = ok_at is not None and failures > 1 and now - ok_at >= FAILING_FOR
    if not row.get("problem") or not (row.get("gone") or failures >= FAILURES or long):
        return None
    since = f", last read {short(ok_at, zone)}" if ok_at else ""
    what = f"The feed {name} could not be read {failures} times in a row{since}: {row['problem']}"
    if row.get("gone"):
        what = f"The feed {name} is gone and not asked any more{since}: {row['problem']}"
    return Trouble(f"feed {name} broken", what, "Look with: delebot check", well=f"The feed {name} is read again")


def _of_news(name: str, row: Row, facts: Facts) -> Iterator[Trouble]:
    """Articles that should be in the feed and are not."""
    missing = (row.get("site") or {}).get("missing") or []
    if missing:
        first = missing[0]["title"]
        more = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
        what = f"{name}: «{first}»{more} on the site and missing from its feed"
        do = "A cache of the site may hold the feed back: empty it, or leave the feed out of it"
        yield Trouble(f"feed {name} misses", what, do, well=f"{name}: the feed has caught up with its site")
    if facts.silences and name in facts.silences:
        since, words = facts.silences[name]
        do = "If that is not meant, look whether the site still publishes into this feed"
        yield Trouble(
            f"feed {name} quiet since {since:%Y-%m-%d}", f"{name}: {words}", do, well=f"{name} has news again"
        )


# --- What waits for a person ---------------------------------------------------------------------------------------


def of_waiting(w: Waiting, standing: Standing) -> Trouble:
    """Deliveries that wait for a person, together and not one by one."""
    size, ids = max(w.ids), numbers(w.ids, [id for other in standing.waiting if other != w for id in other.ids])
    mark = sha256(w.why.encode(errors="surrogatepass")).hexdigest()[:12]
    if w.state == State.HELD and not w.tried:
        what = f"1 article held, «{w.title}»" if w.items == 1 else f"{w.items} articles held"
        where = f" on {', '.join(w.channels)}" if w.channels else ""
        do = f"Send {_it(w)}: delebot approve {ids}, or drop {_it(w)}: delebot skip {ids}"
        return Trouble(f"held {w.feed} {mark}", f"{w.feed}: {what}{where}: {w.why}", do, size=size)
    channel = w.channels[0]
    post = f"«{w.title}»" if len(w.ids) == 1 else f"{len(w.ids)} posts, first «{w.title}»,"
    either = f"delebot retry {ids} or delebot skip {ids}"
    said, do = {
        State.UNKNOWN: ("may or may not have arrived", f"Look there, then run: {either}"),
        State.REFUSED: ("met a refusal", f"Mend it, then run: {either}"),
    }.get(w.state, ("can't get through", f"Run: {either}"))
    what = f"{channel}: {post} {said}: {w.why}"
    return Trouble(f"{w.state} {channel} {mark}", what, do, about=channel, size=size)


def _it(w: Waiting) -> str:
    return "it" if len(w.ids) == 1 else "them"


def numbers(ids: Sequence[int], others: Sequence[int] | None = None) -> str:
    """Numbers of deliveries as commands take them: 12-14 17.

    A range leaves alone what waits for nobody. So, where the others that wait for a person are told, it may lead over
    everything else.
    """
    runs: list[list[int]] = []
    apart = None if others is None else sorted(others)
    for id in sorted(ids):
        joined = bool(runs) and (id == runs[-1][1] + 1 if apart is None else _none_between(apart, runs[-1][1], id))
        if joined:
            runs[-1][1] = id
        else:
            runs.append([id, id])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _none_between(apart: Sequence[int], low: int, high: int) -> bool:
    return bisect(apart, low) == bisect(apart, high)


# --- The machine ---------------------------------------------------------------------------------------------------


def _of_machine(facts: Facts) -> Iterator[Trouble]:
    if facts.disk_free is not None and facts.disk_free < LITTLE_SPACE:
        what = f"The disk of the state has {facts.disk_free / 1_000_000:.0f} MB left"
        do = "Free some space: when it is full, nothing can be remembered and nothing is sent"
        yield Trouble("disk", what, do, well="The disk of the state has space again")
    if facts.clock_ahead is not None and abs(facts.clock_ahead) >= CLOCK_OFF:
        way = "ahead of" if facts.clock_ahead > timedelta(0) else "behind"
        minutes = round(abs(facts.clock_ahead) / timedelta(minutes=1))
        what = f"The clock of this machine is {minutes} minutes {way} that of the sites"
        yield Trouble(
            "clock", what, "Have it set by the network (NTP)", well="The clock of this machine is right again"
        )


# --- Replicas ------------------------------------------------------------------------------------------------------


def _of_replicas(replicas: Sequence[Row], now: datetime, zone: ZoneInfo) -> Iterator[Trouble]:
    """A replica that stopped without a word, and replicas that are not alike though nobody is just changing them."""
    living = [row for row in replicas if row["alive_until"] > now]
    newest = max((row["began_at"] for row in replicas), default=now)
    lost = [r for r in replicas if now - r["alive_until"] > LOST_FOR and newest < r["alive_until"]]
    if lost:
        where = f"A replica on {lost[0]['host']}" if len(lost) == 1 else f"{len(lost)} replicas"
        left = "1 replica is left" if len(living) == 1 else f"{len(living)} replicas are left"
        since = short(lost[0]["alive_until"], zone)
        what = f"{where} stopped without a word at {since}, and none has come in its place; {left}"
        yield Trouble("replica lost", what, "Start it again: delebot run", well="The lost replica was replaced")
    if not living or now - newest < ALIKE_AFTER:
        return
    for column, what, do in (
        ("config", "another configuration", "Give all the same files, and have them read: send SIGHUP or restart them"),
        ("version", "another version of Delebot", "Upgrade the others too"),
    ):
        odd = [str(row["host"]) for row in living if row[column] != living[-1][column]]
        if odd:
            told = f"The replica on {odd[0]} has {what} than the one on {living[-1]['host']}"
            yield Trouble(f"replica {column}", told, do, well="All replicas are alike again")


def short(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as people read it, in their time zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
