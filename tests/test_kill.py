"""Killed with SIGKILL at every named point and at random: nothing is lost, nothing is sent twice unawares."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from bot.points import Point
from tests.installation import Installation, until
from tests.servers import Answer, Receiver, Site, rss

SEED = 20261124
RANDOM_KILLS = 50


class Scene:
    """An installation with a site, a Slack room and a signed webhook; the first poll is behind it."""

    def __init__(self, folder: Path, channels: tuple[str, ...]) -> None:
        self.site, self.slack, self.hook = Site(rss((1, "Første sak"))), Receiver(), Receiver()
        self.it = Installation(folder)
        self.it.feed(self.site.feed, more="FLOOD=1000\n")
        for name, kind, receiver in (("room", "slack", self.slack), ("hook", "webhook", self.hook)):
            if name in channels:
                self.it.channel(name, kind, receiver.hook)
        first = self.it.run("trigger")
        assert first.returncode == 0, first.stderr

    def publish(self, *numbers: int) -> None:
        self.site.body = rss(*((n, f"Sak nummer {n}") for n in sorted(numbers, reverse=True)), (1, "Første sak"))

    def end(self) -> None:
        self.it.end()
        for server in (self.site, self.slack, self.hook):
            server.end()

    def slack_posts(self) -> Counter[str]:
        return Counter(re.findall(r"Sak nummer \d+", taken.json["text"])[0] for taken in self.slack.taken)

    def hook_posts(self) -> dict[str, set[str]]:
        """The ids under which each title arrived: several posts of one id are one event to its receiver."""
        ids: dict[str, set[str]] = {}
        for taken in self.hook.taken:
            ids.setdefault(taken.json["data"]["title"], set()).add(taken.headers["webhook-id"])
        return ids

    def unknown(self) -> int:
        return sum(need["state"] == "unknown" for need in self.it.status()["needs_you"])


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene with both channels, or with those that the test names."""
    made = Scene(tmp_path, getattr(request, "param", ("room", "hook")))
    yield made
    made.end()


@pytest.mark.parametrize("scene", [("room",)], indirect=True)
@pytest.mark.parametrize("point", get_args(Point))
def test_a_slack_room_gets_the_article_once_or_a_person_is_asked_when_killed_at(point: str, scene: Scene) -> None:
    scene.publish(2)
    assert scene.it.run("trigger", killed=(point, 1)).returncode == -signal.SIGKILL
    for _ in range(2):
        scene.it.run("trigger")
    sent, unknown = len(scene.slack.taken), scene.unknown()
    expected = {"begun": (0, 1), "answered": (1, 1), "before settle": (1, 1)}
    assert (sent, unknown) == expected.get(point, (1, 0))


@pytest.mark.parametrize("scene", [("hook",)], indirect=True)
@pytest.mark.parametrize("point", get_args(Point))
def test_a_webhook_gets_the_article_under_one_id_when_killed_at(point: str, scene: Scene) -> None:
    scene.publish(2)
    assert scene.it.run("trigger", killed=(point, 1)).returncode == -signal.SIGKILL
    for _ in range(2):
        scene.it.run("trigger")
    assert [len(ids) for ids in scene.hook_posts().values()] == [1] and scene.unknown() == 0
    assert len(scene.hook.taken) == (2 if point in ("answered", "before settle") else 1)


def test_cut_off_before_the_answer(scene: Scene) -> None:
    """The receiver took the post and was cut off: unknown on Slack, the same webhook-id on the webhook."""
    scene.publish(2)
    for receiver in (scene.slack, scene.hook):
        receiver.answers.append(Answer(drop=True))
    scene.it.run("trigger")
    scene.it.run("trigger")
    assert len(scene.slack.taken) == 1 and scene.unknown() == 1
    assert len(scene.hook.taken) == 2 and all(len(ids) == 1 for ids in scene.hook_posts().values())


def test_killed_at_fifty_random_moments_of_run_and_of_trigger_beside_it(scene: Scene) -> None:
    """Articles appear one by one; the daemon and the trigger beside it are killed again and again.

    The moments lie between a command's first step and the end of a trigger that does the work itself.
    """
    chance = random.Random(SEED)
    numbers: list[int] = []
    daemon = scene.it.start("run")
    for kill in range(RANDOM_KILLS):
        numbers.append(kill + 2)
        scene.publish(*numbers)
        if daemon.poll() is not None:
            daemon = scene.it.start("run")
        beside = scene.it.start("trigger")
        victim = daemon if chance.random() < 0.5 else beside
        with contextlib.suppress(subprocess.TimeoutExpired):
            victim.wait(timeout=chance.uniform(0, 0.7))
        victim.kill()
        for process in {victim, beside} - {daemon}:
            process.kill()
        beside.communicate()
    daemon.kill()
    daemon.communicate()
    for _ in range(3):
        scene.it.run("trigger")
    titles = {f"Sak nummer {n}" for n in numbers}
    held = {n["why"] for n in scene.it.status()["needs_you"] if n["state"] == "held"}
    assert not held
    assert set(scene.hook_posts()) == titles
    assert all(len(ids) == 1 for ids in scene.hook_posts().values())
    posts = scene.slack_posts()
    assert max(posts.values()) == 1
    assert len(posts) + scene.unknown() >= len(titles)


def test_a_trigger_beside_a_daemon_shows_its_work_and_does_it_itself_when_the_daemon_dies(scene: Scene) -> None:
    daemon = scene.it.start("run")
    until(lambda: bool(scene.it.status()["running"]), "the daemon's start")
    scene.publish(2)
    beside = scene.it.run("trigger")
    assert "room: sent «Sak nummer 2»" in beside.stdout and "klyngen: 1 new article" in beside.stdout
    scene.publish(3, 2)
    scene.slack.answers.append(Answer(drop=True))
    follower = scene.it.start("trigger")
    daemon.kill()
    daemon.communicate()
    follower.communicate(timeout=30)
    scene.it.run("trigger")
    assert set(scene.hook_posts()) == {"Sak nummer 2", "Sak nummer 3"}
