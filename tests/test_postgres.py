"""PostgreSQL as the place of the state: made once, upgraded, refused in words, and as good a memory as SQLite."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, make_url, select, update

from bot.model import Mistake
from bot.outcome import State
from bot.plan import Owed
from bot.run import at_its_place
from bot.store import desk, dialects, polls
from bot.store.database import Store, known_store, open_store
from bot.store.files import HEAD, StoreTrouble
from bot.store.postgres import address, shown
from bot.store.schema import attempts, channels, deliveries, items, metadata
from bot.wake import engine
from bot.wake.replicated import _make_ready
from tests.postgres import Server
from tests.test_pipeline import Bench
from tests.values import NOW, article, document

TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('delebot', 'public')"


@pytest.fixture
def store(tmp_path: Path, ready_url: str) -> Iterator[Store]:
    with closing(open_store(tmp_path, ready_url)) as opened:
        yield opened


@pytest.fixture
def both(tmp_path: Path, database: str) -> Iterator[Store]:
    with closing(open_store(tmp_path, database)) as opened:
        yield opened


def named(url: str) -> str:
    return str(make_url(url).database)


# --- The schema ----------------------------------------------------------------------------------------------------


def test_many_that_begin_at_once_make_all_tables_once(tmp_path: Path, database_url: str, postgres: Server) -> None:
    together = threading.Barrier(4)

    def begin(_: int) -> None:
        together.wait()
        with closing(open_store(tmp_path, database_url)) as opened:
            opened.write_now(_make_ready, "run", NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(begin, range(4)))
    with postgres.connect(named(database_url)) as connection:
        made = {name for schema, name in connection.execute(TABLES) if schema == "delebot"}
        versions = connection.execute("SELECT version_num FROM delebot.alembic_version").fetchall()
        steps = connection.execute("SELECT name FROM delebot.engine_steps").fetchall()
    assert made >= {*metadata.tables, "alembic_version", "procrastinate_jobs"} and versions == [(HEAD,)]
    assert sorted(name for (name,) in steps) == [step.name for step in engine.steps()]


def test_what_else_is_in_the_database_is_left_alone(tmp_path: Path, database_url: str, postgres: Server) -> None:
    with postgres.connect(named(database_url)) as connection:
        connection.execute("CREATE TABLE public.runs (mine text)")
        connection.execute("CREATE TABLE public.alembic_version (version_num text)")
        connection.execute("INSERT INTO public.alembic_version VALUES ('theirs')")
    open_store(tmp_path, database_url).close()
    with postgres.connect(named(database_url)) as connection:
        assert connection.execute("SELECT version_num FROM public.alembic_version").fetchall() == [("theirs",)]
        assert ("delebot", "runs") in connection.execute(TABLES).fetchall()


def test_looking_for_a_state_leaves_no_trace(tmp_path: Path, database_url: str, postgres: Server) -> None:
    assert known_store(tmp_path, database_url) is None
    with postgres.connect(named(database_url)) as connection:
        assert connection.execute(TABLES).fetchall() == []


async def test_nobody_begins_to_work_where_a_newer_version_does_but_whoever_looks_may(
    tmp_path: Path, ready_url: str
) -> None:
    bench = Bench(tmp_path, ready_url)
    bench.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with closing(bench.store()) as store:
        assert store.read_now(desk.counts) == {}
        with pytest.raises(Mistake, match=r"newer Delebot \(schema 9999"), at_its_place(store):
            pass
    bench.end()


def test_an_older_schema_is_brought_to_the_newest_and_many_may_begin_at_once(tmp_path: Path, ready_url: str) -> None:
    """The step that is missing here is the last one: its columns and tables are taken away."""
    with closing(open_store(tmp_path, ready_url)) as store:
        store.write_now(as_the_version_before)
    together = threading.Barrier(3)

    def begin(_: int) -> str:
        together.wait()
        with closing(open_store(tmp_path, ready_url)) as opened:
            return opened.read_now(lambda c: str(c.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()))

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(begin, range(3))) == [HEAD] * 3
    with closing(open_store(tmp_path, ready_url)) as store:
        rows = store.read_now(lambda c: c.execute(select(metadata.tables["runs"])).mappings().all())
        assert [(row["id"], row["host"], row["alive_until"]) for row in rows] == [("before", "", None)]
        assert store.read_now(lambda c: c.execute(select(metadata.tables["holds"])).all()) == []


def as_the_version_before(connection: Connection) -> None:
    for table in ("holds", "sessions"):
        connection.exec_driver_sql(f"DROP TABLE {table}")
    for column in ("host", "version", "config", "alive_until"):
        connection.exec_driver_sql(f"ALTER TABLE runs DROP COLUMN {column}")
    for index in ("ix_deliveries_working", "ix_deliveries_subject"):
        connection.exec_driver_sql(f"DROP INDEX {index}")
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    connection.exec_driver_sql("INSERT INTO runs (id, pid, what, began_at) VALUES ('before', 1, 'run', now())")


def test_a_step_that_fails_leaves_the_schema_as_it_was(tmp_path: Path, ready_url: str) -> None:
    with closing(open_store(tmp_path, ready_url)) as store:
        store.write_now(as_the_version_before)
        store.write_now(lambda c: c.exec_driver_sql("CREATE TABLE sessions (mine text)"))
        with pytest.raises(Exception, match="sessions"):
            open_store(tmp_path, ready_url)
        left = store.read_now(lambda c: c.exec_driver_sql("SELECT to_regclass('holds')").scalar())
        assert left is None


# --- What is remembered --------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "a\0b",
        "\0",
        "👨‍👩‍👧‍👦",
        "e\u0301",
        "\u202e",
        "\ufeff",
        "\U0010ffff",
        "\x1b[2J",
        "%s %(x)s :name",
        "\\u0000",
        "'; --",
    ]
)


@settings(max_examples=25)
@given(title=TEXTS, html=TEXTS, said=TEXTS)
@example("a\0b", "\0", "a\0b")
def test_any_text_is_remembered_and_forgotten(store_of_all: Store, title: str, html: str, said: str) -> None:
    item = replace(article(1), title=title, html=html, link="")
    store_of_all.write_now(emptied)
    id = store_of_all.write_now(polls.save_item, "klyngen", item, said, NOW)
    store_of_all.write_now(polls.owe, Owed("room", f"item {said}", State.SENT, NOW, said), [id], now=NOW, words=said)
    (row,) = store_of_all.read_now(desk.of_states, (State.SENT,))
    assert row["words"] == row["why"] == said.replace("\0", "")
    assert store_of_all.read_now(desk.title_of, row["id"]) == title.replace("\0", "")
    (known,) = store_of_all.read_now(polls.known_items, "klyngen", document(replace(item, guid=said)))
    assert known.item.html == html.replace("\0", "") and known.guids == {said.replace("\0", "")}
    store_of_all.write_now(desk.prune, NOW + timedelta(days=400))
    data = store_of_all.read_now(lambda c: c.execute(select(items.c.data)).scalar_one())
    assert data["title"] == title.replace("\0", "") and "html" not in data


@pytest.fixture(scope="module")
def store_of_all(tmp_path_factory: pytest.TempPathFactory, postgres: Server, made_ready: str) -> Iterator[Store]:
    url = postgres.create(like=made_ready)
    with closing(open_store(tmp_path_factory.mktemp("state"), url)) as opened:
        yield opened
    postgres.drop(url)


def emptied(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())


def test_a_moment_is_the_same_in_every_zone_and_to_the_microsecond(both: Store) -> None:
    told = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    both.write_now(desk.pause, "room", told, NOW)
    row = both.read_now(desk.channel_rows)["room"]
    assert row["paused_until"] == told and row["paused_until"].tzinfo is UTC


def test_the_history_is_forgotten_and_what_is_open_stays(both: Store) -> None:
    both.write_now(two_articles)
    both.write_now(desk.prune, NOW + timedelta(days=400))
    both.write_now(desk.prune, NOW + timedelta(days=400))
    rows = {row["subject"]: row for row in both.read_now(desk.of_states, tuple(State))}
    assert rows["item 1"]["post"] is None and rows["item 2"]["post"] == {"words": "to"}
    asked = select(items.c.data).order_by(items.c.id)
    gone, kept = both.read_now(lambda c: c.execute(asked).scalars().all())
    assert "html" not in gone and gone["title"] and kept["html"]
    assert both.read_now(lambda c: c.execute(select(func.count()).select_from(attempts)).scalar()) == 0


def two_articles(connection: Connection) -> None:
    """One is sent, of which the history is remembered, and one is held."""
    for number, state in ((1, State.SENT), (2, State.HELD)):
        item = polls.save_item(connection, "klyngen", article(number), f"guid {number}", NOW)
        id = polls.owe(connection, Owed("room", f"item {number}", state, NOW), [item], feed="klyngen", now=NOW)
        post = {"words": "en" if number == 1 else "to"}
        connection.execute(update(deliveries).where(deliveries.c.id == id).values(post=post))
        if state == State.SENT:
            values = {"delivery_id": id, "at": NOW, "doing": "publish", "state": state, "why": ""}
            connection.execute(insert(attempts).values(values))


# --- What the databases say each in its own way --------------------------------------------------------------------


def test_an_insert_may_meet_a_row(both: Store) -> None:
    def insert_twice(connection: Connection) -> list[str]:
        for target in ("en", "to"):
            statement = dialects.insert(connection, channels).values(name="room", target=target)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"target": target}))
            connection.execute(statement.on_conflict_do_nothing())
        return list(connection.execute(select(channels.c.target)).scalars())

    assert both.write_now(insert_twice) == ["to"]


def test_keys_are_left_out_of_what_is_kept_and_all_else_stays_as_it_is(both: Store) -> None:
    def rest(connection: Connection) -> Any:
        polls.save_item(connection, "klyngen", article(1, tags=("å", "ø")), "guid", NOW)
        was = connection.execute(select(items.c.data)).scalar_one()
        left = dialects.without_keys(connection, items.c.data, "html", "none")
        connection.execute(update(items).values(data=left))
        return connection.execute(select(items.c.data)).scalar_one(), was

    left, was = both.write_now(rest)
    assert "html" in was and left == {key: value for key, value in was.items() if key != "html"}


def test_whoever_is_alone_has_others_wait_and_sees_what_they_wrote(store: Store) -> None:
    inside, done = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        dialects.alone(connection, "feed", "klyngen")
        inside.set()
        # PostgreSQL itself tells when the other one waits for this lock.
        while not waiting():
            pass
        connection.execute(insert(channels).values(name="room"))

    def waiting() -> bool:
        asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(store.read_now(lambda c: c.exec_driver_sql(asked).scalar()))

    def second(connection: Connection) -> list[str]:
        dialects.alone(connection, "feed", "another")  # That one is no obstacle.
        dialects.alone(connection, "feed", "klyngen")
        done.set()
        return list(connection.execute(select(channels.c.name)).scalars())

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(store.write_now, first)
        assert inside.wait(20)
        two = threads.submit(store.write_now, second)
        one.result(20)
        assert two.result(20) == ["room"]


async def test_those_that_block_each_other_both_come_through(store: Store) -> None:
    """PostgreSQL ends one of the two transactions, which is then begun anew."""
    together, runs = threading.Barrier(2), []

    def cross(connection: Connection, one: str, other: str) -> None:
        runs.append(one)
        connection.execute(update(channels).where(channels.c.name == one).values(target=one))
        if len(runs) <= 2:
            together.wait(20)
        connection.execute(update(channels).where(channels.c.name == other).values(target=one))

    store.write_now(lambda c: c.execute(insert(channels), [{"name": "a"}, {"name": "b"}]))
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda names: store.write_now(cross, *names), [("a", "b"), ("b", "a")]))
    assert sorted(runs[:2]) == ["a", "b"] and len(runs) == 3


# --- What is wrong, in words ---------------------------------------------------------------------------------------

SECRET = "hemmelig-passord"


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_server_that_is_down_is_said_in_one_line_without_the_password(tmp_path: Path) -> None:
    port = closed_port()
    with pytest.raises(StoreTrouble) as wrong:
        open_store(tmp_path, f"postgresql+psycopg://delebot:{SECRET}@127.0.0.1:{port}/delebot?application_name=x")
    said = str(wrong.value)
    assert said.startswith(f"127.0.0.1:{port}/delebot: the database can't be reached") and "DATABASE_URL" in said
    assert SECRET not in repr(wrong.value) + said and "\n" not in said
    assert wrong.value.__cause__ is None, "What the driver says is told nowhere, for it may quote the address."


def test_a_database_that_is_not_there_is_said_to_be_so(tmp_path: Path, postgres: Server) -> None:
    with pytest.raises(StoreTrouble, match=r"no such database.*createdb"):
        open_store(tmp_path, postgres.url("finnes_ikke"))


def test_somebody_who_is_not_known_is_not_let_in(tmp_path: Path, postgres: Server) -> None:
    unknown = make_url(postgres.url("postgres")).set(username="fremmed", password=SECRET)
    with pytest.raises(StoreTrouble) as wrong:
        open_store(tmp_path, unknown.render_as_string(hide_password=False))
    assert "the database lets nobody in by this name and password" in str(wrong.value)
    assert SECRET not in str(wrong.value)


def test_a_user_without_rights_is_told_what_is_missing(tmp_path: Path, database_url: str, postgres: Server) -> None:
    with postgres.connect(named(database_url)) as connection:
        connection.execute("CREATE ROLE gjest LOGIN")
    try:
        guest = make_url(database_url).set(username="gjest").render_as_string(hide_password=False)
        with pytest.raises(StoreTrouble, match=r"doesn't let us do that.*the owner of the database"):
            open_store(tmp_path, guest)
    finally:
        with postgres.connect(named(database_url)) as connection:
            connection.execute("DROP ROLE gjest")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(20)", "took too long"),
        ("SET TRANSACTION READ ONLY; DELETE FROM channels", "can only be read"),
    ],
)
def test_what_it_says_later_is_told_in_words_too(store: Store, statement: str, said: str) -> None:
    with pytest.raises(StoreTrouble, match=said):
        store.write_now(lambda c: [c.exec_driver_sql(part) for part in statement.split(";")])
    with pytest.raises(StoreTrouble, match=said):
        store.write_now(asked_of_the_driver, statement)


def asked_of_the_driver(connection: Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    for part in statement.split(";"):
        driver.execute(part)


def test_a_connection_that_was_cut_is_made_anew(store: Store, postgres: Server, ready_url: str) -> None:
    store.read_now(desk.counts)
    with postgres.connect(named(ready_url)) as connection:
        ours = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}".encode())
    assert store.read_now(desk.counts) == {}


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:hemmelig-passord@h/d",
        "sqlite:///x",
        "hemmelig-passord",
        "postgresql+asyncpg://u:hemmelig-passord@h/d",
        "://",
    ],
)
def test_what_is_no_address_of_postgresql_is_not_repeated(text: str) -> None:
    with pytest.raises(Mistake, match="no address of a PostgreSQL") as wrong:
        address(text)
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql+psycopg://u:hemmelig-passord@db.example/delebot", "db.example/delebot"),
        ("postgres://u:hemmelig-passord@db.example:6432/delebot?password=hemmelig-passord", "db.example:6432/delebot"),
        ("postgresql://u@/delebot?host=/run/postgresql", "/run/postgresql/delebot"),
        ("postgresql:///delebot", "this machine/delebot"),
    ],
)
def test_where_it_is_is_told_without_what_lets_somebody_in(url: str, where: str) -> None:
    assert shown(address(url)) == where
