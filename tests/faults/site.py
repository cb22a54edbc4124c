"""The site of the bench: it publishes and corrects articles, and its feed drops, stalls, lies and is restored."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

from tests.faults.clock import Clock
from tests.faults.judge import Article
from tests.faults.receivers import LATE, PAGE
from tests.servers import Answer, Server, Taken

LISTED = 40
# The site has a few articles before Delebot comes, and its backup has many that nobody has seen: by their numbers.
BEFORE, OLD = range(80001, 80004), range(90001, 90031)
# How often each fault befalls a poll, in a hundred; the rest goes well.
FAULTS = {
    "cut off": 3, "stalls": 1, "500": 3, "503": 2, "cut short": 4, "a page": 3, "nothing": 1,
    "an old copy": 5, "unchanged, it says": 4, "elsewhere": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """An article of the site, with the moment at which it says that it was written."""

    article: Article
    at: datetime

    def entry(self) -> str:
        number, version = self.article.number, self.article.version
        title = f"Sak {number}" + (f", rettet {version} gang" if version else "")
        link = f"https://klynge.example/sak-{number}/"
        return (
            f"<item><title>{title}</title><link>{link}</link><pubDate>{format_datetime(self.at)}</pubDate>"
            f'<guid isPermaLink="false">https://klynge.example/?p={number}</guid>'
            f"<description>&lt;p&gt;Innledning til sak {number}. {LEADS[number % len(LEADS)]}&lt;/p&gt;"
            "</description></item>"
        )


LEADS = ("Roboter i fjøset.", "Sensorer på havbunnen.", "Hydrogen til ferjene.", "Kunstig syn på fabrikken.")


class Site(Server):
    """A feed of the newest articles; `restored` is that it is served from a backup for now."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock, self.chance = clock, random.Random(f"{seed} site")
        self.published: list[Published] = []
        day_before, week = clock.now() - timedelta(days=1), clock.now() - timedelta(days=5)
        self.before = [Published(Article(n, old=True), day_before + timedelta(minutes=n - BEFORE[0])) for n in BEFORE]
        self.old = [Published(Article(n, old=True), week + timedelta(hours=n - OLD[0])) for n in OLD]
        self.calm, self.restored = False, False
        self.copies = [self._document()]
        self.polls = self.faults = 0
        super().__init__(self._say)

    @property
    def feed(self) -> str:
        return f"{self.address}/feed/"

    @property
    def articles(self) -> list[Article]:
        """In the order of publication."""
        return [each.article for each in (*self.old, *self.before, *self.published)]

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.published.append(Published(Article(len(self.published) + 1), self.clock.now()))
        self.copies.append(self._document())

    def correct(self) -> None:
        """Correct one of the latest articles."""
        place = len(self.published) - self.chance.randint(1, min(8, len(self.published)))
        known = self.published[place]
        article = replace(known.article, version=known.article.version + 1)
        self.published[place] = replace(known, article=article)
        self.copies.append(self._document())

    def restore(self, on: bool) -> None:
        self.restored = on
        self.copies.append(self._document())

    def _document(self) -> bytes:
        listed = [*self.old, *self.published[:-10][-LISTED:]] if self.restored else self.published[-LISTED:]
        items = "".join(each.entry() for each in reversed([*self.before, *listed]))
        head = "<title>Teknologiklyngen</title><link>https://klynge.example</link><language>nb-NO</language>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()
        )

    # --- What a poll gets ------------------------------------------------------------------------------------------

    def _say(self, taken: Taken) -> Answer:
        self.polls += 1
        fault = "" if self.calm or taken.path != "/feed/" else self._fault()
        self.faults += bool(fault)
        if fault == "stalls":
            time.sleep(LATE.total_seconds() / self.clock.speed)
        return self._wrong(fault, taken) or self._right(taken)

    def _right(self, taken: Taken) -> Answer:
        known = taken.headers.get("if-none-match") == mark(self.copies[-1])
        return Answer(304, b"") if known else feed_answer(self.copies[-1])

    def _wrong(self, fault: str, taken: Taken) -> Answer | None:
        """What is said instead of the feed; None where nothing goes wrong after all."""
        whole = self.copies[-1]
        asked_for_news = "if-none-match" in taken.headers
        answers = {
            "cut off": Answer(drop=True),
            "stalls": Answer(drop=True),
            "500": Answer(500, b"Error establishing a database connection"),
            "503": Answer(503, b"", {"Retry-After": "20"}),
            "cut short": feed_answer(whole[: self.chance.randrange(len(whole))]),
            "a page": PAGE,
            "nothing": feed_answer(b""),
            "an old copy": feed_answer(self.copies[-min(len(self.copies), self.chance.randint(2, 6))]),
            "unchanged, it says": Answer(304, b"") if asked_for_news else None,
            "elsewhere": Answer(302, b"", {"Location": f"{self.address}/feed/rss/"}),
        }
        return answers.get(fault)

    def _fault(self) -> str:
        (fault,) = self.chance.choices(("", *FAULTS), (100 - sum(FAULTS.values()), *FAULTS.values()))
        return fault


def feed_answer(body: bytes) -> Answer:
    return Answer(body=body, headers={"Content-Type": "application/rss+xml; charset=UTF-8", "ETag": mark(body)})


def mark(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:12]}"'
