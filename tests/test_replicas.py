"""The replica bench: its judge sees every broken promise in a made-up record, and its site knows who asks."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.clock import Clock
from tests.faults.judge import Arrival, Article, Channel, Row, Seen
from tests.faults.judge import Record as Shared
from tests.replicas.judge import Kill, Orphan, Poll, Record, Stop, Told, judge
from tests.replicas.receivers import CAST, SHARE, Slow
from tests.replicas.site import Sites
from tests.replicas.sockets import process_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOM = Channel("room", certain=False, edits=False)
FEEDS = {1: "a", 2: "b", 3: "a"}


def owed(number: int, after: float) -> Row:
    at = (NOON + timedelta(seconds=after)).isoformat()
    return Row(number, "room", number, "sent", poll=str(number), feed=FEEDS[number], owed_at=at)


def all_is_well() -> Record:
    """Three articles of two feeds, each owed ten seconds after the one before; two polls, a kill and a stop."""
    numbers = (1, 2, 3)
    shared = Shared(
        [Article(n) for n in numbers], [ROOM], [Arrival("room", n) for n in numbers],
        [Seen("room", n) for n in numbers], [owed(n, 10 * n) for n in numbers],
    )  # fmt: skip
    polls = [Poll("a", 7, 100, 101), Poll("a", 8, 131, 132), Poll("b", 7, 110, 110.5), Poll("b", 8, 140, 141)]
    return Record(
        shared, 30, polls, [Kill(9, 120)], [Stop("fast", 200, 210)], [Orphan("drain room", 120, 134)],
        [Told("k1", "room is stopped"), Told("k1", "room is stopped")], ["room is stopped"], {"succeeded": 3}, (), 0.2,
    )  # fmt: skip


WELL = all_is_well()


def attempted(*numbers: int, **rows: float) -> Record:
    """The record with these first attempts, and rows that were owed at other times."""
    known = [owed(row.number, rows.get(f"n{row.number}", 10 * row.number)) for row in WELL.shared.rows]
    return replace(WELL, shared=replace(WELL.shared, arrivals=[Arrival("room", n) for n in numbers], rows=known))


def asked(*polls: Poll) -> Record:
    return replace(WELL, polls=polls)


def broken(record: Record) -> list[tuple[str, str, int]]:
    return [(each.promise, each.channel, each.number) for each in judge(record).broken]


def test_nothing_is_broken_where_all_is_well() -> None:
    assert broken(WELL) == []


@pytest.mark.parametrize(
    ("record", "promise", "where", "number"),
    [
        pytest.param(
            replace(WELL, shared=replace(WELL.shared, seen=[Seen("room", 1), Seen("room", 3)])), "lost", "room", 2,
            id="what holds for one Delebot holds for many",
        ),
        pytest.param(attempted(1, 3, 2), "order", "room", 2, id="after what another feed owed clearly later"),
        pytest.param(attempted(3, 1, 2, n1=29.5, n2=29), "order", "room", 1, id="after its own feed's later one"),
        pytest.param(asked(Poll("a", 7, 100, 101), Poll("a", 8, 127, 128)), "polled twice", "a", 0, id="too early"),
        pytest.param(asked(Poll("a", 7, 100, 140), Poll("a", 8, 101, 102)), "polled twice", "a", 0, id="at once"),
        pytest.param(
            asked(Poll("a", 7, 100, 100, cut_off=True), Poll("a", 8, 100, 101)), "polled twice", "a", 0,
            id="cut off, and asked again by another",
        ),
        pytest.param(
            asked(Poll("a", 7, 110, 111), Poll("a", 8, 125, 126)), "polled twice", "a", 0,
            id="too early, though another process was killed",
        ),
        pytest.param(
            asked(Poll("a", 0, 140, 141), Poll("a", 8, 152, 153)), "polled twice", "a", 0,
            id="too early, and nobody was killed when the first one asked",
        ),
        pytest.param(
            asked(Poll("a", 9, 110, 112), Poll("a", 8, 125, 126)), "polled twice", "a", 0,
            id="too early, though its process was killed long after",
        ),
        pytest.param(
            asked(Poll("a", 7, 190, 191), Poll("a", 8, 217, 218)), "polled twice", "a", 0,
            id="too early, though the database was stopped long after",
        ),
        pytest.param(
            replace(WELL, orphans=[Orphan("poll a", 120, None)]), "not resumed", "poll a", 0, id="never taken up"
        ),
        pytest.param(
            replace(WELL, orphans=[Orphan("poll a", 120, 151)]), "not resumed", "poll a", 0, id="taken up too late"
        ),
        pytest.param(
            replace(WELL, alerts=[*WELL.alerts, Told("k2", "room is stopped")]), "alerts", "", 0, id="told twice"
        ),
        pytest.param(replace(WELL, alerts=[]), "alerts", "", 0, id="told nobody"),
        pytest.param(replace(WELL, jobs={"failed": 1}), "engine", "", 0, id="a job failed"),
        pytest.param(replace(WELL, jobs={"aborted": 1}), "engine", "", 0, id="a job aborted"),
        pytest.param(replace(WELL, jobs={"doing": 1}), "engine", "", 0, id="a job that nobody does"),
        pytest.param(replace(WELL, left=["poll a"]), "left behind", "poll a", 0, id="a lane still held"),
        pytest.param(replace(WELL, paused=3.1), "connection held", "", 0, id="a transaction that waits"),
    ],
)  # fmt: skip
def test_the_judge_sees(record: Record, promise: str, where: str, number: int) -> None:
    assert broken(record) == [(promise, where, number)]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(attempted(2, 1, 3, n1=18.5), id="two feeds that were polled in one moment"),
        pytest.param(asked(Poll("a", 9, 110, 116), Poll("a", 8, 133, 134)), id="killed before it saved"),
        pytest.param(asked(Poll("a", 0, 110, 119), Poll("a", 8, 133, 134)), id="nobody knows whose it was"),
        pytest.param(asked(Poll("a", 7, 199, 201), Poll("a", 8, 215, 216)), id="no database to save it in"),
        pytest.param(asked(Poll("a", 7, 100, 100), Poll("a", 8, 129, 129)), id="a moment early"),
        pytest.param(asked(Poll("a", 0, 121, 122), Poll("a", 8, 134, 135)), id="killed before its question was read"),
        pytest.param(asked(Poll("a", 7, 100, 100, cut_off=True), Poll("a", 7, 100.1, 101)), id="cut off"),
        pytest.param(
            replace(WELL, shared=replace(WELL.shared, arrivals=[Arrival("room", 2), Arrival("room", 1, decided=True)])),
            id="out of order by a person",
        ),
    ],
)  # fmt: skip
def test_the_judge_lets_pass(record: Record) -> None:
    assert broken(record) == []


def test_the_site_knows_who_asks_and_when(tmp_path: Path) -> None:
    sites = Sites(2, Clock.begun(tmp_path / "clock.json", speed=1), 1, lambda: [1, os.getpid()])
    try:
        sites.publish(sites.feeds[1])
        host, _, port = sites.feeds[1].url.removeprefix("http://").partition("/")[0].partition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /feed/1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"<title>Sak 1</title>" in connection.makefile("rb").read()
    finally:
        sites.end()
    (poll,) = sites.polls
    assert (poll.feed, poll.process) == ("kilde-001", os.getpid()) and poll.began <= poll.ended


def test_a_connection_that_is_gone_is_nobody_s() -> None:
    assert process_of("127.0.0.1", 1, [os.getpid()]) == 0


def test_slower_platforms_get_fewer_feeds(tmp_path: Path) -> None:
    clock = Clock.begun(tmp_path / "clock.json", speed=1)
    kinds = {make().kind: make for make in CAST}
    for kind, make in kinds.items():
        receiver = Slow(kind, make(), clock, 1)
        receiver.carrier.end()
        assert sum(receiver.gets(n) for n in range(200)) == 20 * SHARE.get(kind, 3)
