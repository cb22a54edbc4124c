"""Which delivery goes now: order, hours, spacing, and what blocks a lane."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import Lane, Limit, Step, Unsent, Waiting, next_step, opens_at, overdue
from bot.settings import Window

OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # A Friday, noon in Oslo.
OFFICE = (Window(days=frozenset(range(5)), start=time(8), end=time(16)),)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def waits(id: int, due: datetime = NOON, order: datetime | None = None, **more: bool) -> Waiting:
    return Waiting(id, order or due, due, **more)


def step(*waiting: Waiting, **lane: object) -> Step:
    return next_step(waiting, Lane(**lane), NOON, OSLO)  # type: ignore[arg-type]


def test_the_first_in_order_goes_first() -> None:
    assert step(waits(2), waits(1)) == Step(id=1)
    assert step(waits(1, order=NOON + minutes(-1)), waits(2, order=NOON + minutes(-2))) == Step(id=2)


def test_nothing_goes_where_nothing_waits_or_the_lane_is_closed() -> None:
    assert step() == Step()
    assert step(waits(1), open=False) == Step()


def test_what_is_not_due_yet_tells_when_it_will_be() -> None:
    assert step(waits(1, NOON + minutes(5))) == Step(at=NOON + minutes(5))


def test_a_delivery_that_stepped_aside_lets_the_next_one_go() -> None:
    assert step(waits(1, NOON + minutes(5), order=NOON + minutes(-9)), waits(2)) == Step(id=2)


def test_a_blocked_lane_waits_as_a_whole() -> None:
    assert step(waits(1), blocked_until=NOON + minutes(2)) == Step(at=NOON + minutes(2))


def test_also_a_person_in_a_hurry_waits_for_a_lane_that_is_blocked() -> None:
    assert step(waits(1, urgent=True), blocked_until=NOON + minutes(2)) == Step(at=NOON + minutes(2))


def test_two_posts_keep_their_distance() -> None:
    lane = {"last_sent_at": NOON - minutes(1), "spacing": minutes(10)}
    assert step(waits(1), **lane) == Step(at=NOON + minutes(9))


def test_outside_its_hours_a_channel_is_silent_until_they_begin() -> None:
    saturday = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert next_step([waits(1, saturday)], Lane(hours=OFFICE), saturday, OSLO) == Step(at=monday)


def test_a_correction_and_a_person_wait_for_no_hours() -> None:
    night = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    for waiting in (waits(1, night, correction=True), waits(1, night, urgent=True)):
        assert next_step([waiting], Lane(hours=OFFICE), night, OSLO) == Step(id=1)


def test_hours_follow_the_clock_of_the_place_also_when_it_is_set_back() -> None:
    before = datetime(2026, 10, 24, 15, 0, tzinfo=UTC)  # Saturday; the clock goes back on Sunday.
    weekdays = (Window(days=frozenset({0}), start=time(8), end=time(16)),)
    assert opens_at(weekdays, before, OSLO) == datetime(2026, 10, 26, 7, 0, tzinfo=UTC)


def test_hours_may_end_at_midnight() -> None:
    evening = (Window(days=frozenset({4}), start=time(20), end=time(0)),)
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    assert opens_at(evening, late, OSLO) == late
    assert opens_at(evening, NOON, OSLO) == datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


@given(st.integers(0, 700 * 24 * 60).map(lambda count: NOON + minutes(count)))
def test_the_moment_at_which_hours_begin_lies_within_them(moment: datetime) -> None:
    opening = opens_at(OFFICE, moment, OSLO)
    local = opening.astimezone(OSLO)
    assert opening >= moment and local.weekday() < 5 and time(8) <= local.time() < time(16)
    assert opening - moment < timedelta(days=3)


@pytest.mark.parametrize("count", [1, 5, 30])
@given(data=st.data())
def test_a_step_is_always_the_first_that_may_go(count: int, data: st.DataObject) -> None:
    offsets = data.draw(st.lists(st.integers(-60, 60), min_size=count, max_size=count))
    waiting = [waits(n, NOON + minutes(offset)) for n, offset in enumerate(offsets)]
    made = step(*waiting)
    ready = [w for w in waiting if w.due_at <= NOON]
    assert made.id == (min(ready, key=lambda w: (w.order_at, w.id)).id if ready else None)


# --- What waited too long ------------------------------------------------------------------------------------------

LIMITS = {"klyngen": Limit(flood=2, max_age=timedelta(days=7))}
FLOOD = "more articles waited for the channel than FLOOD=2 lets through at once"
AGE = "waited for the channel longer than MAX_AGE=7d allows"


def late(*hours: float, feed: str = "klyngen", approved: bool = False, **lane: object) -> list[str | None]:
    """Why each share is held that was owed so many hours ago."""
    unsent = [Unsent(n, feed, NOON - timedelta(hours=h), approved) for n, h in enumerate(hours)]
    found = overdue(unsent, Lane(**lane), LIMITS, NOON, OSLO)  # type: ignore[arg-type]
    return [found.get(n) for n in range(len(hours))]


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        ((), None),
        ((50, 20), None),
        ((1, 1, 1, 0.5), None),
        ((2, 2, 2), FLOOD),
        ((1000, 2, 2), FLOOD),
        ((169,), AGE),
        ((168,), None),
    ],
)
def test_what_waited_is_held_when_it_is_more_or_older_than_its_feed_lets_through(
    hours: tuple[float, ...], why: str | None
) -> None:
    assert late(*hours) == [why] * len(hours)


def test_what_came_lately_is_not_late_beside_what_is() -> None:
    assert late(30, 20, 10, 0.5) == [FLOOD] * 3 + [None]


def test_a_feed_that_is_no_longer_configured_has_the_usual_limits() -> None:
    assert late(*[3] * 5, feed="another") == [None] * 5
    assert "FLOOD=5" in str(late(*[3] * 6, feed="another")[0])


def test_a_lane_that_has_just_sent_something_is_not_late() -> None:
    assert late(30, 20, 10, last_sent_at=NOON - minutes(5)) == [None] * 3


def test_a_queue_that_keeps_its_distance_is_late_only_with_those_whose_turn_has_passed() -> None:
    day = timedelta(days=1)
    assert late(*[90] * 9, spacing=day, last_sent_at=NOON - day) == [None] * 9
    assert late(*[90] * 9, spacing=day, last_sent_at=NOON - 4 * day) == [FLOOD] * 3 + [None] * 6


def test_what_waits_for_hours_is_late_only_when_they_have_passed() -> None:
    assert late(14, 13, 12, hours=(Window(days=frozenset({4}), start=time(11, 30), end=time(16)),)) == [None] * 3
    assert late(14, 13, 12, hours=(Window(days=frozenset({4}), start=time(8), end=time(9)),)) == [FLOOD] * 3


def test_what_a_person_let_go_is_never_late() -> None:
    assert late(500, 400, 300, approved=True) == [None] * 3


@given(st.lists(st.floats(0, 400), max_size=12), st.integers(0, 5), st.sampled_from([0, 20, 600]))
def test_no_lane_pours_out_more_than_flood_or_what_is_too_old(hours: list[float], flood: int, distance: int) -> None:
    unsent = [Unsent(n, "f", NOON - timedelta(hours=h)) for n, h in enumerate(sorted(hours, reverse=True))]
    lane = Lane(spacing=minutes(distance))
    held = overdue(unsent, lane, {"f": Limit(flood, timedelta(days=7))}, NOON, OSLO)
    goes = [u for u in unsent if u.id not in held]
    assert not overdue(goes, lane, {"f": Limit(flood, timedelta(days=7))}, NOON, OSLO) or distance
    assert len(set(held.values())) <= 1
    if not distance:
        assert sum(NOON - u.order_at > timedelta(hours=1) for u in goes) <= flood
