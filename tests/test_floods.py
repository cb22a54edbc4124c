"""Nobody's channel gets fifty old articles: every setting in every situation, and any history at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine

from bot.model import Busy, Occasion, Stopped
from bot.outcome import State
from bot.plan import Owed
from bot.settings import Window
from bot.store import desk, polls
from bot.store.postgres import SCHEMA
from tests.floods.bench import HOOK, Bench, Wishes, in_memory, rolled_back
from tests.floods.situations import HOUR, QUARTER, SITUATIONS, Situation, away
from tests.floods.table import EVERY_SETTING, FILE, HEAD, SETTINGS, line, outcome, played


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = in_memory()
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with rolled_back(engine) as connection:
        yield connection


DEFAULT = Wishes()
TUESDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # Eight in Oslo.


def begun(connection: Connection, wishes: Wishes = DEFAULT, **channel: object) -> Bench:
    """A bench a day after a first poll that shared nothing."""
    bench = Bench.of(connection, wishes, **channel)
    bench.write(4, age=1, apart=2)
    bench.work()
    bench.now += timedelta(days=1)
    return bench


# --- The table -----------------------------------------------------------------------------------------------------


# The situations in which every setting is tried; in the others, each two values of two settings meet.
THOROUGHLY = (
    "an article a day, for five days",
    "a week offline, 6 articles meanwhile",
    "site restored: 4 forgotten drafts appear, a year old",
    "Delebot restored from a copy: 4 articles were sent since",
    "webhook dead for a week, 6 articles meanwhile, mended",
    "token ended for a month, 4 articles meanwhile, mended by a new file",
    "paused for a week, 6 articles meanwhile",
    "one old article at each poll, 6 in all",
)


def test_the_situations_that_are_tried_thoroughly_are_in_the_table() -> None:
    assert set(THOROUGHLY) <= {situation.what for situation in SITUATIONS}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.what)
def test_each_situation_comes_out_right_under_every_setting(engine: Engine, situation: Situation) -> None:
    came = {}
    for wishes in EVERY_SETTING if situation.what in THOROUGHLY else SETTINGS:
        with played(engine, situation, wishes) as bench:
            came[wishes] = outcome(bench)
            assert came[wishes] == situation.right(wishes), wishes
            assert len({why for _, why in bench.held()}) <= 1, wishes
            nothing_is_lost_and_tomorrow_passes(bench)
    assert line(situation, [came[wishes] for wishes in SETTINGS]) in FILE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("what", THOROUGHLY)
def test_a_situation_comes_out_as_well_on_postgresql(what: str, ready_url: str) -> None:
    (situation,) = (situation for situation in SITUATIONS if situation.what == what)
    engine = create_engine(ready_url, connect_args={"options": f"-csearch_path={SCHEMA}"})
    with played(engine, situation, DEFAULT) as bench:
        assert outcome(bench) == situation.right(DEFAULT)
        nothing_is_lost_and_tomorrow_passes(bench)
    engine.dispose()


def nothing_is_lost_and_tomorrow_passes(bench: Bench) -> None:
    states, before = bench.states(), len(bench.given)
    assert bench.known() == bench.written == bench.baseline + sum(states.values())
    assert set(states) <= {State.SENT, State.HELD}
    bench.now += timedelta(days=1)
    bench.write()
    bench.work()
    assert [bench.site[0].title] == [shared.title for shared in bench.given[before:]]


def test_the_table_has_a_line_for_each_situation_and_no_other() -> None:
    lines = FILE.read_text("utf-8").splitlines()
    assert lines[: len(HEAD)] == [head.rstrip() for head in HEAD] and len(lines) == len(HEAD) + len(SITUATIONS)


@pytest.mark.parametrize("first_run", [0, 1, 3, 20])
@pytest.mark.parametrize(("max_age", "flood"), [(1, 1), (7, 5), (365, 100)])
def test_first_run_is_a_wish_for_just_these_articles_however_old(
    connection: Connection, first_run: int, max_age: int, flood: int
) -> None:
    bench = Bench.of(connection, Wishes(first_run, max_age, flood))
    bench.write(12, age=1000, apart=30)
    newest_last = [item.title for item in reversed(bench.site)]
    bench.work()
    assert [shared.title for shared in bench.given] == (newest_last[-first_run:] if first_run else [])
    assert not bench.held() and bench.known() == 12


@pytest.mark.parametrize("flood", [1, 5, 100])
def test_a_feed_that_is_empty_at_first_and_then_full_is_held(connection: Connection, flood: int) -> None:
    bench = Bench.of(connection, Wishes(first_run=3, flood=flood))
    bench.work()
    bench.write(7, age=0.5, apart=0.2)
    bench.work(QUARTER)
    assert len(bench.held()) == (7 if flood < 7 else 0)


def test_old_articles_that_come_one_by_one_in_the_order_of_their_dates_are_no_latest_news(
    connection: Connection,
) -> None:
    bench = Bench.of(connection, Wishes())
    bench.write(4, age=300, apart=10)
    bench.work()
    for n in range(6):
        bench.write(age=200 - 10 * n)
        bench.work(QUARTER)
    # The first may have been held back by the site until now; who comes after it is one of many.
    assert len(bench.given) == 1 and len(bench.held()) == 5


# --- Any history ---------------------------------------------------------------------------------------------------

HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 7), st.sampled_from([0, 30])),
        st.tuples(st.just("pass"), st.sampled_from([HOUR / 4, 2 * HOUR, 1.5, 9])),
        st.tuples(st.sampled_from(["stop", "down", "pause", "mend"])),
    ),
    min_size=4,
    max_size=9,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(happenings=HAPPENINGS, flood=st.integers(1, 4))
def test_no_history_gives_a_channel_more_than_flood_at_once_or_what_waited_too_long(
    engine: Engine, happenings: list[tuple[object, ...]], flood: int
) -> None:
    wishes = Wishes(flood=flood)
    with rolled_back(engine) as connection:
        bench = begun(connection, wishes)
        for happening in happenings:
            happen(bench, *happening)
            new = bench.poll().new
            assert sum(owed.state == State.DUE for n in new for owed in n.owed) <= flood
            before = len(bench.given)
            bench.trigger()
            late = [shared for shared in bench.given[before:] if shared.waited > timedelta(hours=1)]
            assert len(late) <= flood
            assert all(shared.waited <= timedelta(days=wishes.max_age) for shared in late)
        happen(bench, "mend")
        bench.trigger()
        bench.now += timedelta(hours=2)  # What our own back-off asks for at most.
        bench.drain()
        nothing_is_lost_and_tomorrow_passes(bench)


def happen(bench: Bench, what: object, number: object = 1, age: object = 0) -> None:
    match what, number, age:
        case "publish", int(count), int(days):
            bench.write(count, age=days)
        case "pass", float() | int() as days, _:
            bench.now += timedelta(days=days)
        case "stop", _, _:
            bench.trouble = Stopped("the answer was 404 Not Found")
        case "down", _, _:
            bench.trouble = Busy("the connection was refused")
        case "pause", _, _:
            desk.pause(bench.connection, HOOK, None, bench.now)
        case _:
            bench.trouble = None
            desk.resume(bench.connection, None)
    bench.now += timedelta(seconds=1)


# --- What is late and what only waits ------------------------------------------------------------------------------


def test_a_long_queue_that_keeps_its_distance_is_not_late(connection: Connection) -> None:
    bench = begun(connection, Wishes(max_age=1, flood=3), spacing=timedelta(days=1))
    for _ in range(4):
        bench.write(2)
        bench.work(0.1)
    for _ in range(9):
        bench.work(1)
    assert len(bench.given) == 8 and not bench.held()
    assert max(shared.waited for shared in bench.given) > timedelta(days=6)


def test_what_waits_for_the_hours_of_its_channel_is_not_late(connection: Connection) -> None:
    mondays = (Window(days=frozenset({0}), start=time(8), end=time(9)),)
    bench = begun(connection, Wishes(max_age=1, flood=2), hours=mondays)
    bench.now = TUESDAY
    for _ in range(5):
        bench.write()
        bench.work(1)
    assert not bench.given
    bench.now = MONDAY
    bench.work()
    assert len(bench.given) == 5 and not bench.held()


def test_what_missed_the_hours_of_its_channel_is_late(connection: Connection) -> None:
    mondays = (Window(days=frozenset({0}), start=time(8), end=time(9)),)
    bench = begun(connection, Wishes(flood=2), hours=mondays)
    bench.now = TUESDAY
    desk.pause(connection, HOOK, None, bench.now)
    away(bench, 3, days=3)
    bench.now = MONDAY + timedelta(hours=4)
    desk.resume(connection, None)
    bench.now = MONDAY + timedelta(days=7)
    bench.drain()
    assert not bench.given and len(bench.held()) == 3


def test_an_alert_lets_nothing_slip_through_before_it(connection: Connection) -> None:
    nights = (Window(days=frozenset(range(7)), start=time(3), end=time(4)),)
    bench = begun(connection, Wishes(flood=2), hours=nights)
    desk.pause(connection, HOOK, None, bench.now)
    away(bench, 4, days=4)
    desk.resume(connection, None)
    owed = Owed(HOOK, "alert", State.DUE, bench.now)
    polls.owe(connection, owed, [], occasion=Occasion.ALERT, words="Noe er galt", now=bench.now, urgent=True)
    bench.drain()
    assert len(bench.held()) == 4 and bench.states()[State.SENT] == 1


def test_what_a_person_let_go_is_not_held_again_and_goes_in_the_order_of_publication(connection: Connection) -> None:
    bench = begun(connection, spacing=timedelta(minutes=10))
    bench.write(7)
    bench.work()
    held = [id for id, _ in bench.held()]
    for place, id in enumerate(desk.in_order(connection, held[::-1])):
        desk.release(connection, id, bench.now, place)
    desk.pause(connection, HOOK, None, bench.now)
    bench.now += timedelta(days=20)
    bench.resume()
    assert len(bench.given) == 1
    for _ in range(6):
        bench.now += timedelta(minutes=10)
        bench.drain()
    assert [shared.title for shared in bench.given] == [item.title for item in reversed(bench.site[:7])]


def test_a_repeat_is_a_wish_and_not_late(connection: Connection) -> None:
    bench = begun(connection, Wishes(flood=1))
    for item in (1, 2, 3):
        owed = Owed(HOOK, f"item {item}", State.DUE, bench.now)
        polls.owe(connection, owed, [item], feed=bench.feed.name, turn=2, now=bench.now, urgent=True)
    bench.now += timedelta(days=1)
    bench.drain()
    assert len(bench.given) == 3


def test_two_feeds_do_not_make_each_others_flood(connection: Connection) -> None:
    bench = begun(connection, Wishes(flood=2))
    desk.pause(connection, HOOK, None, bench.now)
    away(bench, 2, days=2)
    for item in (1, 2):
        owed = Owed(HOOK, f"item {item}", State.DUE, bench.now)
        polls.owe(connection, owed, [item], feed="another", now=bench.now)
    bench.now += timedelta(days=1)
    bench.resume()
    assert len(bench.given) == 4


# --- Copies --------------------------------------------------------------------------------------------------------


def test_what_was_asked_for_when_the_copy_was_made_is_not_done_once_more(connection: Connection) -> None:
    bench = begun(connection)
    desk.ask(connection, {"item": "latest", "again": True}, bench.now)
    bench.restore(bench.backup())
    assert desk.take_request(connection, "another run") is None


def test_what_is_to_be_told_of_troubles_is_told_after_a_restore(connection: Connection) -> None:
    bench = begun(connection)
    owed = Owed(HOOK, "alert", State.DUE, bench.now)
    polls.owe(connection, owed, [], occasion=Occasion.ALERT, words="Noe er galt", now=bench.now)
    bench.restore(bench.backup())
    assert bench.states() == {State.DUE: 1}


def test_the_doubt_of_a_restore_lasts_until_the_feed_was_read(connection: Connection) -> None:
    bench = begun(connection)
    bench.restore(bench.backup())
    bench.write(2)
    bench.work(3)
    assert len(bench.held()) == 2 and not bench.given
    assert all("copy of" in why for _, why in bench.held())
