"""A disk that is full, can only be read, is slow, is held by another program, or has damaged the state."""

from __future__ import annotations

import asyncio
import io
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, Engine, event

from bot import kinds
from bot.cli.terminal import teller
from bot.commands.keep import backup, restore
from bot.commands.status import report
from bot.jobs import REST, Jobs
from bot.model import Attempt, Mistake
from bot.run import at_work, lock_of
from bot.sessions import SessionFile, Sessions, with_session
from bot.settings import Channel, ChannelSettings
from bot.shelf import Shelf
from bot.store.database import open_store
from bot.store.files import FILE
from bot.story import Event
from bot.wake.local import Local
from tests.servers import rss
from tests.test_pipeline import ONE, THREE, TWO, Bench, titles
from tests.test_sessions import channel as a_session
from tests.values import NOW

A_DAY = timedelta(days=1)
ENDLESS = resource.RLIM_INFINITY


class Disk:
    """The disk of this process, which takes nothing more while it is full: the system refuses each write to a file."""

    def fill(self, room: int = 0) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, ENDLESS))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ENDLESS, ENDLESS))


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.free()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench whose first poll is over, and one article is new."""
    made = Bench(tmp_path / "state")
    asyncio.run(made.trigger())
    made.site.body = rss(TWO, ONE)
    yield made
    for server in (made.site, made.slack, made.hook):
        server.end()


class Told(list[Event]):
    """What is told, and what happens then."""

    def __init__(self, then: Callable[[], object], tell: Callable[[Event], None] = lambda _: None) -> None:
        super().__init__()
        self.then, self.tell = then, tell

    def append(self, event: Event) -> None:
        super().append(event)
        self.tell(event)
        if not event.ok:
            self.then()


@contextmanager
def at_each_write(then: Callable[[Connection], object]) -> Iterator[None]:
    """Do something whenever a writing transaction begins, whoever begins it."""

    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("reading"):
            then(connection)

    event.listen(Engine, "begin", begin)
    try:
        yield
    finally:
        event.remove(Engine, "begin", begin)


@contextmanager
def at_write(nth: int, then: Callable[[Connection], object]) -> Iterator[list[int]]:
    """Do something when the nth writing transaction begins; what is given grows with each of them."""
    begun: list[int] = []

    def count(connection: Connection) -> None:
        begun.append(len(begun) + 1)
        if begun[-1] == nth:
            then(connection)

    with at_each_write(count):
        yield begun


async def attempt(bench: Bench) -> list[str]:
    """One trigger; every line about trouble that a person gets to see."""
    try:
        await bench.trigger()
    except Mistake as mistake:
        return [str(mistake)]
    return [told.why for told in bench.told if told.what == "trouble"]


# --- Full ----------------------------------------------------------------------------------------------------------


async def test_a_disk_that_is_full_at_any_write_loses_and_doubles_nothing(bench: Bench, disk: Disk) -> None:
    """From the nth write on nothing more can be written, or only a part of it, until somebody is told."""
    base, nth, lines, begun = bench.state, 0, list[str](), [0]
    while len(begun) >= nth:
        nth += 1
        bench.state = shutil.copytree(base, base.with_name(f"state-{nth}"))
        bench.told = Told(disk.free)
        for receiver in (bench.slack, bench.hook):
            receiver.taken.clear()
        with at_write(nth, partial(fill, disk, partly=nth % 2 == 1)) as begun:
            said = await attempt(bench)
        disk.free()
        lines += said
        assert len(said) <= 2 and max(bench.posts) <= 1, (nth, said)
        await bench.trigger()
        assert (bench.posts, set(bench.states("room") + bench.states("hook"))) == ([1, 1], {"sent"}), nth
    assert len(lines) > 6 and all("disk" in line and "\n" not in line for line in lines)


def fill(disk: Disk, connection: Connection, *, partly: bool) -> None:
    wal = Path(f"{connection.engine.url.database}-wal")
    disk.fill(wal.stat().st_size + 6000 if partly else 0)


async def test_what_was_posted_is_written_down_when_there_is_room_again(bench: Bench, disk: Disk) -> None:
    def full_after_the_post(_: Connection) -> None:
        if bench.hook.taken and bench.slack.taken and not bench.told:
            disk.fill()

    bench.told = Told(disk.free)
    with at_each_write(full_after_the_post):
        await bench.trigger()
    await bench.trigger()
    assert bench.posts == [1, 1] and {*bench.states("room"), *bench.states("hook")} == {"sent"}


async def test_a_full_disk_makes_no_haste(bench: Bench, disk: Disk) -> None:
    """What can't be remembered would be due at once again: the site is not asked each second, nor the log filled."""
    bench.ahead += A_DAY
    asked, ticks = len(bench.site.asked), 0.0
    bench.told.clear()
    with closing(bench.store()) as store, lock_of(bench.state):
        async with at_work(bench.config, store, bench.told.append, "run", bench.now) as made:
            wake = Local(Jobs(made.world, lambda: ticks))
            disk.fill()
            for _ in range(5):
                await wake.sweep()
                await wake.end(5)
            assert len(bench.site.asked) == asked + 1
            assert len([told for told in bench.told if not told.ok]) == 1
            disk.free()
            for _ in range(3):
                ticks += REST
                await wake.sweep()
                await wake.end(5)
    assert bench.posts == [1, 1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of its own, where the system lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_a_disk_that_is_really_full_is_said_to_be_so_by_every_command(bench: Bench, small_disk: Path) -> None:
    bench.state = shutil.copytree(bench.state, small_disk / "state")
    ballast = small_disk / "ballast"
    with suppress(OSError), closing(io.FileIO(ballast, "w")) as file:
        while True:
            file.write(bytes(4096))
    for work in (lambda: report(bench.config, bench.state), lambda: backup(bench.state, small_disk / "copy.sqlite3")):
        with pytest.raises(Mistake, match="the disk is full"):
            work()
    (said,) = await attempt(bench)
    assert "the disk is full, so nothing can be remembered and nothing is sent. Free some space" in said
    ballast.unlink()
    assert await bench.trigger() and bench.posts == [1, 1]


def test_a_database_that_may_not_grow_says_that_the_disk_is_full(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:

        def grow(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count=1")
            connection.exec_driver_sql("CREATE TABLE more AS SELECT hex(zeroblob(100000))")

        with pytest.raises(Mistake, match="the disk is full, so nothing can be remembered and nothing is sent"):
            store.write_now(grow)


async def test_a_session_that_the_disk_does_not_take_is_not_used_and_not_lost(tmp_path: Path, disk: Disk) -> None:
    sessions, channel = Sessions(SessionFile(tmp_path)), a_session()
    sessions.write(channel, {"refresh": "used up"})
    disk.fill()
    with pytest.raises(Mistake, match="the sessions can't be written: File too large"):
        sessions.write(channel, {"refresh": "new"})
    sessions.end(a_session("annet"))
    assert Sessions(SessionFile(tmp_path)).read(channel) == {"refresh": "used up"}
    assert sessions.read(channel) == {"refresh": "new"}
    with pytest.raises(Mistake):
        await with_session(Attempt(NOW), a_threads(), sessions, unasked, lambda: NOW)
    disk.free()
    attempt = await with_session(Attempt(NOW), a_threads(), sessions, unasked, lambda: NOW)
    assert attempt.kept and Sessions(SessionFile(tmp_path)).read(a_threads()) == attempt.kept
    assert Sessions(SessionFile(tmp_path)).read(channel) == {"refresh": "new"}


async def unasked(request: httpx.Request) -> httpx.Response:
    raise AssertionError(request)


def a_threads() -> Channel:
    settings = kinds.load("threads").settings(user_id="1", token="TH-x")
    return Channel(name="threads", kind="threads", settings=settings, wishes=ChannelSettings(kind="threads"))


def test_a_picture_for_which_there_is_no_room_is_not_kept_by_halves(tmp_path: Path, disk: Disk) -> None:
    shelf = Shelf(tmp_path)
    disk.fill(10)
    shelf.put("https://klynge.example/a.png", b"x" * 1000)
    disk.free()
    assert shelf.get("https://klynge.example/a.png") is None and not list((tmp_path / "pictures").iterdir())


def test_a_copy_for_which_there_is_no_room_is_refused_and_leaves_nothing(bench: Bench, disk: Disk) -> None:
    target = bench.state.parent / "copies"
    target.mkdir()
    disk.fill(40_000)
    with pytest.raises(Mistake, match="the copy can't be written: the disk is full"):
        backup(bench.state, target)
    disk.free()
    assert not list(target.iterdir())


async def test_a_terminal_that_takes_nothing_more_does_not_stop_the_work(bench: Bench) -> None:
    nowhere = io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w"), 1), write_through=True)
    with nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        bench.told = Told(lambda: None, teller(as_json=False))
        assert await bench.trigger()
    assert bench.posts == [1, 1]


# --- Held, slow, only to be read -----------------------------------------------------------------------------------


def impatient(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA busy_timeout=20")


async def test_a_database_that_another_program_holds_is_told_and_waited_for(bench: Bench) -> None:
    with closing(sqlite3.connect(bench.state / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with at_each_write(impatient):
            (said,) = await attempt(bench)
        assert "another program holds the database. End it, or wait, and try again" in said
        assert report(bench.config, bench.state)["articles"] == []
        other.execute("ROLLBACK")
    assert await bench.trigger() and bench.posts == [1, 1]


async def test_it_is_held_in_the_middle_of_the_work_and_for_long(bench: Bench) -> None:
    """Whichever write it is that another program does not let through, the work goes on when it is gone."""
    entries = [TWO, ONE]
    for nth in (4, 6, 8):
        entries.insert(0, (nth, f"Sak {nth}"))
        bench.site.body = rss(*entries)
        with closing(sqlite3.connect(bench.state / FILE, isolation_level=None, check_same_thread=False)) as other:
            bench.told = Told(other.rollback)
            with at_each_write(impatient), at_write(nth, lambda _: other.execute("BEGIN IMMEDIATE")):
                await attempt(bench)
            other.rollback()
    bench.ahead += A_DAY
    await bench.trigger()
    expected = {title for _, title in entries[:-1]}
    assert {title.removeprefix("item.published ") for title in titles(bench.hook)} == expected
    assert bench.posts == [len(expected)] * 2


async def test_a_slow_disk_holds_up_neither_the_loop_nor_what_is_only_read(tmp_path: Path) -> None:
    done, gate = list[int](), threading.Event()
    with closing(open_store(tmp_path)) as store, at_each_write(lambda _: gate.wait(10)):

        def note(_: Connection, number: int) -> None:
            done.append(number)

        writes = [asyncio.create_task(store.write(note, number)) for number in range(10)]
        for _ in range(3):
            assert await store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1
        assert not done
        gate.set()
        await asyncio.gather(*writes)
    assert done == list(range(10))


async def test_a_state_that_can_only_be_read_from_now_on_is_told_and_nothing_is_sent_from_it(bench: Bench) -> None:
    for nth in (1, 2, 3, 4, 5):
        bench.told = Told(lambda: None)
        with at_write(nth, lambda connection: connection.exec_driver_sql("PRAGMA query_only=1")):
            said = await attempt(bench)
        assert "the state can't be written. Give the user that runs Delebot write access to it" in said[0]
        assert len(said) <= 3 and bench.posts == [0, 0]
    assert await bench.trigger() and bench.posts == [1, 1]


# --- Damaged -------------------------------------------------------------------------------------------------------


def overwritten(path: Path, at: int, by: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(by)


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "dear.txt").write_text("keep me")


def a_foreign_one(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")


def senseless_values(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"title"', b'"ti\xfe\xfee'))


def senseless_times(path: Path) -> None:
    path.write_bytes(re.sub(rb"20\d\d-(\d\d-\d\d \d\d:)", rb"20_?-\1", path.read_bytes()))


def the_page_of_items(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'items'").fetchone()
    overwritten(path, 4096 * (page - 1), b"no page at all" * 90)


def emptied(path: Path) -> None:
    """SQLite would take it for a new database, and drop what was not folded into the old one yet."""
    os.truncate(path, 0)
    path.with_name(f"{FILE}-wal").write_bytes(b"what is not folded in yet")


def pages_in_the_middle(path: Path) -> None:
    for at in range(4096 * 2, path.stat().st_size - 4096, 4096 * 2):
        overwritten(path, at, bytes(range(256)) * 8)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "the head": (lambda path: overwritten(path, 0, b"no database" * 9), "no Delebot state"),
    "pages in the middle": (pages_in_the_middle, "damaged"),
    "one page": (the_page_of_items, "damaged"),
    "the values": (senseless_values, "damaged"),
    "the times": (senseless_times, "damaged"),
    "cut short": (lambda path: os.truncate(path, 20_000), "damaged"),
    "empty": (emptied, "no Delebot state"),
    "a directory": (a_directory, "no Delebot state"),
    "another database": (a_foreign_one, "no Delebot state"),
    "another file": (lambda path: path.write_text("nothing of the kind " * 999), "no Delebot state"),
}


def files(state: Path) -> dict[str, bytes]:
    """What is in the files of a state, except for what the readers of a database tell each other."""
    held = {path.name: path.read_bytes() for path in state.iterdir() if path.is_file()}
    return {name: content for name, content in held.items() if content and not name.endswith("-shm")}


@pytest.mark.parametrize("what", DAMAGE)
async def test_a_damaged_state_is_told_in_a_line_and_a_copy_brings_it_back(what: str, bench: Bench) -> None:
    await bench.trigger()
    path, copied = bench.state / FILE, backup(bench.state, bench.state.parent / "copy.sqlite3")
    damage, words = DAMAGE[what]
    damage(path)
    before = files(bench.state)
    for work in (lambda: report(bench.config, bench.state), lambda: backup(bench.state, bench.state.parent / "second")):
        with suppress_when(what in ("the values", "the times")):
            with pytest.raises(Mistake, match=words) as told:
                work()
            assert "delebot restore" in str(told.value) and "\n" not in str(told.value)
    assert before == files(bench.state)
    said = await attempt(bench)
    assert any(words in line for line in said) and bench.posts == [1, 1]
    assert "before-restore" in restore(bench.state, copied)
    (kept,) = [path for path in bench.state.glob("before-restore-*") if path.name.endswith(".sqlite3")]
    assert (kept / "dear.txt").exists() if what == "a directory" else kept.stat().st_size == len(before.get(FILE, b""))
    bench.site.body = rss(THREE, TWO, ONE)
    await bench.trigger()
    assert bench.posts == [1, 1] and bench.states("hook") == ["sent", "held"]


@contextmanager
def suppress_when(condition: bool) -> Iterator[None]:
    """Some damage shows only to who looks at the damaged place."""
    with suppress(pytest.fail.Exception) if condition else nullcontext():
        yield
