"""The sites of the bench: many feeds on some addresses of this machine, which note who asks for what, and when."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.faults.clock import Clock
from tests.faults.judge import Article
from tests.faults.receivers import LATE
from tests.faults.site import Published, feed_answer, mark
from tests.replicas.judge import Poll
from tests.replicas.sockets import process_of
from tests.servers import Answer, Server, Taken

HOSTS = tuple(f"127.0.0.{n}" for n in range(2, 22))  # Not all on one, for one host is not asked for much at once.
LISTED = 20
FIRST_OLD = 80001  # The articles that are there before Delebot have numbers of five digits.
# How often each fault befalls a poll, in a thousand; the rest goes well.
FAULTS = {"cut off": 8, "stalls": 2, "500": 8, "503": 5, "elsewhere": 20, "unchanged, it says": 20}
PATIENCE = 60  # Seconds that a busy site asks for, which are more than lie between two polls.


@dataclass
class Feed:
    """One feed: where it is, what it lists, and what it was asked."""

    name: str
    url: str
    old: Published
    listed: list[Published] = field(default_factory=list)

    def document(self) -> bytes:
        items = "".join(each.entry() for each in reversed([self.old, *self.listed[-LISTED:]]))
        head = f"<title>{self.name}</title><link>https://klynge.example</link><language>nb-NO</language>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()
        )


class Sites:
    """So many feeds. `processes` are those that may ask."""

    def __init__(self, count: int, clock: Clock, seed: int, processes: Callable[[], Iterable[int]]) -> None:
        self.clock, self.processes = clock, processes
        self.chance, self.faults = random.Random(f"{seed} site"), 0
        self.calm = True
        self.published: list[Article] = []
        self.polls: list[Poll] = []
        self._lock = threading.Lock()
        self._servers = [Server(self._say, host) for host in HOSTS[:count]]
        before = clock.now() - timedelta(days=1)
        self.feeds = [
            Feed(
                f"kilde-{n:03}",
                f"{self._servers[n % len(self._servers)].address}/feed/{n}/",
                Published(Article(FIRST_OLD + n, old=True), before),
            )
            for n in range(count)
        ]

    @property
    def articles(self) -> list[Article]:
        return [*(feed.old.article for feed in self.feeds), *self.published]

    def publish(self, feed: Feed) -> None:
        with self._lock:
            article = Article(len(self.published) + 1, feed=feed.name)
            self.published.append(article)
            feed.listed.append(Published(article, self.clock.now()))

    def end(self) -> None:
        for server in self._servers:
            server.end()

    # --- What a poll gets ------------------------------------------------------------------------------------------

    def _say(self, taken: Taken) -> Answer:
        asked = re.fullmatch(r"/feed/(\d+)/(rss/)?", taken.path)
        if not asked:
            return Answer(404, b"")
        feed, began = self.feeds[int(asked[1])], time.monotonic()
        whole = feed.document()
        if asked[2]:
            return feed_answer(whole)
        process = process_of(taken.host, taken.port, self.processes())
        with self._lock:
            place, poll = len(self.polls), Poll(feed.name, process, began, began)
            self.polls.append(poll)
        answer = self._wrong(feed, taken) or self._right(whole, taken)
        self.polls[place] = replace(poll, ended=time.monotonic(), cut_off=answer.drop)
        return answer

    def _right(self, whole: bytes, taken: Taken) -> Answer:
        return Answer(304, b"") if taken.headers.get("if-none-match") == mark(whole) else feed_answer(whole)

    def _wrong(self, feed: Feed, taken: Taken) -> Answer | None:
        """What is said instead of the feed; None where nothing goes wrong after all."""
        if self.calm:
            return None
        (fault,) = self.chance.choices(("", *FAULTS), (1000 - sum(FAULTS.values()), *FAULTS.values()))
        self.faults += bool(fault)
        if fault == "stalls":
            time.sleep(LATE.total_seconds())
        return {
            "cut off": Answer(drop=True),
            "stalls": Answer(drop=True),
            "500": Answer(500, b"Error establishing a database connection"),
            "503": Answer(503, b"", {"Retry-After": str(PATIENCE)}),
            "elsewhere": Answer(302, b"", {"Location": f"{feed.url}rss/"}),
            "unchanged, it says": Answer(304, b"") if "if-none-match" in taken.headers else None,
        }.get(fault)
