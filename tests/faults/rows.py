"""Reads what Delebot has written down, from its database and its status, as the judge's rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, create_engine, text
from sqlalchemy.pool import NullPool

from tests.faults.judge import Row

# In words that both databases understand.
SHARES = """
    SELECT d.id, d.channel, d.state, d.why, d.feed, d.made_at, i.first_seen, i.data ->> 'link' AS link
    FROM deliveries d JOIN delivery_items di ON di.delivery_id = d.id JOIN items i ON i.id = di.item_id
    WHERE d.occasion = 'share' ORDER BY d.id
"""
HISTORY = "SELECT delivery_id, at, doing, state, why FROM attempts ORDER BY id"
OWING = """
    SELECT count(*) FROM deliveries
    WHERE state IN ('due', 'sending') OR (state = 'sent' AND shown IS DISTINCT FROM wanted)
"""
DOUBTED = "SELECT channel FROM deliveries WHERE state IN ('due', 'sending') AND doubted_at IS NOT NULL"
STOPPED = "SELECT name FROM channels WHERE stopped_at IS NOT NULL"
KNOWN = "SELECT count(*) FROM items WHERE data ->> 'link' NOT LIKE '%/sak-_____/'"
NOT_ARRIVED = ("was refused", "this replica was stopped in between")
OURS = "delebot"  # The schema in which Delebot keeps its tables, on PostgreSQL.


@dataclass(frozen=True, slots=True)
class Decisions:
    """In which state the person met each delivery, and what the person did."""

    met: Mapping[int, str]
    done: Mapping[int, str]
    named: frozenset[int]


NONE_YET = Decisions({}, {}, frozenset())


class Rows:
    """The rows of a state that Delebot works on, read without changing or holding anything."""

    def __init__(self, url: str) -> None:
        on_postgres = url.startswith("postgresql")
        how = {"options": f"-c search_path={OURS}", "connect_timeout": 5} if on_postgres else {"timeout": 30}
        self._engine = create_engine(url, connect_args=how, poolclass=NullPool)

    @classmethod
    def of_file(cls, state: Path) -> Rows:
        return cls(f"sqlite:///file:{state / 'delebot.sqlite3'}?mode=ro&uri=true")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    def all(self, query: str, **values: Any) -> Sequence[RowMapping]:
        with self.reading() as connection:
            return connection.execute(text(query), values).mappings().all()

    def _first_column(self, query: str) -> list[Any]:
        return [next(iter(row.values())) for row in self.all(query)]

    def owing(self) -> int:
        """How much is still to be done without anybody deciding anything."""
        return int(self._first_column(OWING)[0])

    def stopped(self) -> list[str]:
        """The channels that wait for a person to mend them."""
        return self._first_column(STOPPED)

    def doubted(self) -> set[str]:
        """The channels that have a post of which nobody knows whether it is there, and which is tried again."""
        return set(self._first_column(DOUBTED))

    def known(self) -> int:
        """How many of the site's new articles Delebot knows; the numbers of the old ones have five digits."""
        return int(self._first_column(KNOWN)[0])

    def shares(self, decisions: Decisions = NONE_YET) -> list[Row]:
        """The delivery of each article to each channel."""
        history: dict[int, list[str]] = {}
        with self.reading() as connection:
            for id, at, doing, became, why in connection.execute(text(HISTORY)):
                history.setdefault(id, []).append(f"{str(at)[:19]} {doing}: {became}{f', {why}' if why else ''}")
            rows = connection.execute(text(SHARES)).mappings()
            return [_row(row, history.get(row["id"], []), decisions) for row in rows]


def _row(row: RowMapping, history: list[str], decisions: Decisions) -> Row:
    id, number = row["id"], re.search(r"/sak-(\d+)/", row["link"])
    return Row(
        id, row["channel"], int(number[1]) if number else 0, row["state"], row["why"], decisions.met.get(id, ""),
        decisions.done.get(id, ""), str(row["first_seen"]), decisions == NONE_YET or id in decisions.named,
        _interrupted(history), tuple(history), row["feed"], str(row["made_at"]),
    )  # fmt: skip


def _interrupted(history: Sequence[str]) -> bool:
    """Whether the first attempt that may have arrived was cut off by a kill, which leaves no line, and looked up."""
    arrived = (line for line in history if not line.endswith(NOT_ARRIVED))
    return " look_up: " in next(arrived, "")


def named_by(status: Mapping[str, Any]) -> frozenset[int]:
    """The deliveries that status shows to a person."""
    return frozenset(need["id"] for need in status["needs_you"])
