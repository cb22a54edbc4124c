"""The person of the bench, who looks at what status shows and at the platforms, and lets be, repeats or approves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from tests.faults.judge import Article, Row
from tests.faults.receivers import Receiver
from tests.faults.rows import Decisions, Rows, named_by


def decide(
    rows: Rows,
    status: Mapping[str, Any],
    receivers: Collection[Receiver],
    articles: Iterable[Article],
    do: Callable[..., object],
) -> Decisions:
    """Do what a person does with what waits, by the commands for it, and say what was done."""
    seen = {(post.channel, post.number) for receiver in receivers for post in receiver.seen}
    old = {article.number for article in articles if article.old}
    met = rows.shares()
    done = {row.id: what for row in met if (what := _what(row, seen, old))}
    for receiver in receivers:
        receiver.decided = True
    for what in ("skip", "retry", "approve"):
        if ids := [str(id) for id, chosen in done.items() if chosen == what]:
            do(what, *ids)
    return Decisions({row.id: row.state for row in met}, done, named_by(status))


def _what(row: Row, seen: Collection[tuple[str, int]], old: Collection[int]) -> str:
    if row.state == "unknown":
        return "skip" if (row.channel, row.number) in seen else "retry"
    if row.state == "held":
        return "skip" if row.number in old and row.number % 10 else "approve"
    return "retry" if row.state == "refused" else ""
