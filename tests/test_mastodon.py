"""What Mastodon is sent: within its limits as another library counts them, nobody called, every link whole."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mastodon import Mastodon
from mastodon._url_regex import url_regex
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import (
    Attempt,
    Busy,
    Entry,
    Image,
    Occasion,
    Picture,
    Post,
    Problem,
    Receipt,
    Refused,
    ShareCall,
    ShareLink,
)
from bot.posts.characters import clean, graphemes
from bot.posts.links import safe
from bot.posts.markups.plain import link_mastodon, quiet_mastodon, size_mastodon, status_mastodon
from bot.posts.read import read
from bot.wire import not_before_moment
from tests.goldens import NOW
from tests.test_kinds import ANY_WORDS, PATHS, posts

TO = {"server": "https://tut.example", "token": "hemmelig-hemmelig"}
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean))
TAGS = st.lists(st.text("AbcÆøå1", min_size=1, max_size=50), max_size=5).map(tuple)


def shared_posts() -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared and have hashtags, or not."""

    def made(post: Post, call: ShareCall | None, tags: tuple[str, ...], site: str) -> Post:
        entries = (
            replace(entry, share=call, hashtags=tags, link=entry.link.replace("klynge.example", site))
            for entry in post.entries
        )
        return replace(post, entries=tuple(entries))

    sites = st.sampled_from(["klynge.example", "www.klynge.no", "klynge.travel", "localhost:8080", "blåbær.no"])
    return st.builds(made, posts("mastodon"), st.none() | CALLS, TAGS, sites)


def statuses(post: Post) -> list[str]:
    """The status that is made of a post, none where it is refused for its link."""
    with suppress(Refused):
        return [status_mastodon(post)]
    return []


@settings(max_examples=15)
@given(shared_posts())
def test_no_status_is_longer_than_mastodon_counts(post: Post) -> None:
    for status in statuses(post):
        assert status.strip()
        # The library counts a flag that follows a line break as three signs, and one that follows a space as one.
        judged = Mastodon.get_status_length(status.replace("\n", " "))
        assert judged <= size_mastodon(status) <= 500


@settings(max_examples=15)
@given(shared_posts())
def test_nobody_is_called_in_mastodon_and_no_link_or_hashtag_is_slipped_in(post: Post) -> None:
    ours = {link_mastodon(entry.link) for entry in post.entries}
    tags = {tag for entry in post.entries for tag in entry.hashtags}
    for status in statuses(post):
        assert not re.search(r"(?<![=/\w])@\w", status)
        found = set(re.findall(r"https?://\S+", status))
        assert found <= ours
        rest = re.sub(r"https?://\S+", "", status)
        assert set(re.findall(r"[#\uff03](\w+)", rest)) <= tags
        assert "://" not in rest


@settings(max_examples=15)
@given(shared_posts())
def test_the_link_of_an_article_reaches_mastodon_whole(post: Post) -> None:
    for status in statuses(post):
        if len(post.entries) == 1:
            assert link_mastodon(post.entries[0].link) in status.split("\n")


@settings(max_examples=200)
@given(PATHS | st.text(max_size=40))
def test_mastodon_knows_the_whole_of_a_link_as_one(path: str) -> None:
    address = safe(f"https://www.klynge.no/{path}")
    link = link_mastodon(address)
    found = url_regex.search(f"Ord. {link} Ord.")
    assert found and found[3] == link
    assert Mastodon.get_status_length(link) == size_mastodon(link) == 23
    assert unquote(link).rstrip("?") == unquote(address).rstrip("?")


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://klynge.no/sølv", "https://klynge.no/sølv"),
        ("https://klynge.no/sølv?navn=bær", "https://klynge.no/sølv?navn=b%C3%A6r"),
        ("https://klynge.no/a_(b)", "https://klynge.no/a_%28b%29"),
        ("https://klynge.no/a.", "https://klynge.no/a%2E"),
        ("https://klynge.no/@kari/1", "https://klynge.no/@kari/1"),
        ("https://klynge.no/?til=@kari", "https://klynge.no/?til=%40kari"),
        ("https://klynge.no?a=1&b=2#c", "https://klynge.no?a=1&b=2#c"),
        ("mailto:post@klynge.no", ""),
        ("", ""),
    ],
)
def test_a_link_is_changed_only_where_mastodon_would_break_it(address: str, link: str) -> None:
    assert link_mastodon(address) == link


@given(st.text())
def test_no_words_are_lost_and_other_signs_stay_as_they_are(words: str) -> None:
    assert quiet_mastodon(words).replace("\u200b", "") == words.replace("\u200b", "")


def test_the_card_is_made_of_the_article_for_its_link_comes_first() -> None:
    links = (ShareLink("x", "X", "https://x.com/intent/post?url=1"),)
    call = ShareCall("Del dette!", links)
    text = read("<p>Se https://annet.example og <a href='https://annet.example'>her</a>.</p>")
    entry = Entry("item-1", "Tittel", "https://klynge.no/1", text, share=call, hashtags=("Nytt",))
    status = status_mastodon(Post("k-1", Occasion.SHARE, NOW, (entry,), language="nb"))
    first = url_regex.search(status)
    assert first and first[3] == "https://klynge.no/1"
    assert status.endswith("\n\nhttps://klynge.no/1\n\nDel dette!\n\n#Nytt")


# --- The picture ---------------------------------------------------------------------------------------------------

PICTURE = Picture("https://klynge.example/a.png", "Fire personer\nmed en pokal 👩\u200d👩\u200d👧 " * 200)
ENTRY = Entry("item-1", "Tittel", "https://klynge.no/1", picture=PICTURE)
POST = Post("k-1", Occasion.SHARE, NOW, (ENTRY,), language="nb")


def test_the_picture_is_uploaded_with_its_whole_bytes_and_a_description_that_fits() -> None:
    kind = load("mastodon")
    image = Image(bytes(range(256)), "image/png", 10, 10)
    assert kind.prepare
    request = next(kind.prepare(POST, Attempt(NOW, images={PICTURE.url: image}), kind.settings(**TO)))
    head, description, file, end = request.content.split(
        f"--{request.headers['content-type'].partition('=')[2]}".encode()
    )
    assert (head, end) == (b"", b"--\r\n")
    assert file.endswith(b"\r\n\r\n" + image.content + b"\r\n")
    words = description.partition(b"\r\n\r\n")[2].decode().strip()
    assert 1000 < graphemes(words) <= 1500
    assert request.headers["content-length"] == str(len(request.content))


@pytest.mark.parametrize("images", [{}, {PICTURE.url: Image(b"x", "image/png", 1, 1)}])
def test_an_upload_serves_on_for_a_correction_even_if_the_picture_is_not_there_any_more(
    images: dict[str, Image],
) -> None:
    kind = load("mastodon")
    assert kind.prepare
    flow = kind.prepare(POST, Attempt(NOW, images={PICTURE.url: Image(b"x", "image/png", 1, 1)}), kind.settings(**TO))
    next(flow)
    with pytest.raises(StopIteration) as done:
        flow.send(httpx.Response(200, json={"id": "41"}))
    later = Attempt(NOW + timedelta(hours=19 if images else 100), done.value.value, images=images)
    with pytest.raises(StopIteration) as again:
        next(kind.prepare(POST, later, kind.settings(**TO)))
    assert again.value.value == done.value.value


def test_another_picture_is_uploaded_anew() -> None:
    kind = load("mastodon")
    assert kind.prepare
    known = {"media": "41", "of": "another", "made": NOW.isoformat()}
    attempt = Attempt(NOW, known, images={PICTURE.url: Image(b"x", "image/png", 1, 1)})
    assert next(kind.prepare(POST, attempt, kind.settings(**TO))).method == "POST"


# --- Keys, times, settings -----------------------------------------------------------------------------------------


def test_every_attempt_at_a_post_has_the_same_key_and_a_correction_has_none() -> None:
    kind = load("mastodon")
    assert kind.revise
    flow = kind.publish(POST, Attempt(NOW, {"media": "41"}), kind.settings(**TO))
    first = next(flow)
    second = flow.throw(_refused(first))
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "k-1"
    assert "media_ids" in json.loads(first.content) and "media_ids" not in json.loads(second.content)
    correction = next(kind.revise(POST, Receipt("1"), Attempt(NOW), kind.settings(**TO)))
    assert "idempotency-key" not in correction.headers and "visibility" not in json.loads(correction.content)


def _refused(request: httpx.Request) -> Problem:
    from bot.outcome import problem_of

    problem = problem_of(httpx.Response(422, request=request), doing="publish")
    assert problem
    return problem


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-11-20T09:00:30.000000Z", 30),
        ("2026-11-20T08:00:00Z", 0),
        ("2027-11-20T08:00:00Z", 86_400),
        ("1763629200", None),
        ("2026-11-31T08:00:00Z", None),
    ],
)
def test_the_moment_that_the_server_names_is_waited_for_but_no_longer_than_a_day(
    moment: str, seconds: int | None
) -> None:
    answer = httpx.Response(429, headers={"x-ratelimit-reset": moment})
    problem = not_before_moment(Busy("for mange", response=answer), "x-ratelimit-reset", NOW)
    assert isinstance(problem, Busy)
    assert problem.after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("server", ["https://tut.example", "https://tut.example/", "http://127.0.0.1:3000"])
def test_a_server_is_taken_with_or_without_its_last_slash(server: str) -> None:
    kind = load("mastodon")
    assert kind.verify
    request = next(kind.verify(Attempt(NOW), kind.settings(server=server, token=TO["token"])))
    assert str(request.url) == f"{server.rstrip('/')}/api/v1/accounts/verify_credentials"
    assert request.headers["authorization"] == "Bearer hemmelig-hemmelig"


@pytest.mark.parametrize(
    "server", ["http://tut.example", "https://tut.example/@klyngen", "https://kari@tut.example", "tut.example"]
)
def test_what_is_no_server_is_refused(server: str) -> None:
    with pytest.raises(ValidationError):
        load("mastodon").settings(server=server, token=TO["token"])


@pytest.mark.parametrize("token", ["", "kort", "Bearer hemmelig-hemmelig", "hemmelig-hemmelig\n", "hemmelig-æhemmelig"])
def test_what_is_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError, match="is not an access token") as refused:
        load("mastodon").settings(server=TO["server"], token=token)
    assert "hemmelig" not in str(refused.value)


def test_the_token_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("mastodon").settings(**TO))


def test_an_address_can_not_tell_that_it_is_mastodon() -> None:
    assert recognise("https://tut.example/@klyngen") is None


def test_a_token_of_another_account_is_another_destination() -> None:
    kind = load("mastodon")
    one, other = (kind.settings(server=TO["server"], token=f"hemmelig-{n}") for n in (1, 2))
    assert kind.target_of(one) != kind.target_of(other)
    assert kind.remembers(one) == timedelta(minutes=55)
