"""What a WordPress site has published and its feed does not list: asked on loopback, compared by hand and at random."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.feeds.missing import LISTED, PATIENCE, listing_of, missing
from bot.feeds.site import EVERY, REFUSED, Kept, judged, look, read, understood, written
from bot.feeds.wordpress import ASKED_FOR, FIELDS, Place, Published, place_of, posts_address, posts_in
from bot.model import Document, Item
from bot.net.client import Client
from bot.settings import Feed
from tests.servers import Answer, Server, Taken
from tests.values import NOW, a_feed, article, document

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROOT = "https://klynge.example/"
WEEK = 7 * DAY


def post(number: int, ago: timedelta | None = None, root: str = ROOT, **changes: Any) -> dict[str, Any]:
    """A post as WordPress tells of it; as old as the article of that number unless it is said."""
    since = NOW - (number * HOUR if ago is None else ago)
    moment = since.replace(tzinfo=None).isoformat()
    values: dict[str, Any] = {
        "id": number,
        "date_gmt": moment,
        "modified_gmt": moment,
        "status": "publish",
        "type": "post",
        "link": f"{root}nyhet-{number}/",
        "title": {"rendered": f"Sak {number}"},
        "content": {"protected": False},
    }
    return values | changes


def told(*posts: dict[str, Any], root: str = ROOT) -> tuple[Published, ...]:
    found = posts_in(json.dumps(posts).encode(), root)
    assert found is not None
    return found


def lacking(listed: Document, *posts: dict[str, Any], now: datetime = NOW, **more: Any) -> list[int]:
    """The numbers of the posts that are missing from the document."""
    found = missing(told(*posts), listing_of(listed, ROOT), now, WEEK, **more)
    return [int(one.link.rstrip("/").rpartition("-")[2]) for one in found]


# --- What is missing -----------------------------------------------------------------------------------------------


def test_a_post_that_the_feed_does_not_list_is_missing() -> None:
    listed = document(article(3), article(4))
    assert lacking(listed, post(2), post(3), post(4)) == [2]
    assert lacking(listed, post(1), post(2), post(3)) == [1, 2]
    assert lacking(listed, post(3), post(4)) == []


def test_one_that_the_feed_passes_over_is_missing_too() -> None:
    listed = document(article(1), article(2), article(4))
    assert lacking(listed, *(post(n) for n in range(1, 5))) == [3]
    assert lacking(listed, post(3)) == [3]


def test_a_post_is_found_again_by_its_number_though_its_address_is_another() -> None:
    elsewhere = article(2, link="https://feeds.example/~r/2", guid="http://old.example/?p=2")
    assert lacking(document(elsewhere, article(3)), post(2), post(3)) == []


def test_a_post_is_found_again_by_its_address_though_it_has_another_guid() -> None:
    listed = document(article(2, guid="tag:2", link="http://www.klynge.example/nyhet-2?utm_source=rss"), article(3))
    assert lacking(listed, post(2), post(3)) == []


def test_what_is_older_than_the_oldest_entry_of_the_feed_has_only_left_it() -> None:
    listed = document(*(article(n) for n in range(1, 11)))
    assert lacking(listed, *(post(n) for n in range(1, 13))) == []


def test_what_is_known_from_earlier_is_not_missing() -> None:
    listed = document(article(3), article(4))
    for known in ("klynge.example/nyhet-2", "klynge.example?p=2"):
        assert lacking(listed, post(1), post(2), post(3), known={known}) == [1]


def test_a_feed_is_given_half_an_hour() -> None:
    listed = document(article(3), article(4))
    assert lacking(listed, post(2, PATIENCE)) == []
    assert lacking(listed, post(2, PATIENCE + MINUTE)) == [2]


def test_a_post_with_an_earlier_date_is_given_half_an_hour_from_when_it_was_changed() -> None:
    changed = (NOW - 5 * MINUTE).replace(tzinfo=None).isoformat()
    assert lacking(document(article(3)), post(2, modified_gmt=changed)) == []
    assert lacking(document(article(3)), post(2, modified_gmt=changed), now=NOW + HOUR) == [2]


def test_what_nobody_would_share_any_more_is_not_told_of() -> None:
    old = document(article(400, published=NOW - 20 * DAY))
    assert lacking(old, post(2), post(3, 8 * DAY)) == [2]


def test_what_is_announced_is_not_missing() -> None:
    assert lacking(document(article(3)), post(2, -HOUR)) == []


@pytest.mark.parametrize(
    "hidden",
    [
        {"content": {"protected": True}},
        {"password": "hemmelig"},
        {"title": {"rendered": "Beskyttet: Sak 2"}},
        {"title": {"rendered": "Protected: Sak 2"}},
        {"status": "private"},
        {"status": "future"},
        {"status": "draft"},
        {"type": "event"},
    ],
)
def test_what_is_not_for_everybody_is_not_missing(hidden: dict[str, Any]) -> None:
    assert lacking(document(article(3)), post(2, **hidden), post(3)) == []


def test_a_feed_that_leaves_out_most_is_a_selection() -> None:
    listed = document(article(2), article(5), article(8))
    assert lacking(listed, *(post(n) for n in range(1, 9))) == []


def test_a_post_in_a_language_that_the_feed_has_not_is_not_missing() -> None:
    english = post(1, link=f"{ROOT}en/news-1/")
    assert lacking(document(article(2), article(3)), english, post(2)) == []
    both = document(article(2, link=f"{ROOT}en/news-2/"), article(3))
    assert lacking(both, english, post(2)) == [1]


def test_a_feed_in_another_order_tells_only_of_what_is_newer_than_all_of_it() -> None:
    by_change = document(article(5), article(90), article(3), article(40))
    assert lacking(by_change, post(2), post(3), post(4), post(5)) == [2]


def test_of_a_feed_without_dates_the_site_tells_what_is_older() -> None:
    undated = document(*(article(n, published=None) for n in (2, 3)))
    assert lacking(undated, post(1), post(2), post(3), post(4)) == [1]
    assert lacking(document(article(50, published=None)), post(1), post(2)) == []
    assert lacking(document(), post(1), post(2)) == []


listings = st.lists(st.integers(1, 200), max_size=40, unique=True).map(sorted)


@given(listings, listings, st.sets(st.integers(1, 200)), st.integers(0, 300))
def test_what_is_missing_is_on_the_site_due_and_nowhere_else(
    listed: list[int], published: list[int], known: set[int], hours: int
) -> None:
    posts = [post(n) for n in published[:ASKED_FOR]]
    keys = {f"klynge.example?p={n}" for n in known}
    found = lacking(document(*map(article, listed)), *posts, now=NOW + hours * HOUR, known=keys)
    assert found == sorted(found)
    assert set(found) <= set(published) - set(listed) - known
    assert not found or not listed or max(found) <= max(listed)
    assert all(HOUR * (n + hours) <= WEEK for n in found)


@given(listings.filter(bool), st.integers(1, 5), st.integers(0, 40))
def test_what_a_cache_holds_back_is_found_and_no_more(listed: list[int], newer: int, hours: int) -> None:
    shown = [n + newer for n in listed][:LISTED]
    posts = [post(n) for n in (*range(1, newer + 1), *shown)][:ASKED_FOR]
    found = lacking(document(*map(article, shown)), *posts, now=NOW + hours * HOUR)
    assert found == [n for n in range(1, newer + 1) if n + hours <= 168]


# --- Where it is asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://a.example/feed/", Place("https://a.example/")),
        ("https://a.example/feed", Place("https://a.example/")),
        ("http://a.example:8080/blogg/feed/atom/", Place("http://a.example:8080/blogg/")),
        ("https://a.example/feed/rss2/?utm_source=x", Place("https://a.example/")),
        ("https://a.example/en/feed/", Place("https://a.example/en/")),
        ("https://a.example/category/nytt/feed/", Place("https://a.example/", taxonomy="categories", term="nytt")),
        ("https://a.example/b/category/x/y/feed/", Place("https://a.example/b/", taxonomy="categories", term="y")),
        ("https://a.example/tag/bl%C3%A5/feed/", Place("https://a.example/", taxonomy="tags", term="blå")),
        ("https://a.example/feed/?cat=5", Place("https://a.example/", taxonomy="categories", term="5")),
        ("https://a.example/?feed=rss2", Place("https://a.example/", pretty=False)),
        ("https://a.example/b/index.php?feed=atom&tag=x", Place("https://a.example/b/", False, "tags", "x")),
        ("https://user:secret@a.example/feed/", Place("https://a.example/")),
    ],
)
def test_the_address_of_the_feed_tells_where_the_site_is_asked(address: str, place: Place) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/rss.xml",
        "https://a.example/feed.json",
        "https://a.example/?feed=comments-rss2",
        "https://a.example/feed/?post_type=event",
        "https://a.example/feed/?lang=en",
        "https://a.example/feed/?cat=5,6",
        "https://a.example/feed/?cat=-5",
        "https://a.example/category/x/feed/?tag=y",
        "https://a.example/feed/?key=secret",
        "https://[a.example/feed/",
        "",
    ],
)
def test_what_is_no_feed_of_a_site_or_an_odd_selection_is_not_asked_about(address: str) -> None:
    assert place_of(address) is None


def test_a_site_without_pretty_addresses_is_asked_by_a_query() -> None:
    asked = posts_address(Place("https://a.example/", pretty=False))
    assert asked == f"https://a.example/?rest_route=/wp/v2/posts&per_page=10&_fields={FIELDS}"


# --- The question, over real connections ---------------------------------------------------------------------------


@dataclass
class Press:
    """A WordPress site on loopback. What it says at a path is in `pages`, and else it knows no such page."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[Taken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(self.say)

    def say(self, taken: Taken) -> Answer:
        self.asked.append(taken)
        return self.pages.get(taken.path.partition("?")[0], Answer(404, b"<html>nothing here</html>"))

    @property
    def root(self) -> str:
        return f"{self.server.address}/"

    @property
    def feed(self) -> Feed:
        return a_feed(url=SecretStr(f"{self.root}feed/"), allow_private=True)

    def publishes(self, *posts: dict[str, Any], **headers: str) -> None:
        self.pages["/wp-json/wp/v2/posts"] = Answer(body=json.dumps(posts).encode(), headers=headers)

    def shows(self, *numbers: int) -> Document:
        return Document("Klyngen", self.root, "nb", tuple(self.article(n) for n in numbers))

    def article(self, number: int) -> Item:
        return article(number, link=f"{self.root}nyhet-{number}/", guid=f"{self.root}?p={number}")

    def post(self, number: int, **changes: Any) -> dict[str, Any]:
        return post(number, root=self.root, **changes)


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    yield made
    made.server.end()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="Delebot/test") as made:
        yield made


async def looked(
    client: Client,
    press: Press,
    document: Document | None,
    kept: Kept | None = None,
    now: datetime = NOW,
    path: str = "",
) -> Kept:
    """One look and its judgement, by way of the stored form."""
    address = f"{press.root}{path or 'feed/'}"
    found = judged(await look(client, press.feed, address, document, kept or Kept(), now), now, WEEK)
    assert read(json.loads(json.dumps(written(found)))) == found
    return found


def titles(kept: Kept) -> list[str]:
    return [one["title"] for one in written(kept)["missing"]]


async def test_a_look_finds_what_the_feed_lacks(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    kept = await looked(client, press, press.shows(3, 4))
    assert titles(kept) == ["Sak 2"]
    assert written(kept)["missing"] == [
        {
            "link": f"{press.root}nyhet-2/",
            "title": "Sak 2",
            "since": (NOW - 2 * HOUR).isoformat().replace("+00:00", "Z"),
        }
    ]
    assert press.asked[0].path == f"/wp-json/wp/v2/posts?per_page=10&_fields={FIELDS}"
    assert press.asked[0].headers["accept"] == "application/json"


async def test_it_is_asked_once_an_hour_and_judged_at_every_poll(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    kept = await looked(client, press, press.shows(3, 4))
    kept = await looked(client, press, None, kept, NOW + 15 * MINUTE)
    assert titles(kept) == ["Sak 2"]
    kept = await looked(client, press, press.shows(2, 3, 4), kept, NOW + 30 * MINUTE)
    assert titles(kept) == [] and len(press.asked) == 1
    await looked(client, press, None, kept, NOW + EVERY)
    assert len(press.asked) == 2


async def test_a_feed_that_is_unchanged_is_compared_with_what_it_listed(client: Client, press: Press) -> None:
    press.publishes(press.post(3))
    kept = await looked(client, press, press.shows(3, 4))
    press.publishes(press.post(2), press.post(3))
    assert titles(await looked(client, press, None, kept, NOW + EVERY)) == ["Sak 2"]


async def test_without_a_document_what_is_known_is_compared(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    kept = await look(client, press.feed, f"{press.root}feed/", None, Kept(), NOW)
    assert judged(kept, NOW, WEEK).missing == ()
    known = {key for key in kept.keys if key.endswith("?p=3")}
    assert titles(judged(kept, NOW, WEEK, known)) == ["Sak 2"]


REFUSALS = (
    Answer(401, b'{"code":"rest_not_logged_in"}'),
    Answer(403, b"<html>no</html>"),
    Answer(404, b"<html>no</html>"),
    Answer(body=b"<!doctype html><html>hello</html>"),
    Answer(body=b'{"posts": []}'),
    Answer(body=b"[" * 100_000),
    Answer(body=b'[1, null, "x", [], {"id": "7"}, {"id": true}]'),
    Answer(body=b"[" + b"9" * 10_000 + b"]"),
    Answer(body=b""),
    Answer(302, headers={"Location": "https://elsewhere.example/wp-json/"}),
    Answer(302, headers={"Location": "/wp-json/wp/v2/posts"}),
    Answer(301),
)
TROUBLES = (Answer(500), Answer(503), Answer(429), Answer(drop=True), Answer(body=b" " * 1_000_001 + b"[]"))


async def test_a_site_that_does_not_tell_is_left_alone_for_a_week(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    before = await looked(client, press, press.shows(3, 4))
    for answer in REFUSALS:
        press.pages["/wp-json/wp/v2/posts"] = answer
        kept = await looked(client, press, None, before, NOW + EVERY)
        assert titles(kept) == [] and kept.not_before == NOW + EVERY + REFUSED, answer
        asked = len(press.asked)
        kept = await looked(client, press, press.shows(3, 4), kept, NOW + REFUSED)
        assert len(press.asked) == asked
        await looked(client, press, None, kept, NOW + EVERY + REFUSED)
        assert len(press.asked) > asked


async def test_what_was_said_before_stands_while_the_site_has_trouble(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    before = await looked(client, press, press.shows(3, 4))
    for answer in TROUBLES:
        press.pages["/wp-json/wp/v2/posts"] = answer
        kept = await looked(client, press, None, before, NOW + EVERY)
        assert titles(kept) == ["Sak 2"] and kept.not_before == NOW + 2 * EVERY, answer


async def test_a_site_that_asks_for_more_patience_gets_it(client: Client, press: Press) -> None:
    press.pages["/wp-json/wp/v2/posts"] = Answer(429, headers={"Retry-After": "18000"})
    assert (await looked(client, press, press.shows(3))).not_before == NOW + 5 * HOUR


async def test_a_site_that_knows_conditions_is_asked_with_them(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3), ETag='"1"')
    kept = await looked(client, press, press.shows(3, 4))
    press.pages["/wp-json/wp/v2/posts"] = Answer(304, b"")
    kept = await looked(client, press, None, kept, NOW + EVERY)
    assert press.asked[-1].headers["if-none-match"] == '"1"'
    assert titles(kept) == ["Sak 2"] and kept.not_before == NOW + 2 * EVERY


async def test_a_mark_that_could_not_be_sent_back_is_not_kept(client: Client, press: Press) -> None:
    press.publishes(press.post(3), ETag='"\u00e6"')
    kept = await looked(client, press, press.shows(3, 4))
    press.publishes(press.post(2), press.post(3))
    assert titles(await looked(client, press, None, kept, NOW + EVERY)) == ["Sak 2"]
    assert "if-none-match" not in press.asked[-1].headers


async def test_the_feed_of_a_category_is_compared_with_the_posts_of_that_category(client: Client, press: Press) -> None:
    press.pages["/wp-json/wp/v2/categories"] = Answer(body=b'[{"id": 7}]')
    press.publishes(press.post(2), press.post(3))
    path = "category/medlemmer/feed/"
    kept = await looked(client, press, press.shows(3, 4), path=path)
    assert titles(kept) == ["Sak 2"]
    await looked(client, press, None, kept, NOW + EVERY, path=path)
    assert [taken.path.partition("&_fields")[0] for taken in press.asked] == [
        "/wp-json/wp/v2/categories?slug=medlemmer",
        "/wp-json/wp/v2/posts?per_page=10",
        "/wp-json/wp/v2/posts?per_page=10",
    ]
    assert [taken.path.endswith("&categories=7") for taken in press.asked] == [False, True, True]


async def test_the_feed_of_a_category_that_the_site_does_not_know_is_not_compared(client: Client, press: Press) -> None:
    press.pages["/wp-json/wp/v2/categories"] = Answer(body=b"[]")
    press.publishes(press.post(2), press.post(3))
    kept = await looked(client, press, press.shows(3, 4), path="category/medlemmer/feed/")
    assert titles(kept) == [] and kept.not_before == NOW + REFUSED and len(press.asked) == 1


async def test_another_site_is_looked_at_anew(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    kept = await looked(client, press, press.shows(3, 4))
    press.pages["/blogg/wp-json/wp/v2/posts"] = Answer(body=b"[]")
    kept = await looked(client, press, None, kept, NOW + MINUTE, path="blogg/feed/")
    assert titles(kept) == [] and len(press.asked) == 2


async def test_a_private_site_is_asked_only_where_its_feed_may_be(client: Client, press: Press) -> None:
    press.publishes(press.post(2), press.post(3))
    feed = a_feed(url=SecretStr(press.feed.url))
    kept = await look(client, feed, press.feed.url, press.shows(3, 4), Kept(), NOW)
    assert not press.asked and not kept.published
    with Server(lambda _: Answer(302, headers={"Location": f"{press.root}wp-json/wp/v2/posts"})) as other:
        typed = a_feed(url=SecretStr(f"{other.address}/feed/"), allow_private=True)
        await look(client, typed, f"{other.address}/feed/", press.shows(3, 4), Kept(), NOW)
    assert not press.asked


async def test_a_password_goes_to_the_feeds_own_server_and_into_nothing_that_is_kept(
    client: Client, press: Press
) -> None:
    press.publishes(press.post(2), press.post(3))
    url = press.feed.url.replace("http://", "http://ola:hemmelig@")
    kept = await look(client, a_feed(url=SecretStr(url), allow_private=True), press.feed.url, None, Kept(), NOW)
    assert press.asked[0].headers["authorization"] == "Basic b2xhOmhlbW1lbGln"
    assert "hemmelig" not in json.dumps(written(kept)) + repr(kept)


def test_titles_are_plain_words() -> None:
    (one,) = told(post(1, title={"rendered": "<b>R&#038;D</b> &laquo;ny&raquo; <script>alert(1)</script>" + "x" * 500}))
    assert one.title.startswith("R&D «ny» ") and "<" not in one.title and len(one.title) <= 120
    assert told(post(1, title=None))[0].title == f"{ROOT}nyhet-1/"


@pytest.mark.parametrize("junk", [{"link": "javascript:alert(1)"}, {"date_gmt": "0000-00-00T00:00:00"}, {"id": -1}])
def test_a_post_that_makes_no_sense_is_left_out(junk: dict[str, Any]) -> None:
    assert [one.id for one in told(post(1, **junk), post(2))] == [2]


def test_a_clock_that_was_set_back_does_not_stop_the_looks() -> None:
    assert Kept(not_before=NOW + 400 * DAY).due(NOW)
    assert not Kept(not_before=NOW + DAY).due(NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
odd_posts = st.lists(
    st.builds(
        lambda n, odd: post(n) | odd, st.integers(1, 9), st.dictionaries(st.sampled_from(list(post(1))), json_values)
    ),
    max_size=4,
)


@given(odd_posts | json_values, st.integers(200, 599), st.sampled_from([None, "", "x", "\u00e6", '"1"']))
def test_no_answer_whatever_is_too_much(value: object, status: int, etag: str | None) -> None:
    headers = [(b"ETag", etag.encode())] if etag else []
    response = httpx.Response(status, headers=headers, content=json.dumps(value).encode())
    before = Kept(root=ROOT, listing=listing_of(document(article(5)), ROOT))
    kept = judged(understood(response, before, NOW), NOW, WEEK)
    assert kept.not_before is not None and NOW + EVERY <= kept.not_before <= NOW + REFUSED
    assert read(json.loads(json.dumps(written(kept)))) == kept


@pytest.mark.parametrize("value", [None, [], "x", {"asked_at": "soon"}, {"missing": 7}, {"listing": {"keys": None}}])
def test_what_was_not_written_by_us_is_no_memory(value: object) -> None:
    assert read(value) == Kept()


def test_times_that_say_their_zone_are_believed() -> None:
    (one,) = told(post(1, date_gmt="2026-11-20T12:00:00+02:00"))
    assert one.since == datetime(2026, 11, 20, 10, tzinfo=UTC)
