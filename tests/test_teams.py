"""What Teams is sent for any post, and which addresses are workflows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from markdown_it import MarkdownIt
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Entry, Occasion, Post, ShareCall, ShareLink
from bot.posts.characters import clean, graphemes_of
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.markdown import escape_teams, link_teams
from bot.posts.markups.runs import runs_teams
from bot.posts.read import read
from bot.posts.write import ZERO_WIDTH_SPACE, plain
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of, strings

SCHEMAS = Path(os.environ.get("DELEBOT_SCHEMAS") or Path(__file__).parent.parent.parent / "shared" / "schemas")
HOST = "https://default0123.4f.environment.api.powerplatform.com"
FLOW = "/powerautomate/automations/direct/workflows/0123456789abcdef/triggers/manual/paths/invoke"
QUERY = "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=hemmelig-_%2Fy%2b"
URL = f"{HOST}:443{FLOW}{QUERY}"
OLD = f"https://prod-12.westeurope.logic.azure.com:443/workflows/0123/triggers/manual/paths/invoke{QUERY}"
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))


def shared_posts(kind: str) -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared, or do not."""

    def with_call(post: Post, call: ShareCall | None) -> Post:
        return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))

    return st.builds(with_call, posts(kind), st.none() | CALLS)


def content(post: Post) -> bytes:
    (request,) = requests_of("teams", post, "202", url=URL)
    return request.content


def card_of(sent: bytes) -> dict[str, Any]:
    (attachment,) = json.loads(sent)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    return card


def links_in(value: object) -> Iterator[str]:
    """The addresses of all that opens one."""
    if isinstance(value, dict):
        if value.get("type") == "Action.OpenUrl":
            yield value["url"]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from links_in(inner)


def rendered(markdown: str) -> tuple[str, list[str]]:
    """The words and the links that a reader of Markdown finds."""
    words, links = "", []
    for block in MarkdownIt("commonmark").parse(markdown):
        assert block.type in {"paragraph_open", "inline", "paragraph_close"}
        for token in block.children or ():
            assert token.type in {"text", "link_open", "link_close"}
            words += token.content
            links += [str(token.attrs["href"])] if token.type == "link_open" else []
    return words, links


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts("teams"))
def test_teams_gets_nothing_beyond_its_limits(post: Post) -> None:
    sent = content(post)
    assert len(sent) <= 20_000
    card = card_of(sent)
    assert card["version"] == "1.5" and card["msteams"] == {"width": "Full"} and card["body"]
    assert len(card["actions"]) <= 6
    assert all(block["wrap"] for block in card["body"] if block["type"] == "TextBlock")
    assert all(run["text"] for block in card["body"] for run in block.get("inlines", []))
    assert all(link.startswith(("https://", "http://")) for link in links_in(card))


@settings(max_examples=25)
@given(shared_posts("teams"))
def test_nothing_in_teams_is_a_mention_or_a_function(post: Post) -> None:
    card = card_of(content(post))
    assert card["msteams"].keys() == {"width"}
    for block in card["body"]:
        assert "{{" not in "".join(strings(block))
        assert block["type"] != "TextBlock" or "<" not in block["text"].replace("\\<", "")


@settings(max_examples=25)
@given(shared_posts("teams"))
def test_the_link_and_the_title_of_an_article_reach_teams_whole(post: Post) -> None:
    card = card_of(content(post))
    titles = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
    assert len(titles) == len(post.entries)
    for entry, title in zip(post.entries, titles, strict=True):
        words, links = rendered(title)
        assert [unquote(link) for link in links] == [unquote(safe(entry.link))]
        signs = list(graphemes_of(words.replace(ZERO_WIDTH_SPACE, "").removesuffix("…")))
        assert list(graphemes_of((entry.title or entry.link).replace(ZERO_WIDTH_SPACE, "")))[: len(signs)] == signs
    assert [action["url"] for action in card["actions"][:1]] == [safe(entry.link) for entry in post.entries[:1]] * (
        len(post.entries) == 1
    )


@settings(max_examples=25)
@given(shared_posts("teams"))
def test_the_schema_of_adaptive_cards_takes_what_is_sent(post: Post) -> None:
    path = SCHEMAS / "adaptive-card-1.5.0.json"
    if not path.is_file():
        pytest.skip("there is no folder with the schemas of the platforms")
    card = card_of(content(post))
    del card["msteams"]  # Teams' own, which the schema does not know.
    Draft6Validator(json.loads(path.read_text("utf-8"))).validate(card)


def test_the_call_stands_last_above_the_buttons_to_read_and_to_share() -> None:
    links = (
        ShareLink("email", "E-post", "mailto:?body=x"),
        *(ShareLink("y", str(n), f"https://y.example/{n}") for n in range(8)),
    )
    call = ShareCall("Glem ikke å dele dette!", links)
    entry = Entry("item-1", "Tittel", "https://klynge.example/1", read("<p>Ord.</p>"), source="Klyngen", share=call)
    card = card_of(content(Post("k-1", Occasion.SHARE, NOW, (entry,), language="nn")))
    assert card["body"][-1]["inlines"] == [{"type": "TextRun", "text": "Glem ikke å dele dette!", "weight": "Bolder"}]
    assert [action["title"] for action in card["actions"]] == ["Les meir", "0", "1", "2", "3", "4"]


def test_of_too_many_articles_the_first_are_shown_and_the_others_counted() -> None:
    entries = tuple(
        Entry(str(n), f"Sak {n}", f"https://klynge.example/{n}?{'q' * 1500}", read("<p>Ord.</p>")) for n in range(30)
    )
    sent = content(Post("k-1", Occasion.DIGEST, NOW, entries, language="nb"))
    body = card_of(sent)["body"]
    shown = [block for block in body if block["type"] == "TextBlock"]
    assert len(sent) <= 20_000
    assert 5 <= len(shown) < 20
    assert body[-1]["inlines"][0]["text"] == f"+ {30 - len(shown)}"


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("*fet* _skrå_ `kode` ~x~", r"\*fet\* \_skrå\_ \`kode\` \~x\~"),
        ("snake_case, 2 > 1 & 3 - 2", "snake_case, 2 > 1 & 3 - 2"),
        ("&amp; <at>Kari</at>", r"\&amp; \<at>Kari\</at>"),
        ("[her](https://x.example)", r"\[her\](https://x.example)"),
        ("# a", r"\# a"),
        ("20. mai", r"20\. mai"),
        ("{{DATE(x)}} {{{", "{\u200b{DATE(x)}} {\u200b{\u200b{"),
    ],
)
def test_a_title_in_teams_is_only_words(words: str, written: str) -> None:
    assert escape_teams(words) == written


@given(st.text().map(clean).map(lambda words: " ".join(words.split())))
def test_no_title_means_anything_in_markdown_and_none_is_lost(words: str) -> None:
    shown, links = rendered(link_teams(escape_teams(words), "https://x.example/a)b"))
    assert shown.replace(ZERO_WIDTH_SPACE, "") == words.replace(ZERO_WIDTH_SPACE, "")
    assert links == ["https://x.example/a%29b"]


def test_looks_links_and_lines_become_runs() -> None:
    markup = "<p>en <b>to</b><br><a href='https://x.example/'>tre</a> <a href='mailto:a@b.example'>fire</a></p>"
    assert runs_teams(read(f"{markup}<ul><li>fem</li><li>seks</li></ul>")) == [
        {
            "type": "RichTextBlock",
            "inlines": [
                {"type": "TextRun", "text": "en "},
                {"type": "TextRun", "text": "to", "weight": "Bolder"},
            ],
        },
        {
            "type": "RichTextBlock",
            "inlines": [
                {
                    "type": "TextRun",
                    "text": "tre",
                    "selectAction": {"type": "Action.OpenUrl", "url": "https://x.example/"},
                },
                {"type": "TextRun", "text": " "},
                {"type": "TextRun", "text": "fire"},
            ],
            "spacing": "None",
        },
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "• "}, {"type": "TextRun", "text": "fem"}]},
        {
            "type": "RichTextBlock",
            "inlines": [{"type": "TextRun", "text": "• "}, {"type": "TextRun", "text": "seks"}],
            "spacing": "Small",
        },
    ]


@given(ANY_WORDS)
def test_no_word_is_lost_between_runs(words: str) -> None:
    text = read(words)
    shown = "".join(run["text"] for element in runs_teams(text) for run in element["inlines"])
    wanted = plain(text).replace("\n", "").replace(ZERO_WIDTH_SPACE, "").replace("• ", "").replace(" ", "")
    assert shown.replace(ZERO_WIDTH_SPACE, "").replace("• ", "").replace("\u2003", "").replace(" ", "") == wanted


# --- Addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, OLD, URL.replace(":443", ""), URL.replace("direct/", "direct/cu/01/")])
def test_a_workflow_is_known_by_its_address_and_its_query_is_kept_to_the_letter(url: str) -> None:
    assert recognise(url) == "teams"
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    (request,) = requests_of("teams", post, "202", url=url)
    assert request.url.raw_path.decode().endswith(QUERY)
    assert request.method == "POST"


def test_a_workflow_on_this_machine_is_taken() -> None:
    assert load("teams").settings(url="http://127.0.0.1:8080/flyt") is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://klyngen.webhook.office.com/webhookb2/a@b/IncomingWebhook/hemmelig/c", "switched those off"),
        ("https://outlook.office.com/webhook/a@b/IncomingWebhook/hemmelig/c", "switched those off"),
        ("https://outlook.office365.com/webhook/a@b/IncomingWebhook/hemmelig/c", "switched those off"),
        (f"{HOST}{FLOW}?api-version=1&hemmelig=1", "has no sig="),
        (f"{HOST}{FLOW}?api-version=1&hemmelig=1&sig=", "has no sig="),
        (f"{HOST}{FLOW}/hemmelig", "has no sig="),
        ("https://teams.microsoft.com/l/channel/hemmelig", "has no sig="),
    ],
)
def test_what_is_no_workflow_is_refused_without_being_shown(url: str, said: str) -> None:
    assert recognise(url) is None
    with pytest.raises(ValidationError, match=said) as refused:
        load("teams").settings(url=url)
    assert "hemmelig" not in str(refused.value)


def test_the_address_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("teams").settings(url=URL))
