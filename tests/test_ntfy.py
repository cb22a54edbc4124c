"""What ntfy is sent for any post: within its limits, in plain words, and known again by its id."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Attempt, Occasion, Post, Receipt, Refused
from bot.posts.characters import utf8
from bot.posts.compose import words_post
from bot.posts.links import safe
from tests.goldens import NOW, answer_of
from tests.test_kinds import requests_of
from tests.test_telegram import shared_posts

TO = {"url": "https://ntfy.sh/klyngen-hemmelig", "token": "tk_hemmelighemmelig"}
REFUSED = '400 {"code": 40000, "http": 400, "error": "no"}'
KNOWN = {"topic", "title", "message", "tags", "priority", "click", "attach", "actions", "sequence_id"}


def sent(post: Post) -> list[dict[str, Any]]:
    """What is sent when ntfy refuses both forms of the post."""
    requests = requests_of("ntfy", post, REFUSED, **TO)
    assert all(len(request.content) <= 8192 for request in requests)
    assert all(request.url == "https://ntfy.sh/" for request in requests)
    return [json.loads(request.content) for request in requests]


@settings(max_examples=25)
@given(shared_posts("ntfy"))
def test_ntfy_takes_whatever_an_article_says(post: Post) -> None:
    for body in sent(post):
        is_within_limits(body)
        opens_the_article_and_its_share_links(body, post)
    a_correction_is_the_same_under_the_same_id(post)


def is_within_limits(body: dict[str, Any]) -> None:
    assert set(body) <= KNOWN
    assert 0 < utf8(body["message"]) <= 4096
    assert utf8(body.get("title", "")) <= 1000
    assert len(body.get("actions", [])) <= 3
    assert all(set(action) == {"action", "label", "url"} for action in body.get("actions", []))
    assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", body["sequence_id"])
    assert "\n" not in body.get("title", "")


def opens_the_article_and_its_share_links(body: dict[str, Any], post: Post) -> None:
    entries = post.entries
    if len(entries) == 1:
        assert body["click"] == safe(entries[0].link)
    else:
        assert "click" not in body
        assert all(safe(entry.link) in body["message"] for entry in entries)
    links = {safe(link.url) for entry in entries if entry.share for link in entry.share.links}
    pictures = {safe(entry.picture.url) for entry in entries if entry.picture}
    assert {action["url"] for action in body.get("actions", [])} <= links | {safe(entry.link) for entry in entries}
    assert body.get("attach", "") in pictures | {""}


def a_correction_is_the_same_under_the_same_id(post: Post) -> None:
    module = load("ntfy")
    assert module.revise
    request = next(module.revise(post, Receipt("x", data={"sequence": "k-0"}), Attempt(NOW), module.settings(**TO)))
    assert json.loads(request.content) == {**sent(post)[0], "sequence_id": "k-0"}


def test_a_post_older_than_what_is_kept_is_not_said_to_be_missing() -> None:
    module = load("ntfy")
    assert module.look_up
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW - timedelta(hours=13), language="nb")
    for made_at, missing in ((NOW - timedelta(hours=13), False), (NOW - timedelta(hours=11), True)):
        flow = module.look_up(replace(post, made_at=made_at), Attempt(NOW), module.settings(**TO))
        flow.send(answer_of("200", next(flow)))
        account = '200 {"username": "*", "limits": {"messages_expiry_duration": 43200}}'
        with pytest.raises(StopIteration if missing else Refused) as ended:
            flow.send(answer_of(account, requests_of("ntfy", post, "200", **TO)[0]))
        assert not missing or getattr(ended.value, "value", "") is None


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://ntfy.sh/a", "http://127.0.0.1:8080/a_b-C9/", "https://push.klynge.example/x"])
def test_a_topic_of_any_server_is_taken(url: str) -> None:
    assert load("ntfy").settings(url=url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://ntfy.sh",
        "https://ntfy.sh/",
        "hemmelig",
        "https://ntfy.sh/hemmelig/json",
        "https://ntfy.sh/hemmelig?auth=abc",
        "https://kari:hemmelig@ntfy.sh/a",
        "ntfy://ntfy.sh/hemmelig",
    ],
)
def test_what_is_no_topic_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="is not the address of a topic") as refused:
        load("ntfy").settings(url=url)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize("priority", [0, 6])
def test_a_priority_is_from_one_to_five(priority: int) -> None:
    with pytest.raises(ValidationError):
        load("ntfy").settings(**TO, priority=priority)


def test_no_setting_of_ntfy_shows_its_topic_or_token() -> None:
    assert "hemmelig" not in repr(load("ntfy").settings(**TO))


def test_a_topic_of_the_public_server_is_known_by_its_address() -> None:
    assert recognise("https://ntfy.sh/klyngen-7f3k9") == "ntfy"
    assert recognise("https://push.klynge.example/klyngen") is None
