"""What is wrong, in words: every trouble that somebody is told of, and what is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.alerts import Trouble
from bot.outcome import State
from bot.plan import WAITS_FOR_APPROVAL
from bot.troubles import Facts, Standing, Stuck, Waiting, can_tell, numbers, what_is_wrong
from tests.values import NOW, a_channel, a_config, a_feed

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONFIG = a_config([a_feed()], [a_channel("room"), a_channel("ops")])
(FEED,) = CONFIG.feeds
NOTHING, NO_FACTS = Standing(), Facts()


def wrong(standing: Standing = NOTHING, facts: Facts = NO_FACTS) -> list[Trouble]:
    return what_is_wrong(standing, facts, CONFIG, NOW)


def of_feed(**row: Any) -> list[Trouble]:
    defaults = {"problem": "", "failures": 0, "gone": False, "ok_at": NOW - HOUR, "site": None}
    return wrong(Standing(feeds={FEED: defaults | row}))


def of_channel(facts: Facts = NO_FACTS, stuck: Stuck | None = None, **row: Any) -> list[Trouble]:
    return wrong(Standing(channels={"room": row}, stuck={"room": stuck} if stuck else {}), facts)


def waiting(state: State, why: str, ids: tuple[int, ...] = (7,), **more: Any) -> Waiting:
    defaults: dict[str, Any] = {"channels": ("room",), "items": len(ids), "title": "Sak", "tried": state != State.HELD}
    return Waiting(state, why, FEED, ids=ids, **(defaults | more))


def test_nothing_is_wrong_with_an_installation_that_is_well() -> None:
    assert wrong() == [] and of_feed() == [] and of_channel() == []


# --- Feeds ---------------------------------------------------------------------------------------------------------


def test_one_failed_poll_is_the_weather_and_three_are_not() -> None:
    assert of_feed(problem="the answer was 500", failures=2) == []
    (found,) = of_feed(problem="the answer was 500", failures=3)
    assert "could not be read 3 times in a row, last read" in found.what and found.what.endswith("the answer was 500")
    assert found.do and found.well == f"The feed {FEED} is read again" and not found.about


def test_a_feed_that_is_polled_once_a_day_is_told_at_its_second_failure() -> None:
    assert of_feed(problem="x", failures=2, ok_at=NOW - 2 * DAY)
    assert of_feed(problem="x", failures=1, ok_at=NOW - 2 * DAY) == []


def test_a_feed_that_is_gone_is_told_at_once() -> None:
    (found,) = of_feed(problem="the answer was 410 Gone", failures=1, gone=True)
    assert "is gone and not asked any more" in found.what


def test_an_article_that_the_site_has_and_the_feed_has_not_is_told() -> None:
    missing = [{"title": "Ny sak", "link": "https://klynge.example/ny/", "since": NOW.isoformat()}]
    (found,) = of_feed(site={"missing": missing})
    assert "«Ny sak» is on the site and missing from its feed" in found.what and "cache" in found.do
    (both,) = of_feed(site={"missing": missing * 3})
    assert "«Ny sak» and 2 more are on the site" in both.what


def test_an_unusual_silence_is_told_and_is_not_over_because_the_feed_breaks() -> None:
    facts = Facts(silences={FEED: (NOW - 12 * DAY, "usually 2 articles a week, none for 12 days")})
    (found,) = wrong(facts=facts)
    assert found.what == f"{FEED}: usually 2 articles a week, none for 12 days" and found.do
    broken = Standing(feeds={FEED: {"problem": "the answer was 500", "failures": 1}})
    assert [t.key for t in wrong(broken, facts)] == [found.key]


# --- Channels ------------------------------------------------------------------------------------------------------


def test_a_stopped_channel_is_told_with_the_way_out_and_not_through_itself() -> None:
    (found,) = of_channel(stopped_at=NOW, stopped_why="the answer was 404 Not Found")
    assert "room is stopped: the answer was 404 Not Found" in found.what and "delebot resume room" in found.do
    assert found.about == "room" and found.well


def test_a_platform_that_takes_nothing_for_an_hour_is_told() -> None:
    assert of_channel(stuck=Stuck(2, NOW - 59 * MINUTE, "503")) == []
    (found,) = of_channel(stuck=Stuck(2, NOW - HOUR, "the answer was 503"))
    assert "room: 2 posts wait since" in found.what and "503" in found.what and found.about == "room"


@pytest.mark.parametrize(
    ("left", "size"),
    [(15 * DAY, 0), (14 * DAY, 1), (8 * DAY, 1), (7 * DAY, 2), (2 * DAY, 2), (DAY, 3), (HOUR, 3), (-DAY, 4)],
)
def test_the_end_of_credentials_is_told_fourteen_seven_and_one_days_before(left: timedelta, size: int) -> None:
    found = of_channel(good_until=NOW + left)
    assert [t.size for t in found] == ([size] if size else [])
    assert all(("ended on" if left < timedelta(0) else "end on") in t.what and t.about == "room" for t in found)


def test_credentials_that_are_not_accepted_are_told_before_a_post_fails() -> None:
    (found,) = of_channel(verify_why="the answer was 401 Unauthorized")
    assert "not accepted" in found.what and "channels/room.env" in found.do and found.about == "room"
    assert len(of_channel(verify_why="x", stopped_at=NOW, stopped_why="x")) == 1


# --- What waits for a person ---------------------------------------------------------------------------------------


def test_a_flood_is_one_trouble_that_offers_to_send_or_to_drop_it() -> None:
    ids = (*range(12, 43), 50)
    held = waiting(State.HELD, "too many at once", ids, channels=("room", "ops"), items=16)
    between = waiting(State.HELD, WAITS_FOR_APPROVAL, (45,))
    (found,) = wrong(Standing(waiting=[held, between]))
    assert found.what == f"{FEED}: 16 articles held on room, ops: too many at once"
    assert found.do == "Send them: delebot approve 12-42 50, or drop them: delebot skip 12-42 50"


def test_what_waits_for_approval_was_asked_for_and_is_no_trouble() -> None:
    assert wrong(Standing(waiting=[waiting(State.HELD, WAITS_FOR_APPROVAL)])) == []


def test_a_doubt_names_the_article_and_both_ways_out() -> None:
    (found,) = wrong(Standing(waiting=[waiting(State.UNKNOWN, "no answer came")]))
    assert found.what == "room: «Sak» may or may not have arrived: no answer came" and found.about == "room"
    assert "delebot retry 7 or delebot skip 7" in found.do


def test_one_more_of_the_same_kind_makes_it_greater() -> None:
    one, two = (wrong(Standing(waiting=[waiting(State.REFUSED, "400", ids)]))[0] for ids in ((7,), (7, 9)))
    assert one.key == two.key and one.size < two.size and "2 posts, first «Sak»" in two.what


@pytest.mark.parametrize(
    ("ids", "others", "said"),
    [
        ((7,), (), "7"),
        ((3, 1, 2), (), "1-3"),
        ((1, 2, 9), (), "1-9"),
        ((1, 2, 9), (5,), "1-2 9"),
        ((5, 7), (6, 8), "5 7"),
        ((1, 2, 9), None, "1-2 9"),
    ],
)
def test_numbers_are_written_as_ranges_that_touch_nothing_else(
    ids: tuple[int, ...], others: tuple[int, ...] | None, said: str
) -> None:
    assert numbers(ids, others) == said


# --- The machine ---------------------------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_is_told() -> None:
    assert wrong(facts=Facts(disk_free=10**9)) == []
    (found,) = wrong(facts=Facts(disk_free=42_000_000))
    assert "has 42 MB left" in found.what and found.well


@pytest.mark.parametrize(("ahead", "said"), [(14 * MINUTE, "14 minutes ahead of"), (-3 * MINUTE, "3 minutes behind")])
def test_a_clock_that_is_off_is_told(ahead: timedelta, said: str) -> None:
    assert wrong(facts=Facts(clock_ahead=MINUTE)) == []
    (found,) = wrong(facts=Facts(clock_ahead=ahead))
    assert said in found.what and "NTP" in found.do


@pytest.mark.parametrize(
    ("key", "facts", "known"),
    [
        ("clock", Facts(), False),
        ("clock", Facts(clock_ahead=MINUTE), True),
        ("disk", Facts(), False),
        (f"feed {FEED} quiet since 2026-11-01", Facts(), False),
        (f"feed {FEED} quiet since 2026-11-01", Facts(silences={}), True),
        (f"feed {FEED} broken", Facts(), True),
        ("feed another broken", Facts(), False),
        ("channel room stopped", Facts(), True),
        ("channel gone stopped", Facts(), False),
        ("held news 0a1b", Facts(), True),
    ],
)
def test_what_nobody_has_looked_at_and_what_is_gone_is_not_said_to_be_well(key: str, facts: Facts, known: bool) -> None:
    assert can_tell(key, facts, CONFIG) is known


# --- Replicas ------------------------------------------------------------------------------------------------------


def replica(host: str, began: timedelta, heard: timedelta = timedelta(0), **more: Any) -> dict[str, Any]:
    """A replica that began so long ago and was last heard of so long ago; a lease lasts a little longer."""
    lease = {"alive_until": NOW - heard + 10 * timedelta(seconds=1), "began_at": NOW - began}
    return {"host": host, "version": "1", "config": "same"} | lease | more


def of_replicas(*replicas: dict[str, Any]) -> list[str]:
    return [found.what for found in wrong(Standing(replicas=replicas))]


def test_replicas_that_live_and_are_alike_are_no_trouble() -> None:
    assert of_replicas(replica("berit", DAY), replica("anna", HOUR)) == []


def test_a_replica_that_was_lost_is_told_until_another_comes_in_its_place() -> None:
    living, lost = replica("berit", DAY), replica("anna", DAY, heard=HOUR)
    (told,) = of_replicas(living, lost)
    assert told.startswith("A replica on anna stopped without a word at ") and told.endswith("; 1 replica is left")
    assert of_replicas(living, lost, replica("anna", MINUTE)) == []


def test_a_replica_that_is_being_started_again_is_given_a_moment() -> None:
    assert of_replicas(replica("berit", DAY), replica("anna", DAY, heard=MINUTE)) == []


def test_several_that_were_lost_are_told_as_one() -> None:
    lost = (replica(name, DAY, heard=HOUR) for name in ("anna", "dag"))
    (told,) = of_replicas(replica("berit", DAY), replica("carl", DAY), *lost)
    assert told.startswith("2 replicas stopped") and told.endswith("; 2 replicas are left")


@pytest.mark.parametrize(
    ("column", "what"), [("config", "another configuration"), ("version", "another version of Delebot")]
)
def test_replicas_that_stay_different_are_told_and_those_that_are_being_changed_are_not(column: str, what: str) -> None:
    old, other = replica("anna", DAY), {column: "other"}
    assert of_replicas(old, replica("berit", HOUR) | other) == [f"The replica on anna has {what} than the one on berit"]
    assert of_replicas(old, replica("berit", MINUTE) | other) == []
