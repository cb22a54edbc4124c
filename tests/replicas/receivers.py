"""The receivers of the bench: the platforms of the fault bench, slower and less often wrong, for time is real."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.faults.clock import Clock
from tests.faults.platforms import Discord, Email, Mastodon, Mattermost, Slack, Webhook, Zulip
from tests.faults.receivers import CUT_OFF, LIED, TOOK_LATE, Platform, Receiver
from tests.replicas.judge import Told
from tests.servers import Answer, Server, Taken

# How often each fault befalls a request, in a thousand; the rest goes well.
FAULTS = {
    "took it, then cut off": 4.0,
    CUT_OFF: 4.0,
    TOOK_LATE: 0.5,
    "took it, answered 504": 4.0,
    "did not take it, answered 500": 3.0,
    "did not take it, answered 429": 3.0,
    "took it, answered with a page": 2.0,
    LIED: 2.0,
    "took it, the answer was cut short": 2.0,
}
ASKS_FOR_PATIENCE = ("did not take it, answered 500", "did not take it, answered 429")
SLOW = (0.01, 0.15)  # Seconds until an answer,
SLUGGISH, ONE_IN = (1.0, 4.0), 100  # and once in a while.
# Of each ten channels: most can take a post at once, others keep a second or two between two posts.
CAST: tuple[Callable[[], Platform], ...] = (
    Webhook, Slack, Webhook, Mastodon, Webhook, Zulip, Webhook, Discord, Webhook, Webhook,
    Webhook, Mattermost, Webhook, Mastodon, Webhook, Slack, Webhook, Email, Webhook, Webhook,
)  # fmt: skip
# The tenths of the feeds whose articles they get, so that none is given more than it may post in the time.
SHARE = {"webhook": 10, "discord": 1, "email": 1}
SHARE_OF_OTHERS = 3


def cast(count: int, clock: Clock, seed: int) -> list[Slow]:
    """So many channels, of as many kinds as there are."""
    platforms = [CAST[n % len(CAST)]() for n in range(count)]
    return [Slow(f"kanal-{n:02}", each, clock, seed, _faults_of(each)) for n, each in enumerate(platforms)]


def _faults_of(platform: Platform) -> dict[str, float]:
    """What may go wrong there: a mail server that asks for patience is given five minutes of it, the whole run."""
    spared = ASKS_FOR_PATIENCE if platform.kind == "email" else ()
    return {fault: times for fault, times in FAULTS.items() if fault not in spared}


class Slow(Receiver):
    """A platform that takes its time to answer, while whoever asked may be killed."""

    @property
    def tenths(self) -> int:
        """How many tenths of the feeds it gets."""
        return SHARE.get(self.platform.kind, SHARE_OF_OTHERS)

    def gets(self, feed: int) -> bool:
        """Whether the articles of this feed, by its number, are meant for it."""
        return feed % 10 < self.tenths

    def say(self, taken: Taken) -> Answer:
        answer = super().say(taken)
        sluggish = not self.calm and self.chance.random() < 1 / ONE_IN
        time.sleep(self.chance.uniform(*(SLUGGISH if sluggish else SLOW)))
        return answer


class Desk(Server):
    """Where alerts arrive, by a webhook that nothing befalls."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        super().__init__(self._say)

    @property
    def settings(self) -> str:
        return f"KIND=webhook\nURL={self.address}/delebot\n"

    def _say(self, taken: Taken) -> Answer:
        words = str(json.loads(taken.body)["data"].get("words", ""))
        self.told += [Told(taken.headers["webhook-id"], line) for line in words.splitlines() if line.strip()]
        return Answer(204, b"")
