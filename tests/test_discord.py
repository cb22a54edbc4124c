"""What Discord is sent for any post, and how it is written."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Attempt, Credentials, Entry, Occasion, Post, Problem, Receipt, ShareCall, ShareLink, Stopped
from bot.posts.characters import clean, graphemes_of
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.markdown import discord, escape_discord, link_discord
from bot.posts.read import read
from tests.goldens import NOW, answer_of
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of

URL = "https://discord.com/api/webhooks/100000000000000000/hemmelig_hemmelig_hemmelig"
SCHEMAS = Path(os.environ.get("DELEBOT_SCHEMAS") or Path(__file__).parent.parent.parent / "shared" / "schemas")
REFUSED = '400 {"message": "Invalid Form Body", "code": 50035}'
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=30).map(tuple))


def shared_posts(kind: str) -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared, or do not."""

    def with_call(post: Post, call: ShareCall | None) -> Post:
        return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))

    return st.builds(with_call, posts(kind), st.none() | CALLS)


def bodies(post: Post, **settings: object) -> list[dict[str, Any]]:
    """What is sent when Discord refuses every form of the post."""
    return [json.loads(request.content) for request in requests_of("discord", post, REFUSED, url=URL, **settings)]


def texts(embed: dict[str, Any]) -> list[str]:
    """What Discord counts of an embed, and the words for those who do not see its picture."""
    parts = [embed.get(name, {}) for name in ("author", "footer", "image")]
    inner = [part.get(name, "") for part, name in zip(parts, ("name", "text", "description"), strict=True)]
    return [embed.get("title", ""), embed.get("description", ""), *inner]


def buttons_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [button for row in body.get("components", []) for button in row["components"]]


def unescaped(words: str) -> str:
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", words)


def active(words: str) -> str:
    """The words without the signs that a backslash has made harmless."""
    return re.sub(r"\\[^A-Za-z0-9\s]", "", words)


def is_beginning(shown: str, whole: str) -> bool:
    """Whether what is shown is the whole, or its beginning up to the end of a sign as people see it."""
    signs = list(graphemes_of(shown.removesuffix("…")))
    return shown == whole or list(graphemes_of(whole))[: len(signs)] == signs


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts("discord"))
def test_discord_gets_nothing_beyond_its_limits(post: Post) -> None:
    sent = bodies(post, forum=True)
    assert 1 <= len(sent) <= 2
    for body in sent:
        embeds = body.get("embeds", [])
        assert embeds or body["content"].strip()
        assert len(body.get("content", "")) <= 2000 and len(embeds) <= 10 and 1 <= len(body["thread_name"]) <= 100
        assert sum(len(words) for embed in embeds for words in texts(embed)) <= 6000
        for embed in embeds:
            title, description, author, footer, alt = texts(embed)
            assert title or description
            assert len(title) <= 256 and len(description) <= 4096 and len(author) <= 256
            assert len(footer) <= 2048 and len(alt) <= 1024
            assert len(embed.get("url", "")) <= 2048 and len(embed.get("image", {}).get("url", "")) <= 2048
        assert len(body.get("components", [])) <= 5
        for row in body.get("components", []):
            assert 1 <= len(row["components"]) <= 5
            assert all(len(button["label"]) <= 80 and len(button["url"]) <= 512 for button in row["components"])
    assert not buttons_of(sent[-1]) or len(sent) == 1
    assert not any("image" in embed for embed in sent[-1].get("embeds", [])) or len(sent) == 1


@settings(max_examples=25)
@given(shared_posts("discord"))
def test_nobody_is_mentioned_in_discord_and_no_link_is_slipped_in(post: Post) -> None:
    ours = {safe(span.link) for entry in post.entries for block in entry.text for span in block.spans if span.link}
    allowed = {link.replace("(", "%28").replace(")", "%29") for link in ours}
    for body in bodies(post):
        assert body["allowed_mentions"] == {"parse": []}
        for words in [body.get("content", ""), *(embed.get("description", "") for embed in body.get("embeds", []))]:
            assert "<" not in active(words)
            assert set(re.findall(r"\]\(([^)]*)\)", active(words))) <= allowed
            assert not re.search(r"(?<!/)@(everyone|here)", re.sub(r"https?://\S+", "", active(words)))


@settings(max_examples=25)
@given(shared_posts("discord"))
def test_the_link_and_the_signs_of_an_article_reach_discord_whole(post: Post) -> None:
    for body in bodies(post):
        for entry, embed in zip(post.entries, body.get("embeds", []), strict=False):
            assert embed["url"] == safe(entry.link)
            assert is_beginning(unescaped(embed["title"]), entry.title or entry.link)
        if not post.entries:
            assert is_beginning(unescaped(body["content"]), post.words) or body["content"] == "\u2013"
        wanted = {link.url for entry in post.entries for link in (entry.share.links if entry.share else ())}
        assert {button["url"] for button in buttons_of(body)} <= wanted


@settings(max_examples=25)
@given(shared_posts("discord"))
def test_discord_s_own_schema_takes_what_is_sent(post: Post) -> None:
    path = SCHEMAS / "discord-openapi.json"
    if not path.is_file():
        pytest.skip("there is no folder with the schemas of the platforms")
    whole = json.loads(path.read_text("utf-8"))
    name = "IncomingWebhookRequestPartial"
    schema = {"components": whole["components"], "$ref": f"#/components/schemas/{name}"}
    for body in bodies(post, forum=True):
        Draft202012Validator(schema).validate(body)
        assert body.keys() <= whole["components"]["schemas"][name]["properties"].keys()


@settings(max_examples=20)
@given(shared_posts("discord"))
def test_a_correction_says_again_that_nobody_is_mentioned_and_all_that_may_have_changed(post: Post) -> None:
    kind = load("discord")
    assert kind.revise
    flow = kind.revise(post, Receipt("12"), Attempt(NOW), kind.settings(url=URL))
    request = next(flow)
    body = json.loads(request.content)
    assert request.method == "PATCH" and request.url.path.endswith("/messages/12")
    assert body.keys() == {"content", "embeds", "components", "allowed_mentions"}
    assert body["allowed_mentions"] == {"parse": []}


# --- Buttons, deletion, checking -----------------------------------------------------------------------------------


def test_the_call_stands_just_above_its_buttons_and_each_fitting_link_is_a_button() -> None:
    links = (
        ShareLink("linkedin", "LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?url=x"),
        ShareLink("email", "E-post", "mailto:?body=x"),
        ShareLink("x", "X", "https://x.com/intent/post?text=" + "x" * 500),
        *(ShareLink("y", str(n), f"https://y.example/{n}") for n in range(5)),
    )
    call = ShareCall("Glem *ikke* å dele dette!", links)
    entry = Entry("item-1", "Tittel", "https://klynge.example/1", read("<p>Ord.</p>"), share=call)
    rich, plainest = bodies(Post("k-1", Occasion.SHARE, NOW, (entry,), language="nb"))
    assert rich["embeds"][0]["description"] == "Ord."
    assert rich["embeds"][1:] == [{"description": "**Glem \\*ikke\\* å dele dette!**"}]
    assert [len(row["components"]) for row in rich["components"]] == [5, 1]
    assert [button["label"] for button in buttons_of(rich)] == ["LinkedIn", "0", "1", "2", "3", "4"]
    assert all(button["type"] == 2 and button["style"] == 5 for button in buttons_of(rich))
    assert "components" not in plainest and plainest["embeds"] == rich["embeds"]


def settle(verb: str, answer: str, *args: object) -> tuple[httpx.Request, object]:
    """The request of a verb, and what comes of it."""
    kind = load("discord")
    flow = getattr(kind, verb)(*args, kind.settings(url=URL))
    request = next(flow)
    told = answer_of(answer, request)
    with pytest.raises((StopIteration, Problem)) as end:
        flow.throw(told) if isinstance(told, Problem) else flow.send(told)
    return request, end.value.value if isinstance(end.value, StopIteration) else end.value


@pytest.mark.parametrize("answer", ["204", '404 {"message": "Unknown Message", "code": 10008}'])
def test_a_message_that_is_deleted_is_gone_whoever_did_it(answer: str) -> None:
    request, result = settle("retract", answer, Receipt("12", data={"thread": "120000000000000000"}), Attempt(NOW))
    assert request.method == "DELETE" and request.url.path.endswith("/messages/12")
    assert request.url.params["thread_id"] == "120000000000000000"
    assert result is None


def test_a_message_that_a_dead_webhook_can_not_delete_stops_the_channel() -> None:
    _, result = settle("retract", '404 {"message": "Unknown Webhook", "code": 10015}', Receipt("12"), Attempt(NOW))
    assert isinstance(result, Stopped)


def test_a_check_asks_for_the_name_and_posts_nothing() -> None:
    request, result = settle("verify", '200 {"name": "Klyngens nyheter", "token": "hemmelig"}', Attempt(NOW))
    assert request.method == "GET" and not request.content
    assert result == Credentials("webhook «Klyngens nyheter»")


def test_a_check_finds_a_dead_webhook() -> None:
    _, result = settle("verify", '404 {"message": "Unknown Webhook", "code": 10015}', Attempt(NOW))
    assert isinstance(result, Stopped) and "was deleted" in result.why


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("*fet* _skrå_ ~~strøket~~ `kode`", r"\*fet\* \_skrå\_ \~\~strøket\~\~ \`kode\`"),
        ("snake_case og 2 > 1", "snake_case og 2 > 1"),
        ("å_b_å", r"å\_b\_å"),
        ("a | b ||c||", r"a | b \|\|c\|\|"),
        ("<@1> <#2> <:e:3> <t:4>", r"\<@1> \<#2> \<\:e:3> \<t:4>"),
        ("@everyone @here a@b.no", r"\@everyone \@here a@b.no"),
        ("[her](https://x.example)", r"\[her\](https://x.example)"),
        (":tada: kl. 10:30:00", r"\:tada: kl. 10:30:00"),
        ("https://x.example/en_to_tre_", "https://x.example/en_to_tre_"),
        ("# a\n> b\n- c\n-# d\n20. mai\n#kanal", "\\# a\n\\> b\n\\- c\n\\-# d\n20\\. mai\n#kanal"),
        ("C:\\sti", r"C:\\sti"),
    ],
)
def test_discord_sees_only_words(words: str, written: str) -> None:
    assert escape_discord(words) == written


def test_what_looks_like_a_link_in_a_link_s_words_leads_nowhere_else() -> None:
    assert (
        link_discord("https://bank.example", "https://x.example/a)b")
        == "[https:\u200b//bank.example](https://x.example/a%29b)"
    )
    assert link_discord(escape_discord("a](https://y.example)"), "https://x.example") == (
        "[a\\](https:\u200b//y.example)](https://x.example)"
    )
    assert link_discord("post", "mailto:a@b.example") == "post"


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("<p><b>fet</b> og <i>skrå</i> og <b><i>begge</i></b></p>", "**fet** og _skrå_ og **_begge_**"),
        ("<p>mid<b>t i</b> ordet</p>", "midt i ordet"),
        ("<p><code>a`b</code></p>", "`a\u02cbb`"),
        ("<h2>En overskrift</h2><p>x</p>", "**En overskrift**\n\nx"),
        ("<blockquote>en<br>to</blockquote>", "> en\n> to"),
        ("<ul><li>en</li><li>to<ul><li>tre</li></ul></li></ul><p>x</p>", "- en\n- to\n  - tre\n\nx"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
    ],
)
def test_discord_markup_is_written_from_looks(markup: str, written: str) -> None:
    assert discord(read(markup)) == written


@given(st.text())
def test_no_words_mean_anything_to_discord_and_none_is_lost(words: str) -> None:
    written = escape_discord(clean(words))
    assert unescaped(written) == clean(words)
    assert not re.search(r"[*`~\[\]<]", re.sub(r"https?://\S+", "", active(written)))


# --- Addresses and settings ----------------------------------------------------------------------------------------


def first(**settings: object) -> httpx.Request:
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    return requests_of("discord", post, REFUSED, **settings)[0]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}/",
        f"{URL}/slack",
        f"{URL}/github?wait=false",
        URL.replace("/api/", "/api/v9/"),
        URL.replace("discord.com", "canary.discord.com"),
        URL.replace("discord.com", "discordapp.com"),
    ],
)
def test_every_spelling_of_a_webhook_is_known_and_leads_to_the_same_version(url: str) -> None:
    assert recognise(url) == "discord"
    request = first(url=url)
    assert request.url.path == "/api/v10/webhooks/100000000000000000/hemmelig_hemmelig_hemmelig"
    assert parse_qs(request.url.query.decode()) == {"wait": ["true"], "with_components": ["true"]}
    assert request.headers["user-agent"].startswith("DiscordBot (https://")


def test_the_thread_of_the_address_is_kept() -> None:
    query = parse_qs(first(url=f"{URL}?thread_id=120000000000000000&x=a%2Fb").url.query.decode())
    assert query == {"thread_id": ["120000000000000000"], "x": ["a/b"], "wait": ["true"], "with_components": ["true"]}


def test_a_webhook_on_this_machine_is_taken() -> None:
    assert str(first(url="http://127.0.0.1:8080/kroker/1").url).startswith("http://127.0.0.1:8080/kroker/1?")


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/channels/1/hemmelig",
        "https://discord.gg/hemmelig",
        "https://discord.com/api/webhooks/100000000000000000/",
        URL.replace("https", "http"),
        URL + "/hemmelig",
    ],
)
def test_what_is_no_webhook_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="is not the whole address of a webhook") as refused:
        load("discord").settings(url=url)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    "wish",
    [
        {"thread_id": "tråd"},
    ],
)
def test_what_discord_would_refuse_in_every_post_is_refused_at_once(wish: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        load("discord").settings(url=URL, **wish)


def test_two_threads_are_two_destinations() -> None:
    kind = load("discord")
    one, other = (kind.settings(url=URL, thread_id=thread) for thread in (None, "120000000000000000"))
    assert kind.target_of(one) != kind.target_of(other)


def test_the_address_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("discord").settings(url=URL))
