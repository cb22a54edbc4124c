"""What answers and problems lead to: later, never, stop, or nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Busy, Problem, Refused, Stopped, Unknown
from bot.outcome import (
    LONGEST_WAIT,
    LOOK_AFTER,
    TRIES_OF_A_POST,
    Standing,
    State,
    back_off,
    may_repeat,
    not_there,
    problem_of,
    retry_after,
    verdict,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def answer(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(
    ("status", "publishing", "preparing"),
    [
        (200, None, None), (201, None, None), (202, None, None), (204, None, None),
        (301, Stopped, Refused), (302, Stopped, Refused), (307, Stopped, Refused),
        (400, Refused, Refused), (413, Refused, Refused), (422, Refused, Refused),
        (401, Stopped, Refused), (402, Stopped, Refused), (403, Stopped, Refused), (404, Stopped, Refused),
        (405, Stopped, Refused), (410, Stopped, Refused), (426, Stopped, Refused),
        (408, Busy, Busy), (425, Busy, Busy), (429, Busy, Busy), (503, Busy, Busy),
        (500, Unknown, Busy), (501, Unknown, Busy), (502, Unknown, Busy), (504, Unknown, Busy), (522, Unknown, Busy),
        (599, Unknown, Busy), (999, Unknown, Busy),
    ],
)  # fmt: skip
def test_an_answer_means(status: int, publishing: type | None, preparing: type | None) -> None:
    shown, prepared, asked = (type(problem_of(answer(status), doing=doing)) for doing in ("publish", "prepare", "ask"))
    assert shown is (publishing or type(None))
    assert prepared is (preparing or type(None))
    assert asked is (preparing if publishing is Unknown else publishing or type(None))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120), ("0", 0), (" 7 ", 7), ("1.5", 1.5), ("Fri, 20 Nov 2026 12:05:00 GMT", 300),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0), ("99999999999999999999", 86400), ("Sat, 01 Jan 2028 00:00:00 GMT", 86400),
        ("", None), ("soon", None), ("-5", None), ("1e9", None), ("²", None), ("inf", None), ("nan", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    read = retry_after(value, NOW)
    assert (read.total_seconds() if read is not None else None) == seconds


@given(st.text())
def test_retry_after_never_asks_for_more_than_a_day(value: str) -> None:
    read = retry_after(value, NOW)
    assert read is None or timedelta(0) <= read <= LONGEST_WAIT


def judged(problem: Any, **standing: Any) -> Any:
    return verdict(problem, Standing(**{"doing": "publish", "tries": 1, **standing}), NOW)


def test_a_busy_channel_waits_as_long_as_it_asks_and_blocks_its_lane() -> None:
    became = judged(Busy("429", after=timedelta(seconds=90)))
    assert (became.state, became.due_at, became.block, became.firm) == (
        State.DUE,
        NOW + timedelta(seconds=90),
        True,
        True,
    )


def test_a_channel_that_does_not_say_how_long_is_asked_less_and_less_often() -> None:
    waits = [judged(Busy("down"), tries=n).due_at - NOW for n in range(1, 12)]
    assert waits == sorted(waits) and waits[0] <= timedelta(seconds=10) and waits[-1] == timedelta(hours=1)


def test_a_channel_is_tried_for_ever() -> None:
    assert judged(Busy("down"), tries=500).state == State.DUE


def test_a_post_with_a_problem_of_its_own_steps_aside_after_three_tries() -> None:
    assert [judged(Busy("500", of_channel=False), tries=n).block for n in (1, 2, 3, 4)] == [True, True, False, False]


def test_a_post_that_fails_a_dozen_times_asks_a_person() -> None:
    assert judged(Busy("500", of_channel=False), tries=12).state == State.HELD


def test_a_stopped_channel_keeps_its_rows_due() -> None:
    became = judged(Stopped("404"))
    assert became.state == State.DUE and became.stop


def test_what_is_refused_is_never_sent() -> None:
    assert judged(Refused("400")).state == State.REFUSED


def test_what_was_in_doubt_and_is_then_refused_stays_in_doubt() -> None:
    assert judged(Refused("409"), doubted_at=NOW, repeatable=timedelta(hours=1)).state == State.UNKNOWN


def test_a_lost_answer_is_shown_to_a_person() -> None:
    became = judged(Unknown("no answer"))
    assert became.state == State.UNKNOWN and became.in_doubt


def test_a_lost_answer_is_repeated_while_the_platform_remembers_our_key() -> None:
    became = judged(Unknown("no answer"), repeatable=timedelta(hours=1))
    assert became.state == State.DUE and became.in_doubt


def test_a_lost_answer_is_not_repeated_when_the_key_is_forgotten() -> None:
    began = NOW - timedelta(hours=2)
    assert judged(Unknown("no answer"), repeatable=timedelta(hours=1), doubted_at=began).state == State.UNKNOWN


def test_who_prefers_doubles_to_gaps_gets_a_repeat() -> None:
    assert judged(Unknown("no answer"), on_unknown="repeat").state == State.DUE


def test_doubt_stays_through_later_problems() -> None:
    assert judged(Busy("down"), doubted_at=NOW, repeatable=timedelta(hours=1)).in_doubt


@pytest.mark.parametrize("problem", [Unknown("no answer"), Busy("down"), Busy("500", of_channel=False)])
def test_a_correction_is_repeated_and_its_post_stays_sent(problem: Any) -> None:
    became = judged(problem, doing="revise")
    assert became.state == State.SENT and became.due_at > NOW


def test_a_correction_that_is_refused_is_given_up() -> None:
    assert judged(Refused("400"), doing="revise").state == State.REFUSED


def test_a_correction_can_find_its_channel_stopped() -> None:
    became = judged(Stopped("404"), doing="revise")
    assert became.state == State.SENT and became.stop


@given(st.integers(-5, 10_000))
def test_backing_off_has_an_end(tries: int) -> None:
    assert timedelta(0) < back_off(tries) <= timedelta(hours=1)


def test_nothing_in_doubt_may_always_be_tried() -> None:
    assert may_repeat(Standing("publish", 1), NOW)


@pytest.mark.parametrize("asked", [True, False])
def test_a_doubt_is_looked_up_where_the_platform_can_be_asked(asked: bool) -> None:
    became = verdict(Unknown("lost"), Standing("publish", 1, NOW, can_look_up=asked), NOW)
    assert became.in_doubt
    assert (became.state, became.due_at) == ((State.DUE, NOW + LOOK_AFTER) if asked else (State.UNKNOWN, NOW))


def test_a_doubt_is_not_looked_up_for_ever() -> None:
    became = verdict(Unknown("lost"), Standing("publish", TRIES_OF_A_POST, NOW, can_look_up=True), NOW)
    assert became.state == State.UNKNOWN


@pytest.mark.parametrize(
    ("problem", "state", "stop"),
    [(Busy("x"), State.DUE, False), (Stopped("x"), State.DUE, True), (Refused("x"), State.UNKNOWN, False)],
)
def test_a_look_that_fails_leaves_the_doubt(problem: Problem, state: State, stop: bool) -> None:
    became = verdict(problem, Standing("look_up", 1, NOW, can_look_up=True), NOW)
    assert (became.state, became.stop, became.in_doubt) == (state, stop, True)


def test_what_was_looked_up_and_is_not_there_is_due_without_a_doubt() -> None:
    became = not_there(NOW)
    assert (became.state, became.due_at, became.in_doubt) == (State.DUE, NOW, False)


def test_a_post_that_can_not_be_taken_back_stays_and_says_so() -> None:
    became = verdict(Refused("too old"), Standing("retract", 1), NOW)
    assert became.state == State.REFUSED and became.why == "not taken back: too old"
