"""How things stand, as values and in about ten lines: what went where, what waits, what is wrong, what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.alerts import Trouble
from bot.config.fingerprint import fingerprint
from bot.life import is_alive
from bot.outcome import State
from bot.settings import Config
from bot.store import desk, lanes, runs
from bot.store.database import known_store, open_store
from bot.store.schema import EVERYTHING
from bot.store.standing import silences, standing
from bot.troubles import FAILURES, Facts, Standing, of_waiting, short, what_is_wrong
from bot.watch import free, overdue
from bot.world import clock, rules_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

MARKS = {
    State.SENT: "✓", State.DUE: "…", State.SENDING: "…", State.HELD: "held", State.UNKNOWN: "?",
    State.REFUSED: "✗", State.SKIPPED: "skipped", State.RETRACTED: "taken back",
}  # fmt: skip


def report(config: Config, state: Path) -> dict[str, Any]:
    """Everything that status tells, ready for JSON: times in the configured zone, ISO 8601."""
    store = known_store(state, config.bot.database)
    if store is None:
        return _empty(config, state)
    try:
        return store.read_now(_report, config, state, None if store.shared else free(state))
    finally:
        store.close()


def not_ready(config: Config, state: Path) -> str:
    """Why Delebot is not ready, or empty: it lives, the database works, and nothing that could go is left lying."""
    if not is_alive(state):
        return "it gives no sign of life"
    store = open_store(state, config.bot.database)
    try:
        return store.read_now(overdue, _rules(config), clock())
    finally:
        store.close()


def _rules(config: Config) -> Callable[[str], lanes.Rules | None]:
    return lambda name: rules_of(config.channels[name], config) if name in config.channels else None


def _empty(config: Config, state: Path) -> dict[str, Any]:
    missing = [{"what": "nothing was polled yet", "do": "delebot trigger, or delebot run"}]
    return {
        "running": is_alive(state), "replicas": [], "paused": False, "articles": [], "waiting": {}, "needs_you": [],
        "decide": [], "wrong": missing + _nobody_hears(config), "next_polls": [],
    }  # fmt: skip


def _report(connection: Connection, config: Config, state: Path, disk_free: int | None) -> dict[str, Any]:
    told = runs.clock(connection)
    now, stands, counts = told or clock(), standing(connection), desk.counts(connection)
    replicas = _replicas(stands, config, now)
    everything = desk.channel_rows(connection).get(EVERYTHING)
    wrong = what_is_wrong(
        replace(stands, waiting=()), Facts(disk_free, silences=silences(connection, config, now)), config, now
    )
    open_ones = (State.HELD, State.UNKNOWN, State.REFUSED)
    return {
        "running": any(each["alive"] for each in replicas) if told else is_alive(state),
        "replicas": replicas,
        "paused": bool(everything and lanes.paused(everything, now)),
        "articles": _articles(connection, config),
        "waiting": {
            name: counts.get((name, State.DUE), 0) for name in config.channels if counts.get((name, State.DUE))
        },
        "needs_you": [_needs(connection, row) for row in desk.of_states(connection, open_ones, limit=None)],
        "decide": [_said(of_waiting(group, stands)) | {"ids": list(group.ids)} for group in stands.waiting],
        "wrong": [
            *map(_said, wrong),
            *_other_files(replicas),
            *_passing(stands, counts, config, now),
            *_nobody_hears(config),
        ],
        "next_polls": _next_polls(connection, config),
    }


def _replicas(stands: Standing, config: Config, now: datetime) -> list[dict[str, Any]]:
    """The replicas that have not said that they ended, as seen from here."""
    living = [row for row in stands.replicas if row["alive_until"] > now]
    leader, mine = runs.leader(living), fingerprint(config)
    return [
        {
            "id": row["id"], "host": row["host"], "pid": row["pid"], "since": _iso(row["began_at"], config),
            "version": row["version"], "alive": row in living, "leads": row["id"] == leader,
            "config": "same" if row["config"] == mine else "other",
        }
        for row in stands.replicas
    ]  # fmt: skip


def _other_files(replicas: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The replicas that work by another configuration than the files that were read here."""
    hosts = dict.fromkeys(each["host"] for each in replicas if each["alive"] and each["config"] == "other")
    if not hosts:
        return []
    what = f"the configuration here is not the one that the replicas on {', '.join(hosts)} have read"
    return [{"what": what, "do": "give all the same files, and send SIGHUP to those that run, or restart them"}]


def _said(trouble: Trouble) -> dict[str, Any]:
    return {"what": trouble.what, "do": trouble.do}


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


def _passing(
    stands: Standing, counts: Mapping[tuple[str, str], int], config: Config, now: datetime
) -> list[dict[str, Any]]:
    """What holds something up and nobody is told of: a pause, a platform that is busy, a first poll that failed."""
    zone, found = config.bot.timezone, []
    for name in config.channels:
        row, number = stands.channels.get(name), f"{counts.get((name, State.DUE), 0)} waiting"
        if not row or row["stopped_at"]:
            continue
        if lanes.paused(row, now):
            until = f" until {short(row['paused_until'], zone)}" if row["paused_until"] else ""
            found.append({"what": f"{name} is paused{until} ({number})", "do": f"delebot resume {name}"})
        elif row["blocked_until"] and row["blocked_until"] > now:
            do = f"nothing: it is tried again at {short(row['blocked_until'], zone)}"
            found.append({"what": f"{name} waits: {row['blocked_why']} ({number})", "do": do})
    for name in config.feeds:
        row = stands.feeds.get(name)
        if row and row["problem"] and row["failures"] < FAILURES and not row["gone"]:
            found.append({"what": f"the feed {name} could not be read: {row['problem']}", "do": "delebot check"})
    return found


def _nobody_hears(config: Config) -> list[dict[str, Any]]:
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


# --- In words ------------------------------------------------------------------------------------------------------


def text(standing: Mapping[str, Any]) -> str:
    """The report in about ten lines."""
    living = [each for each in standing["replicas"] if each["alive"]]
    hosts = ", ".join(dict.fromkeys(each["host"] for each in living))
    number = f": {len(living)} replica{'s' * (len(living) != 1)} on {hosts}" if living else ""
    life = f"Delebot is running{number}" if standing["running"] else "Delebot is not running (delebot run starts it)"
    paused = "; everything is PAUSED (delebot resume)" if standing["paused"] else ""
    lines = [life + paused]
    for article in standing["articles"]:
        went = "  ".join(f"{name} {_mark(d)}" for name, d in article["channels"].items())
        lines.append(f"• {_clipped(article['title'])}  {went}")
    if standing["waiting"]:
        lines.append("Waiting: " + ", ".join(f"{number} for {name}" for name, number in standing["waiting"].items()))
    decide = standing["decide"]
    lines += [f"You decide: {d['what']}. {d['do']}" for d in decide[:3]]
    if len(decide) > 3:
        lines.append(f"You decide: {len(decide) - 3} more (delebot status --json)")
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
