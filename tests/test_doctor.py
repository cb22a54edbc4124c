"""The doctor: an installation is broken in each way, and it says what is wrong there and what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import metadata
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from bot import kinds
from bot.commands.doctor import CHECKING, CHECKS, at, daemon, examine, is_well, machine, network, report, state, text
from bot.commands.doctor.finding import Finding, Installation
from bot.kinds import load
from bot.net.connect import knock
from bot.net.trouble import NetProblem
from bot.store import runs
from bot.store.database import open_store
from bot.store.files import FILE
from bot.store.runs import Run
from tests.goldens import usual
from tests.installation import Installation as Files
from tests.servers import Answer, Receiver, Site, rss
from tests.values import a_channel

PID = 4711
ANCIENT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class Clinic:
    """An installation in perfect health: files, state, a site, a channel, a monitor, and a daemon under systemd."""

    def __init__(self, folder: Path) -> None:
        self.site, self.hook = Site(rss((1, "Sak"))), Receiver()
        self.files = Files(folder)
        self.config, self.state, self.root = self.files.config, self.files.state, folder / "root"
        self.files.write("bot.env", f"ALERTS=hook\nHEARTBEAT_URL={self.hook.address}/puls\n")
        self.files.feed(self.site.feed)
        self.files.channel("hook", "webhook", f"{self.hook.address}/hemmelig")
        open_store(self.state).close()
        (self.state / "lock").touch(0o600)
        (self.state / "alive").touch(0o600)
        self.system("proc/self/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        self.system(
            "proc/locks", f"1: FLOCK  ADVISORY  WRITE {PID} 08:01:{(self.state / 'lock').stat().st_ino} 0 EOF\n"
        )
        self.system(f"proc/{PID}/cmdline", "/opt/delebot/bin/python\0/opt/delebot/bin/delebot\0run\0")
        self.system(f"proc/{PID}/cgroup", "0::/system.slice/delebot.service\n")
        self.environ: dict[str, str] = {}
        self.more: dict[str, Any] = {}

    def system(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    async def findings(self, patience: float = CHECKING) -> list[Finding]:
        return await examine(Installation(self.config, self.state, self.environ, root=self.root, **self.more), patience)

    async def told(self) -> list[str]:
        """All that is said but what is right."""
        return text(await self.findings()).splitlines()[:-1]

    def database(self, statement: str) -> None:
        with closing(sqlite3.connect(self.state / FILE)) as connection:
            connection.execute(statement)
            connection.commit()

    def end(self) -> None:
        self.site.end()
        self.hook.end()


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path)
    yield made
    made.end()


def everything(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """All files with their size, mode and the time of their last change, but for the memory that readers share."""
    looks = {path: path.lstat() for path in sorted(folder.rglob("*")) if not path.name.endswith("-shm")}
    return {path: (look.st_size, look.st_mode, look.st_mtime_ns) for path, look in looks.items()}


async def test_of_a_healthy_installation_it_says_one_line_and_leaves_everything_as_it_is(clinic: Clinic) -> None:
    before = everything(clinic.config.parent)
    found = await clinic.findings()
    assert text(found) == f"Nothing is wrong: {len(found)} things are right (--json lists them)", text(found)
    assert is_well(found) and len(found) > 25
    assert everything(clinic.config.parent) == before
    assert clinic.hook.taken == [] and len(clinic.site.asked) == 1


# --- What can be broken --------------------------------------------------------------------------------------------


def mistakes(it: Clinic) -> None:
    it.files.write("channels/hook.env", "KIND=webhook\n")
    it.files.feed(it.site.feed, more="EVRY=5m\nFLOOD=none\n")


def no_configuration(it: Clinic) -> None:
    shutil.rmtree(it.config)
    (it.root / "etc/delebot").mkdir(parents=True)


def no_alerts(it: Clinic) -> None:
    it.files.write("bot.env", "TIMEZONE=Europe/Oslo\n")


def alone_with_alerts(it: Clinic) -> None:
    it.files.write("channels/log.env", "KIND=console\n")


def readable_secrets(it: Clinic) -> None:
    (it.config / "channels/hook.env").chmod(0o644)


def writable_files(it: Clinic) -> None:
    (it.config / "feeds").chmod(0o757)


def no_state(it: Clinic) -> None:
    shutil.rmtree(it.state)


def a_file_for_a_state(it: Clinic) -> None:
    no_state(it)
    it.state.touch()


def open_state(it: Clinic) -> None:
    it.state.chmod(0o755)


def open_sessions(it: Clinic) -> None:
    (it.state / "sessions.json").write_text("{}")
    (it.state / "sessions.json").chmod(0o640)


def damaged_sessions(it: Clinic) -> None:
    (it.state / "sessions.json").write_text('{"a": ')
    (it.state / "sessions.json").chmod(0o600)


def mounted(kind: str) -> Callable[[Clinic], None]:
    def mount(it: Clinic) -> None:
        it.system("proc/self/mounts", f"/dev/vda1 / ext4 rw 0 0\nnas:/x {it.state} {kind} rw 0 0\n")

    return mount


def in_a_container(it: Clinic) -> None:
    it.system(".dockerenv", "")
    mounted("overlay")(it)


def a_second_state(it: Clinic) -> None:
    other = it.config.parent / "default"
    open_store(other).close()
    it.more["elsewhere"] = (it.state, other)


def no_database(it: Clinic) -> None:
    (it.state / FILE).write_bytes(b"what is this" * 1000)


def another_database(it: Clinic) -> None:
    (it.state / FILE).unlink()
    it.database("CREATE TABLE another (one)")


def half_a_state(it: Clinic) -> None:
    (it.state / FILE).rename(it.state / f"{FILE}-wal")


def newer(it: Clinic) -> None:
    it.database("UPDATE alembic_version SET version_num = '9999'")


def older(it: Clinic) -> None:
    it.database("UPDATE alembic_version SET version_num = '0000'")


def damaged(it: Clinic) -> None:
    path = it.state / FILE
    pages = bytearray(path.read_bytes())
    pages[8192:] = bytes([255]) * (len(pages) - 8192)
    path.write_bytes(pages)


def orphans(it: Clinic) -> None:
    it.database("INSERT INTO attempts (delivery_id, at, doing, state, why) VALUES (99, '2026-11-01', '', '', '')")


def old(path: Path) -> None:
    path.touch()
    os.utime(path, (ANCIENT, ANCIENT))


def left_behind(it: Clinic) -> None:
    old(it.state / ".before.sqlite3.partial")


def old_copy(it: Clinic) -> None:
    old(it.state / "delebot-20260101-000000.sqlite3")


def hanging(it: Clinic) -> None:
    old(it.state / "alive")


def dead(it: Clinic) -> None:
    hanging(it)
    it.system("proc/locks", "")
    shutil.rmtree(it.root / f"proc/{PID}")


def just_killed(it: Clinic) -> None:
    it.system("proc/locks", "")
    upgraded(it)
    shutil.rmtree(it.root / f"proc/{PID}")


def not_running(it: Clinic) -> None:
    (it.state / "alive").unlink()
    it.system("proc/locks", "")
    shutil.rmtree(it.root / f"proc/{PID}")


def from_the_future(it: Clinic) -> None:
    os.utime(it.state / "alive", (4e9, 4e9))


def by_hand(it: Clinic) -> None:
    it.system(f"proc/{PID}/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n")


def upgraded(it: Clinic) -> None:
    it.database(f"INSERT INTO runs (id, pid, what, began_at) VALUES ('1', {PID}, 'run', '2020-01-01 00:00:00.000000')")


def little_memory(it: Clinic) -> None:
    it.system("proc/self/cgroup", "0::/system.slice/delebot.service\n")
    it.system("sys/fs/cgroup/system.slice/memory.max", "100000000\n")
    it.system("sys/fs/cgroup/system.slice/delebot.service/memory.max", "max\n")


def little_memory_as_it_was(it: Clinic) -> None:
    it.system("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n")


def no_certificates(it: Clinic) -> None:
    it.environ["SSL_CERT_FILE"] = "/nowhere/ca.pem"


def a_proxy_unused(it: Clinic) -> None:
    it.environ["HTTPS_PROXY"] = "http://bruker:kanarifugl@proxy.example:3128"


def no_feed(it: Clinic) -> None:
    it.site.answer = Answer(404)


def no_site(it: Clinic) -> None:
    it.site.end()


def wrong_clock(it: Clinic) -> None:
    then = format_datetime(datetime.now(UTC) - timedelta(minutes=11), usegmt=True)
    it.site._server.RequestHandlerClass.date_time_string = lambda *_: then  # type: ignore[attr-defined]


def no_receiver(it: Clinic) -> None:
    it.hook.end()


def a_private_address(it: Clinic) -> None:
    it.files.write("channels/hook.env", f"KIND=webhook\nURL={it.hook.address}/x\nIMAGES=no\n")


def an_old_program(it: Clinic) -> None:
    program = it.config.parent / "old/bin/delebot"
    (program.parent.parent / "lib/python3.9/site-packages/delebot-0.0.7.dist-info").mkdir(parents=True)
    program.parent.mkdir()
    program.touch(0o755)
    it.environ["PATH"] = str(program.parent)


CASES: list[tuple[Callable[[Clinic], None], str, str]] = [
    (mistakes, "✗ channels/hook.env: URL is missing", "The address that takes the JSON"),
    (mistakes, "✗ feeds/klyngen.env line 3: EVRY is not a key", "Did you mean EVERY?"),
    (mistakes, "✗ feeds/klyngen.env line 4: FLOOD", ""),
    (no_configuration, "config: this folder is not there", "Begin by copying"),
    (no_configuration, "etc/delebot: there is a configuration here", "Set DELEBOT_CONFIG"),
    (no_alerts, "! bot.env: ALERTS is missing", "Add ALERTS=hook"),
    (no_alerts, "! bot.env: HEARTBEAT_URL is missing", "Add the address of a monitor"),
    (alone_with_alerts, "! bot.env: when hook itself stops, nobody is told", "Name a second channel"),
    (readable_secrets, "hook.env: others on this machine can read the secrets", "Run: chmod 600"),
    (writable_files, "✗ {}/config/feeds: others on this machine can change this", "Run: chmod o-w"),
    (no_state, "! {}/state: there is no state yet", "delebot trigger"),
    (a_file_for_a_state, "✗ {}/state: this is no directory", "Set DELEBOT_STATE to a directory"),
    (open_state, "✗ {}/state: others on this machine can look into the state", "Run: chmod 700"),
    (open_sessions, "sessions.json: others on this machine can read the sessions", "Run: chmod 600"),
    (damaged_sessions, "sessions.json: the sessions are damaged", "Remove the file"),
    (mounted("nfs4"), "✗ {}/state: the state is on a network drive (nfs4)", "on a disk of this machine"),
    (mounted("fuse.sshfs"), "✗ {}/state: the state is on a network drive (fuse.sshfs)", "DELEBOT_STATE"),
    (mounted("tmpfs"), "! {}/state: the state is in memory", "on a disk of this machine"),
    (in_a_container, "! {}/state: the state is inside the container", "-v delebot:/data"),
    (a_second_state, "! {}/default: there is a second state, used lately", "DELEBOT_STATE={}/default names it"),
    (no_database, "✗ {}/state/delebot.sqlite3: this file is no Delebot state", "delebot restore"),
    (another_database, "delebot.sqlite3: this database is no Delebot state", "Move it away"),
    (half_a_state, "a part of a state is here, but not the state itself", "Put delebot.sqlite3 back"),
    (newer, "the state was written by a newer Delebot (form 9999", "Install the newer version again"),
    (older, "! {}/state/delebot.sqlite3: the state has the form of an older version (0000", "at the next start"),
    (damaged, "✗ {}/state/delebot.sqlite3: the database is damaged", "ring back a copy with delebot restore"),
    (orphans, "1 rows of attempts belong to nothing", "delebot restore"),
    (left_behind, "this was left behind by work that was broken off", "Remove it"),
    (old_copy, "! copies: the last copy of the state is", "Make one: delebot backup"),
    (hanging, "✗ process 4711: the daemon hangs: its last sign of life was", "systemctl restart delebot"),
    (dead, "✗ {}/state: the daemon is dead", "journalctl -u delebot"),
    (just_killed, "! process 4711: the daemon has just died, or is not to be seen", "Ask again in a minute"),
    (not_running, "! {}/state: no daemon runs", "systemctl start delebot, or delebot run"),
    (from_the_future, "the last sign of life is from the future", "Check the clock"),
    (by_hand, "! daemon: the daemon was started by hand", "Let systemd or a container run it"),
    (upgraded, "! process 4711: the program is newer than the Delebot that runs", "Start it anew"),
    (little_memory, "✗ memory: only 100 MB of memory may be used", "Allow 150 MB"),
    (little_memory_as_it_was, "✗ memory: only 67 MB of memory may be used", "Allow 150 MB"),
    (no_certificates, "✗ /nowhere/ca.pem: SSL_CERT_FILE names what is not there", "Correct SSL_CERT_FILE"),
    (a_proxy_unused, "! bot.env: HTTPS_PROXY is set", "add PROXY=${HTTPS_PROXY}"),
    (no_feed, "✗ feeds/klyngen.env: there is no feed at http://127.0.0.1", "Look up the feed's address"),
    (no_site, "✗ feeds/klyngen.env: the connection to 127.0.0.1, port", "tell those who run the site"),
    (wrong_clock, "✗ clock: the clock of this machine is 11 minutes fast", "timedatectl set-ntp true"),
    (no_receiver, "✗ bot.env: HEARTBEAT_URL: the connection to 127.0.0.1, port", "firewall"),
    (an_old_program, "old/bin/delebot: typing delebot starts this one (0.0.7)", "Remove the old one"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "what", "remedy"), CASES, ids=[f"{number} {case[0].__name__}" for number, case in enumerate(CASES)]
)
async def test_what_is_broken_is_named_with_its_remedy(
    clinic: Clinic, broken: Callable[[Clinic], None], what: str, remedy: str
) -> None:
    broken(clinic)
    told, folder = await clinic.told(), str(clinic.config.parent)
    lines = [line for line in told if what.replace("{}", folder) in line]
    assert lines, told
    assert remedy.replace("{}", folder) in lines[0]
    assert not any("could not be looked at" in line or "kanarifugl" in line for line in told), told


async def test_a_private_address_is_not_connected_to_unless_it_was_admitted(clinic: Clinic) -> None:
    a_private_address(clinic)
    no_alerts(clinic)
    told = await clinic.told()
    assert any("channels/hook.env: 127.0.0.1 is a private address" in line or "leads to" in line for line in told), told


async def test_it_goes_on_after_a_mistake_and_asks_what_is_right(clinic: Clinic) -> None:
    clinic.files.write("channels/broken.env", "KIND=slak\n")
    found = await clinic.findings()
    assert [f.where for f in found if f.how == "bad"] == ["channels/broken.env line 1"]
    assert any(f.name == "feeds" and f.how == "ok" for f in found)


async def test_while_bot_env_is_wrong_nobody_is_asked_since_it_may_name_the_only_way_out(clinic: Clinic) -> None:
    clinic.files.write("bot.env", "PROXY=proxy.example\n")
    assert not is_well(await clinic.findings())
    assert clinic.site.asked == []


async def test_with_a_proxy_only_the_proxy_is_connected_to(clinic: Clinic) -> None:
    clinic.files.write("bot.env", "ALERTS=hook\nPROXY=http://bruker:kanarifugl@127.0.0.1:9\n")
    bad = [(f.where, f.what) for f in await clinic.findings() if f.how == "bad"]
    assert bad == [
        ("feeds/klyngen.env", "the connection to the proxy 127.0.0.1, port 9, was refused"),
        ("bot.env: PROXY", "the connection to 127.0.0.1, port 9, was refused"),
    ]


async def test_what_hangs_is_a_finding_and_holds_up_nothing_else(clinic: Clinic) -> None:
    release = Event()

    def hang(*_: object) -> list[str]:
        release.wait()
        return []

    clinic.more["lookup"] = hang
    clinic.files.feed(clinic.site.feed.replace("127.0.0.1", "localhost"))
    try:
        found = await clinic.findings(patience=1)
    finally:
        release.set()
    assert {f.name for f in found if "did not end within 1 s" in f.what} == {"feeds", "hosts"}


async def test_a_check_that_breaks_is_a_finding_of_its_own(clinic: Clinic) -> None:
    clinic.more["elsewhere"] = (None,)
    found = [f for f in await clinic.findings() if f.name == "elsewhere"]
    assert [(f.how, f.what) for f in found] == [("bad", "this could not be looked at (TypeError)")]


async def test_a_part_of_the_program_that_is_missing_is_told_once(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bot.commands.doctor.state", None)
    assert await clinic.told() == [
        "✗ the program: a part of it is missing (bot.commands.doctor.state). Install Delebot once more"
    ]


# --- Its judgements ------------------------------------------------------------------------------------------------


def versions(installed: dict[str, str]) -> Callable[[str], str]:
    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    return version


def known(tmp_path: Path, **more: Any) -> Installation:
    return Installation(tmp_path, tmp_path, {}, **more)


def test_a_library_that_is_missing_or_does_not_fit_is_named(tmp_path: Path) -> None:
    asked = ["httpx<1,>=0.28", "regex>=2024.11", "pillow>=11", "apprise>=2.3; extra == 'apprise'"]
    installed = versions({"httpx": "1.0.2", "pillow": "11"})
    found = list(machine.libraries(known(tmp_path), lambda _: asked, installed))
    assert [f.what for f in found] == [
        "httpx 1.0.2 is not a version that Delebot can use (httpx<1,>=0.28)",
        "the library regex is not installed",
    ]
    assert all(f.how == "bad" and "--constraint constraints.txt" in f.remedy for f in found)


def test_the_library_of_a_kind_is_asked_for_where_it_is_used(tmp_path: Path) -> None:
    from tests.values import a_config

    config = a_config([], [a_channel("alt", "apprise")])
    found = list(
        machine.libraries(
            known(tmp_path, settings=config), lambda _: ["apprise>=2.3; extra == 'apprise'"], versions({})
        )
    )
    assert [(f.what, f.remedy) for f in found] == [
        ("the library apprise is not installed", "Install it: pip install 'delebot[apprise]'")
    ]


@pytest.mark.parametrize(
    ("version", "bound", "limit", "fit"),
    [
        ("0.28.1", ">=", "0.28", True), ("0.28", ">=", "0.28.0", True), ("0.9", ">=", "0.28", False),
        ("1.0", "<", "1", False), ("0.99", "<", "1", True), ("2026.11.15", ">=", "2024.11", True),
    ],
)  # fmt: skip
def test_versions_are_compared_number_by_number(version: str, bound: str, limit: str, fit: bool) -> None:
    assert machine.fits(version, bound, limit) is fit


def test_time_zones_that_are_not_there_are_missed(tmp_path: Path) -> None:
    def nothing(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    (found,) = machine.time_zone(known(tmp_path), nothing)
    assert str(found) == "✗ : no time zone data for Europe/Oslo. Install them: pip install tzdata"


def test_an_empty_store_of_certificates_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "certs"
    empty.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(empty))
    (found,) = machine.certificates(known(tmp_path), lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert found.how == "bad" and "ca-certificates" in found.remedy


@pytest.mark.parametrize(
    ("free", "files", "how"),
    [(10**6, None, "bad"), (10**8, None, "warn"), (10**9, 5, "bad"), (10**9, 500, "warn"), (10**9, 10**6, "ok")],
)
def test_room_on_the_disk_is_judged_by_bytes_and_by_files(free: int, files: int | None, how: str) -> None:
    found = state.room(Path("/data"), free, files)
    assert found.how == how and bool(found.remedy) is (how != "ok")


@given(st.lists(st.sampled_from(["/", "/data", "/data/x", "/dat", "/home/a\\040b"]), unique=True))
def test_a_path_is_on_the_deepest_mount_above_it(mounts: list[str]) -> None:
    table = "".join(f"dev {at} kind{number} rw 0 0\n" for number, at in enumerate(mounts))
    mount, kind = state.mounted(Path("/data/x/y"), table)
    above = [at for at in mounts if at in ("/", "/data", "/data/x")]
    assert mount == max(above, key=len, default="")
    assert kind == (f"kind{mounts.index(mount)}" if mount else "")


def test_an_old_sqlite_and_few_open_files_are_named() -> None:
    assert "Use a Python with SQLite" in machine.sqlite((3, 7, 17)).remedy and machine.sqlite((3, 40, 1)).how == "ok"
    assert "ulimit -n" in machine.files_allowed(64).remedy and machine.files_allowed(1024).how == "ok"


def test_the_owner_of_the_state_is_to_run_everything(tmp_path: Path) -> None:
    (found,) = state._owner(tmp_path, os.geteuid() + 1)
    assert "sudo -u" in found.remedy and found.how == "bad"


def test_the_lock_tells_who_holds_it_and_is_not_touched(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    number = lock.stat().st_ino
    table = f"1: POSIX  ADVISORY  WRITE 1 08:01:{number} 0 EOF\n2: FLOCK  ADVISORY  WRITE 22 08:01:{number} 0 EOF\n"
    assert daemon.holder(lock, table) == 22
    assert daemon.holder(lock, table.replace(str(number), "1")) is None
    assert daemon.holder(tmp_path / "none", table) is None


@pytest.mark.parametrize("kind", kinds.names())
def test_of_every_kind_it_is_known_which_host_is_asked(kind: str) -> None:
    channel = a_channel("x", kind, load(kind).settings(**usual(kind).get("to", {})))
    request = network.first_request(channel)
    assert request is not None
    assert request.url.host or request.url.scheme in ("console", "apprise")


async def test_a_knock_agrees_on_tls_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    receiver = Receiver()
    receiver._server.socket = context.wrap_socket(receiver._server.socket, server_side=True)
    url = httpx.URL(f"https://localhost:{receiver.port}/hemmelig")

    def here(*_: object) -> list[str]:
        return ["127.0.0.1"]

    try:
        with pytest.raises(NetProblem, match="certificate of localhost"):
            await knock(url, private_host="localhost", lookup=here)
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await knock(url, private_host="localhost", lookup=here)
        with pytest.raises(NetProblem, match="private address"):
            await knock(url, lookup=here)
    finally:
        receiver.end()
    assert receiver.taken == []


# --- The command ---------------------------------------------------------------------------------------------------


def test_every_check_of_the_table_is_there() -> None:
    from importlib import import_module

    modules = {module: import_module(f"bot.commands.doctor.{module}") for module in CHECKS}
    assert all(callable(getattr(modules[module], name)) for module, names in CHECKS.items() for name in names)


def test_the_states_of_a_service_and_of_a_container_are_looked_for(tmp_path: Path) -> None:
    assert Path("/var/lib/delebot") in at(tmp_path, tmp_path, {}, tmp_path / "default").elsewhere
    assert Path("/data") not in at(tmp_path, Path("/data"), {}, tmp_path / "default").elsewhere


def test_as_a_command_it_works_where_nothing_is_and_never_breaks(tmp_path: Path) -> None:
    it = Files(tmp_path)
    shutil.rmtree(it.config)
    done = it.run("doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["ok"]) == (1, "", False)
    assert [f["how"] for f in told["findings"] if f["name"] == "configuration"] == ["bad"]
    assert not it.state.exists()


async def test_the_report_says_the_same_as_the_words(clinic: Clinic) -> None:
    open_state(clinic)
    found = await clinic.findings()
    assert report(found)["ok"] is False
    assert [f["what"] for f in report(found)["findings"]] == [f.what for f in found]
    assert str(replace(found[0], name="x")).startswith("✓ ") and sys.executable in str(found[0])


# --- Replicas ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(clinic: Clinic, database_url: str) -> Clinic:
    """The same with a database that replicas share, and no state in a file."""
    on_database(clinic, database_url)
    for path in clinic.state.glob(f"{FILE}*"):
        path.unlink()
    return clinic


def on_database(it: Clinic, url: str) -> None:
    it.files.write("bot.env", f"ALERTS=hook\nHEARTBEAT_URL={it.hook.address}/puls\nDATABASE_URL={url}\n")


async def test_of_a_database_without_replicas_it_says_so_and_makes_nothing_there(shared: Clinic) -> None:
    told = "\n".join(await shared.told())
    assert "the database is empty" in told
    assert "the database is empty" in "\n".join(await shared.told()), "Looking has made something."


async def test_it_tells_of_replicas_that_are_not_alike(shared: Clinic, database_url: str) -> None:
    now = datetime.now(UTC)
    with closing(open_store(shared.state, database_url)) as store:
        odd = Run("b", 2, "run", host="berit", version="0.0.1", config="another")
        store.write_now(runs.open_run, odd, now, now + timedelta(minutes=1))
    told = "\n".join(await shared.told())
    assert "berit, process 2: it works by another configuration than the one here" in told
    assert "berit, process 2: it is version 0.0.1, and this is" in told


async def test_a_state_in_a_file_beside_the_database_is_worth_a_look(shared: Clinic) -> None:
    open_store(shared.state).close()
    assert "there is a state in a file too, which is not used" in "\n".join(await shared.told())


async def test_a_database_that_is_away_is_wrong_and_told_without_its_password(clinic: Clinic) -> None:
    on_database(clinic, "postgresql+psycopg://delebot:hemmelig@127.0.0.1:1/delebot")
    told = "\n".join(await clinic.told())
    assert "✗ 127.0.0.1:1/delebot: the database can't be reached" in told and "hemmelig" not in told
