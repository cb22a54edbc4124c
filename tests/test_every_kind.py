"""What must hold for every kind, whichever it is: nothing of an article gets lost or out of hand on its way."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from html import unescape
from urllib.parse import unquote_plus

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot import kinds
from bot.config.examples import channel_example
from bot.config.generated import ROOT, files
from bot.kinds import load
from bot.model import Attempt, Flow, Image, Item, Occasion, Picture, Post, Problem
from bot.posts.compose import compose
from bot.posts.links import safe
from bot.posts.write import ZERO_WIDTH_SPACE
from bot.settings import ChannelSettings
from tests.goldens import NOW, answer_of, usual
from tests.test_kinds import posts, strings

KINDS = kinds.names()
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
CALL = "Glem ikke å dele dette!"
ARTICLE = Item(
    guid="1",
    link="https://klynge.example/solv/",
    title="Sølv til klyngen: ett år med nye vaner",
    html=f"<p>Klyngen har fått <b>sølvmerket</b> for arbeidet sitt.</p><p>{CALL}</p>",
    authors=("Kari Ø. Næss",),
    tags=("Nyheter",),
    published=NOW,
    pictures=(Picture("https://klynge.example/solv.jpg", "Fire personer"),),
)


def shown(kind: str, post: Post, answer: str = "400") -> list[httpx.Request]:
    """Every request that would be made to show a post, when each is given the same answer."""
    made, known = load(kind), usual(kind)
    images = {entry.picture.url: Image(b"bytes", "image/png", 8, 6) for entry in post.entries if entry.picture}
    attempt = Attempt(NOW, known.get("prepared", {}), known.get("kept", {}), images)
    requests: list[httpx.Request] = []
    for verb in filter(None, (made.prepare, made.publish)):
        flow: Flow[object] = verb(post, attempt, made.settings(**known.get("to", {})))
        with suppress(StopIteration, Problem):
            requests.append(next(flow))
            while len(requests) < 20:
                told = answer_of(answer, requests[-1], verb.__name__)
                requests.append(flow.throw(told) if isinstance(told, Problem) else flow.send(told))
    return requests


def words_of(request: httpx.Request) -> str:
    """All that a request says, however it is written: address, JSON, form, HTML, a mail's encodings."""
    body = request.content
    said = body.decode("utf-8")  # What is not UTF-8 is a mistake here.
    with suppress(ValueError):
        said = "\n".join(strings(json.loads(said)))
    if request.url.scheme == "smtp":
        said = words_of_mail(body)
    decoded = unquote_plus(said)
    return "\n".join((said, unescape(said), decoded, unquote_plus(decoded), unquote_plus(str(request.url))))


def words_of_mail(body: bytes) -> str:
    from email import message_from_bytes, policy

    mail = message_from_bytes(body, policy=policy.default)
    parts = (part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
    return "\n".join((str(mail["subject"]), *map(str, parts)))


def links_of(post: Post) -> list[str]:
    return [entry.link for entry in post.entries]


def all_words(kind: str, post: Post) -> str:
    readable = [request for request in shown(kind, post) if "image/" not in request.headers.get("content-type", "")]
    readable = [request for request in readable if "multipart/" not in request.headers.get("content-type", "")]
    return "\n".join(map(words_of, readable))


def plain(words: str) -> str:
    """Words without what only keeps them from meaning something."""
    return re.sub(rf"[{ZERO_WIDTH_SPACE}\u2060\\]", "", words)


@pytest.mark.parametrize("kind", KINDS)
def test_the_link_of_an_article_arrives_whole_whatever_the_article_says(kind: str) -> None:
    @settings(max_examples=15, phases=WITHOUT_SHRINKING)
    @given(posts(kind))
    def holds(post: Post) -> None:
        said = plain(all_words(kind, post))
        # A sign of an address may be percent-encoded on the way, which leads to the same page.
        forms = [{link, safe(link), unescape(safe(link)), unquote_plus(link)} for link in links_of(post)]
        forms = [{*links, *(form.removesuffix("?") for form in links)} for links in forms]  # It asks for nothing.
        # A link that is longer than the platform takes is refused before anything is sent.
        assert not said or all(any(plain(form) in said for form in links) for links in forms)

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_the_call_to_share_stands_under_the_article_with_its_links(kind: str) -> None:
    limits = load(kind).limits
    post = compose(
        [("item-1", ARTICLE)], key="k-1", occasion=Occasion.SHARE, made_at=NOW, kind_limits=limits,
        wishes=ChannelSettings(kind=kind, share=("linkedin", "facebook")), source="Klyngen", language="nb",
    )  # fmt: skip
    assert post.entries[0].share
    said = plain(all_words(kind, post))
    assert CALL in said
    assert ARTICLE.title in said
    assert said.index("sølvmerket") < said.rindex(CALL)
    assert ("linkedin.com/sharing" in said) is (limits.share != "words")


@pytest.mark.parametrize("kind", KINDS)
def test_an_article_that_asks_for_nothing_is_given_no_call(kind: str) -> None:
    @settings(max_examples=5, phases=WITHOUT_SHRINKING)
    @given(st.sampled_from(["<p>Bare nytt.</p>", ""]))
    def holds(html: str) -> None:
        item = Item(guid="1", link="https://klynge.example/sak/", title="Sak", html=html)
        post = compose(
            [("item-1", item)], key="k-1", occasion=Occasion.SHARE, made_at=NOW, kind_limits=load(kind).limits,
            wishes=ChannelSettings(kind=kind), source="", language="nb",
        )  # fmt: skip
        assert "sharing/share-offsite" not in all_words(kind, post)

    holds()


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_of_a_channel_is_in_what_its_readers_see(kind: str) -> None:
    made, known = load(kind), usual(kind)
    to = made.settings(**known.get("to", {}))
    secrets = [
        v.get_secret_value() for name in type(to).model_fields if hasattr(v := getattr(to, name), "get_secret_value")
    ]
    post = compose(
        [("item-1", ARTICLE)], key="k-1", occasion=Occasion.SHARE, made_at=NOW, kind_limits=made.limits,
        wishes=ChannelSettings(kind=kind), source="Klyngen", language="nb",
    )  # fmt: skip
    bodies = b"\n".join(request.content for request in shown(kind, post))
    assert [secret for secret in secrets if secret.encode() in bodies] == []


@pytest.mark.parametrize("kind", KINDS)
def test_its_first_line_names_it_and_links_to_its_documentation(kind: str) -> None:
    text = (ROOT / "bot/kinds" / f"{kind}.py").read_text("utf-8")
    assert re.match(r'"""[^\n]+, [^\n]+: https://\S+(\n|""")', text) or kind == "console"
    assert load(kind).settings.__doc__
    assert f"KIND={kind}" in channel_example(load(kind))


# --- What is made of the kinds -------------------------------------------------------------------------------------

MADE = files(ROOT)


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_made_of_the_kinds_is_up_to_date(path) -> None:  # type: ignore[no-untyped-def]
    assert path.exists() and path.read_text("utf-8") == MADE[path], "run: make generated"
