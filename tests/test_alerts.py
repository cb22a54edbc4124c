"""What somebody must be told: once, together, again when it is well, never a storm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import LINES, MESSAGES_AT_ONCE, MORE, Alarm, Trouble, message, telling
from tests.values import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BROKEN = Trouble(
    "feed news broken", "The feed news could not be read", "Look at it", well="The feed news is read again"
)
STOPPED = Trouble("channel room stopped", "room is stopped", "Mend it", about="room", well="room goes on")


@dataclass
class Memory:
    """Looks again and again, and remembers as the store does."""

    channels: tuple[str, ...] = ("ops",)
    now: datetime = NOW
    alarms: dict[str, Alarm] = field(default_factory=dict)

    def look(
        self, *wrong: Trouble, after: timedelta = MINUTE, patience: timedelta = timedelta(0)
    ) -> dict[str, tuple[str, ...]]:
        self.now += after
        told = telling(wrong, self.alarms, self.channels, self.now, patience)
        self.alarms |= {alarm.key: alarm for alarm in told.alarms}
        return dict(told.messages)


def test_what_is_wrong_is_told_once_with_what_to_do() -> None:
    memory = Memory()
    assert memory.look(BROKEN) == {"ops": ("The feed news could not be read. Look at it",)}
    assert memory.look(BROKEN) == {} and memory.look(BROKEN, after=DAY * 30) == {}


def test_it_is_told_when_it_is_well_and_told_again_when_it_comes_back_later() -> None:
    memory = Memory()
    memory.look(BROKEN)
    assert memory.look(after=HOUR) == {"ops": ("The feed news is read again",)}
    assert memory.look() == {}
    assert memory.look(BROKEN, after=2 * DAY) == {"ops": (BROKEN.line,)}


def test_what_goes_wrong_together_is_told_together() -> None:
    others = [Trouble(f"feed {n} broken", f"{n} is broken") for n in range(5)]
    assert Memory().look(*others) == {"ops": tuple(t.line for t in others)}


def test_it_is_never_told_through_the_channel_it_is_about() -> None:
    memory = Memory(channels=("room", "ops"))
    assert memory.look(STOPPED, BROKEN) == {"room": (BROKEN.line,), "ops": (STOPPED.line, BROKEN.line)}
    assert memory.look() == {"room": (BROKEN.well,), "ops": (STOPPED.well, BROKEN.well)}


def test_what_nobody_could_be_told_is_told_as_soon_as_somebody_can() -> None:
    memory = Memory(channels=("room",))
    assert memory.look(STOPPED) == {}
    memory.channels = ("room", "ops")
    assert memory.look(STOPPED) == {"ops": (STOPPED.line,)}


def test_nothing_is_said_to_be_well_of_which_nobody_heard() -> None:
    memory = Memory(channels=())
    memory.look(BROKEN)
    memory.channels = ("ops",)
    assert memory.look() == {}


def test_relief_that_nobody_could_hear_is_told_as_soon_as_somebody_can() -> None:
    memory = Memory()
    memory.look(BROKEN)
    memory.channels = ()
    assert memory.look() == {}
    memory.channels = ("ops",)
    assert memory.look() == {"ops": (BROKEN.well,)}


def test_what_gets_worse_is_told_again_ever_more_rarely() -> None:
    memory, week = Memory(), range(7 * 24 * 4)
    told = [size for size in week if memory.look(Trouble("held", "held", size=size), after=15 * MINUTE)]
    # One article more at every quarter of an hour: six messages on the first day, then one a day.
    assert len(told) <= 6 + 7 and told[0] == 0


def test_what_comes_and_goes_makes_no_storm() -> None:
    memory, messages = Memory(), 0
    for _ in range(24 * 6):
        messages += len(memory.look(BROKEN, after=5 * MINUTE)) + len(memory.look(after=5 * MINUTE))
    assert messages <= 12


def test_with_patience_what_follows_within_it_is_told_in_one_message() -> None:
    memory, patience = Memory(), timedelta(seconds=15)
    second = timedelta(seconds=5)
    assert memory.look(BROKEN, patience=patience) == {}
    assert memory.look(BROKEN, STOPPED, after=second, patience=patience) == {}
    assert memory.look(BROKEN, STOPPED, after=2 * second, patience=patience) == {}
    assert memory.look(BROKEN, STOPPED, after=second, patience=patience) == {"ops": (BROKEN.line, STOPPED.line)}


def test_patience_comes_to_an_end_when_ever_more_goes_wrong() -> None:
    memory, wrong = Memory(), list[Trouble]()
    for n in range(20):
        wrong.append(Trouble(f"feed {n}", f"{n} is broken"))
        if memory.look(*wrong, after=timedelta(seconds=5), patience=timedelta(seconds=15)):
            break
    assert len(wrong) == 10


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    memory = Memory()
    memory.look(BROKEN)
    memory.look()
    assert memory.look(BROKEN, after=-DAY) == {"ops": (BROKEN.line,)}


def test_a_message_that_waits_takes_up_what_comes_after_it() -> None:
    first = message(["one"])
    both = message(["two"], first)
    assert first == "one" and both == "• one\n• two"
    many = message([f"line {n}" for n in range(LINES + 5)], both)
    assert many.count("\n") == LINES and many.endswith(MORE)
    assert message(["last"], many).count(MORE) == 1


TROUBLES = st.lists(
    st.builds(
        Trouble,
        key=st.sampled_from("abcdef"),
        what=st.just("x"),
        size=st.integers(0, 3),
        well=st.sampled_from(["", "w"]),
    ),
    unique_by=lambda t: t.key,
)


@given(st.lists(st.tuples(TROUBLES, st.integers(0, 90)), max_size=40))
def test_there_are_never_more_messages_than_a_person_would_bear(history: Sequence[tuple[list[Trouble], int]]) -> None:
    memory, moments = Memory(), list[datetime]()
    for wrong, minutes in history:
        if memory.look(*wrong, after=minutes * MINUTE):
            moments.append(memory.now)
        lately = [at for at in moments if memory.now - at < 30 * MINUTE]
        assert len(set(lately)) <= MESSAGES_AT_ONCE


@given(st.lists(TROUBLES, max_size=10))
def test_whatever_is_wrong_for_long_enough_was_told(history: Sequence[list[Trouble]]) -> None:
    memory = Memory()
    heard = set[str]()
    for wrong in [*history, *([history[-1]] * 40 if history else [])]:
        before = {key: alarm.times for key, alarm in memory.alarms.items()}
        memory.look(*wrong, after=HOUR)
        heard |= {key for key, alarm in memory.alarms.items() if alarm.times > before.get(key, 0)}
    assert not history or {t.key for t in history[-1]} <= heard
