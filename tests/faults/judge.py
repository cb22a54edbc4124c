"""Says which promises were broken: from what was published, what people see, what arrived and what the rows say. Pure.

The judge trusts nothing that Delebot says of itself but what a person is shown: an article is `lost` when nobody sees
it and no row says that it waits, whatever else a row says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WAITING = ("due", "held", "sending", "unknown", "refused")


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the site, in the order of publication.

    `old` is one that was there before Delebot, or came with a restored backup alone: nobody gets it unasked.
    """

    number: int
    version: int = 0
    old: bool = False
    feed: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of a channel's platform: whether it knows a repeat, or can be asked, and whether it can edit.

    `feeds` are those whose articles it gets; None is all of them.
    """

    name: str
    certain: bool
    edits: bool
    feeds: Collection[str] | None = None

    def gets(self, article: Article) -> bool:
        return self.feeds is None or article.feed in self.feeds


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request to show an article that reached a receiver. `clear` is that it was told what became of it.

    `decided` is that it came after a person had decided what was held or in doubt.
    """

    channel: str
    number: int
    fault: str = ""
    clear: bool = True
    followed: bool = False
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One post that people see, with the version of the article that it shows."""

    channel: str
    number: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery's row in the end. `met` is the state in which the person met it, `decided` what the person did.

    `poll` tells the rows apart that one poll has made; `named` is that status names it to a person. `interrupted` is
    that its first attempt was cut off by a kill and then looked up, before anything of it had arrived.
    """

    id: int
    channel: str
    number: int
    state: str
    why: str = ""
    met: str = ""
    decided: str = ""
    poll: str = ""
    named: bool = True
    interrupted: bool = False
    history: tuple[str, ...] = ()
    feed: str = ""
    owed_at: str = ""

    @property
    def before(self) -> str:
        return self.met or self.state


@dataclass(frozen=True, slots=True)
class Record:
    """All that the judge reads; arrivals are in the order in which they came."""

    articles: Sequence[Article]
    channels: Sequence[Channel]
    arrivals: Sequence[Arrival]
    seen: Sequence[Seen]
    rows: Sequence[Row]
    flood: int = 5


@dataclass(frozen=True, slots=True)
class Broken:
    """One promise broken: which, and on what."""

    promise: str
    channel: str
    number: int
    how: str


PROMISES = ("lost", "twice", "doubt hidden", "order", "flood", "stuck", "not corrected", "followed")


@dataclass(frozen=True, slots=True)
class Verdict:
    broken: tuple[Broken, ...] = ()

    def of(self, promise: str) -> list[Broken]:
        return [each for each in self.broken if each.promise == promise]


@dataclass(frozen=True, slots=True)
class _Found:
    """The record, arranged by channel and article."""

    record: Record
    rows: Mapping[tuple[str, int], Row]
    seen: Mapping[tuple[str, int], Sequence[Seen]] = field(default_factory=dict)


def judge(record: Record, without: Collection[str] = ()) -> Verdict:
    """Everything that should not have happened, but for the promises that are judged elsewhere."""
    seen: dict[tuple[str, int], list[Seen]] = {}
    for post in record.seen:
        seen.setdefault((post.channel, post.number), []).append(post)
    found = _Found(record, {(row.channel, row.number): row for row in record.rows}, seen)
    rules = (_lost, _twice, _hidden, _order, _flood, _stuck, _uncorrected, _followed)
    judged = (broken for rule in rules for broken in rule(found))
    return Verdict(tuple(broken for broken in judged if broken.promise not in without))


def _lost(found: _Found) -> Iterable[Broken]:
    """Published, and neither seen nor said to be waiting."""
    for channel in found.record.channels:
        for article in filter(channel.gets, found.record.articles):
            where = (channel.name, article.number)
            row = found.rows.get(where)
            if found.seen.get(where) or (row is None and article.old):
                continue
            if row is None:
                yield Broken("lost", *where, "nobody sees it, and it has no row")
            elif row.state not in WAITING and row.decided != "skip":
                yield Broken("lost", *where, f"nobody sees it, and its row says {row.state}")


def _twice(found: _Found) -> Iterable[Broken]:
    """Seen more than once. The person of the bench looks before repeating, so there is no excuse."""
    for where, posts in found.seen.items():
        if len(posts) > 1:
            yield Broken("twice", *where, f"people see it {len(posts)} times")


def _hidden(found: _Found) -> Iterable[Broken]:
    """A lost answer that nobody can ask for, and no person is asked; or an unknown that status does not show."""
    certain = {channel.name for channel in found.record.channels if channel.certain}
    for where in dict.fromkeys((a.channel, a.number) for a in found.record.arrivals if not a.clear):
        row = found.rows.get(where)
        if where[0] not in certain and row and row.before != "unknown":
            yield Broken("doubt hidden", *where, f"an answer was lost, and its row says {row.before}")
    for row in found.record.rows:
        if row.before == "unknown" and not row.named:
            yield Broken("doubt hidden", row.channel, row.number, "it is unknown, and status does not name it")


def _order(found: _Found) -> Iterable[Broken]:
    """Attempted for the first time after a later one; what a person has released comes when it comes.

    A post of which nobody knows whether it went before a kill holds up no other while it is looked up.
    """
    place = {article.number: index for index, article in enumerate(found.record.articles) if not article.old}
    for channel in found.record.channels:
        latest = -1
        arrived = (
            a.number for a in found.record.arrivals if a.channel == channel.name and not a.decided and a.number in place
        )
        for number in dict.fromkeys(arrived):
            row = found.rows.get((channel.name, number))
            if row and row.interrupted:
                continue
            if place[number] < latest:
                after = found.record.articles[latest].number
                yield Broken("order", channel.name, number, f"it was attempted first after {after}, which is later")
            latest = max(latest, place[number])


def _flood(found: _Found) -> Iterable[Broken]:
    """Seen though it was held and nobody approved it, or one of too many that one poll let go."""
    old = {article.number for article in found.record.articles if article.old}
    for where, row in found.rows.items():
        held = row.before == "held" or where[1] in old
        if held and row.decided != "approve" and found.seen.get(where):
            yield Broken("flood", *where, f"it was to be held, its row says {row.before}, and people see it")
    let_go = Counter((row.channel, row.poll) for row in found.record.rows if row.poll and row.before != "held")
    for row in found.record.rows:
        if row.poll and row.before != "held" and let_go[row.channel, row.poll] > found.record.flood:
            count = let_go[row.channel, row.poll]
            yield Broken("flood", row.channel, row.number, f"one of {count} that one poll let go")


def _stuck(found: _Found) -> Iterable[Broken]:
    """Everything is mended and nobody has to decide, and yet it still waits."""
    for row in found.record.rows:
        if row.state in ("due", "sending"):
            yield Broken("stuck", row.channel, row.number, f"all is mended, and its row says {row.state}")


def _uncorrected(found: _Found) -> Iterable[Broken]:
    """Shows older words than the site, on a platform that can edit, and the row gives no reason."""
    versions = {article.number: article.version for article in found.record.articles}
    for channel in found.record.channels:
        for where, posts in found.seen.items():
            row = found.rows.get(where)
            if where[0] != channel.name or not channel.edits or row is None or row.state != "sent" or row.why:
                continue
            if posts[-1].version != versions[where[1]]:
                how = f"people read version {posts[-1].version} of {versions[where[1]]}, and its row gives no reason"
                yield Broken("not corrected", *where, how)


def _followed(found: _Found) -> Iterable[Broken]:
    """A post that went where a redirect led."""
    for arrival in found.record.arrivals:
        if arrival.followed:
            yield Broken("followed", arrival.channel, arrival.number, "a redirect on a post was followed")
