"""What Telegram is sent for any post: within its limits, well made, and nobody is named by it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bot.kinds import load, recognise
from bot.model import Attempt, Occasion, Post, Receipt, ShareCall, ShareLink
from bot.posts.characters import clean
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.html import quiet_telegram, rich_telegram, telegram
from bot.posts.read import read
from tests.goldens import NOW, answer_of
from tests.test_kinds import ADDRESSES, ANY_WORDS, WORDS, posts, requests_of

TO = {"token": "123456789:hemmelighemmelighemmelighemmelig_-", "chat": "@klyngen"}
REFUSED = '400 {"ok": false, "error_code": 400, "description": "Bad Request: something else"}'
RICH = {"a", "b", "i", "code", "p", "h3", "pre", "blockquote", "br", "ul", "li", "figure", "img", "figcaption"}
ORDINARY = {"a", "b", "i", "code", "pre", "blockquote"}
NAMED = re.compile(r"(?<![A-Za-z0-9_])@(?=[A-Za-z0-9_])|(?:^|(?<=\s))[/#](?=\w)")

LINKS = st.builds(ShareLink, st.just("x"), WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=4).map(tuple))


def shared_posts(kind: str) -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared, or do not."""

    def with_call(post: Post, call: ShareCall | None) -> Post:
        return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))

    return st.builds(with_call, posts(kind), st.none() | CALLS)


def sent(post: Post) -> list[tuple[str, dict[str, Any]]]:
    """The methods that are called, and with what, when Telegram refuses every form of the post."""
    requests = requests_of("telegram", post, REFUSED, **TO)
    return [(request.url.path.rpartition("/")[2], json.loads(request.content)) for request in requests]


class Shown(HTMLParser):
    """What is left of Telegram's HTML once it is read: words, tags and addresses; it asserts that it is well made."""

    def __init__(self, html: str, allowed: set[str]) -> None:
        super().__init__(convert_charrefs=False)
        self.words, self.blocks, self.depth = "", 0, 0
        self.hrefs: list[str] = []
        self._allowed, self._open = allowed, list[str]()
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self._allowed
        values = {name: value or "" for name, value in attrs}
        assert set(values) <= {"a": {"href"}, "img": {"src"}}.get(tag, set())
        self.hrefs += [values["href"]] if tag == "a" else []
        assert urlsplit(values.get("src", "https://x")).scheme in ("https", "http")
        self.blocks += tag in ("p", "h3", "pre", "blockquote", "ul", "li", "figure")
        self._open += [tag] if tag not in ("br", "img") else []
        self.depth = max(self.depth, len(self._open))

    def handle_endtag(self, tag: str) -> None:
        if tag != "img":
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert not re.search(r"[<>&]", data)
        self.words += data

    def handle_entityref(self, name: str) -> None:
        self.words += {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}[name]

    def handle_charref(self, name: str) -> None:
        raise AssertionError(name)


def shown(body: dict[str, Any]) -> Shown:
    rich = body.get("rich_message")
    return Shown(rich["html"], RICH) if rich else Shown(body["text"], ORDINARY)


def without_addresses(words: str) -> str:
    return re.sub(r"https?://[\w-]+\.\w\S*", "", words)


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts("telegram"))
def test_telegram_takes_whatever_an_article_says(post: Post) -> None:
    forms = sent(post)
    assert 1 <= len(forms) <= 4
    for method, body in forms:
        is_within_limits(body)
        names_nobody(body)
        is_known_to_a_vendors_library(method, body)
        for entry in post.entries:
            whole = shown(body).hrefs if is_html(body) else body["text"]
            assert safe(entry.link) in whole


def is_html(body: dict[str, Any]) -> bool:
    return "rich_message" in body or "parse_mode" in body


def is_within_limits(body: dict[str, Any]) -> None:
    if "rich_message" in body:
        found = shown(body)
        assert len(found.words) <= 32_768
        assert found.blocks <= 500
        assert found.depth <= 16
    else:
        words = shown(body).words if is_html(body) else body["text"]
        assert 0 < len(words) <= 4096
        assert words.strip()
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    assert all(button["url"].startswith("https://") for row in rows for button in row)
    assert sum(map(len, rows)) <= 100


def names_nobody(body: dict[str, Any]) -> None:
    words = shown(body).words if is_html(body) else body["text"]
    assert not NAMED.search(without_addresses(words))
    hrefs = shown(body).hrefs if is_html(body) else []
    assert all(href.startswith(("https://", "http://", "mailto:")) for href in hrefs)


def is_known_to_a_vendors_library(method: str, body: dict[str, Any]) -> None:
    # This library takes four seconds to import, so only who runs these tests does.
    from aiogram.methods import SendMessage, SendRichMessage
    from aiogram.types import InputRichMessage, LinkPreviewOptions

    methods: dict[str, type[BaseModel]] = {"sendRichMessage": SendRichMessage, "sendMessage": SendMessage}
    model = methods[method].model_validate(body)
    assert set(body) <= set(type(model).model_fields)
    assert set(body.get("rich_message", {})) <= set(InputRichMessage.model_fields)
    assert set(body.get("link_preview_options", {})) <= set(LinkPreviewOptions.model_fields)


def test_a_vendors_library_knows_what_a_correction_sends() -> None:
    from aiogram.methods import EditMessageText

    post = words_post("Alt er vel.", key="k-1", occasion=Occasion.ALERT, made_at=NOW, language="nb")
    module, receipt = load("telegram"), Receipt("42", data={"chat": "-1001234567890"})
    assert module.revise
    request = next(module.revise(post, receipt, Attempt(NOW), module.settings(**TO)))
    body = json.loads(request.content)
    assert set(body) <= set(EditMessageText.model_validate(body).__class__.model_fields)
    assert body["message_id"] == 42


@given(WORDS)
def test_quiet_words_read_as_before(words: str) -> None:
    quiet = quiet_telegram(words)
    assert quiet.replace("\u200b", "").replace("%40", "@") == words.replace("\u200b", "").replace("%40", "@")


# --- How it is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        ("@kari og a@b.example", "@\u200bkari og a@b.example"),
        ("og/eller /start", "og/eller /\u200bstart"),
        ("C# og #1", "C# og #\u200b1"),
        ("https://x.example/@kari#del", "https://x.example/%40kari#del"),
        ("https://@kari", "https:/\u200b/@\u200bkari"),
    ],
)
def test_only_what_telegram_would_find_is_parted(words: str, quiet: str) -> None:
    assert quiet_telegram(words).replace("/\u200b/", "//") == quiet.replace("/\u200b/", "//")


def test_a_rich_message_is_made_of_blocks_and_an_ordinary_one_of_lines() -> None:
    text = read("<p>Én<br>to <b>tre</b></p><ul><li>a</li><li>b</li></ul><blockquote>q<br>r</blockquote>")
    assert rich_telegram(text) == (
        "<p>Én</p><p>to <b>tre</b></p><ul><li>a</li><li>b</li></ul><blockquote>q<br>r</blockquote>"
    )
    assert telegram(text) == "Én\nto <b>tre</b>\n\n• a\n• b\n\n<blockquote>q\nr</blockquote>"


@settings(max_examples=25)
@given(WORDS, WORDS)
def test_any_words_are_well_made_html(words: str, more: str) -> None:
    text = read(f"<p>{words}<b>{more}</b><a href='https://x.example/{words}'>{more}<br>{words}</a></p>")
    Shown(rich_telegram(text), RICH)
    Shown(telegram(text), ORDINARY)


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", ["@klyngen", "-1001234567890", "123456789"])
def test_a_name_or_a_number_is_a_chat(chat: str) -> None:
    assert load("telegram").settings(token=TO["token"], chat=chat) is not None


@pytest.mark.parametrize("chat", ["klyngen", "@a", "https://t.me/klyngen", "@klyngen/2", ""])
def test_what_is_neither_is_refused(chat: str) -> None:
    with pytest.raises(ValidationError, match="is neither a name nor a number"):
        load("telegram").settings(token=TO["token"], chat=chat)


@pytest.mark.parametrize("token", ["hemmelig", "123456789:hemmelig", "bot" + TO["token"], TO["token"] + " "])
def test_what_is_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError, match="is not a bot's whole token") as refused:
        load("telegram").settings(token=token, chat="@klyngen")
    assert "hemmelig" not in str(refused.value)


def test_an_address_of_the_bot_api_holds_the_token() -> None:
    url = f"https://api.telegram.org/bot{TO['token']}/sendMessage?chat_id=@klyngen"
    assert recognise(url) == "telegram"
    assert load("telegram").held_by(url) == {"token": TO["token"]}
    assert recognise("https://api.telegram.org/bot123/sendMessage") is None


def test_the_token_stands_in_no_setting_that_is_shown() -> None:
    assert "hemmelig" not in repr(load("telegram").settings(**TO))
    answer = answer_of(
        '401 {"ok": false, "description": "Unauthorized"}', requests_of("telegram", post_of(), "200", **TO)[0]
    )
    assert "hemmelig" not in str(answer)


def post_of() -> Post:
    return words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
