"""How things stand, as values and in about ten lines: what went where, what waits, what is wrong, what comes next."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.outcome import State
from bot.run import LIFE_SIGN
from bot.settings import Config
from bot.store import desk, lanes
from bot.store.database import FILE, Store, open_store
from bot.store.schema import EVERYTHING
from bot.world import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

LIVES_FOR = 60
MARKS = {
    State.SENT: "✓", State.DUE: "…", State.SENDING: "…", State.HELD: "held", State.UNKNOWN: "?",
    State.REFUSED: "✗", State.SKIPPED: "skipped", State.RETRACTED: "taken back",
}  # fmt: skip


def is_alive(state: Path) -> bool:
    """Whether a daemon has given a sign of life within the last minute."""
    try:
        return time.time() - (state / LIFE_SIGN).stat().st_mtime < LIVES_FOR
    except OSError:
        return False


def report(config: Config, state: Path) -> dict[str, Any]:
    """Everything that status tells, ready for JSON: times in the configured zone, ISO 8601."""
    if not (state / FILE).exists():
        return _empty(config, state)
    store: Store = open_store(state)
    try:
        return store.read_now(_report, config, state)
    finally:
        store.close()


def _empty(config: Config, state: Path) -> dict[str, Any]:
    missing = [{"what": "nothing was polled yet", "do": "delebot trigger, or delebot run"}]
    return {
        "running": is_alive(state), "paused": False, "articles": [], "waiting": {}, "needs_you": [],
        "wrong": missing + _no_alerts(config), "next_polls": [],
    }  # fmt: skip


def _report(connection: Connection, config: Config, state: Path) -> dict[str, Any]:
    now = clock()
    rows = desk.channel_rows(connection)
    counts = desk.counts(connection)
    everything = rows.get(EVERYTHING)
    return {
        "running": is_alive(state),
        "paused": bool(everything and lanes.paused(everything, now)),
        "articles": _articles(connection, config),
        "waiting": {
            name: counts.get((name, State.DUE), 0) for name in config.channels if counts.get((name, State.DUE))
        },
        "needs_you": [
            _needs(connection, row) for row in desk.of_states(connection, (State.HELD, State.UNKNOWN, State.REFUSED))
        ],
        "wrong": _wrong(connection, config, rows, counts, now) + _no_alerts(config),
        "next_polls": _next_polls(connection, config),
    }


def _articles(connection: Connection, config: Config) -> list[dict[str, Any]]:
    found = desk.latest_items(connection)
    went = desk.deliveries_of(connection, [row["id"] for row in found])
    return [
        {
            "id": row["id"], "feed": row["feed"], "title": row["data"]["title"], "link": row["data"]["link"],
            "published": _iso(row["published"], config),
            "channels": {d["channel"]: _went(d) for d in went if d["item_id"] == row["id"]},
        }
        for row in found
    ]  # fmt: skip


def _went(row: RowMapping) -> dict[str, Any]:
    state = State.SENT if row["state"] == State.SENDING and row["shown"] is not None else row["state"]
    return {"id": row["id"], "state": str(state), "why": row["why"]}


def _needs(connection: Connection, row: RowMapping) -> dict[str, Any]:
    do = {
        State.HELD: f"delebot approve {row['id']} or delebot skip {row['id']}",
        State.UNKNOWN: f"look there, then delebot retry {row['id']} or delebot skip {row['id']}",
        State.REFUSED: f"mend it, then delebot retry {row['id']}",
    }[State(row["state"])]
    title = desk.title_of(connection, row["id"])
    return {
        "id": row["id"],
        "title": title,
        "channel": row["channel"],
        "state": row["state"],
        "why": row["why"],
        "do": do,
    }


def _wrong(
    connection: Connection,
    config: Config,
    rows: Mapping[str, Any],
    counts: Mapping[tuple[str, str], int],
    now: datetime,
) -> list[dict[str, str]]:
    wrong = []
    for name in config.channels:
        row = rows.get(name)
        waiting = counts.get((name, State.DUE), 0)
        if row and row["stopped_at"]:
            what = f"{name} is stopped: {row['stopped_why']} ({waiting} waiting)"
            wrong.append({"what": what, "do": f"mend it, then delebot resume {name}"})
        elif row and lanes.paused(row, now):
            until = f" until {_short(row['paused_until'], config)}" if row["paused_until"] else ""
            wrong.append({"what": f"{name} is paused{until} ({waiting} waiting)", "do": f"delebot resume {name}"})
        elif row and row["blocked_until"] and row["blocked_until"] > now:
            what = f"{name} waits: {row['blocked_why']} ({waiting} waiting)"
            wrong.append({"what": what, "do": f"nothing: it is tried again at {_short(row['blocked_until'], config)}"})
    for name, row in desk.feed_rows(connection).items():
        if row["problem"] and name in config.feeds:
            since = f", last read {_short(row['ok_at'], config)}" if row["ok_at"] else ""
            wrong.append({"what": f"the feed {name} could not be read: {row['problem']}{since}", "do": "delebot check"})
    return wrong


def _no_alerts(config: Config) -> list[dict[str, str]]:
    if config.bot.alerts:
        return []
    return [{"what": "nobody is told when something is wrong", "do": "name a channel as ALERTS in bot.env"}]


def _next_polls(connection: Connection, config: Config) -> list[dict[str, Any]]:
    rows = desk.feed_rows(connection)
    polls = [(rows[name]["poll_due_at"], name) for name in config.feeds if name in rows and not rows[name]["gone"]]
    return [
        {"feed": name, "at": _iso(at, config)} for at, name in sorted(polls, key=lambda p: (p[0] is None, p[0])) if at
    ]


def _iso(moment: datetime | None, config: Config) -> str | None:
    return moment.astimezone(config.bot.timezone).isoformat(timespec="seconds") if moment else None


def _short(moment: datetime, config: Config) -> str:
    return f"{moment.astimezone(config.bot.timezone):%Y-%m-%d %H:%M}"


# --- In words ------------------------------------------------------------------------------------------------------


def text(standing: Mapping[str, Any]) -> str:
    """The report in about ten lines."""
    life = "Delebot is running" if standing["running"] else "Delebot is not running (delebot run starts it)"
    paused = "; everything is PAUSED (delebot resume)" if standing["paused"] else ""
    lines = [life + paused]
    for article in standing["articles"]:
        went = "  ".join(f"{name} {_mark(d)}" for name, d in article["channels"].items())
        lines.append(f"• {_clipped(article['title'])}  {went}")
    if standing["waiting"]:
        lines.append("Waiting: " + ", ".join(f"{number} for {name}" for name, number in standing["waiting"].items()))
    needs = standing["needs_you"]
    lines += [
        f"You decide: #{n['id']} {n['channel']}, {n['state']}, «{_clipped(n['title'])}»: {n['why']}. Do: {n['do']}"
        for n in needs[:3]
    ]
    if len(needs) > 3:
        lines.append(f"You decide: {len(needs) - 3} more (delebot status --json)")
    lines += [f"Wrong: {w['what']}. Do: {w['do']}" for w in standing["wrong"][:4]]
    if standing["next_polls"]:
        polls = ", ".join(f"{p['feed']} {p['at'][11:16]}" for p in standing["next_polls"][:3])
        lines.append(f"Next polls: {polls}" if standing["running"] else f"Next polls when it runs: {polls}")
    return "\n".join(lines)


def _mark(went: Mapping[str, Any]) -> str:
    """How it went on one channel; a post that is out may have a remark, such as that it can't be corrected."""
    mark = MARKS[State(went["state"])]
    return f"{mark} ({went['why']})" if went["state"] == State.SENT and went["why"] else mark


def _clipped(title: str, length: int = 60) -> str:
    return title if len(title) <= length else f"{title[: length - 1].rstrip()}…"
