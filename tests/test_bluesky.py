"""What Bluesky is sent for any post, where it is put, and which accounts are taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Attempt, Entry, Image, Occasion, Picture, Post, ShareCall, ShareLink
from bot.posts.characters import clean, graphemes, graphemes_of, one_line
from bot.posts.clip import ELLIPSIS
from bot.posts.compose import words_post
from bot.posts.hashtags import hashtags
from bot.posts.links import safe
from bot.posts.markups.runs import runs_bluesky, size_bluesky
from bot.posts.read import read
from bot.posts.write import plain
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, WORDS, posts

PASSWORD = "abcd-efgh-ijkl-mnop"
KEPT = {"did": "did:plc:klyngen", "pds": "https://sopp.host.example", "access": "token", "refresh": "refresh"}
BLOB: dict[str, Any] = {
    "$type": "blob",
    "ref": {"$link": "bafkreibme22gw2h7y2h7tg2fhqotaqjucnbc24deqo72b6mkl2egezxhvy"},
}
BLOB |= {"mimeType": "image/jpeg", "size": 19}
READY = {"blob": json.dumps(BLOB), "made": NOW.isoformat()}

NETWORKS = st.sampled_from(["linkedin", "bluesky", "x"])
LINKS = st.builds(ShareLink, NETWORKS, WORDS.map(clean), ADDRESSES)
CALLS = st.builds(ShareCall, WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))
TAGS = st.lists(WORDS, max_size=4).map(lambda categories: hashtags(categories, ["yes"], 3))


ENTRIES = st.builds(
    Entry,
    id=st.just("item-1"),
    title=WORDS.map(one_line),
    link=ADDRESSES,
    text=st.builds(lambda words, times: read(f"<p>{words}</p>" * times), WORDS, st.sampled_from([1, 10])),
    authors=st.lists(WORDS.map(one_line), max_size=2).map(tuple),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    source=WORDS.map(one_line),
    language=st.sampled_from(["nb", "no-NO", "", "x"]),
    share=st.none() | CALLS,
    hashtags=TAGS,
)


def shared_posts() -> st.SearchStrategy[Post]:
    """Posts of one or several articles, which ask to be shared and have hashtags, or do not."""
    return st.lists(ENTRIES, min_size=1, max_size=9).map(
        lambda entries: Post("k-1", Occasion.SHARE, NOW, tuple(entries[:1] if len(entries) < 5 else entries))
    )


def body_of(post: Post, prepared: dict[str, str] | None = None) -> dict[str, Any]:
    """What is put for a post."""
    kind = load("bluesky")
    to = kind.settings(handle="klyngen.bsky.social", password=PASSWORD)
    request = next(kind.publish(post, Attempt(NOW, prepared or {}, KEPT), to))
    body: dict[str, Any] = json.loads(request.content)
    assert request.content == json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return body


def record_of(post: Post, prepared: dict[str, str] | None = None) -> dict[str, Any]:
    record: dict[str, Any] = body_of(post, prepared)["record"]
    return record


def facets_of(record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The words that each facet lies on, its kind and where it leads."""
    sent, end = record["text"].encode(), 0
    for facet in record.get("facets", ()):
        index, (feature,) = facet["index"], facet["features"]
        assert end <= index["byteStart"] < index["byteEnd"] <= len(sent)
        end = index["byteEnd"]
        kind = feature.pop("$type").removeprefix("app.bsky.richtext.facet#")
        (value,) = feature.values()
        yield sent[index["byteStart"] : end].decode(), kind, value


def article(**values: Any) -> Post:
    entry = Entry("item-1", "Tittel", "https://klynge.example/1", read("<p>Ord.</p>"), **values)
    return Post("k-1", Occasion.SHARE, NOW, (entry,), language="nb")


# --- For any post --------------------------------------------------------------------------------------------------


def within_limits(record: dict[str, Any]) -> None:
    """Fail unless Bluesky takes the record, by its limits and by the models of atproto."""
    from atproto_client import models
    from atproto_client.models.utils import get_or_create

    assert isinstance(get_or_create(record, models.AppBskyFeedPost.Record, strict=True), models.AppBskyFeedPost.Record)
    assert 0 < graphemes(record["text"]) <= 300
    assert len(record["text"].encode()) <= 3000
    if "embed" in record:
        card = record["embed"]["external"]
        assert len(card["uri"]) <= 8192
        assert graphemes(card["title"]) <= 300 and graphemes(card["description"]) <= 300


@settings(max_examples=25)
@given(shared_posts())
def test_bluesky_gets_nothing_beyond_its_limits(post: Post) -> None:
    within_limits(record_of(post, READY))


@settings(max_examples=10)
@given(posts("bluesky"))
def test_any_words_and_articles_are_within_its_limits(post: Post) -> None:
    within_limits(record_of(post, READY))


@settings(max_examples=25)
@given(shared_posts())
def test_only_our_own_links_and_hashtags_lie_on_the_words_and_nobody_is_mentioned(post: Post) -> None:
    for words, kind, value in facets_of(record_of(post)):
        assert value and (words == f"#{value}" if kind == "tag" else value.startswith("https://"))
        assert kind == ("tag" if len(post.entries) == 1 else "link")


@settings(max_examples=25)
@given(shared_posts())
def test_the_link_and_the_title_of_an_article_reach_bluesky_whole(post: Post) -> None:
    record = record_of(post)
    if len(post.entries) == 1:
        shown = [(record["embed"]["external"]["title"], record["embed"]["external"]["uri"])]
    else:
        shown = [(words, value) for words, _, value in facets_of(record)]
        assert record["text"].endswith(f"+ {len(post.entries) - 6}") or len(shown) == len(post.entries)
    assert [link for _, link in shown] == [safe(entry.link) for entry in post.entries[:6]]
    for entry, (title, _) in zip(post.entries, shown, strict=False):
        signs = list(graphemes_of(title.removesuffix(ELLIPSIS)))
        assert list(graphemes_of(entry.title or entry.link))[: len(signs)] == signs


@given(st.text().map(clean), st.text().map(clean))
def test_facets_count_bytes(before: str, words: str) -> None:
    from bot.model import Span

    text, facets = runs_bluesky([Span(before), Span(words, "https://x.example/ø"), Span("etter")])
    index = facets[0]["index"]
    assert text.encode()[index["byteStart"] : index["byteEnd"]].decode() == words


@given(st.text().map(clean))
def test_no_words_within_the_length_are_too_many_bytes(words: str) -> None:
    assert graphemes(words) <= size_bluesky(words)
    assert len(words.encode()) <= 10 * size_bluesky(words)


# --- How it reads --------------------------------------------------------------------------------------------------


def test_the_call_stands_in_a_line_of_its_own_above_the_hashtags() -> None:
    links = (ShareLink("linkedin", "LinkedIn", "https://linkedin.example/"),)
    record = record_of(article(share=ShareCall("Glem ikke å dele dette!", links), hashtags=("Blåvekst", "Sølv")))
    assert record["text"] == "Ord.\n\nGlem ikke å dele dette!\n\n#Blåvekst #Sølv"
    assert list(facets_of(record)) == [("#Blåvekst", "tag", "Blåvekst"), ("#Sølv", "tag", "Sølv")]


def test_the_lead_gives_way_to_the_call_and_ends_with_a_sentence() -> None:
    post = article(share=ShareCall("Glem ikke å dele dette!"))
    text = read("<p>" + "En setning som har noe å si. " * 20 + "</p>")
    shown = record_of(replace(post, entries=(replace(post.entries[0], text=text),)))["text"]
    assert shown.endswith("å si.\n\nGlem ikke å dele dette!")
    assert 250 < graphemes(shown) <= 300
    assert plain(text).startswith(shown.partition("\n")[0])


@pytest.mark.parametrize(("language", "langs"), [("nb", ["nb"]), ("nb-NO", ["nb-NO"]), ("", ["nn"]), ("nb_NO<", None)])
def test_only_a_language_that_bluesky_can_read_is_named(language: str, langs: list[str] | None) -> None:
    post = replace(article(language=language), language="nn")
    assert record_of(post).get("langs") == langs


# --- Where it is put -----------------------------------------------------------------------------------------------


@given(st.text("abcdef0123456789", min_size=1, max_size=64), st.integers(0, 2**31))
def test_a_post_has_the_same_place_in_every_attempt_and_its_key_is_a_tid(key: str, seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds + 0.5, UTC)
    post = words_post("Prøve", key=key, occasion=Occasion.TEST, made_at=moment, language="nb")
    body = body_of(post)
    assert body == body_of(post)
    signs = "234567abcdefghijklmnopqrstuvwxyz"
    assert len(body["rkey"]) == 13 and body["rkey"][0] in signs[:16]
    number = 0
    for sign in body["rkey"]:
        number = number * 32 + signs.index(sign)
    assert (number >> 10) // 1_000_000 == seconds


def test_posts_that_were_made_at_once_have_places_of_their_own() -> None:
    post = words_post("Prøve", key="k", occasion=Occasion.TEST, made_at=NOW, language="nb")
    places = {body_of(replace(post, key=f"k-{number}"))["rkey"] for number in range(2000)}
    assert len(places) == 2000


def test_a_later_post_stands_behind_an_earlier_one() -> None:
    post = words_post("Prøve", key="k", occasion=Occasion.TEST, made_at=NOW, language="nb")
    later = replace(post, made_at=NOW + timedelta(seconds=1))
    assert body_of(post)["rkey"] < body_of(later)["rkey"]


def test_a_picture_is_uploaded_as_what_it_is() -> None:
    kind = load("bluesky")
    picture = Picture("https://klynge.example/a.png")
    attempt = Attempt(NOW, {}, KEPT, {picture.url: Image(b"\x89PNG", "image/png", 1, 1)})
    to = kind.settings(handle="klyngen.bsky.social", password=PASSWORD)
    assert kind.prepare
    request = next(kind.prepare(article(picture=picture), attempt, to))
    assert (request.content, request.headers["content-type"]) == (b"\x89PNG", "image/png")


# --- Settings ------------------------------------------------------------------------------------------------------


def test_an_account_is_known_by_its_page() -> None:
    address = "https://bsky.app/profile/klyngen.example"
    assert recognise(address) == recognise(f"{address}/") == "bluesky"
    assert load("bluesky").held_by(address) == {"handle": "klyngen.example"}
    assert recognise(f"{address}/post/3m62j3cxu222b") is None


@pytest.mark.parametrize("handle", ["klyngen.bsky.social", "@klyngen.bsky.social", "klyngen.no", "Ny-klynge.example"])
def test_a_whole_handle_is_taken(handle: str) -> None:
    assert load("bluesky").settings(handle=handle, password=PASSWORD) is not None


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"handle": "klyngen"}, "is not a whole handle"),
        ({"handle": "https://bsky.app/profile/klyngen.no"}, "is not a whole handle"),
        ({"handle": "post@klyngen.no"}, "is not a whole handle"),
        ({"password": "hemmelig"}, "is no app password"),
        ({"password": "abcd-efgh-ijkl-mno1"}, "is no app password"),
        ({"server": "bsky.social"}, "is not the https address of a server alone"),
        ({"server": "http://bsky.social"}, "is not the https address of a server alone"),
        ({"server": "https://bsky.social/xrpc"}, "is not the https address of a server alone"),
        ({"server": "https://navn:hemmelig@bsky.social"}, "is not the https address of a server alone"),
        ({"server": "http://localhost.example"}, "is not the https address of a server alone"),
    ],
)
def test_what_is_no_account_is_refused_without_being_shown(wish: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        load("bluesky").settings(**{"handle": "klyngen.no", "password": PASSWORD, **wish})
    assert "hemmelig" not in str(refused.value)


def test_the_password_is_shown_by_nothing() -> None:
    assert PASSWORD not in repr(load("bluesky").settings(handle="klyngen.no", password=PASSWORD))


def test_two_accounts_are_two_destinations_and_a_new_password_is_none() -> None:
    kind = load("bluesky")
    wishes = [("en.example", PASSWORD), ("en.example", PASSWORD[::-1]), ("to.example", PASSWORD)]
    one, same, other = (kind.settings(handle=handle, password=password) for handle, password in wishes)
    assert kind.target_of(one) == kind.target_of(same) != kind.target_of(other)
    assert kind.origin_of(one) != kind.origin_of(same)
