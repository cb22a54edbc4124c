"""What is new in a feed and what it owes: every promise about floods, age, first runs and corrections."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.model import Document, Entry, Item, Occasion, Post
from bot.outcome import State
from bot.plan import Past, Plan, Shown, plan
from bot.settings import Channel, Feed
from tests.values import NOW, a_channel, a_feed, article, document, remembered

CONSOLE = a_channel()


def compose(_: Channel, item: Item) -> Post:
    """Just enough of a post to tell whether a correction is one that this channel shows."""
    return Post("key", Occasion.SHARE, NOW, (Entry("1", item.title, item.link),))


def same(one: Post, other: Post) -> bool:
    return one.entries == other.entries


def planned(
    read: Document,
    past: Past,
    feed: Feed | None = None,
    channels: tuple[Channel, ...] = (CONSOLE,),
    now: datetime = NOW,
) -> Plan:
    return plan(read, past, feed or a_feed(), channels, now=now, compose=compose, same=same)


def owed(made: Plan) -> list[tuple[str, str]]:
    """Title and state of everything owed, in order."""
    return [(new.item.title, str(o.state)) for new in made.new for o in new.owed]


WATCHED = {"watched_at": NOW - timedelta(minutes=15), "newest": NOW - timedelta(days=3)}


def past(*known: Item, **more: Any) -> Past:
    return Past(known=remembered(*known), **{**WATCHED, **more})


def test_the_first_poll_records_everything_and_owes_nothing() -> None:
    made = planned(document(article(1), article(2)), Past())
    assert made.baseline and len(made.new) == 2 and owed(made) == []


@pytest.mark.parametrize(("first_run", "expected"), [(1, [1]), (2, [2, 1]), (9, [3, 2, 1])])
def test_the_first_poll_shares_as_many_of_the_newest_as_first_run_says(first_run: int, expected: list[int]) -> None:
    made = planned(document(article(1), article(2), article(3)), Past(), a_feed(first_run=first_run))
    assert [title for title, _ in owed(made)] == [article(n).title for n in expected]


def test_a_feed_that_was_read_before_has_no_first_run_under_another_address() -> None:
    made = planned(document(article(1), article(2)), Past(familiar=True), a_feed(first_run=2))
    assert made.baseline and owed(made) == []


def test_a_new_address_with_known_articles_is_no_new_beginning() -> None:
    made = planned(document(article(1), article(2)), Past(known=remembered(article(2)), familiar=True))
    assert not made.baseline and owed(made) == [(article(1).title, "due")]


def test_a_first_run_after_a_restore_is_doubted() -> None:
    made = planned(document(article(1)), Past(doubt="brought back"), a_feed(first_run=1))
    assert owed(made) == [(article(1).title, "held")]


def test_a_new_article_is_owed_to_every_channel_that_takes_the_feed() -> None:
    channels = (a_channel("one"), a_channel("two", feeds=("another",)), a_channel("three"))
    made = planned(document(article(1)), past(), channels=channels)
    assert [o.channel for o in made.new[0].owed] == ["one", "three"]


def test_a_feed_can_name_the_channels_that_get_it() -> None:
    channels = (a_channel("one"), a_channel("two"))
    made = planned(document(article(1)), past(), a_feed(channels=("two",)), channels)
    assert [o.channel for o in made.new[0].owed] == ["two"]


def test_new_articles_are_owed_oldest_first_whatever_the_order_of_the_feed() -> None:
    for items in ([article(1), article(2), article(3)], [article(2), article(3), article(1)]):
        made = planned(document(*items), past())
        assert [title for title, _ in owed(made)] == [article(n).title for n in (3, 2, 1)]


def test_undated_articles_are_owed_in_the_order_of_the_feed_read_from_its_end() -> None:
    items = [replace(article(n), published=None) for n in (1, 2, 3)]
    made = planned(document(*items), past())
    assert [title for title, _ in owed(made)] == [article(n).title for n in (3, 2, 1)]


def test_an_article_dated_in_the_future_is_shared_now() -> None:
    made = planned(document(article(1, published=NOW + timedelta(days=30))), past())
    assert owed(made) == [(article(1).title, "due")]


def test_more_new_articles_than_a_person_would_post_are_held() -> None:
    made = planned(document(*(article(n) for n in range(1, 7))), past())
    assert {state for _, state in owed(made)} == {"held"} and len(owed(made)) == 6
    assert "FLOOD=5" in made.new[0].owed[0].why


def test_as_many_as_flood_allows_are_shared() -> None:
    made = planned(document(*(article(n) for n in range(1, 6))), past())
    assert {state for _, state in owed(made)} == {"due"}


def at_polls(*sizes: int, minutes: int = 15) -> dict[str, Any]:
    """Arrivals: so many articles at each of the last polls."""
    moments = [NOW - timedelta(minutes=minutes * n) for n in range(len(sizes), 0, -1)]
    return {"arrivals": [moment for moment, size in zip(moments, sizes, strict=True) for _ in range(size)]}


@pytest.mark.parametrize(
    ("before", "new", "state"),
    [
        ((3, 3), 3, "due"),
        ((4, 4), 3, "held"),
        ((3, 3, 3), 2, "held"),
        ((3, 3, 3), 1, "due"),
        ((5, 5), 1, "due"),
        ((20,), 2, "due"),
        ((20, 5, 5), 2, "held"),
    ],
)
def test_a_few_at_each_poll_are_a_flood_when_they_come_to_twice_as_much_within_an_hour(
    before: tuple[int, ...], new: int, state: str
) -> None:
    made = planned(document(*(article(n) for n in range(1, new + 1))), past(**at_polls(*before)))
    assert {s for _, s in owed(made)} == {state}


def test_what_came_more_than_an_hour_ago_makes_no_flood() -> None:
    made = planned(document(article(1), article(2)), past(**at_polls(5, 5, minutes=61)))
    assert {state for _, state in owed(made)} == {"due"}


def test_a_flood_has_one_reason_however_it_came() -> None:
    at_once = planned(document(*(article(n) for n in range(1, 7))), past())
    dripped = planned(document(article(1), article(2)), past(**at_polls(3, 3, 3)))
    reasons = {o.why for made in (at_once, dripped) for n in made.new for o in n.owed}
    assert reasons == {"more new articles at once than FLOOD=5 lets through"}


def test_an_old_article_that_appears_is_held() -> None:
    made = planned(document(article(1, published=NOW - timedelta(days=30))), past())
    assert owed(made) == [(article(1).title, "held")]
    assert made.new[0].owed[0].why == "older than MAX_AGE=7d allows"


def test_the_newest_article_of_all_is_no_old_news_while_we_were_watching() -> None:
    late = article(1, published=NOW - timedelta(days=10))
    assert owed(planned(document(late), past(newest=NOW - timedelta(days=20)))) == [(late.title, "due")]


def test_the_newest_of_all_is_old_news_when_it_comes_with_others_or_after_them() -> None:
    late, later = (article(n, published=NOW - timedelta(days=10 + n)) for n in (1, 2))
    before = {"newest": NOW - timedelta(days=20)}
    assert {state for _, state in owed(planned(document(late, later), past(**before)))} == {"held"}
    followed = past(**before, arrivals=[NOW - timedelta(hours=20)])
    assert owed(planned(document(late), followed)) == [(late.title, "held")]


def test_after_a_long_absence_age_counts_again() -> None:
    late = article(1, published=NOW - timedelta(days=10))
    away = past(newest=NOW - timedelta(days=20), watched_at=NOW - timedelta(days=15))
    assert owed(planned(document(late), away)) == [(late.title, "held")]


def test_what_may_have_been_shared_before_the_state_was_restored_is_held() -> None:
    made = planned(document(article(1)), past(doubt="brought back"))
    assert owed(made) == [(article(1).title, "held")]


def test_an_article_waits_for_approval_where_the_channel_wants_it() -> None:
    made = planned(document(article(1)), past(), channels=(a_channel(approve=True),))
    assert owed(made) == [(article(1).title, "held")]


def test_an_article_settles_before_it_is_due() -> None:
    made = planned(document(article(1)), past(), a_feed(settle=timedelta(minutes=10)))
    assert made.new[0].owed[0].due_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("wishes", "state"),
    [
        ({"include": ("robotkonkurransen",)}, "due"),
        ({"include": ("havvind", "ROBOTKONKURRANSEN")}, "due"),
        ({"include": ("robot",)}, "skipped"),
        ({"include": ("bygde en arm",)}, "due"),
        ({"exclude": ("gull",)}, "skipped"),
        ({"exclude": ("sølv",)}, "due"),
    ],
)
def test_include_and_exclude_look_for_whole_words(wishes: dict[str, Any], state: str) -> None:
    made = planned(document(article(1)), past(), channels=(a_channel(**wishes),))
    assert [s for _, s in owed(made)] == [state]


def test_two_feeds_that_list_one_article_make_one_post_a_channel() -> None:
    taken = {("terminal", "link klynge.example/nyhet-1"): "another-feed"}
    assert owed(planned(document(article(1)), past(subjects=taken))) == []


def test_an_address_that_this_feed_used_before_does_not_swallow_a_new_article() -> None:
    taken = {("terminal", "link klynge.example/nyhet-1"): "klyngen"}
    made = planned(document(article(1)), past(subjects=taken))
    assert owed(made) == [(article(1).title, "due")]
    assert made.new[0].owed[0].subject.startswith("item klyngen")


def test_articles_that_all_link_to_the_home_page_are_each_shared() -> None:
    items = [replace(article(n), link="https://klynge.example/") for n in (1, 2)]
    made = planned(document(*items), past())
    assert len({o.subject for n in made.new for o in n.owed}) == 2


def test_a_known_article_owes_nothing_again() -> None:
    made = planned(document(article(1)), past(article(1)))
    assert not made.new and not made.raised and made.seen[0].revision == 1


def test_a_correction_raises_what_its_posts_want() -> None:
    changed = article(1, title="Studentene vant sølv i robotkonkurransen 1")
    made = planned(document(changed), past(article(1), shown=[Shown(7, 1, "terminal")]))
    assert [(r.delivery, r.revision) for r in made.raised] == [(7, 2)]


def a_change_of(changed: int, of: int, sent: int, flood: int = 2) -> list[str]:
    """So many of the feed's articles get another title, and the first so many were sent: why each stays as it is."""
    known = [article(n) for n in range(1, of + 1)]
    read = [replace(item, title=f"{item.title}, rettet") if n < changed else item for n, item in enumerate(known)]
    shown = [Shown(n, n, "terminal", n <= sent) for n in range(1, of + 1)]
    return [raised.why for raised in planned(document(*read), past(*known, shown=shown), a_feed(flood=flood)).raised]


def test_a_change_of_the_whole_site_edits_no_more_posts_than_flood_allows() -> None:
    assert [bool(why) for why in a_change_of(10, of=10, sent=3)] == [True] * 3 + [False] * 7
    assert set(a_change_of(10, of=10, sent=2)) == {""}


def test_corrections_of_some_articles_are_no_change_of_the_site_however_many() -> None:
    assert a_change_of(7, of=10, sent=10) == [""] * 7
    assert all(a_change_of(8, of=10, sent=10))


def test_a_change_that_no_post_shows_raises_nothing() -> None:
    changed = article(1, html="<p>Et komma til.</p>")
    made = planned(document(changed), past(article(1), shown=[Shown(7, 1, "terminal")]))
    assert made.seen[0].revision == 2 and not made.raised


def test_an_article_whose_guid_belongs_to_another_is_held() -> None:
    reused = replace(article(2), guid=article(1).guid)
    made = planned(document(reused), past(article(1)))
    assert [(n.item.title, o.state) for n in made.new for o in n.owed] == [(reused.title, State.HELD)]
