"""Receivers: servers that know what their people see, and that fail in every way that a platform does.

What a platform is like (how it is asked and how it answers) is in `platforms`; here is what all have in common: the
truth of what is visible, how long a key is remembered, and what goes wrong with a request.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from tests.faults.clock import Clock
from tests.faults.judge import Arrival, Channel, Seen
from tests.servers import Answer, Taken

Wanted = Literal["show", "edit", "ask", "else"]
Mood = Literal["well", "dead", "locked", "redirects"]

LATE = timedelta(seconds=36)  # Delebot waits half a minute for an answer.
CUT_OFF = "cut off before taking it"
TOOK_LATE = "took it after the deadline"
LIED = "did not take it, answered with a page"
# How often each fault befalls a request, in a thousand; the rest goes well.
FAULTS = {
    "took it, then cut off": 30,
    CUT_OFF: 25,
    TOOK_LATE: 20,
    "took it, answered 504": 30,
    "did not take it, answered 500": 25,
    "did not take it, answered 429": 40,
    "took it, answered with a page": 20,
    LIED: 20,
    "took it, the answer was cut short": 15,
}
PAGE = Answer(200, b"<!doctype html><title>Just a moment</title>", {"Content-Type": "text/html"})
ELSEWHERE = "/elsewhere"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as its platform understands it: an article to show or to edit, or a question."""

    wanted: Wanted
    number: int = 0
    version: int = 0
    key: str = ""
    id: str = ""
    words: str = ""
    path: str = ""


def article(words: str, wanted: Wanted = "show", key: str = "", id: str = "") -> Request:
    """A request about the article to which the first link in these words leads; of what is no article, nothing."""
    link, corrected = re.search(r"/sak-(\d+)/", words), re.search(r"rettet (\d+) gang", words)
    return Request(
        wanted if link else "else", int(link[1]) if link else 0, int(corrected[1]) if corrected else 0, key, id, words
    )


@dataclass
class Post:
    """What people see of an article, and what a platform keeps of it."""

    id: str
    number: int
    version: int
    words: str
    key: str
    at: datetime


class Carrier(Protocol):
    """A server that can be ended and begun again at the same address."""

    port: int

    def begin(self) -> None: ...
    def end(self) -> None: ...


class Platform(Protocol):
    """How a platform is asked and answers, and what it promises.

    `memory` is how long it remembers our key; None if it doesn't. `can_be_asked` is that it tells whether a post is
    there. `tells` are the faults after which its answer says for sure whether it took the post. A 200 with a page is a
    yes to some: for them that it took nothing would be a lie that nobody can find out, and `lies` is False.
    """

    kind: str
    memory: timedelta | None
    can_be_asked: bool
    edits: bool
    lies: bool
    tells: frozenset[str]

    def carrier(self, say: Callable[[Taken], Answer]) -> Carrier: ...
    def read(self, taken: Taken) -> Request: ...
    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer: ...
    def too_many(self, seconds: int) -> Answer: ...
    def settings(self, port: int) -> str: ...


@dataclass
class Truth:
    """What people see, by the id that the platform gave."""

    clock: Clock
    memory: timedelta | None
    posts: dict[str, Post] = field(default_factory=dict)

    def take(self, request: Request) -> Post | None:
        """Show or edit, unless it is a repeat of what is remembered."""
        if request.wanted == "edit":
            return self._edit(request)
        now = self.clock.now()
        known = next((p for p in reversed(self.posts.values()) if request.key and p.key == request.key), None)
        if known and self.memory and now - known.at < self.memory:
            return known
        post = Post(str(1000 + len(self.posts)), request.number, request.version, request.words, request.key, now)
        self.posts[post.id] = post
        return post

    def _edit(self, request: Request) -> Post | None:
        ours = [p for p in self.posts.values() if request.id in ("", p.id) and p.number == request.number]
        for post in ours:
            post.version, post.words = request.version, request.words
        return ours[-1] if ours else None


class Receiver:
    """A platform that people read, and that fails as the seed will have it until it is told to be `calm`."""

    def __init__(
        self, name: str, platform: Platform, clock: Clock, seed: int, faults: Mapping[str, float] = FAULTS
    ) -> None:
        self.name, self.platform, self.clock, self.often = name, platform, clock, faults
        self.truth = Truth(clock, platform.memory)
        self.chance = random.Random(f"{seed} {name}")
        self.mood: Mood = "well"
        self.calm = self.decided = False
        self.holding = 0
        self.arrivals: list[Arrival] = []
        self.shown_at: list[float] = []
        self.faults: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()
        self.carrier = platform.carrier(self.say)

    @property
    def settings(self) -> str:
        return f"KIND={self.platform.kind}\n{self.platform.settings(self.carrier.port)}"

    @property
    def channel(self) -> Channel:
        return Channel(self.name, bool(self.platform.memory or self.platform.can_be_asked), self.platform.edits)

    @property
    def seen(self) -> list[Seen]:
        return [Seen(self.name, post.number, post.version) for post in self.truth.posts.values()]

    def fall(self, mood: Mood) -> None:
        """Be dead (no connection is taken), or lock everybody out, or lead elsewhere."""
        self.mood = mood
        if mood == "dead":
            self.carrier.end()

    def recover(self) -> None:
        if self.mood == "dead":
            self.carrier.begin()
        self.mood = "well"

    # --- What becomes of a request ---------------------------------------------------------------------------------

    def say(self, taken: Taken) -> Answer:
        request = self.platform.read(taken)
        with self._one_at_a_time:
            fault = self._fault(request)
            self._note(request, fault, taken)
        if self.mood == "locked":
            return Answer(401, b'{"error": "invalid token"}')
        if self.mood == "redirects":
            return Answer(307, b"", {"Location": f"http://127.0.0.1:{self.carrier.port}{ELSEWHERE}"})
        return self._go_wrong(request, fault) if fault else self._take(request)

    def _fault(self, request: Request) -> str:
        """What goes wrong with this request, or empty."""
        if self.mood != "well":
            return CUT_OFF if self.mood == "dead" else self.mood
        if self.calm or request.wanted == "else":
            return ""
        (fault,) = self.chance.choices(("", *self.often), (1000 - sum(self.often.values()), *self.often.values()))
        unfair = fault == LIED and not self.platform.lies
        # An edit that comes after its deadline would undo a later one, whoever sent it.
        return "" if unfair or (fault == TOOK_LATE and request.wanted != "show") else fault

    def _note(self, request: Request, fault: str, taken: Taken) -> None:
        self.faults[fault] += 1
        if request.wanted == "show":
            clear = not fault or fault in self.platform.tells
            followed = taken.path.startswith(ELSEWHERE)
            self.arrivals.append(Arrival(self.name, request.number, fault, clear, followed, self.decided))

    def _go_wrong(self, request: Request, fault: str) -> Answer:
        if fault == TOOK_LATE:
            self._hold_back()
        answer = self._take(request) if fault.startswith("took it") else Answer()
        replies: dict[str, Callable[[], Answer]] = {
            "cut off": lambda: Answer(drop=True),
            "504": lambda: Answer(504, b"<h1>504 Gateway Time-out</h1>"),
            "500": lambda: Answer(500, b"<h1>Internal Server Error</h1>"),
            "429": lambda: self.platform.too_many(self.chance.randint(1, 15)),
            "page": lambda: PAGE,
            "short": lambda: Answer(answer.status, answer.body[:1], {"Content-Length": "900", "Connection": "close"}),
            "deadline": lambda: answer,
        }
        return next(make for word, make in replies.items() if word in fault)()

    def _hold_back(self) -> None:
        self.holding += 1
        end = self.clock.now() + LATE
        while self.clock.now() < end:
            time.sleep(0.02)
        self.holding -= 1

    def _take(self, request: Request) -> Answer:
        with self._one_at_a_time:
            before = len(self.truth.posts)
            post = self.truth.take(request) if request.wanted in ("show", "edit") else None
            if len(self.truth.posts) > before:
                self.shown_at.append(time.monotonic())
            return self.platform.said(request, post, self.truth.posts)
