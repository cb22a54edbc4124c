"""The pure parts of the benchmarks: a simulation that loses no job, arithmetic that grows, a site that publishes."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.loopback import LISTED, Site, document, host
from benchmarks.machine import shown, table
from benchmarks.queues import Job, Outcome, Simulation, System, Work, Works, polls, share
from benchmarks.scale import HABITS, MEASURED, limits, needs, works
from bot.feeds.parse import parse

seconds = st.floats(0, 2)
works_of_any_kind = st.builds(Work, cpu=seconds, database=seconds, latency=seconds, hangs=st.floats(0, 1))
systems = st.builds(
    System,
    replicas=st.integers(1, 4),
    polls_at_once=st.integers(1, 5),
    drains_at_once=st.integers(1, 5),
    fetch=st.floats(0, 0.1),
    database_cores=st.integers(1, 4),
)
WORKS = works()


def any_works(poll: Work, delivery: Work, changed: float, channels: int) -> Works:
    return Works(poll, poll, delivery, changed, channels)


several_works = st.builds(
    any_works, works_of_any_kind, works_of_any_kind, changed=st.floats(0, 1), channels=st.integers(0, 3)
)


def simulated(system: System, feeds: int, works: Works = WORKS, lasting: float = 60, **how: bool) -> Outcome:
    return Simulation(system, lasting).run(polls(feeds, 900, lasting, works, **how))


@settings(max_examples=60, deadline=None)
@given(systems, several_works, st.integers(0, 60), st.floats(1, 60), st.booleans())
def test_no_job_of_a_simulation_is_lost_or_done_twice(
    system: System, works: Works, feeds: int, lasting: float, at_once: bool
) -> None:
    outcome = simulated(system, feeds, works, lasting, at_once=at_once)
    begun = len(outcome.lateness)
    assert outcome.done >= len(outcome.delivering)
    assert outcome.arrived["poll"] >= begun >= outcome.done - len(outcome.delivering)
    assert outcome.waiting >= 0 and outcome.in_flight >= 0
    assert all(late >= 0 for late in (*outcome.lateness, *outcome.delivering))


@settings(max_examples=30, deadline=None)
@given(systems, several_works, st.integers(0, 40))
def test_with_time_enough_everything_is_done(system: System, works: Works, feeds: int) -> None:
    jobs = polls(feeds, 900, 1, works, at_once=True)
    outcome = Simulation(system, 1e6).run(jobs)
    owed = sum(len(job.owes) for job in jobs)
    assert (outcome.done, outcome.waiting, outcome.in_flight) == (feeds + owed, 0, 0)
    assert (len(outcome.lateness), len(outcome.delivering)) == (feeds, owed)


def test_the_same_seed_gives_the_same_run() -> None:
    assert simulated(System(2), 2000) == simulated(System(2), 2000)
    assert polls(50, 900, 900, WORKS, seed=1) != polls(50, 900, 900, WORKS, seed=2)


def test_more_replicas_make_nobody_wait_longer() -> None:
    waits = [share(simulated(System(n), 2000, at_once=True).lateness, 0.5) for n in (1, 2, 4)]
    assert waits == sorted(waits, reverse=True) and waits[0] > 1.5 * waits[1]


def test_a_slow_database_holds_up_whatever_the_replicas_could_do() -> None:
    slow = replace(WORKS, unchanged=replace(WORKS.unchanged, database=0.5), changed_share=0)
    assert 100 < simulated(System(8, database_cores=1), 600, slow, at_once=True).done <= 60 / 0.5


def test_a_site_that_hangs_keeps_only_its_place() -> None:
    one = Work(0, 0, 0, hangs=1, limit=10)
    jobs = [Job("poll", 0.0, one, 10.0) for _ in range(3)]
    assert Simulation(System(1, polls_at_once=2, fetch=0), 100).run(jobs).lateness == [0, 0, 10]


@given(st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_more_feeds_never_need_less(one: int, other: int) -> None:
    few, many = (asdict(needs(feeds)) for feeds in sorted((one, other)))
    assert all(few[what] <= many[what] for what in few if what != "pause")


@pytest.mark.parametrize("what", ["due", "standing", "read_file", "kicks"])
def test_what_costs_more_breaks_earlier(what: str) -> None:
    worse = {what: getattr(MEASURED, what) * (0.01 if what == "kicks" else 100)}
    first, then = ([limit.feeds for limit in limits(m)] for m in (MEASURED, replace(MEASURED, **worse)))
    assert sum(then) < sum(first)
    assert then == sorted(then)


def test_slower_sites_take_more_replicas() -> None:
    assert needs(100_000, habits=replace(HABITS, site=4.0)).replicas > needs(100_000).replicas


# --- Tools ---------------------------------------------------------------------------------------------------------


def test_the_site_publishes_and_says_what_is_unchanged() -> None:
    site = Site()
    first = site.answer("/7/feed/", "")
    assert first.startswith(b"HTTP/1.1 200") and site.answer("/7/feed/", f'"{LISTED}"').startswith(b"HTTP/1.1 304")
    site.answer("/publish", "")
    assert site.answer("/7/feed/", f'"{LISTED}"').startswith(b"HTTP/1.1 200")
    assert site.answer("/7/wp-json/", "").startswith(b"HTTP/1.1 404")


def test_an_article_reads_the_same_when_another_is_published() -> None:
    began = datetime(2026, 1, 5, tzinfo=UTC)
    address = "https://klynge-3.example/feed/"
    before, after = (parse(document(3, n, began), content_type="", address=address).items for n in (LISTED, LISTED + 1))
    assert len(before) == len(after) == LISTED and before[:-1] == after[1:]


def test_each_feed_has_a_host_of_its_own() -> None:
    hosts = {host(number) for number in range(0, 2_000_000, 37)}
    assert len(hosts) == len(range(0, 2_000_000, 37))


def test_figures_are_shown_with_what_counts() -> None:
    assert [shown(value) for value in (1234567, 0.012345, 123.4, "x")] == ["1,234,567", "0.0123", "123", "x"]
    assert table(["a"], [[1]]) == "| a |\n| --- |\n| 1 |"
