"""What Facebook is sent for any post, how its errors are read, and which settings it takes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from pydantic import SecretStr, ValidationError

from bot.graph import meant_by_graph
from bot.kinds import facebook, load, recognise
from bot.model import Attempt, Busy, Post, Problem, Refused, Stopped, Unknown
from bot.outcome import problem_of
from bot.posts.characters import utf16
from bot.posts.links import safe
from tests.goldens import NOW
from tests.test_kinds import posts, requests_of

TO = {"page_id": "102030405060708", "token": "hemmelig"}
# The parameters that the vendor's own library knows of what is sent: Page.create_feed of facebook-business 26.
KNOWN = {"message", "link"}


def bodies(post: Post, answer: str = '200 {"id": "1_2"}') -> list[dict[str, Any]]:
    """What is sent for it, when Facebook gives that answer each time."""
    return [json.loads(request.content) for request in requests_of("facebook", post, answer, **TO) if request.content]


UNREADABLE = '400 {"error": {"code": 100, "error_subcode": 1609005}}'


@settings(max_examples=20)
@given(posts("facebook"))
def test_facebook_gets_nothing_beyond_its_limits(post: Post) -> None:
    sent = bodies(post, UNREADABLE)
    assert 1 <= len(sent) <= 2
    for body in sent:
        assert 0 < utf16(body["message"]) <= 63_206
        assert body.keys() <= KNOWN


@settings(max_examples=20)
@given(posts("facebook"))
def test_nobody_is_mentioned_on_facebook_and_no_hashtag_is_made_of_words(post: Post) -> None:
    for body in bodies(post, UNREADABLE):
        words = body["message"]
        for entry in post.entries:
            words = words.replace(safe(entry.link), "")
        assert not re.search("@\\[|[#\uff03]\\w", words)


@settings(max_examples=20)
@given(posts("facebook"))
def test_the_link_of_an_article_reaches_facebook_whole(post: Post) -> None:
    for body in bodies(post, UNREADABLE):
        links = [body.get("link", ""), *body["message"].split("\n")]
        shown = [entry for entry in post.entries if safe(entry.link) in links]
        rest = len(post.entries) - len(shown)
        assert not rest or (shown and links[-1] == f"+ {rest}")


# --- Errors --------------------------------------------------------------------------------------------------------


def problem(status: int, error: object, *, showing: bool = True, **headers: str) -> Problem:
    """What an answer of Graph's means while something is shown, or else asked."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.Response(status, json={"error": error}, headers=named)
    found = problem_of(answer, doing="publish" if showing else "ask")
    assert found
    return meant_by_graph(found, "Facebook", {}, showing=showing)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (190, Stopped),
        (10, Stopped),
        (200, Stopped),
        (299, Stopped),
        (100, Refused),
        (368, Busy),
        (4, Busy),
        (613, Busy),
    ],
)
def test_an_error_is_read_by_its_code_whatever_the_status(status: int, code: int, meaning: type[Problem]) -> None:
    assert type(problem(status, {"code": code})) is meaning


@pytest.mark.parametrize("error", [{"code": 1}, {"code": 2}, {"code": 999, "is_transient": True}])
def test_trouble_of_metas_own_leaves_a_doubt_only_where_something_is_shown(error: dict[str, object]) -> None:
    assert type(problem(500, error)) is Unknown
    assert type(problem(400, error)) is Unknown
    later = problem(500, error, showing=False)
    assert isinstance(later, Busy)
    assert not later.of_channel


def test_the_longest_of_the_waits_counts_and_its_unit_is_the_minute() -> None:
    usage = '{"1":[{"type":"pages","estimated_time_to_regain_access":25},{"estimated_time_to_regain_access":0}]}'
    later = problem(400, {"code": 32}, x_business_use_case_usage=usage, x_app_usage='{"call_count":28}')
    assert isinstance(later, Busy)
    assert later.after == timedelta(minutes=25)


def test_a_wait_is_never_longer_than_a_day() -> None:
    later = problem(400, {"code": 4}, x_app_usage='{"estimated_time_to_regain_access": 99999}')
    assert isinstance(later, Busy)
    assert later.after == timedelta(days=1)


@pytest.mark.parametrize("error", ["no", None, [], {"code": "190"}, {"code": None, "error_subcode": "x"}])
def test_an_error_of_another_form_means_what_its_status_means(error: object) -> None:
    assert type(problem(400, error)) is Refused
    assert type(problem(502, error)) is Unknown


# --- Settings ------------------------------------------------------------------------------------------------------


def test_the_proof_is_made_of_the_token_with_the_secret_as_the_key() -> None:
    token, secret = SecretStr("hemmelig"), SecretStr("hemmeligere")
    to = facebook.Settings(page_id="102030405060708", token=token, app_secret=secret)
    request = next(facebook.verify(Attempt(NOW), to))
    proof = hmac.new(b"hemmeligere", b"hemmelig", hashlib.sha256).hexdigest()
    assert request.url.params["appsecret_proof"] == proof
    assert request.headers["authorization"] == "Bearer hemmelig"


@pytest.mark.parametrize(("name", "value"), [("page_id", "klyngen"), ("version", "26"), ("version", "v26.0/x")])
def test_what_facebook_would_not_take_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name) as refused:
        load("facebook").settings(**{**TO, name: value})
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize("version", ["", "v26.0/"])
def test_the_address_of_a_feed_tells_the_page(version: str) -> None:
    url = f"https://graph.facebook.com/{version}102030405060708/feed"
    assert recognise(url) == "facebook"
    assert load("facebook").held_by(url) == {"page_id": "102030405060708"}


def test_no_secret_is_shown() -> None:
    assert "hemmelig" not in repr(load("facebook").settings(**TO, app_secret="hemmeligere"))
