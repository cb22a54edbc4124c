"""The daemon as a background service: its start, its end, its reload, its pauses and its signs of life."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, Process, until
from tests.servers import Answer, Receiver, Server, Site, rss


class Scene:
    def __init__(self, folder: Path) -> None:
        self.site, self.hook = Site(rss((1, "Første sak"))), Receiver()
        self.it = Installation(folder)
        self.it.feed(self.site.feed)
        self.it.channel("hook", "webhook", self.hook.hook)

    def publish(self, *numbers: int) -> None:
        self.site.body = rss(*((n, f"Sak nummer {n}") for n in numbers), (1, "Første sak"))

    def end(self) -> None:
        self.it.end()
        for server in (self.site, self.hook):
            server.end()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.end()


def wait_for_line(stream: object, *words: str) -> list[str]:
    """The lines of a log until all of these words were said, in whatever order."""
    lines: list[str] = []
    missing = set(words)
    for line in stream:  # type: ignore[attr-defined]
        lines.append(line)
        missing -= {word for word in missing if word in line}
        if not missing:
            return lines
    raise AssertionError(f"{missing} was never said: {''.join(lines)}")


def started(scene: Scene, *words: str) -> Process:
    """The daemon, running and with its first poll behind it."""
    daemon = scene.it.start("run")
    wait_for_line(daemon.stderr, "runs: feeds: 1", *words)
    return daemon


def test_sigterm_ends_it_after_what_is_in_flight(scene: Scene) -> None:
    scene.it.run("trigger")
    release = threading.Event()
    reached = threading.Event()

    def slowly(_: object) -> Answer:
        reached.set()
        release.wait(10)
        return Answer()

    with Server(slowly) as slow:
        scene.it.channel("hook", "webhook", f"{slow.address}/services/x")
        scene.publish(2)
        # The feed was polled a moment ago, so the daemon itself would wait; a trigger beside it makes it poll.
        daemon = started(scene)
        beside = scene.it.start("trigger")
        assert reached.wait(20)
        daemon.send_signal(signal.SIGTERM)
        wait_for_line(daemon.stderr, "stopping")
        release.set()
        assert daemon.wait(timeout=20) == 0
        beside.communicate(timeout=30)
    assert not scene.it.status()["needs_you"] and not scene.it.status()["waiting"]


def test_a_second_daemon_on_the_same_state_is_refused_in_one_line(scene: Scene) -> None:
    daemon = started(scene, "first poll")
    second = scene.it.run("run")
    assert second.returncode == 1 and len(second.stderr.splitlines()) == 1
    assert f"another Delebot (process {daemon.pid})" in second.stderr


def test_sighup_takes_a_new_channel_and_keeps_the_last_good_configuration(scene: Scene) -> None:
    daemon = started(scene, "first poll")
    scene.it.write("channels/broken.env", "KIND=nothing\n")
    daemon.send_signal(signal.SIGHUP)
    told = wait_for_line(daemon.stderr, "stays as it was")
    assert "channels/broken.env" in told[-1]
    with Receiver() as late:
        scene.it.channel("broken", "webhook", late.hook)
        daemon.send_signal(signal.SIGHUP)
        wait_for_line(daemon.stderr, "is in force")
        scene.publish(2)
        assert scene.it.run("trigger").returncode == 0
        assert len(late.taken) == 1 and len(scene.hook.taken) == 1


def test_a_pause_holds_everything_and_a_resume_delivers_it(scene: Scene) -> None:
    started(scene, "first poll")
    assert "Everything is paused" in scene.it.run("pause").stdout
    scene.publish(2)
    triggered = scene.it.run("trigger")
    assert triggered.returncode == 1 and "delebot resume" in triggered.stderr
    assert scene.it.status()["paused"] and not scene.hook.taken
    assert "PAUSED" in scene.it.run("status").stdout
    assert scene.it.run("resume").returncode == 0
    assert len(scene.hook.taken) == 1


def test_one_channel_can_be_paused_for_a_while(scene: Scene) -> None:
    scene.it.run("trigger")
    assert "hook is paused until" in scene.it.run("pause", "hook", "--for", "2h", cold=True).stdout
    scene.publish(2)
    scene.it.run("trigger")
    assert not scene.hook.taken and "hook is paused until" in scene.it.run("status").stdout
    assert scene.it.run("resume", "hook", cold=True).returncode == 0
    assert len(scene.hook.taken) == 1


def test_it_tells_systemd_that_it_is_ready_and_alive_and_that_it_stops(scene: Scene, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(address)
        channel.settimeout(30)
        os.environ["NOTIFY_SOCKET"] = address
        try:
            daemon = scene.it.start("run", cold=True)  # As systemd starts it, by a Python of its own.
        finally:
            del os.environ["NOTIFY_SOCKET"]
        heard = {channel.recv(100).decode() for _ in range(2)}
        assert heard == {"READY=1", "WATCHDOG=1"}
        assert scene.it.run("status", "--alive").returncode == 0
        daemon.send_signal(signal.SIGTERM)
        while (message := channel.recv(100).decode()) != "STOPPING=1":
            assert message == "WATCHDOG=1"
        assert daemon.wait(timeout=20) == 0
    assert scene.it.run("status", "--alive").returncode == 1


def test_the_outside_monitor_is_asked(scene: Scene) -> None:
    with Receiver() as monitor:
        scene.it.write("bot.env", f"HEARTBEAT_URL={monitor.address}/ping\n")
        scene.it.start("run")
        until(lambda: bool(monitor.taken), "the heartbeat")


def test_a_life_sign_that_is_old_is_none(tmp_path: Path) -> None:
    from bot.life import LIFE_SIGN, is_alive

    assert not is_alive(tmp_path)
    sign = tmp_path / LIFE_SIGN
    sign.touch()
    assert is_alive(tmp_path)
    long_ago = time.time() - 3600
    os.utime(sign, (long_ago, long_ago))
    assert not is_alive(tmp_path)


def test_a_copy_is_made_beside_the_daemon_and_brought_back_without_a_flood(scene: Scene, tmp_path: Path) -> None:
    scene.it.run("trigger")
    daemon = started(scene)
    copied = tmp_path / "copy.sqlite3"
    # Here and where people decide, each command is once started by a Python of its own, to import what it needs itself.
    assert scene.it.run("backup", str(copied), cold=True).returncode == 0 and copied.stat().st_mode & 0o777 == 0o600
    scene.publish(3, 2)
    scene.it.run("trigger")
    refused = scene.it.run("restore", str(copied))
    assert refused.returncode == 1 and "End it first" in refused.stderr
    daemon.terminate()
    daemon.communicate(timeout=30)
    assert scene.it.run("restore", str(copied), cold=True).returncode == 0
    scene.it.run("trigger")
    assert len(scene.hook.taken) == 2
    needs = scene.it.status()["needs_you"]
    assert [n["state"] for n in needs] == ["held", "held"] and "brought back" in needs[0]["why"]
    scene.publish(4, 3, 2)
    scene.it.run("trigger")
    assert len(scene.hook.taken) == 3


def test_a_held_delivery_is_approved_and_another_let_be(scene: Scene) -> None:
    scene.it.run("trigger")
    scene.it.channel("hook", "webhook", scene.hook.hook, "APPROVE=yes\n")
    scene.publish(3, 2)
    scene.it.run("trigger")
    newest, oldest = (need["id"] for need in scene.it.status()["needs_you"])
    assert scene.it.run("approve", str(oldest), cold=True).returncode == 0
    assert "is skipped" in scene.it.run("skip", str(newest), cold=True).stdout
    assert [taken.json["data"]["title"] for taken in scene.hook.taken] == ["Sak nummer 2"]
    for command, said in (("approve", "is not held"), ("skip", "stays as it is"), ("retry", "stays as it is")):
        refused = scene.it.run(command, str(oldest))
        assert refused.returncode == 1 and said in refused.stderr
    assert scene.it.run("retry", "999", cold=True).returncode == 2


def test_status_answers_in_about_ten_lines(scene: Scene) -> None:
    assert "nothing was polled yet" in scene.it.run("status").stdout
    scene.it.run("trigger")
    scene.publish(2)
    scene.it.run("trigger")
    told = scene.it.run("status").stdout
    assert "Sak nummer 2  hook ✓" in told and "ALERTS" in told and "Next polls" in told
    assert len(told.splitlines()) <= 10
