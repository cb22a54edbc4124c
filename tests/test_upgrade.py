"""A state that an older version left, with rows in every state, is upgraded as a whole or not at all, and goes on."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot import kinds
from bot.commands.keep import backup, restore
from bot.commands.status import report
from bot.model import Mistake
from bot.outcome import State
from bot.poll import target_of
from bot.run import lock_of
from bot.store import sqlite
from bot.store.copies import check_copy
from bot.store.database import open_store
from bot.store.files import FILE, HEAD, version_of
from bot.world import clock
from tests.servers import Receiver, rss
from tests.test_pipeline import ONE, Bench, titles

LEFT = datetime(2026, 11, 24, 14, 0, 18, tzinfo=UTC)  # When the state in tests/states/0001.sql was left.
OLD = Path(__file__).parent / "states" / "0001.sql"
ARTICLES = tuple((n, f"Sak nummer {n}{', rettet' if n == 5 else ''}") for n in range(10, 1, -1))
Rows = dict[str, list[dict[str, Any]]]


class Left(Bench):
    """The bench with the state of an older version, made of what is frozen in a file; and it is five minutes later."""

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self.others = {name: Receiver() for name in ("dead", "quiet", "late")}
        more = {name: self.channel(name, "webhook", receiver) for name, receiver in self.others.items()}
        self.config = self.config.model_copy(update={"channels": {**self.config.channels, **more}})
        self.site.body = rss(*ARTICLES, ONE)
        self.ahead = LEFT + timedelta(minutes=5) - clock()
        state.mkdir(mode=0o700)
        with closing(sqlite3.connect(state / FILE)) as connection:
            connection.executescript(self._sql())
            connection.execute("PRAGMA journal_mode=WAL")

    def _sql(self) -> str:
        """The state as if it had always been one of this site and these receivers."""
        (feed,) = self.config.feeds.values()
        sql = OLD.read_text("utf-8").replace("TARGET-feed", target_of(feed))
        for name, channel in self.config.channels.items():
            sql = sql.replace(f"TARGET-{name}'", f"{kinds.load(channel.kind).target_of(channel.settings)}'")
        return sql.replace("http://site.example", self.site.address)

    def end(self) -> None:
        for server in (self.site, self.slack, self.hook, *self.others.values()):
            server.end()


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    made = Left(tmp_path / "state")
    yield made
    made.end()


def content(path: Path) -> Rows:
    """All rows of all tables, by the names of their columns."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in tables}


def is_kept(before: Rows, after: Rows) -> bool:
    """Whether every value that was there is there; there may be more columns and tables."""
    return all(
        len(rows) == len(after[name])
        and all(old.items() <= new.items() for old, new in zip(rows, after[name], strict=True))
        for name, rows in before.items()
        if name != "alembic_version"
    )


def copies(state: Path) -> list[Path]:
    return sorted(state.glob("before-*.sqlite3"))


@contextmanager
def before_each_statement(of: Callable[[str], object]) -> Iterator[None]:
    """Do something before each statement that writes, whoever sends it."""

    def look(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(("SELECT", "PRAGMA", "BEGIN")):
            of(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)


# --- The upgrade ---------------------------------------------------------------------------------------------------


def test_the_frozen_state_has_rows_in_every_state(left: Left) -> None:
    rows = content(left.state / FILE)
    assert version_of(left.state / FILE) == "0001" != HEAD
    assert {row["state"] for row in rows["deliveries"]} == set(State)
    assert all(
        rows[name] for name in ("attempts", "channels", "feeds", "guids", "items", "requests", "runs", "tellings")
    )


def test_every_row_stays_as_it_was_and_a_copy_is_made_before(left: Left) -> None:
    before = content(left.state / FILE)
    for older in ("before-0000-20240101-120000", "before-0001-20250101-120000", "before-0001-20260101-120000"):
        shutil.copy(left.state / FILE, left.state / f"{older}.sqlite3")
    open_store(left.state).close()
    assert version_of(left.state / FILE) == HEAD and is_kept(before, content(left.state / FILE))
    upgraded_before, copied = copies(left.state)
    assert upgraded_before.name == "before-0001-20260101-120000.sqlite3"
    assert content(copied) == before and version_of(copied) == "0001"
    assert copied.stat().st_mode & 0o777 == 0o600
    open_store(left.state).close()
    assert copies(left.state) == [upgraded_before, copied]


async def test_the_work_goes_on_as_each_row_asks_for(left: Left) -> None:
    keys = {(row["channel"], row["id"]): row["key"] for row in content(left.state / FILE)["deliveries"]}
    await left.trigger()
    room, hook = ([row for row in left.rows() if row["channel"] == name] for name in ("room", "hook"))
    assert [row["state"] for row in room] == [
        State.UNKNOWN, State.REFUSED, State.SKIPPED, State.HELD, State.SENT, State.SENT, State.UNKNOWN, State.SENT,
        State.SENT,
    ]  # fmt: skip
    assert len(left.slack.taken) == 2
    assert [row["state"] for row in hook] == [State.SENT] * 5 + [State.RETRACTED] + [State.SENT] * 3
    assert sorted(titles(left.hook)) == [
        "item.published Sak nummer 2", "item.published Sak nummer 3", "item.published Sak nummer 4",
        "item.updated Sak nummer 5, rettet",
    ]  # fmt: skip
    repeated = {taken.json["data"]["title"]: taken.headers["webhook-id"] for taken in left.hook.taken}
    assert repeated["Sak nummer 3"] == keys["hook", next(r["id"] for r in hook if r["subject"].endswith("sak-3"))]
    assert [left.states(name) for name in ("dead", "quiet", "late")] == [["due"]] * 3
    assert not any(receiver.taken for receiver in left.others.values())


async def test_what_waits_still_waits_for_what_it_waited_for_and_news_is_shared(left: Left) -> None:
    left.site.body = rss((11, "Sak nummer 11"), *ARTICLES, ONE)
    await left.days(2 / 24)
    assert "item.published Sak nummer 11" in titles(left.hook)
    for name in ("quiet", "late"):
        assert titles(left.others[name]) == ["item.published Sak nummer 10", "item.published Sak nummer 11"]
    assert not left.others["dead"].taken and left.states("dead") == ["due", "due"]


# --- Cut short -----------------------------------------------------------------------------------------------------


def test_cut_short_at_any_statement_it_is_the_old_one_and_the_next_start_upgrades_it(
    left: Left, tmp_path: Path
) -> None:
    """What a kill would leave on the disk is looked at before each statement of the upgrade."""
    before, moments = content(left.state / FILE), list[Path]()

    def remember(_: str) -> None:
        moments.append(shutil.copytree(left.state, tmp_path / f"moment-{len(moments)}"))

    with before_each_statement(remember):
        open_store(left.state).close()
    assert len(moments) > 4
    for moment in moments:
        assert version_of(moment / FILE) == "0001" and content(moment / FILE) == before
        open_store(moment).close()
        assert version_of(moment / FILE) == HEAD and is_kept(before, content(moment / FILE))
        assert all(content(copied) == before for copied in copies(moment)) and 1 <= len(copies(moment)) <= 2


class Failing:
    """Says that the disk is full, at the nth statement."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def __call__(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise sqlite3.OperationalError("database or disk is full")


def test_failing_at_any_statement_it_is_the_old_one_and_the_copies_do_not_fill_the_disk(left: Left) -> None:
    before, failed = content(left.state / FILE), 0
    while version_of(left.state / FILE) != HEAD:
        failed += 1
        with before_each_statement(Failing(failed)), suppress(Mistake):
            open_store(left.state).close()
        assert all(content(copied) == before for copied in copies(left.state)) and 1 <= len(copies(left.state)) <= 2
    assert failed > 4 and is_kept(before, content(left.state / FILE))


def test_without_room_for_the_copy_nothing_is_touched(left: Left) -> None:
    before = content(left.state / FILE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
    try:
        with pytest.raises(Mistake, match="the copy can't be written: the disk is full"):
            open_store(left.state)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert version_of(left.state / FILE) == "0001" and content(left.state / FILE) == before
    assert not [path.name for path in left.state.iterdir() if "before" in path.name]


def test_what_a_killed_copy_left_is_cleared_away(left: Left) -> None:
    rest = left.state / ".before-0002-20260101-000000.sqlite3.partial"
    rest.write_bytes(b"half")
    open_store(left.state).close()
    assert not rest.exists()


# --- Several processes ---------------------------------------------------------------------------------------------


def test_of_many_that_start_at_once_one_upgrades_and_all_go_on(left: Left) -> None:
    before, opened = content(left.state / FILE), list[str]()

    def start() -> None:
        open_store(left.state).close()
        opened.append(version_of(left.state / FILE))

    together = [threading.Thread(target=start) for _ in range(4)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert opened == [HEAD] * 4 and is_kept(before, content(left.state / FILE))
    (copied,) = copies(left.state)
    assert content(copied) == before


def test_of_many_that_start_without_a_state_one_makes_it(tmp_path: Path) -> None:
    opened = list[str]()

    def start() -> None:
        open_store(tmp_path).close()
        opened.append(version_of(tmp_path / FILE))

    together = [threading.Thread(target=start) for _ in range(4)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert opened == [HEAD] * 4


def test_a_state_that_an_older_delebot_works_on_is_not_changed_under_it(left: Left) -> None:
    with (
        lock_of(left.state),
        pytest.raises(Mistake, match=r"a Delebot of an older version works on this state\. End it"),
    ):
        sqlite.open_store(left.state, patience=0)
    assert version_of(left.state / FILE) == "0001" and not copies(left.state)


# --- Newer, and back -----------------------------------------------------------------------------------------------


async def test_a_newer_state_is_refused_by_every_command_and_stays_untouched(left: Left, tmp_path: Path) -> None:
    open_store(left.state).close()
    with closing(sqlite3.connect(left.state / FILE, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = Path(shutil.copy(left.state / FILE, tmp_path / "newer.sqlite3"))
    before = {path.name: path.read_bytes() for path in left.state.iterdir()}
    for work in (
        lambda: open_store(left.state),
        lambda: report(left.config, left.state),
        lambda: backup(left.state, tmp_path / "copy.sqlite3"),
        lambda: restore(left.state, newer),
    ):
        with pytest.raises(Mistake, match=r"written by a newer Delebot \(schema 9999"):
            work()
    with pytest.raises(Mistake, match="newer Delebot"):
        await left.trigger()
    assert before.items() <= {path.name: path.read_bytes() for path in left.state.iterdir()}.items()
    assert not left.slack.taken and not (tmp_path / "copy.sqlite3").exists()


async def test_a_copy_of_an_older_version_is_brought_back_upgraded_and_doubted(left: Left, tmp_path: Path) -> None:
    old = Path(shutil.copy(left.state / FILE, tmp_path / "old.sqlite3"))
    await left.trigger()
    posts = left.posts
    restore(left.state, old)
    assert version_of(left.state / FILE) == HEAD and version_of(old) == "0001"
    await left.trigger()
    assert left.posts == [posts[0], posts[1] + 1], "Only the correction is made once more, which shows the same."
    assert {row["state"] for row in left.rows() if row["channel"] == "room"} == {
        "unknown", "refused", "skipped", "held", "sent",
    }  # fmt: skip


def test_restore_keeps_a_few_of_the_states_that_it_replaced(left: Left, tmp_path: Path) -> None:
    old = Path(shutil.copy(left.state / FILE, tmp_path / "old.sqlite3"))
    for _ in range(6):
        restore(left.state, old)
    kept = sorted(path for path in left.state.glob("before-restore-*") if path.name.endswith(".sqlite3"))
    assert len(kept) == 3 and (left.state / FILE).stat().st_nlink == 1
    for path in kept:
        check_copy(path)


def test_what_was_beside_a_lost_state_never_meets_another_one(left: Left, tmp_path: Path) -> None:
    """A write-ahead log that is applied to another database damages it."""
    old = Path(shutil.copy(left.state / FILE, tmp_path / "old.sqlite3"))
    with closing(sqlite3.connect(left.state / FILE, isolation_level=None)) as connection:
        connection.execute("UPDATE feeds SET title = 'Annet'")
        log = (left.state / f"{FILE}-wal").read_bytes()
    (left.state / FILE).unlink()
    (left.state / f"{FILE}-wal").write_bytes(log)
    with pytest.raises(Mistake, match="a part of a state is here, but not the state itself"):
        open_store(left.state)
    restore(left.state, old)
    assert content(left.state / FILE)["feeds"][0]["title"] == "Teknologiklyngen"
    assert [path.read_bytes() for path in left.state.glob("before-restore-*-wal")] == [log]
