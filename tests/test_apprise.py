"""What a service behind Apprise is sent: the real library judges it, and sends it to a server on this machine."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apprise import Apprise
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.kinds.apprise import SIZES, address, quiet
from bot.model import (
    Attempt,
    Credentials,
    Entry,
    Occasion,
    Post,
    Problem,
    Refused,
    ShareCall,
    ShareLink,
    Stopped,
    Unknown,
)
from bot.net.apprise import fitting, in_markdown
from bot.net.client import Client
from bot.posts.read import read
from bot.send import perform, sender
from bot.settings import Channel, ChannelSettings
from tests.goldens import NOW
from tests.installation import Installation
from tests.servers import Answer, Receiver, Site, rss
from tests.test_kinds import ANY_WORDS, requests_of
from tests.test_telegram import shared_posts

# The library imports a module of Python's own that warns of its end.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TO = {"url": "pover://bruker@hemmelig"}
LINK = "https://klynge.example/sak_en*to/?a=1&b=2"
SHARE = ShareCall("Glem ikke å dele dette!", (ShareLink("linkedin", "LinkedIn", "https://www.linkedin.com/?u=a_b"),))
ARTICLE = Entry("item-1", "Sølv til *klyngen*", LINK, read("<p>Klyngen har fått <b>sølv</b> [1].</p>"), share=SHARE)
POST = Post("k-1", Occasion.SHARE, NOW, (ARTICLE,), language="nb")
# Of each sort one: short messages, longer ones, few lines, with and without titles, Markdown, HTML, plain text.
SERVICES = {
    "d7sms://token@4712345678": 160,
    "ircs://irc.example/kanal": 380,
    "splunk://nokkel@rute": 400,
    "pover://u12345678901234567890123456789@t12345678901234567890123456789": 1024,
    "wxteams://" + "a" * 80: 1000,
    "tgram://123456789:abcdefg_hijklmnop/12345/": 4096,
    "mailtos://bruker:hemmelig@klynge.example": 32768,
    "kodi://127.0.0.1": 32768,
    "json://127.0.0.1": 32768,
}


def message_of(post: Post) -> dict[str, Any] | None:
    """What the library is handed; None for a post that is refused before."""
    requests = requests_of("apprise", post, "424", **TO)
    found: dict[str, Any] | None = json.loads(requests[0].content) if requests else None
    return found


def bodies_of(post: Post) -> list[str]:
    message = message_of(post)
    return [message["body"], *message["shorter"]] if message else []


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts("apprise"))
def test_each_body_is_shorter_than_the_one_before_and_none_is_longer_than_allowed(post: Post) -> None:
    sizes = [len(body) for body in bodies_of(post)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(0 < size <= max(SIZES) for size in sizes)


@settings(max_examples=25)
@given(shared_posts("apprise"))
def test_the_link_of_an_article_is_whole_in_each_body(post: Post) -> None:
    if len(post.entries) == 1:
        assert all(address(post.entries[0].link) in body for body in bodies_of(post))


@settings(max_examples=25)
@given(shared_posts("apprise"))
def test_no_post_calls_people_or_hides_an_address(post: Post) -> None:
    message = message_of(post)
    for words in [message["title"], *bodies_of(post)] if message else []:
        assert not re.search(r"(?i)(^|[^a-z0-9])@\w|@(everyone|here|channel|all)\b|<[a-z/!@#&:]|\]\(|\]\[", words)


@settings(max_examples=40)
@given(ANY_WORDS)
@example("[klikk https://klynge.example](https://ond.example)")
def test_what_is_parted_reads_as_before(words: str) -> None:
    addresses = re.compile(r"https?://[^\s<>\[\]]+")
    assert "](" not in quiet(words)
    assert addresses.sub("", quiet(words)).replace("\u200b", "") == addresses.sub("", words).replace("\u200b", "")


@settings(max_examples=25)
@given(shared_posts("apprise"), st.sampled_from(sorted(SERVICES)))
def test_what_a_service_is_sent_is_never_more_than_the_library_lets_it_have(post: Post, url: str) -> None:
    service, message = Apprise.instantiate(url), message_of(post)
    assert service and service.body_maxlen == SERVICES[url]
    if message is None or (found := fitting(service, message)) is None:
        return
    title, body = found
    (whole,) = service._apply_overflow(body=body, title=title, overflow="split")
    said = "\n".join(whole.values())
    assert all(line in said for line in body.rstrip().splitlines() if line.strip())


@settings(max_examples=40)
@given(ANY_WORDS)
def test_in_markdown_words_look_like_nothing_but_themselves(words: str) -> None:
    shown = MarkdownIt("commonmark").render(in_markdown(quiet(words)))
    assert not re.search(r"<(strong|em|img|h\d|ul|ol|blockquote|code class)", shown)
    assert set(re.findall(r'href="(https?://[^"]*)"', shown)) == set(re.findall(r'href="([^"]*)"', shown))


def test_a_service_that_takes_little_gets_the_title_and_the_link() -> None:
    service, message = Apprise.instantiate("d7sms://token@4712345678"), message_of(POST)
    assert service and message
    title, body = fitting(service, message) or ("", "")
    assert title == "Sølv til *klyngen*" and LINK in body and len(f"{title}\r\n{body}") <= 160


def test_where_only_a_few_lines_are_shown_the_link_is_among_them() -> None:
    service, message = Apprise.instantiate("kodi://127.0.0.1"), message_of(POST)
    assert service and message
    assert fitting(service, message) == ("Sølv til *klyngen*", LINK)


def test_a_link_that_a_service_can_t_take_is_not_sent_cut() -> None:
    service = Apprise.instantiate("d7sms://token@4712345678")
    assert service and fitting(service, {"title": "Tittel", "body": "a" * 161, "shorter": []}) is None


# --- What comes of it ----------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def channel(url: str) -> Channel:
    made = load("apprise").settings(url=url)
    return Channel(name="lang-hale", kind="apprise", settings=made, wishes=ChannelSettings(kind="apprise"))


async def posted(url: str, post: Post = POST) -> None:
    to = channel(url)
    async with Client(user_agent="Delebot/test") as client:
        flow = load("apprise").publish(post, Attempt(NOW), to.settings)
        await perform(flow, sender(client, to), doing="publish", now=lambda: NOW)


async def asked(url: str) -> Credentials:
    to = channel(url)
    async with Client(user_agent="Delebot/test") as client:
        flow = load("apprise").verify(Attempt(NOW), to.settings)  # type: ignore[misc]
        found: Credentials = await perform(flow, sender(client, to), doing="ask", now=lambda: NOW)
    return found


def at(receiver: Receiver, scheme: str = "json", before: str = "", path: str = "/hemmelig") -> str:
    return f"{scheme}://{before}127.0.0.1:{receiver.port}{path}"


async def test_the_library_sends_title_and_words_under_our_name(receiver: Receiver) -> None:
    await posted(at(receiver))
    (taken,) = receiver.taken
    assert (taken.path, taken.headers["user-agent"]) == ("/hemmelig", "Delebot")
    assert taken.json["title"] == "Sølv til *klyngen*"
    assert taken.json["message"].splitlines() == [
        "Klyngen har fått sølv [1].",
        "",
        LINK,
        "",
        "Glem ikke å dele dette!",
    ]
    assert b"apprise" not in taken.body.lower() and b"github" not in taken.body


async def test_a_service_that_takes_markdown_alone_gets_every_link_whole(receiver: Receiver) -> None:
    receiver.always = Answer(body=b'{"success": true}')
    await posted(at(receiver, "rocket", "krok/hemmelig@", "/#rom"))
    words = receiver.taken[0].json["text"]
    assert f"<{LINK}>" in words
    assert r"Sølv til \*klyngen\*" in words and r"sølv \[1\]" in words


async def test_a_service_that_takes_html_is_sent_no_markup_of_an_article_s(receiver: Receiver) -> None:
    entry = Entry("1", "<b>Tittel</b>", "https://klynge.example/", read("<p>&lt;a href='https://ond.example'&gt;x</p>"))
    await posted(f"{at(receiver)}?format=html", Post("k", Occasion.SHARE, NOW, (entry,)))
    assert "<a" not in receiver.taken[0].json["message"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(401), "the service answered 401"),
        (Answer(500), "the service answered 500"),
        (Answer(302, headers={"Location": "/elsewhere"}), "the service answered 302"),
        (Answer(drop=True), "it did not work"),
    ],
)
async def test_when_the_library_says_no_nobody_knows_what_arrived(receiver: Receiver, answer: Answer, why: str) -> None:
    receiver.always = answer
    with pytest.raises(Unknown, match=why) as unknown:
        await posted(at(receiver))
    assert len(receiver.taken) == 1 and "hemmelig" not in str(unknown.value)


@pytest.mark.parametrize("url", ["finnesikke://hemmelig", "pover://", "https://klynge.example/hemmelig", "json://"])
async def test_an_address_that_the_library_does_not_know_stops_the_channel(url: str) -> None:
    for doing in (posted(url), asked(url)):
        with pytest.raises(Stopped, match="there is no such service") as stopped:
            await doing
        assert "hemmelig" not in str(stopped.value)


async def test_a_link_that_is_too_long_for_the_service_is_refused() -> None:
    link = f"https://klynge.example/{'a' * 200}"
    with pytest.raises(Refused, match="too long"):
        await posted("d7sms://token@4712345678", Post("k", Occasion.SHARE, NOW, (Entry("1", "Tittel", link),)))


async def test_reading_an_address_tells_the_service_and_sends_nothing(receiver: Receiver) -> None:
    assert (await asked(at(receiver))).whose == "JSON, in order as far as can be seen without posting"
    assert not receiver.taken


async def test_without_the_library_the_channel_stops_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # So that importing it fails as if it were not there.
    for doing in (posted("json://127.0.0.1"), asked("json://127.0.0.1")):
        with pytest.raises(Stopped, match=r"not installed\. Install it: pip install 'delebot\[apprise\]'"):
            await doing


@pytest.mark.parametrize(
    "url", ["json://bruker:hemmelig@127.0.0.1:1/hemmelig", "finnesikke://hemmelig", "pover://hemmelig"]
)
async def test_nothing_that_the_library_logs_is_heard(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(listener)
    try:
        with pytest.raises(Problem):
            await posted(url)
    finally:
        logging.getLogger().removeHandler(listener)
    assert not heard and capfd.readouterr() == ("", "")


class Heedless(Installation):
    """An installation that minds no warnings of a module's end."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONWARNINGS": "error,ignore::DeprecationWarning"}


def test_an_installation_posts_by_it_and_keeps_its_secrets(tmp_path: Path) -> None:
    with Site(rss((2, "Sak to"), (1, "Sak"))) as site, Receiver() as service:
        it = Heedless(tmp_path)
        it.feed(site.feed, more="FIRST_RUN=2\n")
        it.channel("hale", "apprise", at(service, before="kari:hemmelig@"))
        service.answers += [Answer(), Answer(403)]
        checked, done = it.run("check"), it.run("trigger")
        said = "".join(run.stdout + run.stderr for run in (checked, done))
    assert (checked.returncode, done.returncode) == (0, 1), said
    assert "apprise, JSON, in order" in checked.stdout
    assert [taken.json["title"] for taken in service.taken] == ["Sak", "Sak to"]
    assert "hemmelig" not in said and "the service answered 403" in said


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "hemmelig", "pover:hemmelig", "://hemmelig", "pover://hemmelig med mellomrom"])
def test_what_is_no_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="is not an address of Apprise's") as refused:
        load("apprise").settings(url=url)
    assert "hemmelig" not in str(refused.value)


def test_its_settings_never_show_the_address() -> None:
    assert "hemmelig" not in repr(load("apprise").settings(**TO))


@pytest.mark.parametrize("url", ["pover://u@t", "tgram://1:a/2", "PBUL://x", "signals://host/1/2", "gnome://"])
def test_an_address_in_apprise_s_form_is_known(url: str) -> None:
    assert recognise(url) == "apprise"


@pytest.mark.parametrize(
    "url", ["https://klynge.example/x", "http://a.example", "mailto:a@b.example", "mailto://a:b@c.example", "smtp://a",
            "smtps://a", "matrix://a", "at://a", "console:///", "feed://a.example/feed"],
)  # fmt: skip
def test_an_address_that_means_something_else_is_not_taken_for_one(url: str) -> None:
    assert recognise(url) != "apprise"
