"""The fault bench: its judge sees every broken promise in a made-up record, and a small run of it keeps them all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.__main__ import carry_out
from tests.faults.bench import Plan
from tests.faults.clock import Clock
from tests.faults.judge import Arrival, Article, Channel, Record, Row, Seen, judge
from tests.faults.receivers import Post, Request, Truth

ROOM, HOOK = Channel("room", certain=False, edits=False), Channel("hook", certain=True, edits=True)


def went_well(number: int, channel: str) -> tuple[Arrival, Seen, Row]:
    return Arrival(channel, number), Seen(channel, number), Row(number, channel, number, "sent", poll=f"poll {number}")


def all_is_well() -> Record:
    """Three articles on two channels, and an old one that is held."""
    went = [went_well(number, channel) for channel in ("room", "hook") for number in (1, 2, 3)]
    held = [Row(90, channel, 90001, "held", poll="restored") for channel in ("room", "hook")]
    arrivals, seen, rows = zip(*went, strict=True)
    articles = (Article(90001, old=True), Article(1), Article(2), Article(3))
    return Record(articles, (ROOM, HOOK), arrivals, seen, (*rows, *held), flood=2)


def changed(record: Record, number: int, channel: str = "room", **values: object) -> Record:
    """The record with one of its rows otherwise."""
    rows = (replace(r, **values) if (r.channel, r.number) == (channel, number) else r for r in record.rows)  # type: ignore[arg-type]
    return replace(record, rows=tuple(rows))


def unseen(record: Record, number: int, channel: str = "room") -> Record:
    return replace(record, seen=tuple(s for s in record.seen if (s.channel, s.number) != (channel, number)))


def without_row(record: Record, number: int, channel: str = "room") -> Record:
    return replace(record, rows=tuple(r for r in record.rows if (r.channel, r.number) != (channel, number)))


def arriving(record: Record, *arrivals: Arrival) -> Record:
    return replace(record, arrivals=arrivals)


def broken(record: Record) -> set[tuple[str, str, int]]:
    return {(b.promise, b.channel, b.number) for b in judge(record).broken}


WELL = all_is_well()
DOUBT = Arrival("room", 2, "took it, then cut off", clear=False)


def test_nothing_is_broken_where_all_is_well() -> None:
    assert judge(WELL).broken == ()


@pytest.mark.parametrize(
    ("record", "promise"),
    [
        pytest.param(unseen(WELL, 2), "lost", id="sent, says the row, and nobody sees it"),
        pytest.param(without_row(unseen(WELL, 2), 2), "lost", id="neither seen nor a row"),
        pytest.param(changed(unseen(WELL, 2), 2, state="skipped"), "lost", id="skipped, and by no person"),
        pytest.param(replace(WELL, seen=(*WELL.seen, Seen("room", 2))), "twice", id="seen twice"),
        pytest.param(arriving(WELL, DOUBT), "doubt hidden", id="a lost answer, and the row says sent"),
        pytest.param(
            changed(arriving(WELL, DOUBT), 2, state="unknown", named=False), "doubt hidden", id="unknown and unnamed"
        ),
        pytest.param(changed(unseen(WELL, 2), 2, state="due"), "stuck", id="due for ever"),
        pytest.param(changed(unseen(WELL, 2), 2, state="sending"), "stuck", id="sending for ever"),
        pytest.param(arriving(WELL, Arrival("room", 3), Arrival("room", 2)), "order", id="after a later one"),
        pytest.param(arriving(WELL, Arrival("room", 2, followed=True)), "followed", id="after a redirect"),
        pytest.param(changed(WELL, 2, met="held"), "flood", id="held, not approved, and seen"),
    ],
)
def test_the_judge_sees(record: Record, promise: str) -> None:
    assert broken(record) == {(promise, "room", 2)}


def test_the_judge_sees_an_old_article_that_nobody_approved() -> None:
    assert broken(replace(WELL, seen=(*WELL.seen, Seen("room", 90001)))) == {("flood", "room", 90001)}


def test_the_judge_sees_more_than_flood_of_one_poll() -> None:
    record = WELL
    for number in (1, 2, 3):
        record = changed(record, number, poll="one poll")
    assert broken(record) == {("flood", "room", number) for number in (1, 2, 3)}


def test_the_judge_sees_old_words_where_the_platform_can_edit() -> None:
    articles = tuple(replace(a, version=1) if a.number == 2 else a for a in WELL.articles)
    record = replace(WELL, articles=articles)
    assert broken(record) == {("not corrected", "hook", 2)}
    assert not broken(changed(record, 2, channel="hook", why="corrected 5 times already"))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(changed(unseen(WELL, 2), 2, state="unknown"), id="unknown, and asked about"),
        pytest.param(changed(unseen(WELL, 2), 2, state="held"), id="held"),
        pytest.param(
            replace(without_row(unseen(WELL, 2), 2), channels=(replace(ROOM, feeds=("another",)), HOOK)),
            id="of a feed that the channel does not get",
        ),
        pytest.param(changed(unseen(WELL, 2), 2, state="refused"), id="refused"),
        pytest.param(changed(unseen(WELL, 2), 2, state="skipped", decided="skip"), id="let be by a person"),
        pytest.param(changed(arriving(WELL, DOUBT), 2, met="unknown", decided="retry"), id="a doubt that was asked"),
        pytest.param(arriving(WELL, replace(DOUBT, channel="hook")), id="a doubt where a repeat is known"),
        pytest.param(changed(WELL, 2, met="held", decided="approve"), id="approved"),
        pytest.param(
            arriving(WELL, Arrival("room", 3), Arrival("room", 2, decided=True)), id="out of order by a person"
        ),
        pytest.param(
            changed(arriving(WELL, Arrival("room", 3), Arrival("room", 2)), 2, interrupted=True), id="looked up first"
        ),
    ],
)
def test_the_judge_lets_pass(record: Record) -> None:
    assert broken(record) == set()


def test_a_receiver_forgets_a_key_after_its_own_time(tmp_path: Path) -> None:
    clock = Clock.begun(tmp_path / "clock.json", speed=1)
    truth, request = Truth(clock, timedelta(hours=1)), Request("show", 1, key="k")
    first = truth.take(request)
    clock.set_ahead(timedelta(minutes=59))
    assert truth.take(request) is first
    clock.set_ahead(timedelta(minutes=2))
    assert truth.take(request) is not first and len(truth.posts) == 2


def test_what_is_remembered_of_one_post_is_not_taken_for_another(tmp_path: Path) -> None:
    clock = Clock.begun(tmp_path / "clock.json", speed=1)
    truth = Truth(clock, None, {"1": Post("1", 1, 0, "", "k", datetime.now(UTC))})
    truth.take(Request("show", 1, key="k"))
    truth.take(Request("show", 2))
    assert [post.number for post in truth.posts.values()] == [1, 1, 2]


def test_a_small_run_keeps_every_promise(tmp_path: Path) -> None:
    outcome = carry_out(Plan(seed=9, kills=6, deliveries=30), tmp_path / "run")
    assert outcome.kept, str(outcome)
    assert outcome.bench.processes.kills >= 6 and len(outcome.own) >= 30
    assert "lost       0" in str(outcome)
