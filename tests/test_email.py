"""What an e-mail is made of: letters that every server takes, nothing slipped in, and every link whole."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from selectolax.lexbor import LexborHTMLParser

from bot.kinds import load, recognise
from bot.model import Attempt, Busy, Entry, Occasion, Picture, Post, Receipt, ShareCall, ShareLink
from bot.posts.characters import clean, one_line
from bot.posts.clip import clip_line
from bot.posts.links import safe
from bot.posts.markups.html import headline
from bot.posts.read import read
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of

TO: dict[str, Any] = {
    "host": "smtp.tilbyder.example",
    "from": "Klyngen <nyheter@klynge.example>",
    "to": "alle@klynge.example",
    "user": "nyheter",
    "password": "hemmelig",
}
HEADERS = {"from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress"}
TAGS = {"html", "head", "body", "div", "h2", "h4", "p", "a", "img", "strong", "em", "code", "pre", "ul", "li"}
TAGS |= {"blockquote", "br"}
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=5).map(tuple))


def shared_posts() -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared, or do not."""

    def with_call(post: Post, call: ShareCall | None) -> Post:
        return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))

    return st.builds(with_call, posts("email"), st.none() | CALLS)


def request_of(post: Post, **changed: Any) -> httpx.Request:
    (request,) = requests_of("email", post, "250 [step: data] Ok", **TO | changed)
    return request


def mail_of(post: Post, **changed: Any) -> EmailMessage:
    message = message_from_bytes(request_of(post, **changed).content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def parts_of(post: Post) -> tuple[str, str]:
    """The plain words of an e-mail, and its HTML."""
    plain, html = mail_of(post).iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def article(**changed: Any) -> Post:
    entry = Entry("item-1", "Tittel", "https://klynge.example/1", read("<p>Ord.</p>"))
    return Post("k-1", Occasion.SHARE, NOW, (replace(entry, **changed),), language="nb")


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(shared_posts())
def test_every_server_takes_the_letters_and_lines_of_a_mail(post: Post) -> None:
    content = request_of(post).content
    assert content.isascii() and b"\0" not in content
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    if len(post.entries) == 1 and post.entries[0].share is None:
        assert len(content) < 102_000  # What is more is cut off by Gmail.


@settings(max_examples=15)
@given(shared_posts())
def test_no_words_become_a_header_and_the_subject_is_on_one_line(post: Post) -> None:
    message = mail_of(post)
    assert {name.lower() for name in message.keys()} == HEADERS | {"mime-version", "content-type"}  # noqa: SIM118
    assert not message.defects
    first = next((headline(entry) for entry in post.entries), post.words.partition("\n")[0])
    more = f" + {len(post.entries) - 1}" if len(post.entries) > 1 else ""
    assert re.sub(r"\s", "", str(message["subject"])) == re.sub(r"\s", "", clip_line(one_line(first), 150) + more)
    assert message["to"] == "alle@klynge.example"


@settings(max_examples=15)
@given(shared_posts())
def test_no_markup_is_slipped_in_and_every_address_is_one_of_ours(post: Post) -> None:
    _, html = parts_of(post)
    ours = {entry.link for entry in post.entries}
    ours |= {link.url for entry in post.entries if entry.share for link in entry.share.links}
    ours |= {span.link for entry in post.entries for block in entry.text for span in block.spans}
    pictures = {safe(entry.picture.url) for entry in post.entries if entry.picture}
    for node in LexborHTMLParser(html).css("*"):
        assert node.tag in TAGS
        assert node.attributes.keys() <= {"style", "href", "src", "alt", "width", "lang"}
        assert node.attributes.get("href") in {None, *map(safe, ours)}
        assert node.attributes.get("src") in {None, *pictures}


@settings(max_examples=15)
@given(shared_posts())
def test_link_call_and_title_reach_the_reader_whole_in_both_forms(post: Post) -> None:
    plain, html = parts_of(post)
    shown = [node.attributes["href"] for node in LexborHTMLParser(html).css("a")]
    for entry in post.entries:
        assert safe(entry.link) in plain.split("\n")
        assert safe(entry.link) in shown
        assert entry.title in plain
        if entry.share and len(post.entries) == 1:
            assert entry.share.words in plain
            assert all(safe(link.url) in plain and safe(link.url) in shown for link in entry.share.links)
    if not post.entries:
        assert plain.strip() == post.words.strip()


# --- Numbers, envelope, looks --------------------------------------------------------------------------------------


def test_every_attempt_has_the_same_bytes_and_another_post_another_number() -> None:
    one, again = request_of(article()), request_of(article())
    assert one.content == again.content
    numbers = {mail_of(replace(article(), key=key))["message-id"] for key in ("k-1", "k-2")}
    assert len(numbers) == 2
    assert all(re.fullmatch(r"<[0-9a-f]{32}@klynge\.example>", number) for number in numbers)


def test_the_receipt_is_the_number_of_the_mail() -> None:
    kind = load("email")
    flow = kind.publish(article(), Attempt(NOW), kind.settings(**TO))
    request = next(flow)
    with pytest.raises(StopIteration) as done:
        flow.send(httpx.Response(250, request=request))
    assert done.value.value == Receipt(str(message_from_bytes(request.content, policy=default)["message-id"]))


def test_the_envelope_has_bare_addresses_and_the_login() -> None:
    request = request_of(article())
    assert str(request.url) == "smtp://smtp.tilbyder.example:587"
    assert request.extensions["mail"] == {
        "sender": "nyheter@klynge.example",
        "to": ["alle@klynge.example"],
        "user": "nyheter",
        "password": "hemmelig",
        "security": "starttls",
    }


@pytest.mark.parametrize(
    ("wishes", "port"),
    [
        ({}, 587),
        ({"security": "tls"}, 465),
        ({"security": "none", "user": "", "password": ""}, 25),
        ({"security": "tls", "port": 4650}, 4650),
    ],
)
def test_the_port_follows_from_the_encryption_unless_it_is_given(wishes: dict[str, Any], port: int) -> None:
    assert request_of(article(), **wishes).url.port == port


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("nyheter@klynge.example", "nyheter@klynge.example"),
        ("Klyngen <nyheter@klynge.example>", "Klyngen <nyheter@klynge.example>"),
        ("Næss, Kari (Klyngen) <k@klynge.example>", '"Næss, Kari (Klyngen)" <k@klynge.example>'),
    ],
)
def test_the_sender_may_have_a_name(sender: str, shown: str) -> None:
    assert mail_of(article(), **{"from": sender})["from"] == shown


def test_the_date_is_that_of_the_post_and_no_machine_answers_it() -> None:
    message = mail_of(article())
    assert message["date"].datetime == NOW
    assert message["auto-submitted"] == "auto-generated"


@pytest.mark.parametrize(("known", "width"), [(None, "600"), (2000, "600"), (320, "320")])
def test_a_picture_is_never_wider_than_the_page_nor_than_itself(known: int | None, width: str) -> None:
    picture = Picture("https://klynge.example/a.png", "Fire personer", width=known)
    image = LexborHTMLParser(parts_of(article(picture=picture))[1]).css_first("img")
    assert image is not None
    assert (image.attributes["width"], image.attributes["alt"]) == (width, "Fire personer")


def test_what_the_server_says_is_told_without_its_own_words() -> None:
    kind = load("email")
    flow = kind.publish(article(), Attempt(NOW), kind.settings(**TO))
    answer = httpx.Response(450, headers={"step": "to"}, text="4.2.0 secret words", request=next(flow))
    with pytest.raises(Busy) as busy:
        flow.throw(Busy("x", response=answer))
    assert busy.value.why == "the mail server says 450 4.2.0: it wants to be asked again later"
    assert busy.value.after == timedelta(minutes=5)


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"host": "smtp://smtp.tilbyder.example"}, "is not the name of a server"),
        ({"host": "smtp.tilbyder.example:587"}, "is not the name of a server"),
        ({"to": "a@klynge.example, b@klynge.example"}, "is not one whole address"),
        ({"to": "Alle <alle@klynge.example>"}, "is not one whole address"),
        ({"to": "alle@klynge.example\r\nBcc: x@y.example"}, "is not one whole address"),
        ({"to": "alle"}, "is not one whole address"),
        ({"from": "Klyngen"}, "is not an address"),
        ({"from": "Klyngen <nyheter@klynge.example"}, "is not an address"),
        ({"from": "Klyngen\nBcc: x <nyheter@klynge.example>"}, "is not an address"),
        ({"password": ""}, "USER and PASSWORD go together"),
        ({"user": ""}, "USER and PASSWORD go together"),
        ({"security": "none"}, "SECURITY=none would show PASSWORD"),
        ({"port": 0}, "greater than or equal to 1"),
    ],
)
def test_what_can_not_work_or_would_give_the_password_away_is_refused(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        load("email").settings(**TO | wish)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize("missing", ["host", "from", "to"])
def test_what_is_needed_is_asked_for(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        load("email").settings(**{name: value for name, value in TO.items() if name != missing})


def test_a_server_on_this_machine_may_be_logged_in_to_without_encryption() -> None:
    assert request_of(article(), security="none", host="127.0.0.1").url.port == 25


def test_the_password_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("email").settings(**TO))
    assert "hemmelig" not in repr(request_of(article()))


def test_two_readers_are_two_destinations_and_no_address_of_the_web_is_mail() -> None:
    kind = load("email")
    one, other = (kind.settings(**TO | {"to": to}) for to in ("a@klynge.example", "b@klynge.example"))
    assert kind.target_of(one) != kind.target_of(other)
    assert kind.remembers(one) is None
    assert recognise("https://smtp.tilbyder.example/") is None


@pytest.mark.parametrize(
    ("title", "link", "shown"),
    [
        ("Tittel", "https://www.klynge.example/a", "Tittel"),
        ("", "https://www.klynge.example/a", "klynge.example"),
        ("", "https://[x", "\u2013"),
        ("", "", "\u2013"),
    ],
)
def test_an_article_without_a_title_is_called_by_its_site(title: str, link: str, shown: str) -> None:
    assert headline(Entry("item-1", title, link, ())) == shown
