"""The situations that could make a flood, and by `right` what should come of each.

Every situation begins with a site of four articles, the newest two days old, which Delebot read a day ago.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import SecretStr

from bot.model import Busy, Stopped
from bot.settings import Feed
from bot.store import desk
from bot.store.adoption import adopt
from tests.floods.bench import HOOK, Bench, Wishes
from tests.floods.right import Outcome, changed_at_once, dripped, each, exactly, retried, sifted, untouched, waited

HOUR, QUARTER = 1 / 24, 1 / 96


@dataclass(frozen=True)
class Situation:
    """What happens, and what should come of it."""

    what: str
    happens: Callable[[Bench], None]
    right: Callable[[Wishes], Outcome]


SITUATIONS: list[Situation] = []


def situation(what: str, right: Callable[[Wishes], Outcome]) -> Callable[[Callable[[Bench], None]], None]:
    def add(happens: Callable[[Bench], None]) -> None:
        SITUATIONS.append(Situation(what, happens, right))

    return add


# --- An ordinary life ----------------------------------------------------------------------------------------------


@situation("nothing new", exactly())
def nothing(bench: Bench) -> None:
    bench.work(1)


@situation("an article a day, for five days", exactly(shared=5))
def ordinary(bench: Bench) -> None:
    live(bench, days=5)


@situation("six articles in an hour, one at each poll", exactly(shared=6))
def a_busy_hour(bench: Bench) -> None:
    for _ in range(6):
        bench.write()
        bench.work(HOUR / 6)


@situation("three articles at once", sifted(0, 0, 0))
def three_at_once(bench: Bench) -> None:
    bench.write(3)
    bench.work(QUARTER)


def live(bench: Bench, days: int) -> None:
    """Ordinary days with an article each."""
    for _ in range(days):
        bench.now += timedelta(days=1)
        bench.write()
        bench.work()


# --- Delebot was away ----------------------------------------------------------------------------------------------


@situation("a week offline, 3 articles meanwhile", sifted(8, 4.5, 1))
def offline_few(bench: Bench) -> None:
    bench.now += timedelta(days=9)
    bench.write(3, age=1, apart=3.5)
    bench.work()


@situation("a week offline, 6 articles meanwhile", sifted(*(0.5 + 0.9 * n for n in range(6))))
def offline_many(bench: Bench) -> None:
    bench.now += timedelta(days=7)
    bench.write(6, age=0.5, apart=0.9)
    bench.work()


@situation("the feed gone for a month, then back with 4 more", sifted(29, 20, 11, 2))
def gone_for_a_month(bench: Bench) -> None:
    bench.now += timedelta(days=31)
    bench.write(4, age=2, apart=9)
    bench.work()


@situation("everything paused for a week, then resumed", sifted(*(0.5 + 0.9 * n for n in range(6))))
def everything_paused(bench: Bench) -> None:
    desk.pause(bench.connection, None, None, bench.now)
    assert not desk.due_feeds(bench.connection, [bench.feed.name], bench.now + timedelta(days=7))
    bench.now += timedelta(days=7)
    bench.write(6, age=0.5, apart=0.9)
    bench.resume()
    bench.work()


# --- The channel was away ------------------------------------------------------------------------------------------


def away(bench: Bench, articles: int, days: float) -> None:
    """Articles come one at a poll, evenly over so many days, and with each Delebot tries what is due."""
    for _ in range(articles):
        bench.write()
        bench.poll()
        bench.trigger()
        bench.now += timedelta(days=days / articles)


@situation("paused for half an hour, 3 articles meanwhile", exactly(shared=3))
def paused_briefly(bench: Bench) -> None:
    desk.pause(bench.connection, HOOK, None, bench.now)
    away(bench, 3, HOUR / 2)
    bench.resume()


@situation("paused for a week, 3 articles meanwhile", waited(3, 6))
def paused_few(bench: Bench) -> None:
    desk.pause(bench.connection, HOOK, None, bench.now)
    away(bench, 3, 6)
    bench.resume()


@situation("paused for a week, 6 articles meanwhile", waited(6, 7))
def paused_many(bench: Bench) -> None:
    desk.pause(bench.connection, HOOK, bench.now + timedelta(days=7), bench.now)
    away(bench, 6, 7)
    bench.drain()


@situation("webhook dead for a week, 6 articles meanwhile, mended", waited(6, 6))
def webhook_dead(bench: Bench) -> None:
    bench.trouble = Stopped("the answer was 404 Not Found")
    away(bench, 6, 6)
    bench.trouble = None
    bench.resume()


@situation("token ended for a month, 4 articles meanwhile, mended by a new file", waited(4, 30))
def token_ended(bench: Bench) -> None:
    bench.trouble = Stopped("the answer was 401 Unauthorized")
    away(bench, 4, 30)
    bench.trouble = None
    adopt(bench.connection, {HOOK: "another token"}, {})
    bench.drain()


@situation("receiver down for a week, 6 articles meanwhile", retried(6, 6))
def receiver_down(bench: Bench) -> None:
    bench.trouble = Busy("the connection was refused")
    away(bench, 6, 6)
    bench.trouble = None
    bench.trigger()


@situation("Delebot killed with 4 articles to send, started a week later", waited(4, HOUR / 2, more=7))
def killed(bench: Bench) -> None:
    for _ in range(4):
        bench.write()
        bench.poll()
        bench.now += timedelta(days=HOUR / 8)
    bench.work(7)


# --- The site ------------------------------------------------------------------------------------------------------


@situation("site restored: the newest vanish, and come again under new guids", exactly())
def site_restored(bench: Bench) -> None:
    lost = bench.site[:4]
    bench.site = bench.site[4:]
    bench.work(QUARTER)
    bench.site = [replace(item, guid=f"{item.guid}0000") for item in lost] + bench.site
    bench.work(QUARTER)


@situation("site restored: 4 forgotten drafts appear, a year old", sifted(400, 399, 398, 364))
def drafts_appear(bench: Bench) -> None:
    bench.write(3, age=398, apart=1)
    bench.write(age=364)
    bench.work(QUARTER)


@situation("site moved: another host, other guids", lambda wishes: untouched(wishes.first_run)(wishes))
def site_moved(bench: Bench) -> None:
    bench.change(
        guid=lambda item: item.guid.replace("klynge", "www.ny-klynge"),
        link=lambda item: item.link.replace("klynge", "ny-klynge"),
    )
    bench.work(QUARTER)


@situation("feed's URL changed, the same articles and one more", exactly(shared=1))
def url_changed(bench: Bench) -> None:
    bench.feed = moved(bench)
    bench.write()
    bench.work(QUARTER)


@situation("feed's URL changed to a site of which nothing is known", exactly())
def another_site(bench: Bench) -> None:
    bench.feed = moved(bench)
    bench.site = []
    bench.write(8, age=0.1, apart=0.1)
    bench.work(QUARTER)


def moved(bench: Bench) -> Feed:
    """The feed under another address."""
    wishes = bench.feed.wishes.model_copy(update={"url": SecretStr("https://ny.example/feed/")})
    return bench.feed.model_copy(update={"wishes": wishes})


@situation("the feed lists 6 more of the past", sifted(*(20 + 10 * n for n in range(6))))
def longer_feed(bench: Bench) -> None:
    bench.write(6, age=20, apart=10)
    bench.work(QUARTER)


@situation("an import of 6, all dated today", sifted(*[0] * 6))
def an_import(bench: Bench) -> None:
    bench.write(6)
    bench.work(QUARTER)


@situation("an import of 18 dated today, 3 at each poll", dripped)
def an_import_drips(bench: Bench) -> None:
    for _ in range(6):
        bench.write(3, apart=0.0001)
        bench.work(QUARTER)


@situation("one old article at each poll, 6 in all", each(*(20 + 10 * n for n in range(6))))
def old_ones_drip(bench: Bench) -> None:
    for n in range(6):
        bench.write(age=20 + 10 * n)
        bench.work(QUARTER)


@situation("5 posts are out, and a plugin changes all texts of the site", changed_at_once)
def site_wide_change(bench: Bench) -> None:
    live(bench, days=5)
    bench.given.clear()
    bench.change(html=lambda item: f"<p>Les også våre andre saker.</p>{item.html}")
    bench.work(QUARTER)


@situation("5 posts are out, and 3 articles are corrected", lambda _: Outcome(edited=3))
def three_corrections(bench: Bench) -> None:
    live(bench, days=5)
    bench.given.clear()
    bench.site = [replace(i, title=f"{i.title}, rettet") if n < 3 else i for n, i in enumerate(bench.site)]
    bench.work(QUARTER)


# --- Delebot restored ----------------------------------------------------------------------------------------------


@situation("Delebot restored from a copy: 4 articles were sent since", exactly(held=4))
def delebot_restored(bench: Bench) -> None:
    copy = bench.backup()
    live(bench, days=4)
    bench.given.clear()
    bench.restore(copy)
    bench.work(QUARTER)


@situation("Delebot restored from a copy that has 2 to send and 1 held", exactly(held=3))
def restored_with_due(bench: Bench) -> None:
    desk.pause(bench.connection, HOOK, None, bench.now)
    away(bench, 2, HOUR)
    bench.write(age=300)
    bench.work(QUARTER)
    copy = bench.backup()
    bench.resume()
    for id, _ in bench.held():
        desk.release(bench.connection, id, bench.now)
    bench.drain()
    bench.given.clear()
    bench.restore(copy)
    bench.resume()
    bench.work(QUARTER)
