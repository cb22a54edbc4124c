"""One run of the bench: publishes, lets things go wrong, kills, mends everything, and gathers what the judge reads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, get_args

from bot.points import Point
from tests.faults.clock import Clock
from tests.faults.daemon import Processes
from tests.faults.judge import Record
from tests.faults.person import decide
from tests.faults.platforms import Discord, Email, Mastodon, Mattermost, Slack, Webhook, Zulip
from tests.faults.receivers import Mood, Platform, Receiver
from tests.faults.rows import NONE_YET, Rows
from tests.faults.site import Site
from tests.installation import Installation
from tests.postgres import Own

CAST: dict[str, Callable[[], Platform]] = {
    "room": Slack, "team": Slack, "torg": Mattermost, "hook": Webhook, "arkiv": Webhook, "disc": Discord,
    "kanal": Discord, "toot": Mastodon, "tulip": Zulip, "mail": Email,
}  # fmt: skip
Database = Literal["sqlite", "postgres"]
MOODS: tuple[Mood, ...] = ("dead", "locked", "redirects")
FLOOD = 12
MOST_AT_ONCE = 5
ROUND = (0.3, 1.6)  # Seconds until somebody is killed, if nobody is to reach a named point.
POINTS: tuple[Point, ...] = get_args(Point)
BETWEEN = (2.0, 4.5)  # Minutes that pass between two rounds, so that a run tells of many hours.
A_MOMENT = 0.1  # Seconds, in which what was on its way arrives.
AN_HOUR = timedelta(minutes=62)  # Longer than Mastodon remembers a key.
FOUR_DAYS = timedelta(days=4)  # Longer than a webhook's receiver remembers an id.


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a run: the seed, at least so many kills and deliveries, and the database."""

    seed: int
    kills: int
    deliveries: int
    database: Database = "sqlite"

    @property
    def articles(self) -> int:
        return -(-self.deliveries // len(CAST))


class Bench:
    """An installation among servers that fail."""

    def __init__(self, folder: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        self.plan, self.tell = plan, tell
        self.chance = random.Random(f"{plan.seed} rounds")
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = Clock.begun(folder / "clock.json")
        self.site = Site(self.clock, plan.seed)
        self.receivers = {n: Receiver(n, make(), self.clock, plan.seed) for n, make in CAST.items()}
        self.it = Installation(folder)
        self.database = Own.begun() if plan.database == "postgres" else None
        url = self.database.create("delebot") if self.database else ""
        self.rows = Rows(url) if url else Rows.of_file(self.it.state)
        self.processes = Processes(self.it, self.rows, self.clock, folder / "log.txt")
        self.sick: dict[str, int] = {}
        self.restored_for = 0
        self.slept = False
        self.decisions = NONE_YET
        self._configure(url)

    def _configure(self, url: str) -> None:
        database = f"DATABASE_URL={url}\n" if url else ""
        self.it.write("bot.env", f"TIMEZONE=Europe/Oslo\nALERTS=hook\n{database}")
        self.it.feed(self.site.feed, more=f"EVERY=20s\nFLOOD={FLOOD}\n")
        for name, receiver in self.receivers.items():
            self.it.write(f"channels/{name}.env", f"{receiver.settings}ALLOW_PRIVATE=yes\nIMAGES=no\n")

    def end(self) -> None:
        self.it.end()
        for server in (self.site, *(receiver.carrier for receiver in self.receivers.values())):
            server.end()
        if self.database:
            self.database.end()

    # --- The run ---------------------------------------------------------------------------------------------------

    def run(self) -> Record:
        """All of it: what the judge reads in the end."""
        self._baseline()
        turn = 0
        while self.processes.kills < self.plan.kills or len(self.site.published) < self.plan.articles:
            turn += 1
            self._round(turn)
        self._mend()
        self._quiet()
        self._decide()
        self._quiet()
        return self.record()

    def _baseline(self) -> None:
        """The site has articles when Delebot comes, of which it posts none."""
        self.site.calm = True
        self.processes.do("trigger")
        self.site.calm = False

    def _round(self, turn: int) -> None:
        """Something is published, something goes wrong, and somebody is killed."""
        self._publish()
        self._weather(turn)
        self._resume()
        self._lead()
        self.tell(self.line(turn))

    def line(self, turn: int) -> str:
        shown = sum(len(r.truth.posts) for r in self.receivers.values())
        return f"round {turn}: {self.processes.kills} kills, {len(self.site.published)} articles, {shown} posts seen"

    def _publish(self) -> None:
        """A few articles, so many on the average that the last comes with the last kill; never a flood at once."""
        missing, kills = self.plan.articles - len(self.site.published), self.plan.kills - self.processes.kills
        mean = missing / max(kills, 1)
        count = min(int(self.chance.expovariate(1) * mean + self.chance.random()), MOST_AT_ONCE, missing)
        unread = len(self.site.published) - self.rows.known()
        if not self.site.restored and unread + count <= FLOOD:
            self.site.publish(count)
        if self.site.published and self.chance.random() < 0.15:
            self.site.correct()

    def _weather(self, turn: int) -> None:
        """Receivers fall ill and are mended, the site is restored from a backup, the machine sleeps an hour."""
        for name in [name for name, until in self.sick.items() if until <= turn]:
            self._cure(name)
        if self.chance.random() < 0.2 and len(self.sick) < 3:
            name = self.chance.choice([name for name in self.receivers if name not in self.sick])
            self._sicken(name, turn)
        self.restored_for -= 1
        if self.site.restored and self.restored_for <= 0:
            self.site.restore(False)
        if turn in (self.plan.kills // 3, 2 * self.plan.kills // 3):
            self.restored_for = min(4, 1 + self.plan.kills // 10)
            self.site.restore(True)
        self._let_time_pass()

    def _let_time_pass(self) -> None:
        """A few minutes; at times so much that a platform has forgotten the key of a post that is in doubt."""
        doubted, half = self.rows.doubted(), self.processes.kills > self.plan.kills // 2
        if not self.slept and half and doubted & {"hook", "arkiv"}:
            self.slept = True
            self._power_cut(FOUR_DAYS)
        elif "toot" in doubted and self.chance.random() < 0.15:
            self._power_cut(AN_HOUR)
        elif not self._working():
            self.clock.set_ahead(timedelta(minutes=self.chance.uniform(*BETWEEN)))

    def _power_cut(self, length: timedelta) -> None:
        """Everything of ours is dead for so long, and what the platforms were still at is done meanwhile."""
        self.processes.kill_all()
        time.sleep(A_MOMENT)
        while self._working():
            time.sleep(A_MOMENT)
        self.clock.set_ahead(length)

    def _working(self) -> bool:
        """Whether a receiver is still at something, which hours would overtake as they never do."""
        return any(receiver.holding for receiver in self.receivers.values())

    def _sicken(self, name: str, turn: int) -> None:
        self.sick[name] = turn + self.chance.randint(2, 8)
        self.receivers[name].fall(self.chance.choice(MOODS))

    def _cure(self, name: str) -> None:
        """A person mends what was wrong, and then has Delebot go on."""
        del self.sick[name]
        self.receivers[name].recover()

    def _resume(self) -> None:
        """A person says that it is mended where Delebot has stopped; once more, if that was cut off by a kill."""
        asked = {words[1] for words, _ in self.processes.others if words[0] == "resume"}
        for name in self.rows.stopped():
            if name not in self.sick and name not in asked:
                self.processes.beside("resume", name)

    def _lead(self) -> None:
        """Let the daemon and a trigger beside it, or a trigger alone, work until one of them is killed."""
        if self.chance.random() < 0.05:
            self.processes.stop()
        alone = self.processes.daemon is None and self.chance.random() < 0.2
        if self.chance.random() < 0.3:
            self.processes.reload()
        if not alone:
            self.processes.have_daemon(self._fate())
        if alone or self.chance.random() < 0.5:
            self.processes.beside("trigger", fate=self._fate() if alone else None)
        self.processes.kill_one(self.chance.uniform(*ROUND), self.chance)

    def _fate(self) -> tuple[Point, int] | None:
        """At which point a new process dies, and which time it gets there; None is at a random moment."""
        if self.chance.random() < 0.25:
            return None
        return self.chance.choice(POINTS), self.chance.choice((1, 1, 1, 2, 3, 6))

    # --- The end ---------------------------------------------------------------------------------------------------

    def _mend(self) -> None:
        """Nothing goes wrong from here on."""
        self.tell("mending everything")
        self.site.calm = True
        self.site.restore(False)
        for name, receiver in self.receivers.items():
            receiver.calm = True
            if name in self.sick:
                receiver.recover()
        self.processes.end()
        self.processes.do("resume")

    def _quiet(self) -> None:
        """Until nothing is to be done any more, in patience."""
        for _ in range(20):
            self.processes.do("trigger")
            left = self.rows.owing()
            self.tell(f"delivering what is left: {left}")
            if not left:
                return
            self.clock.set_ahead(timedelta(minutes=20))

    def _decide(self) -> None:
        # Who looks before a platform is done would repeat what is shown a moment later.
        while self._working():
            time.sleep(A_MOMENT)
        time.sleep(A_MOMENT)
        articles = self.site.articles
        self.decisions = decide(self.rows, self.it.status(), self.receivers.values(), articles, self.processes.do)

    def record(self) -> Record:
        receivers = self.receivers.values()
        return Record(
            articles=self.site.articles,
            channels=[receiver.channel for receiver in receivers],
            arrivals=[arrival for receiver in receivers for arrival in receiver.arrivals],
            seen=[seen for receiver in receivers for seen in receiver.seen],
            rows=self.rows.shares(self.decisions),
            flood=FLOOD,
        )

    def recoveries(self) -> list[float]:
        """Seconds from each kill that left work behind to the next post that people saw, the shortest first."""
        shown = sorted(at for r in self.receivers.values() for at in r.shown_at)
        after = ((killed, next((at for at in shown if at > killed), None)) for killed in self.processes.left_work)
        return sorted(at - killed for killed, at in after if at is not None)
