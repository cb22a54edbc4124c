"""The commands of an installation whose state is in PostgreSQL: alone, and beside a replica that runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, until
from tests.servers import Receiver, Site, rss
from tests.test_pipeline import ONE, THREE, TWO, titles


class Scene:
    """A site, two receivers, and an installation that names a database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.site, self.room, self.hook = Site(rss(ONE)), Receiver(), Receiver()
        self.it = Installation(folder)
        self.it.write("database", url)
        self.it.write("bot.env", f"TIMEZONE=Europe/Oslo\nDATABASE_URL_FILE={self.it.config / 'database'}\n")
        self.it.feed(self.site.feed)
        self.it.channel("room", "slack", self.room.hook)
        self.it.channel("hook", "webhook", self.hook.hook)

    @property
    def posts(self) -> tuple[int, int]:
        return len(self.room.taken), len(self.hook.taken)

    def end(self) -> None:
        self.it.end()
        for server in (self.site, self.room, self.hook):
            server.end()


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = Scene(tmp_path, database_url)
    yield made
    made.end()


def test_four_feeds_in_turn_are_shared_once(scene: Scene) -> None:
    """The first article is known, the second is news, is then corrected, and at last the site moves."""
    corrected = (2, "Andre sak, rettet")
    moved = rss(corrected, ONE, host="www.klynge.example").replace(b"?p=", b"?post_type=post&#038;p=9")
    counts = []
    for feed in (rss(ONE), rss(TWO, ONE), rss(corrected, ONE), moved):
        scene.site.body = feed
        for _ in range(2):
            done = scene.it.run("trigger")
            assert done.returncode == 0, done.stderr
            counts.append(scene.posts)
    assert counts == [(0, 0), (0, 0), (1, 1), (1, 1), (1, 2), (1, 2), (1, 2), (1, 2)]
    assert titles(scene.hook) == ["item.published Andre sak", "item.updated Andre sak, rettet"]
    told = scene.it.status()
    assert told["running"] is False and told["replicas"] == []
    assert told["articles"][0]["channels"]["hook"]["state"] == "sent"
    assert not list(scene.it.state.glob("*.sqlite3")), "What is kept here may be lost."


def test_looking_makes_no_state(scene: Scene) -> None:
    assert "nothing was polled yet" in scene.it.run("status").stdout
    looked = scene.it.run("preview")
    assert looked.returncode == 0 and "Første sak" in looked.stdout, looked.stderr
    assert "nothing was polled yet" in scene.it.run("status").stdout


def test_a_trigger_beside_a_replica_is_done_by_it_and_tells_how_it_went(scene: Scene) -> None:
    scene.it.run("trigger")
    replica = scene.it.start("run")
    until(lambda: scene.it.status()["running"], "a life sign")
    scene.site.body = rss(THREE, TWO, ONE)
    done = scene.it.run("trigger", "--channel", "hook")
    assert done.returncode == 0 and "Andre sak" in done.stdout + done.stderr, done.stderr
    assert titles(scene.hook) == ["item.published Andre sak", "item.published Tredje sak"]
    until(lambda: len(scene.room.taken) == 2, "that the other channel gets them without being asked for")
    (told,) = scene.it.status()["replicas"]
    assert (told["pid"], told["alive"], told["leads"], told["config"]) == (replica.pid, True, True, "same")
    assert scene.it.run("status", "--ready").returncode == 0
    paused = scene.it.run("pause", "hook")
    assert paused.returncode == 0, paused.stderr
    replica.send_signal(signal.SIGTERM)
    replica.communicate(timeout=30)
    assert replica.returncode == 0
    gone = json.loads(scene.it.run("status", "--json").stdout)
    assert gone["running"] is False and gone["replicas"] == []
