"""What a person decides about many deliveries at once: which are meant, in what order they go, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.commands.decide import Decided, Named, decide, named, text
from bot.model import Mistake
from bot.outcome import State
from bot.plan import Owed
from bot.store import polls
from bot.store.database import open_store
from bot.store.schema import deliveries
from tests.values import NOW, article

FEED = "klyngen"


@dataclass
class Scene:
    """A state with deliveries 1 to 6, the newest article first: held, held, due, unknown, held, sent."""

    state: Path
    database: str

    def decide(self, what: str, which: Sequence[Named]) -> Decided:
        return decide(self.state, what, which, database=self.database)

    def read(self, *columns: Any) -> list[Any]:
        """These columns of the deliveries, in the order of their numbers."""
        with closing(open_store(self.state, self.database)) as store:
            return store.read_now(lambda c: list(c.execute(select(*columns).order_by(deliveries.c.id))))

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.read(deliveries.c.state)]


@pytest.fixture
def scene(tmp_path: Path, database: str) -> Scene:
    with closing(open_store(tmp_path, database)) as store:
        store.write_now(fill)
    return Scene(tmp_path, database)


def fill(connection: Connection) -> None:
    states = (State.HELD, State.HELD, State.DUE, State.UNKNOWN, State.HELD, State.SENT)
    for number, state in enumerate(states, 1):
        item = polls.save_item(connection, FEED, article(number), f"guid {number}", NOW)
        channel = "room" if number < 5 else "hook"
        polls.owe(connection, Owed(channel, f"item {number}", state, NOW), [item], feed=FEED, now=NOW)


@pytest.mark.parametrize(
    ("words", "meant"),
    [("14", 14), ("#14", 14), (" 14 ", 14), ("12-42", range(12, 43)), ("#12-#42", range(12, 43)), ("7-7", range(7, 8))],
)
def test_numbers_are_named_one_by_one_or_from_one_to_another(words: str, meant: int | range) -> None:
    assert named(words) == meant


@pytest.mark.parametrize("words", ["", "x", "-3", "3-", "1-2-3", "1,2", "1.5", "١٢", "9" * 30, "3\x1b[2J"])
def test_what_is_no_number_is_said_in_one_line_that_a_terminal_can_show(words: str) -> None:
    with pytest.raises(Mistake) as mistake:
        named(words)
    assert "12-42" in str(mistake.value) and str(mistake.value).isprintable()


def test_a_span_that_ends_before_it_begins_is_turned_round_by_its_remedy() -> None:
    with pytest.raises(Mistake, match="12-42"):
        named("42-12")


def test_a_span_approves_what_is_held_in_it_and_leaves_the_rest_alone(scene: Scene) -> None:
    decided = scene.decide("approve", [range(1, 100)])
    assert scene.states == ["due", "due", "due", "unknown", "due", "sent"]
    assert sorted(decided.ids) == [1, 2, 5] and decided.ask is not None
    assert set(decided.ask.channels) == {"room", "hook"}


def test_a_span_skips_what_waits_for_a_person_and_not_what_goes_by_itself(scene: Scene) -> None:
    decided = scene.decide("skip", [range(2, 6)])
    assert scene.states == ["held", "skipped", "due", "skipped", "skipped", "sent"]
    assert decided.ask is None


def test_a_span_retries_what_waits_for_a_person(scene: Scene) -> None:
    scene.decide("retry", [range(3, 7)])
    assert scene.states == ["held", "held", "due", "due", "due", "sent"]


def test_spans_and_numbers_may_overlap(scene: Scene) -> None:
    decided = scene.decide("approve", [range(1, 3), 2, 5, 5])
    assert sorted(decided.ids) == [1, 2, 5]


def test_what_is_approved_together_goes_in_the_order_of_publication(scene: Scene) -> None:
    assert scene.decide("approve", [1, 2, 5]).ids == (5, 2, 1)
    rows = scene.read(deliveries.c.id, deliveries.c.order_at, deliveries.c.due_at)
    assert [row.id for row in sorted(rows, key=lambda row: row.order_at) if row.id in (1, 2, 5)] == [5, 2, 1]
    assert all(row.due_at < NOW + timedelta(days=400) for row in rows)


@pytest.mark.parametrize(
    ("what", "which", "said"),
    [
        ("approve", [3], "#3 is not held, it is due"),
        ("approve", [1, 99], "there is no delivery #99"),
        ("approve", [1, range(50, 60)], "no delivery from #50 to #59 is held"),
        ("skip", [1, range(6, 7)], "no delivery from #6 to #6 is held or unknown or refused"),
        ("skip", [1, 6], "#6 stays as it is: it is sent already"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_changed(
    scene: Scene, what: str, which: list[int | range], said: str
) -> None:
    before = scene.states
    with pytest.raises(Mistake, match=said):
        scene.decide(what, which)
    assert scene.states == before


def test_it_is_said_how_many_were_decided() -> None:
    assert text("skip", [14]) == "#14 is skipped"
    assert text("approve", [12, 13, 14, 17]) == "4 deliveries are approved: 12-14 17"
