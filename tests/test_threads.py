"""What Threads is sent for any post, that a repeat shows nothing twice, and how its token is kept."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.kinds import load, recognise, threads
from bot.model import Attempt, Entry, Flow, Kept, Occasion, Post, Prepared, Problem, Refused, T, Unknown
from bot.posts.links import safe
from bot.posts.markups.plain import size_threads
from tests.goldens import NOW, answer_of
from tests.test_kinds import posts

TO = threads.Settings(token=SecretStr("hemmelig"))
POST = Post("k-1", Occasion.SHARE, NOW, (Entry("1", "Kort", "https://klynge.example/kort"),))
EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}|[\U00010000-\U0010ffff]")


def driven(flow: Flow[T], answers: dict[str, str], doing: str) -> tuple[T, list[str]]:
    """What a flow returns when each request is answered by the end of its path, and what it asked for."""
    asked: list[str] = []
    try:
        request = next(flow)
        while True:
            path = request.url.path.rpartition("/")[2]
            asked.append(f"{request.method} {path}")
            told = answer_of(answers[path], request, doing)
            request = flow.throw(told) if isinstance(told, Problem) else flow.send(told)
    except StopIteration as end:
        return end.value, asked


def container(post: Post) -> dict[str, str]:
    """What a container is made of."""
    request = next(threads.prepare(post, Attempt(NOW), TO))
    assert request.url.path == "/v1.0/me/threads"
    return dict(parse_qsl(request.content.decode(), keep_blank_values=True))


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(posts("threads"))
def test_threads_gets_nothing_beyond_its_limits(post: Post) -> None:
    try:
        made = container(post)
    except Refused:
        assert len(post.entries) > 1
        return
    emoji = sum(len(sign.encode()) - 1 for sign in EMOJI.findall(made["text"]))
    assert made["text"].strip()
    assert len(made["text"]) + emoji <= 500
    assert made.keys() <= {"media_type", "text", "link_attachment", "topic_tag"}
    assert len(re.findall("https://klynge.example/", made["text"])) <= 5 or len(post.entries) < 2


@settings(max_examples=20)
@given(posts("threads"))
def test_nobody_is_mentioned_on_threads_and_no_topic_is_made_of_words(post: Post) -> None:
    try:
        words = container(post)["text"]
    except Refused:
        return
    for entry in post.entries:
        words = words.replace(safe(entry.link), "")
    assert not re.search("[@\uff20#\uff03]\\w", words)


@settings(max_examples=20)
@given(posts("threads"))
def test_the_link_of_an_article_reaches_threads_whole(post: Post) -> None:
    try:
        made = container(post)
    except Refused:
        return
    if len(post.entries) == 1:
        assert made["link_attachment"] == safe(post.entries[0].link)
        return
    lines = made["text"].split("\n")
    rest = len(post.entries) - sum(safe(entry.link) in lines for entry in post.entries)
    assert not rest or lines[-1] == f"+ {rest}"


@given(st.text())
def test_a_sign_counts_as_much_as_it_may_weigh(words: str) -> None:
    assert len(words) <= size_threads(words) <= len(words.encode("utf-8", "replace"))


@pytest.mark.parametrize(("words", "length"), [("æøå", 3), ("1#*", 3), ("👍", 4), ("👩‍🚀", 11), ("☀️", 6), ("1️⃣", 7)])
def test_an_emoji_counts_as_its_bytes(words: str, length: int) -> None:
    assert size_threads(words) == length


# --- A repeat ------------------------------------------------------------------------------------------------------


def test_a_repeat_after_a_lost_answer_asks_first_and_shows_nothing_twice() -> None:
    made = {"threads": '200 {"id": "c1"}', "c1": '200 {"status": "FINISHED"}'}
    ready: Prepared
    ready, _ = driven(threads.prepare(POST, Attempt(NOW), TO), made, "prepare")
    with pytest.raises(Unknown):
        driven(threads.publish(POST, Attempt(NOW, ready), TO), {"threads_publish": "lost"}, "publish")
    post = {"id": "p1", "text": "Kort", "permalink": "https://www.threads.com/p1", "timestamp": NOW.isoformat()}
    shown = {"c1": '200 {"status": "PUBLISHED"}', "threads": f"200 {json.dumps({'data': [post]})}"}
    ready, asked = driven(threads.prepare(POST, Attempt(NOW, ready), TO), shown, "prepare")
    assert asked == ["GET c1", "GET threads"]
    receipt, asked = driven(threads.publish(POST, Attempt(NOW, ready), TO), {}, "publish")
    assert asked == []
    assert (receipt.id, receipt.url) == ("p1", "https://www.threads.com/p1")


@pytest.mark.parametrize("status", ["FINISHED", "IN_PROGRESS"])
def test_what_may_still_be_shown_is_never_made_a_second_time(status: str) -> None:
    flow = threads.prepare(POST, Attempt(NOW, {"container": "c1"}), TO)
    answers = {"c1": f'200 {{"status": "{status}"}}'}
    try:
        _, asked = driven(flow, answers, "prepare")
    except Problem:
        return
    assert set(asked) == {"GET c1"}


def test_a_repeat_is_safe_as_long_as_a_container_lives() -> None:
    remembered = load("threads").remembers(TO)
    assert remembered is not None
    assert remembered < timedelta(hours=24)


# --- The token -----------------------------------------------------------------------------------------------------


def test_a_token_is_refreshed_each_week_and_never_lost() -> None:
    at = NOW
    kept: Kept = {}
    for day in range(60):
        at = NOW + timedelta(days=day)
        fresh = f'200 {{"access_token": "fresh-{day}", "expires_in": 5184000}}' if day % 3 else "lost"
        kept, _ = driven(threads.renew(Attempt(at, kept=kept), TO), {"refresh_access_token": fresh}, "renew")
    assert kept["token"].startswith("fresh-")
    assert datetime.fromisoformat(kept["until"]) > at + timedelta(days=50)


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["klyngen", "", "1/x"])
def test_what_threads_would_not_take_is_refused(user: str) -> None:
    with pytest.raises(ValidationError, match="user_id") as refused:
        load("threads").settings(token="hemmelig", user_id=user)
    assert "hemmelig" not in str(refused.value)


def test_the_address_of_the_api_tells_the_account() -> None:
    assert recognise("https://graph.threads.net/v1.0/17841400000000000/threads") == "threads"
    assert load("threads").held_by("https://graph.threads.com/v1.0/me/threads") == {"user_id": "me"}


def test_the_token_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(TO)
