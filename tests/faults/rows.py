"""Reads what Delebot has written down, from its database and its status, as the judge's rows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.judge import Row

SHARES = """
    SELECT d.id, d.channel, d.state, d.why, i.first_seen, json_extract(i.data, '$.link') AS link
    FROM deliveries d JOIN delivery_items di ON di.delivery_id = d.id JOIN items i ON i.id = di.item_id
    WHERE d.occasion = 'share' ORDER BY d.id
"""
HISTORY = "SELECT delivery_id, at, doing, state, why FROM attempts ORDER BY id"
OWING = "SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending') OR (state = 'sent' AND shown IS NOT wanted)"
DOUBTED = "SELECT channel FROM deliveries WHERE state IN ('due', 'sending') AND doubted_at IS NOT NULL"
KNOWN = "SELECT count(*) FROM items WHERE json_extract(data, '$.link') NOT LIKE '%/sak-_____/'"


@dataclass(frozen=True, slots=True)
class Decisions:
    """In which state the person met each delivery, and what the person did."""

    met: Mapping[int, str]
    done: Mapping[int, str]
    named: frozenset[int]


NONE_YET = Decisions({}, {}, frozenset())


@contextmanager
def _reading(state: Path) -> Iterator[sqlite3.Connection]:
    uri = f"file:{state / 'delebot.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def owing(state: Path) -> int:
    """How much is still to be done without anybody deciding anything."""
    with _reading(state) as connection:
        return int(connection.execute(OWING).fetchone()[0])


def stopped(state: Path) -> list[str]:
    """The channels that wait for a person to mend them."""
    with _reading(state) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM channels WHERE stopped_at IS NOT NULL")]


def doubted(state: Path) -> set[str]:
    """The channels that have a post of which nobody knows whether it is there, and which is tried again by itself."""
    with _reading(state) as connection:
        return {name for (name,) in connection.execute(DOUBTED)}


def known(state: Path) -> int:
    """How many of the site's new articles Delebot knows; the numbers of the old ones have five digits."""
    with _reading(state) as connection:
        return int(connection.execute(KNOWN).fetchone()[0])


def shares(state: Path, decisions: Decisions = NONE_YET) -> list[Row]:
    """The delivery of each article to each channel."""
    history: dict[int, list[str]] = {}
    with _reading(state) as connection:
        for id, at, doing, became, why in connection.execute(HISTORY):
            history.setdefault(id, []).append(f"{at[:19]} {doing}: {became}{f', {why}' if why else ''}")
        return [_row(row, history.get(row["id"], []), decisions) for row in connection.execute(SHARES)]


def _row(row: sqlite3.Row, history: list[str], decisions: Decisions) -> Row:
    id, number = row["id"], re.search(r"/sak-(\d+)/", row["link"])
    return Row(
        id, row["channel"], int(number[1]) if number else 0, row["state"], row["why"], decisions.met.get(id, ""),
        decisions.done.get(id, ""), row["first_seen"], decisions == NONE_YET or id in decisions.named,
        _interrupted(history), tuple(history),
    )  # fmt: skip


def _interrupted(history: Sequence[str]) -> bool:
    """Whether the first attempt that may have arrived was cut off by a kill, which leaves no line, and looked up."""
    arrived = (line for line in history if not line.endswith("was refused"))
    return " look_up: " in next(arrived, "")


def named_by(status: Mapping[str, Any]) -> frozenset[int]:
    """The deliveries that status shows to a person."""
    return frozenset(need["id"] for need in status["needs_you"])
