"""What each kind sends and makes of the answers: the golden files, and what must hold for any post."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from html import escape, unescape
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from slack_sdk.models.blocks import Block
from standardwebhooks import Webhook

from bot import kinds
from bot.kinds import load, recognise
from bot.model import Attempt, Flow, Item, Occasion, Picture, Post, Problem, Receipt
from bot.posts.characters import utf16
from bot.posts.compose import compose, words_post
from bot.posts.links import safe
from bot.settings import ChannelSettings
from tests.goldens import FOLDER, NOW, Case, answer_of, cases_of, play, rewrite

FILES = sorted(path.stem for path in FOLDER.glob("*.txt"))

if os.environ.get("UPDATE_GOLDEN"):
    for name in FILES:
        rewrite(name)

CASES = [(kind, first, case) for kind in FILES for first, cases in [cases_of(kind)] for case in cases]


@pytest.mark.parametrize(("kind", "first", "case"), CASES, ids=[f"{kind}: {case.name}" for kind, _, case in CASES])
def test_a_kind_does_what_its_golden_file_says(kind: str, first: list[str], case: Case) -> None:
    assert play(kind, first, case) == case.expected


def test_every_kind_has_a_golden_file_and_every_golden_file_a_kind() -> None:
    assert list(kinds.names()) == FILES


# --- What holds for any post ---------------------------------------------------------------------------------------

MARKUP = "<!channel> <@U123> <!subteam^S1> <#C1> @everyone @here | > & &amp; * _ ` ```"
SIGNS = [
    "\u202e",
    "\u200d",
    "👩\u200d👩\u200d👧",
    "🇳🇴",
    "\ud83d",
    "\x1b[2J",
    "\x00",
    "\n",
    "שלום",
    "é\u0301\u0301",
    " ",
    ". ",
]
NASTY = st.sampled_from([*MARKUP.split(), *SIGNS, "ord "])
WORDS = st.lists(NASTY | st.text(st.characters(exclude_categories=()), max_size=10), max_size=40).map("".join)
LONG = st.builds(lambda words, times: words * times, NASTY | st.just("En setning. "), st.sampled_from([1, 500, 20_000]))
ANY_WORDS = WORDS | WORDS | WORDS | LONG
# A title or a name that runs to thousands of signs is long enough to go beyond every limit.
SHORTER = WORDS | WORDS | WORDS | LONG.map(lambda words: words[:5000])
PATHS = st.text("abc/%20?&=|<>\"' æ😀#", max_size=30) | st.just("a" * 1900)
ADDRESSES = PATHS.map(lambda path: f"https://klynge.example/{path}")
PICTURES = st.builds(Picture, ADDRESSES | st.just("https://klynge.example/" + "a" * 4000), SHORTER)
ITEMS = st.builds(
    Item,
    guid=st.just("1"),
    link=ADDRESSES,
    title=SHORTER,
    html=ANY_WORDS
    | ANY_WORDS.map(escape)
    | ANY_WORDS.map(lambda words: f"<p><b>{escape(words)}</b> <a href='/x'>{words}</a>"),
    authors=st.lists(SHORTER, max_size=3).map(tuple),
    tags=st.lists(SHORTER, max_size=3).map(tuple),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    pictures=st.lists(PICTURES, max_size=1).map(tuple),
)


def posts(kind: str) -> st.SearchStrategy[Post]:
    """Posts as they are composed for a kind, of any items and of any words."""
    wishes, limits = ChannelSettings(kind=kind), load(kind).limits

    def of_items(items: list[Item], source: str) -> Post:
        named = [(f"item-{number}", item) for number, item in enumerate(items)]
        return compose(
            named, key="k-1", occasion=Occasion.SHARE, made_at=NOW, wishes=wishes, kind_limits=limits,
            source=source, language="nb",
        )  # fmt: skip

    def of_words(words: str) -> Post:
        return words_post(words, key="k-2", occasion=Occasion.ALERT, made_at=NOW, language="nb")

    return st.builds(of_items, st.lists(ITEMS, min_size=1, max_size=2), WORDS) | st.builds(of_words, ANY_WORDS)


def requests_of(kind: str, post: Post, answer: str, **settings: object) -> list[httpx.Request]:
    """Every request that a flow makes when it is always given the same answer."""
    module = load(kind)
    flow: Flow[Receipt] = module.publish(post, Attempt(NOW), module.settings(**settings))
    requests = []
    with suppress(StopIteration, Problem):
        requests.append(next(flow))
        while True:
            told = answer_of(answer, requests[-1])
            requests.append(flow.throw(told) if isinstance(told, Problem) else flow.send(told))
    return requests


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def slack_bodies(post: Post) -> list[dict[str, Any]]:
    """What is sent when Slack refuses every form of the post."""
    return [json.loads(request.content) for request in requests_of("slack", post, "400 invalid_blocks", url=SLACK)]


SLACK = "https://hooks.slack.com/services/T000/B000/xyz"
OUR_DATE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>|]*>")


@settings(max_examples=25)
@given(posts("slack"))
def test_slack_gets_nothing_beyond_its_limits(post: Post) -> None:
    bodies = slack_bodies(post)
    assert 1 <= len(bodies) <= 3
    for body in bodies:
        assert 0 < utf16(body["text"]) <= 40_000
        assert body["unfurl_links"] is body["unfurl_media"] is False
        blocks = body.get("blocks", [])
        assert len(blocks) <= 50
        assert sum(utf16(words) for words in strings(blocks)) <= 13_000
        for block in blocks:
            texts = [block["text"]] if "text" in block else block.get("elements", [])
            assert all(0 < utf16(text["text"]) <= 3000 and text["verbatim"] for text in texts)
            assert utf16(block.get("alt_text", "")) <= 2000
            assert utf16(block.get("image_url", "")) <= 3000
        for parsed in Block.parse_all(blocks):
            parsed.validate_json()
    assert "blocks" not in bodies[-1]


@settings(max_examples=25)
@given(posts("slack"))
def test_nobody_is_mentioned_in_slack_and_no_entity_is_broken(post: Post) -> None:
    for body in slack_bodies(post):
        assert not {"link_names", "parse", "username", "channel"} & body.keys()
        for words in strings([body["text"], [block for block in body.get("blocks", []) if block["type"] != "image"]]):
            rest = OUR_DATE.sub("", words)
            assert not re.search(r"<[!@#]", rest)
            assert not re.search(r"&(?!(?:amp|lt|gt);)", rest)
            assert re.sub(r"<(?:https?|mailto):[^<>|\s]*\|[^<>|\n]*>", "", rest).count("<") == 0


@settings(max_examples=25)
@given(posts("slack"))
def test_the_link_of_an_article_reaches_slack_whole(post: Post) -> None:
    for body in slack_bodies(post):
        links = [unescape(link) for link in re.findall(r"<(https[^|>]*)\|", body["text"])]
        assert {safe(entry.link) for entry in post.entries} <= set(links)


@settings(max_examples=25)
@given(posts("webhook"))
def test_a_webhook_is_small_signed_and_whole(post: Post) -> None:
    secret = "whsec_" + b64encode(bytes(32)).decode()
    (request,) = requests_of("webhook", post, "200", url="https://mottaker.example/", secret=secret)
    assert len(request.content) <= 20_000
    payload = json.loads(request.content)
    assert request.content == json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    signature = Webhook(secret).sign(request.headers["webhook-id"], NOW, request.content.decode())
    assert request.headers["webhook-signature"] == signature
    data = payload["data"]
    items = data.get("items", [] if "words" in data else [data])
    assert [item["link"] for item in items] == [entry.link for entry in post.entries]


def test_a_receiver_accepts_our_signature() -> None:
    secret = "whsec_" + b64encode(bytes(range(24))).decode()
    module = load("webhook")
    post = words_post("Prøve æøå", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    oslo = timezone(timedelta(hours=1))
    request = next(
        module.publish(post, Attempt(datetime.now(oslo)), module.settings(url="https://x.example", secret=secret))
    )
    verified = Webhook(secret).verify(request.content, dict(request.headers))
    assert verified["data"]["words"] == "Prøve æøå"


@given(posts("console"))
def test_nothing_that_steers_a_terminal_is_printed(post: Post) -> None:
    (request,) = requests_of("console", post, "200")
    printed = request.content.decode()
    assert not [sign for sign in printed if unicodedata.category(sign) in {"Cc", "Cs"} and sign != "\n"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", printed)
    assert all(entry.link in printed for entry in post.entries)


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", [SLACK, "https://hooks.slack-gov.com/services/T1/B1/x/", "http://127.0.0.1:8080/services/T1/B1/x"]
)
def test_an_incoming_webhook_is_taken(url: str) -> None:
    assert load("slack").settings(url=url) is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://hooks.slack.com/triggers/T1/2/hemmelig", "starts a workflow"),
        ("https://hooks.slack.com/workflows/T1/A1/2/hemmelig", "starts a workflow"),
        ("https://hooks.slack.com/services/T1/hemmelig", "is not a whole address"),
        ("http://hooks.slack.com/services/T1/B1/hemmelig", "is not a whole address"),
    ],
)
def test_what_is_no_incoming_webhook_is_refused_without_being_shown(url: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        load("slack").settings(url=url)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("hemmelig", "does not begin with whsec_"),
        ("whsec_hemmelig!", "is not base64"),
        ("whsec_æhemmelig", "is not base64"),
        ("whsec_aGVtbWVsaWc=", "holds 8 bytes"),
    ],
)
def test_a_bad_secret_is_refused_without_being_shown(secret: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        load("webhook").settings(url="https://x.example", secret=secret)
    assert secret not in str(refused.value)


def test_no_setting_shows_its_secret() -> None:
    secret = "whsec_" + b64encode(b"hemmelig" * 4).decode()
    shown = repr(load("webhook").settings(url="https://x.example/hemmelig", secret=secret))
    assert "hemmelig" not in shown
    assert secret not in shown


def test_only_slack_is_known_by_its_address() -> None:
    assert recognise(SLACK) == "slack"
    assert recognise("https://hooks.slack.com/triggers/T1/2/x") is None
    assert recognise("https://mottaker.example/kroker") is None
