"""What is right in a situation, said once more and in the fewest words: how many are sent, held and edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.floods.bench import Wishes


class Outcome(NamedTuple):
    """What a channel was given, what waits for a person, and what was edited."""

    shared: int = 0
    held: int = 0
    edited: int = 0

    def __str__(self) -> str:
        forms = ("{}", "({})", "~{}")
        return " ".join(form.format(n) for form, n in zip(forms, self, strict=True) if n) or "-"


def sifted(*days: float) -> Callable[[Wishes], Outcome]:
    """Of what comes at once, each so many days old: all is held when it is more than FLOOD, else what is too old."""

    def right(wishes: Wishes) -> Outcome:
        if len(days) > wishes.flood:
            return Outcome(held=len(days))
        old = sum(day > wishes.max_age for day in days)
        return Outcome(shared=len(days) - old, held=old)

    return right


def each(*days: float) -> Callable[[Wishes], Outcome]:
    """Of what comes one by one."""

    def right(wishes: Wishes) -> Outcome:
        return total([sifted(day)(wishes) for day in days])

    return right


def total(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(*map(sum, zip(*outcomes, strict=True)))


def exactly(shared: int = 0, held: int = 0) -> Callable[[Wishes], Outcome]:
    return lambda _: Outcome(shared, held)


def waited(articles: int, days: float, more: float = 0) -> Callable[[Wishes], Outcome]:
    return sifted(*(more + days * (n + 1) / articles for n in range(articles)))


def retried(articles: int, days: float) -> Callable[[Wishes], Outcome]:
    """Of what waits while the channel is tried again and again, each try that comes too late sifts."""

    def right(wishes: Wishes) -> Outcome:
        waiting: list[int] = []
        for now in range(articles + 1):
            days_late = {n: (now - n) * days / articles for n in waiting}
            too_many = len(waiting) > wishes.flood
            waiting = [n for n in waiting if not too_many and days_late[n] <= wishes.max_age] + [now]
        return Outcome(shared=len(waiting) - 1, held=articles - len(waiting) + 1)

    return right


def dripped(wishes: Wishes) -> Outcome:
    """Three at a poll are twelve in an hour: the fourth makes more than twice FLOOD, and so do all that follow."""
    if wishes.flood < 3:
        return Outcome(held=18)
    return Outcome(shared=9, held=9) if wishes.flood == 5 else Outcome(shared=18)


def changed_at_once(wishes: Wishes) -> Outcome:
    """All posts that are out would be edited by one change of the site, the five and those of the first poll."""
    return untouched(5 + wishes.first_run)(wishes)


def untouched(posts: int) -> Callable[[Wishes], Outcome]:
    """More than FLOOD posts are not edited by a change of the whole site."""
    return lambda wishes: Outcome(edited=posts if posts <= wishes.flood else 0)
