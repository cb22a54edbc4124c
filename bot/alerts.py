"""What somebody must be told: once, in words, through the channels of ALERTS, and never through the one it is about.

An alert is a delivery like any other, written in the transaction of its cause, so it is neither lost nor doubled.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.model import Occasion
from bot.outcome import State, Verdict
from bot.plan import WAITS_FOR_APPROVAL, Owed, Plan
from bot.store.polls import owe

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.settings import Config
    from bot.store.lanes import Claim

FAILURES_BEFORE_ALERT = 3  # One failed poll is the weather.


def alert(connection: Connection, config: Config, subject: str, words: str, now: datetime, *, about: str = "") -> None:
    """Owe these words to whoever is to be told; the subject makes it once."""
    for name in config.bot.alerts:
        if name != about and name in config.channels:
            owed = Owed(name, subject, State.DUE, now)
            owe(connection, owed, [], occasion=Occasion.ALERT, words=words, now=now, urgent=True)


def about_settled(connection: Connection, config: Config, taken: Claim, became: Verdict, now: datetime) -> None:
    """Tell of a channel that stopped, and of a post that a person has to look after."""
    name, title = taken.channel, taken.post.entries[0].title if taken.post.entries else ""
    if became.stop:
        words = f"{name} is stopped: {became.why}. What comes meanwhile waits. Mend it, then run: delebot resume {name}"
        alert(connection, config, f"channel {name} stopped {now:%Y-%m-%dT%H:%M:%S}", words, now, about=name)
    elif became.state in (State.UNKNOWN, State.REFUSED, State.HELD) and taken.doing == "publish" and title:
        what = {
            State.UNKNOWN: "may or may not have arrived. Look there, then run delebot retry or delebot skip with",
            State.REFUSED: "was refused. Mend it, then run delebot retry with",
            State.HELD: "does not get through. Run delebot retry or delebot skip with",
        }[became.state]
        words = f"{name}: «{title}» {what} {taken.id}. The reason: {became.why}"
        alert(connection, config, f"delivery {taken.id} {became.state}", words, now, about=name)


def about_plan(connection: Connection, config: Config, feed: str, planned: Plan, now: datetime) -> None:
    """Tell of new articles that are held, together and not one by one. Approval was asked for and is no alarm."""
    held = [o for new in planned.new for o in new.owed if o.state == State.HELD and o.why != WAITS_FOR_APPROVAL]
    if held:
        articles = sum(any(o in held for o in new.owed) for new in planned.new)
        number = "1 new article" if articles == 1 else f"{articles} new articles"
        words = f"{feed}: {number} held: {held[0].why}. See delebot status, then approve or skip"
        alert(connection, config, f"feed {feed} held {now:%Y-%m-%dT%H:%M:%S}", words, now)


def about_feed(
    connection: Connection, config: Config, feed: str, before: dict[str, Any], problem: str, now: datetime
) -> None:
    """Tell of a feed that can't be read any more, and that it can be read again."""
    failures, since = (before.get("failures") or 0) + 1, before.get("ok_at")
    mark = f"{since:%Y-%m-%dT%H:%M:%S}" if since else "never"
    if problem and failures == FAILURES_BEFORE_ALERT:
        words = f"The feed {feed} could not be read {failures} times in a row: {problem}"
        alert(connection, config, f"feed {feed} broken since {mark}", words, now)
    elif not problem and failures > FAILURES_BEFORE_ALERT:
        alert(connection, config, f"feed {feed} well after {mark}", f"The feed {feed} is read again", now)
