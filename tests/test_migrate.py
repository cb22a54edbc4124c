"""A state moves from SQLite to PostgreSQL whole, and from there into a copy and back, without a flood or a double."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Table, select

from bot.commands.keep import backup, restore
from bot.commands.migrate import migrate, text
from bot.commands.status import report
from bot.commands.trigger import Ask, trigger
from bot.model import Mistake
from bot.outcome import State
from bot.run import at_work, lock_of
from bot.sessions import SessionFile, SessionRows
from bot.store import desk, runs
from bot.store.database import Store, open_store
from bot.store.files import FILE
from bot.store.runs import REPLICA
from bot.store.schema import deliveries, metadata
from tests.servers import rss
from tests.test_pipeline import ONE, THREE, TWO, Bench
from tests.test_upgrade import Left


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A state in a file, with one article that was there and one that was posted."""
    made = Bench(tmp_path / "state")
    await made.trigger()
    made.site.body = rss(TWO, ONE)
    await made.trigger()
    yield made
    for server in (made.site, made.slack, made.hook):
        server.end()


def unheard(_: str, __: int, ___: int) -> None:
    """Nobody looks on."""


@asynccontextmanager
async def working(bench: Bench, url: str, what: str = "trigger") -> AsyncIterator[Any]:
    """A run on the database, with the bench's configuration."""
    with closing(open_store(bench.state, url)) as store:
        async with at_work(bench.config, store, bench.told.append, what, bench.now) as jobs:
            yield jobs


async def triggered(bench: Bench, url: str) -> bool:
    async with working(bench, url) as jobs:
        return await trigger(jobs, Ask())


def rows(store: Store) -> dict[str, list[Any]]:
    with closing(store):
        return {
            table.name: [tuple(row) for row in store.read_now(partial(everything, table=table))]
            for table in metadata.sorted_tables
            if table.name not in ("runs", "holds", "sessions")
        }


def everything(connection: Connection, table: Table) -> Sequence[Any]:
    return connection.execute(select(table)).all()


def ordered(found: dict[str, list[Any]]) -> dict[str, list[str]]:
    return {name: sorted(map(repr, listed)) for name, listed in found.items()}


# --- There ---------------------------------------------------------------------------------------------------------


async def test_every_row_is_there_and_counted_and_the_file_is_left_as_it_was(bench: Bench, database_url: str) -> None:
    before = sha256((bench.state / FILE).read_bytes()).hexdigest()
    moved = migrate(bench.state, database_url, unheard)
    assert all(there == here for there, here in moved.counted.values()) and moved.counted["deliveries"] == (2, 2)
    assert "deliveries: 2 rows, 2 there" in text(moved) and "Run nothing on it any more" in text(moved)
    assert sha256((bench.state / FILE).read_bytes()).hexdigest() == before
    assert ordered(rows(open_store(bench.state, database_url))) == ordered(rows(open_store(bench.state)))
    assert {path.name for path in bench.state.iterdir()} <= {FILE, f"{FILE}-wal", f"{FILE}-shm", "lock", "pictures"}


async def test_it_goes_on_there_without_a_double_and_counts_on(bench: Bench, database_url: str) -> None:
    migrate(bench.state, database_url, unheard)
    assert await triggered(bench, database_url) and bench.posts == [1, 1]
    bench.site.body = rss(THREE, TWO, ONE)
    assert await triggered(bench, database_url) and bench.posts == [2, 2]
    with closing(open_store(bench.state, database_url)) as store:
        ids = store.read_now(lambda c: c.execute(select(deliveries.c.id)).scalars().all())
    assert sorted(ids) == [1, 2, 3, 4]


async def test_sessions_move_too_and_are_rows_there(bench: Bench, database_url: str) -> None:
    SessionFile(bench.state).put({"room": {"made_from": "x", "kept": {"access": "hemmelig"}}})
    assert migrate(bench.state, database_url, unheard).sessions == 1
    with closing(open_store(bench.state, database_url)) as store:
        assert SessionRows(store).take("room") == {"made_from": "x", "kept": {"access": "hemmelig"}}


async def test_a_database_that_holds_a_state_is_left_alone(bench: Bench, database_url: str) -> None:
    migrate(bench.state, database_url, unheard)
    with pytest.raises(Mistake, match="holds a state already"):
        migrate(bench.state, database_url, unheard)


async def test_a_state_of_an_older_form_moves_without_being_changed(tmp_path: Path, database_url: str) -> None:
    left = Left(tmp_path / "old")
    left.end()
    before = (left.state / FILE).read_bytes()
    moved = migrate(left.state, database_url, unheard)
    assert moved.counted["deliveries"][0] > 0 and (left.state / FILE).read_bytes() == before


def test_where_nothing_is_to_be_moved_it_says_so(tmp_path: Path, database_url: str) -> None:
    with pytest.raises(Mistake, match="there is no state to move"):
        migrate(tmp_path, database_url, unheard)


async def test_a_running_daemon_is_not_moved_under_its_feet(bench: Bench, database_url: str) -> None:
    with lock_of(bench.state), pytest.raises(Mistake, match="Delebot is running"):
        migrate(bench.state, database_url, unheard)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://me:hemmelig@host/db", "no address of a PostgreSQL database"),
        ("postgresql://me:hemmelig@127.0.0.1:1/db", "can't be reached"),
        ("what is this", "no address of a PostgreSQL database"),
    ],
)
async def test_a_wrong_address_is_told_without_what_is_secret(bench: Bench, url: str, said: str) -> None:
    with pytest.raises(Mistake, match=said) as raised:
        migrate(bench.state, url, unheard)
    assert "hemmelig" not in str(raised.value) and "\n" not in str(raised.value)


# --- And back ------------------------------------------------------------------------------------------------------


async def test_a_copy_of_the_database_is_a_file_like_any_other(bench: Bench, database_url: str, tmp_path: Path) -> None:
    migrate(bench.state, database_url, unheard)
    copy = backup(bench.state, tmp_path / "copy.sqlite3", database_url)
    assert copy.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    shutil.copy(copy, other / FILE)
    assert ordered(rows(open_store(other))) == ordered(rows(open_store(bench.state, database_url)))


async def test_a_copy_comes_back_without_a_flood(bench: Bench, database_url: str, tmp_path: Path) -> None:
    migrate(bench.state, database_url, unheard)
    copy = backup(bench.state, tmp_path / "copy.sqlite3", database_url)
    bench.site.body = rss(THREE, TWO, ONE)
    await triggered(bench, database_url)
    said = restore(bench.state, copy, database_url)
    assert "is back. The state before is kept as before-restore-" in said
    await triggered(bench, database_url)
    assert bench.posts == [2, 2]
    with closing(open_store(bench.state, database_url)) as store:
        held = store.read_now(desk.of_states, (State.HELD,))
    assert len(held) == 2 and "brought back from a copy" in held[0]["why"]


async def test_nothing_is_brought_back_under_a_replica_that_lives(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    migrate(bench.state, database_url, unheard)
    copy = backup(bench.state, tmp_path / "copy.sqlite3", database_url)
    async with working(bench, database_url, REPLICA):
        with pytest.raises(Mistake, match="Delebot is running"):
            restore(bench.state, copy, database_url)
    assert not list(bench.state.glob("before-restore-*")), "A refusal leaves nothing behind."
    restore(bench.state, copy, database_url)


# --- How the replicas are told of ----------------------------------------------------------------------------------


async def test_status_names_each_replica_and_the_one_that_leads(bench: Bench, database_url: str) -> None:
    bench.config = shared(bench, database_url)
    async with working(bench, database_url, REPLICA) as first, working(bench, database_url, REPLICA) as second:
        told = report(bench.config, bench.state)
        assert told["running"] and [each["leads"] for each in told["replicas"]] == [True, False]
        assert {each["id"] for each in told["replicas"]} == {first.world.run, second.world.run}
        assert {each["config"] for each in told["replicas"]} == {"same"}
        bench.wish("room", edits=False)
        other = report(bench.config, bench.state)
        assert {each["config"] for each in other["replicas"]} == {"other"}
        assert any("is not the one that the replicas" in wrong["what"] for wrong in other["wrong"])
    ended = report(bench.config, bench.state)
    assert not ended["running"] and ended["replicas"] == []


def shared(bench: Bench, url: str) -> Any:
    bot = bench.config.bot.model_copy(update={"database_url": SecretStr(url)})
    return bench.config.model_copy(update={"bot": bot})


async def test_a_run_that_ended_by_itself_is_no_replica_any_more(bench: Bench, database_url: str) -> None:
    async with working(bench, database_url, REPLICA):
        pass
    with closing(open_store(bench.state, database_url)) as store:
        assert store.read_now(runs.replicas) == []
