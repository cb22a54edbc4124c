"""What a run of the bench came to, as a table for people and as values for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.faults.bench import Bench
from tests.faults.judge import PROMISES, Broken, Record, Row, Verdict
from tests.faults.receivers import Receiver

SHOWN_AT_MOST = 8  # Of each promise, and of what stumbled.


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
        """The rows of what the site published, without the old articles of the restored backup."""
        old = {article.number for article in self.record.articles if article.old}
        return [row for row in self.record.rows if row.number not in old]

    def __str__(self) -> str:
        return "\n".join(
            [
                *_head(self), "", *channel_lines(self.bench.receivers.values(), self.own), "", *_promises(self),
                *broken_lines(self.verdict, self.record, self.stumbles),
            ]
        )  # fmt: skip


def _head(outcome: Outcome) -> list[str]:
    bench = outcome.bench
    processes, site = bench.processes, bench.site
    corrections = sum(each.article.version for each in site.published)
    return [
        f"Seed {bench.plan.seed} on {bench.plan.database}: {processes.kills} kills in {outcome.seconds:.0f} s",
        f"  of       {_counted(processes.victims)}; the daemon read its files again {processes.reloads} times",
        f"  at       {_counted(processes.at_points)}",
        f"The feed was asked {site.polls} times and answered wrongly {site.faults} times; {corrections} corrections",
    ]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def channel_lines(receivers: Iterable[Receiver], owed: Sequence[Row]) -> list[str]:
    """A line a channel: what it owed, what reached its receiver and how often that went wrong, what people see."""
    lines = [f"{'channel':9}{'kind':12}{'owed':>6}{'requests':>10}{'wrong':>7}{'seen':>6}{'unknown':>9}{'held':>6}"]
    for receiver in receivers:
        rows = [row for row in owed if row.channel == receiver.name]
        numbers = {row.number for row in rows}
        requests, wrong = receiver.faults.total(), receiver.faults.total() - receiver.faults[""]
        seen = len({post.number for post in receiver.seen} & numbers)
        states = Counter(row.before for row in rows)
        lines.append(
            f"{receiver.name:9}{receiver.platform.kind:12}{len(rows):6}{requests:10}{wrong:7}{seen:6}"
            f"{states['unknown']:9}{states['held']:6}"
        )
    return lines


def _promises(outcome: Outcome) -> list[str]:
    record, verdict = outcome.record, outcome.verdict
    states = Counter(row.before for row in outcome.own)
    seen = {(post.channel, post.number) for post in record.seen} & {(row.channel, row.number) for row in outcome.own}
    unclear = {(a.channel, a.number) for a in record.arrivals if not a.clear}
    times = outcome.bench.recoveries()
    said = {
        "published": f"{len(outcome.bench.site.published)} articles, {len(outcome.own)} deliveries",
        "seen": f"{len(seen)}, of which a person let {_decided(outcome)} go",
        "asked": ", ".join(f"{state} {states[state]}" for state in ("unknown", "held", "refused")),
        "lost": str(len(verdict.of("lost"))),
        "twice": str(len(verdict.of("twice"))),
        "doubts": f"{len(unclear)} lost answers, {len(verdict.of('doubt hidden'))} of them hidden",
        "order": f"{len(verdict.of('order'))} out of order",
        "floods": str(len(verdict.of("flood"))),
        "stuck": str(len(verdict.of("stuck"))),
        "corrected": f"all but {len(verdict.of('not corrected'))}, where the platform can edit",
        "redirects": f"{len(verdict.of('followed'))} followed",
        "recovery": f"{median(times):.1f} s from a kill to the next post, {times[-1]:.1f} s at worst" if times else "-",
    }
    return [f"{name:11}{words}" for name, words in said.items()]


def _decided(outcome: Outcome) -> int:
    return sum(row.decided in ("approve", "retry") for row in outcome.own)


def broken_lines(verdict: Verdict, record: Record, stumbles: Sequence[str]) -> list[str]:
    lines = [f"STUMBLED: {line}" for line in stumbles[:SHOWN_AT_MOST]]
    for promise in dict.fromkeys(broken.promise for broken in verdict.broken):
        of_it = verdict.of(promise)
        for broken in of_it[:SHOWN_AT_MOST]:
            lines += _told(broken, record)
        if len(of_it) > SHOWN_AT_MOST:
            lines.append(f"and {len(of_it) - SHOWN_AT_MOST} more of this promise")
    return ["", *lines] if lines else []


def _told(broken: Broken, record: Record) -> list[str]:
    """A broken promise with all that is known of it: what the receiver saw, and the delivery's row and history."""
    if not broken.number:
        return [f"BROKEN ({broken.promise}): {broken.channel or 'all in all'}: {broken.how}"]
    where = (broken.channel, broken.number)
    arrivals = [a.fault or "went well" for a in record.arrivals if (a.channel, a.number) == where]
    lines = [f"BROKEN ({broken.promise}): «Sak {broken.number}» on {broken.channel}: {broken.how}"]
    lines.append(f"    the receiver saw: {'; '.join(arrivals) or 'nothing'}")
    for row in (row for row in record.rows if (row.channel, row.number) == where):
        met = f", a person met it {row.met} and chose {row.decided}" if row.decided else ""
        lines.append(f"    #{row.id} is {row.state}{f' ({row.why})' if row.why else ''}{met}")
        lines += [f"      {line}" for line in row.history]
    return lines


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The same as values."""
    bench, verdict = outcome.bench, outcome.verdict
    times: Sequence[float] = bench.recoveries()
    return {
        "seed": bench.plan.seed,
        "database": bench.plan.database,
        "kept": outcome.kept,
        "seconds": round(outcome.seconds, 1),
        "kills": bench.processes.kills,
        "killed": dict(bench.processes.victims),
        "killed_at": dict(bench.processes.at_points),
        "articles": len(bench.site.published),
        "deliveries": len(outcome.own),
        "seen": len(outcome.record.seen),
        "met": dict(Counter(row.before for row in outcome.own)),
        "broken": {promise: len(verdict.of(promise)) for promise in PROMISES},
        "recovery_median": round(median(times), 2) if times else None,
        "recovery_worst": round(max(times), 2) if times else None,
        "stumbles": list(outcome.stumbles),
        "details": [asdict(broken) for broken in verdict.broken],
    }
