"""What a run of the bench came to, as a table for people and as values for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.faults.judge import Row, Verdict
from tests.faults.report import broken_lines, channel_lines
from tests.replicas.bench import Bench
from tests.replicas.judge import PROMISES, Record

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that has ended: what the judge read and said, and how the run itself went."""

    bench: Bench
    record: Record
    verdict: Verdict
    seconds: float
    stumbles: Sequence[str] = ()

    @property
    def kept(self) -> bool:
        """Whether every promise was kept, and nothing was met that nobody had thought of."""
        return not self.verdict.broken and not self.stumbles

    @property
    def own(self) -> list[Row]:
        """The rows of what was published while Delebot was there."""
        old = {article.number for article in self.record.shared.articles if article.old}
        return [row for row in self.record.shared.rows if row.number not in old]

    @property
    def resumed(self) -> list[float]:
        """After how many seconds others took up what a killed process was at, the shortest first."""
        return sorted(orphan.after for orphan in self.record.orphans if orphan.after is not None)

    def __str__(self) -> str:
        lines = channel_lines(self.bench.receivers, self.own)
        broken = broken_lines(self.verdict, self.record.shared, self.stumbles)
        return "\n".join([*_head(self), "", *lines, "", *_promises(self), *broken])


def _head(outcome: Outcome) -> list[str]:
    bench, record = outcome.bench, outcome.record
    memory = ", ".join(f"{replica.name} {replica.most_memory / MB:.0f} MB" for replica in bench.replicas)
    stops = ", ".join(f"{stop.how} for {stop.ended - stop.began:.0f} s" for stop in record.stops)
    replicas, feeds, channels = len(bench.replicas), len(bench.sites.feeds), len(bench.receivers)
    return [
        f"Seed {bench.plan.seed}, {outcome.seconds:.0f} s: {replicas} replicas, {feeds} feeds, {channels} channels",
        f"  killed   {len(record.kills)} times with SIGKILL, and each was once replaced by the next version",
        f"  database stopped {stops}; at work again after {_seconds(bench.back_after)}",
        f"  memory   {memory} at most; {bench.watch.most_connections} connections to the database at most",
        f"The feeds were asked {len(record.polls)} times and answered wrongly {bench.sites.faults} times",
    ]


def _seconds(times: Sequence[float]) -> str:
    return ", ".join(f"{each:.1f} s" for each in times) or "-"


def _promises(outcome: Outcome) -> list[str]:
    record, verdict, resumed = outcome.record, outcome.verdict, outcome.resumed
    states = Counter(row.before for row in outcome.own)
    decided = sum(row.decided in ("approve", "retry") for row in outcome.own)
    seen = {(post.channel, post.number) for post in record.shared.seen} & {(r.channel, r.number) for r in outcome.own}
    unclear = {(a.channel, a.number) for a in record.shared.arrivals if not a.clear}
    broken = {promise: len(verdict.of(promise)) for promise in PROMISES}
    jobs = ", ".join(f"{state} {count}" for state, count in record.jobs.items()) or "none left"
    worst = f"{median(resumed):.1f} s after a kill, {resumed[-1]:.1f} s at worst" if resumed else "nothing"
    said = {
        "published": f"{len(outcome.bench.sites.published)} articles, {len(outcome.own)} deliveries",
        "seen": f"{len(seen)}, of which a person let {decided} go",
        "asked": ", ".join(f"{state} {states[state]}" for state in ("unknown", "held", "refused")),
        "lost": f"{broken['lost']}",
        "twice": f"{broken['twice']}",
        "doubts": f"{len(unclear)} lost answers, {broken['doubt hidden']} of them hidden",
        "order": f"{broken['order']} out of order",
        "polls": f"{broken['polled twice']} doubled",
        "resumed": f"{len(resumed)} of {len(record.orphans)}: {worst}",
        "alerts": f"{len({told.key for told in record.alerts})} messages, {broken['alerts']} wrong",
        "engine": f"jobs: {jobs}; {broken['engine']} wrong",
        "left": f"{broken['left behind']} held lanes, {broken['stuck']} stuck deliveries",
        "late": "; ".join(map(_late, outcome.bench.late)) or "nothing was owed a minute after all was mended",
        "idle": f"{record.paused:.2f} s was the longest that a transaction did nothing",
    }
    return [f"{name:11}{words}" for name, words in said.items()]


def _late(row: Mapping[str, Any]) -> str:
    return f"#{row['id']} of {row['channel']} is due in {row['due_in']} s after {row['tries']} tries: {row['why']}"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The same as values."""
    bench, record, verdict, resumed = outcome.bench, outcome.record, outcome.verdict, outcome.resumed
    return {
        "seed": bench.plan.seed,
        "kept": outcome.kept,
        "seconds": round(outcome.seconds, 1),
        "replicas": len(bench.replicas),
        "feeds": len(bench.sites.feeds),
        "channels": len(bench.receivers),
        "kills": len(record.kills),
        "articles": len(bench.sites.published),
        "deliveries": len(outcome.own),
        "seen": len(record.shared.seen),
        "polls": len(record.polls),
        "met": dict(Counter(row.before for row in outcome.own)),
        "broken": {promise: len(verdict.of(promise)) for promise in PROMISES},
        "resumed_median": round(median(resumed), 2) if resumed else None,
        "resumed_worst": round(resumed[-1], 2) if resumed else None,
        "database_back_after": [round(each, 2) for each in bench.back_after],
        "memory_mb": {replica.name: round(replica.most_memory / MB) for replica in bench.replicas},
        "connections": bench.watch.most_connections,
        "longest_idle_in_transaction": round(record.paused, 3),
        "jobs": dict(record.jobs),
        "stumbles": list(outcome.stumbles),
        "details": [asdict(broken) for broken in verdict.broken],
    }
