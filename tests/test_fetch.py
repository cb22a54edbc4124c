"""How a feed is asked for, over real connections: a small web behind a proxy on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.feeds.fetch import (
    ACCEPT,
    Fetched,
    Memory,
    Trail,
    begun,
    entitled,
    fetch,
    followed,
    proved,
    question,
)
from bot.feeds.rest import rest_wished, retry_after
from bot.model import FeedProblem
from bot.net.client import Client

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "http://feed.example/rss"


@dataclass
class Asked:
    url: str
    headers: httpx.Headers


@dataclass
class Web:
    """Pages by address. A page is an answer, or several that are given in turn, the last one for ever."""

    client: Client
    pages: dict[str, bytes | list[bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.strip().split("\r\n")
                url = line.split()[1]
                url = url if url.startswith("http:") else f"direct:{url}"
                pairs = (text.partition(": ") for text in fields)
                self.asked.append(Asked(url, httpx.Headers([(name, value) for name, _, value in pairs])))
                writer.write(self.page(url))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    def page(self, url: str) -> bytes:
        page = self.pages.get(url, answer("404 Not Found"))
        if isinstance(page, bytes):
            return page
        return page.pop(0) if len(page) > 1 else page[0]

    async def poll(self, memory: Memory | None = None, url: str = URL, at: datetime = NOW) -> Fetched:
        return await fetch(self.client, url, memory or Memory(), now=at, allow_private=False)

    async def problem(self, memory: Memory | None = None, url: str = URL) -> FeedProblem:
        with pytest.raises(FeedProblem) as caught:
            await self.poll(memory, url)
        return caught.value


@asynccontextmanager
async def listening(web: Web) -> AsyncIterator[int]:
    async with await asyncio.start_server(web.serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web(Client(user_agent="Delebot/test"))
    async with (
        listening(web) as port,
        Client(user_agent="Delebot/test", proxy=f"http://127.0.0.1:{port}") as web.client,
    ):
        yield web


def answer(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    fields = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields))
    return head.encode() + b"\r\n\r\n" + body


def moved(status: int, to: str) -> bytes:
    return answer(f"{status} Moved", Location=to)


FEED = answer(body=b"<rss/>", ETag='W/"1"', Last_Modified="Sun, 01 Mar 2026 10:00:00 GMT", Content_Type="text/xml")
NEWER = answer(body=b"<rss>2</rss>", ETag='W/"2"')
UNCHANGED = answer("304 Not Modified")


# --- Asking --------------------------------------------------------------------------------------------------------


async def test_the_first_poll_asks_for_everything(web: Web) -> None:
    web.pages[URL] = FEED
    fetched = await web.poll()
    assert (fetched.body, fetched.address, fetched.content_type) == (b"<rss/>", URL, "text/xml")
    assert web.asked[0].headers["accept"] == ACCEPT
    assert web.asked[0].headers["user-agent"] == "Delebot/test"
    assert not {"if-none-match", "if-modified-since"} & set(web.asked[0].headers)


async def test_the_servers_own_strings_are_echoed_exactly(web: Web) -> None:
    web.pages[URL] = [FEED, UNCHANGED]
    first = await web.poll()
    second = await web.poll(first.memory, at=NOW + timedelta(minutes=15))
    assert second.body is None
    assert web.asked[1].headers["if-none-match"] == 'W/"1"'
    assert web.asked[1].headers["if-modified-since"] == "Sun, 01 Mar 2026 10:00:00 GMT"


async def test_everything_is_asked_for_again_after_six_hours(web: Web) -> None:
    web.pages[URL] = [FEED, UNCHANGED, FEED]
    memory = (await web.poll()).memory
    memory = (await web.poll(memory, at=NOW + timedelta(hours=5))).memory
    await web.poll(memory, at=NOW + timedelta(hours=6, minutes=1))
    assert ["if-none-match" in asked.headers for asked in web.asked] == [False, True, False]


async def test_a_known_body_is_unchanged_without_a_304(web: Web) -> None:
    web.pages[URL] = [FEED, FEED, NEWER]
    memory = (await web.poll()).memory
    again = await web.poll(memory)
    assert again.body is None
    assert (await web.poll(again.memory)).body == b"<rss>2</rss>"


async def test_an_etag_that_never_helps_is_no_longer_sent(web: Web) -> None:
    """A proxy rewrote it: the server wants both validators to match, so the date alone does better."""
    web.pages[URL] = [FEED, FEED, FEED, FEED, UNCHANGED]
    memory = Memory()
    for _ in range(5):
        memory = (await web.poll(memory)).memory
    assert ["if-none-match" in asked.headers for asked in web.asked] == [False, True, True, True, False]
    assert web.asked[4].headers["if-modified-since"]


async def test_an_etag_alone_is_always_sent(web: Web) -> None:
    web.pages[URL] = NEWER
    memory = Memory()
    for _ in range(6):
        memory = (await web.poll(memory)).memory
    assert web.asked[-1].headers["if-none-match"] == 'W/"2"'


async def test_another_configured_address_begins_anew(web: Web) -> None:
    web.pages[URL] = FEED
    web.pages["http://feed.example/atom"] = FEED
    memory = (await web.poll()).memory
    fetched = await web.poll(memory, url="http://feed.example/atom")
    assert fetched.body == b"<rss/>"
    assert "if-none-match" not in web.asked[1].headers


async def test_validators_are_only_for_the_address_that_gave_them(web: Web) -> None:
    web.pages[URL] = [moved(302, "/a"), moved(302, "/b"), moved(302, "/b")]
    web.pages["http://feed.example/a"] = FEED
    web.pages["http://feed.example/b"] = NEWER
    memory = (await web.poll()).memory
    memory = (await web.poll(memory)).memory
    await web.poll(memory)
    told = [asked.headers.get("if-none-match") for asked in web.asked]
    assert told == [None, None, None, None, None, 'W/"2"']


async def test_a_server_that_dislikes_our_accept_is_asked_once_more(web: Web) -> None:
    web.pages[URL] = [answer("406 Not Acceptable"), FEED]
    assert (await web.poll()).body == b"<rss/>"
    assert web.asked[1].headers["accept"] == "*/*"
    web.pages[URL] = answer("406 Not Acceptable")
    assert "(406)" in (await web.problem()).why
    assert len(web.asked) == 4


async def test_an_etag_that_no_request_can_hold_is_left_out(web: Web) -> None:
    web.pages[URL] = answer(body=b"<rss/>", ETag='"blåbær"')
    await web.poll((await web.poll()).memory)
    assert "if-none-match" not in web.asked[1].headers


# --- Moving --------------------------------------------------------------------------------------------------------


async def test_a_permanent_move_is_adopted_when_it_led_to_a_feed_twice(web: Web) -> None:
    web.pages[URL] = moved(301, "http://feed.example/new")
    web.pages["http://feed.example/new"] = [FEED, NEWER, FEED]
    memory = proved((await web.poll()).memory)
    assert memory.address == URL
    memory = proved((await web.poll(memory)).memory)
    assert memory.address == "http://feed.example/new"
    await web.poll(memory)
    assert web.asked[-1].url == "http://feed.example/new"
    assert len(web.asked) == 5


async def test_a_move_to_something_that_is_no_feed_is_not_adopted(web: Web) -> None:
    """The caller never said that the body could be read."""
    web.pages[URL] = moved(308, "/login")
    web.pages["http://feed.example/login"] = [answer(body=b"<html>1"), answer(body=b"<html>2"), answer(body=b"<html>3")]
    memory = Memory()
    for _ in range(3):
        memory = (await web.poll(memory)).memory
    assert memory.address == URL


async def test_an_unchanged_answer_counts_for_a_move_too(web: Web) -> None:
    web.pages[URL] = moved(301, "/new")
    web.pages["http://feed.example/new"] = [FEED, UNCHANGED]
    memory = proved((await web.poll()).memory)
    assert (await web.poll(memory)).memory.address == "http://feed.example/new"


async def test_a_move_has_to_be_the_same_in_a_row(web: Web) -> None:
    web.pages[URL] = [moved(301, "/a"), FEED, moved(301, "/a"), moved(301, "/b")]
    web.pages["http://feed.example/a"] = web.pages["http://feed.example/b"] = FEED
    memory = Memory()
    for _ in range(4):
        memory = (await web.poll(memory)).memory
        assert memory.address == URL


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_temporary_redirect_is_followed_and_never_adopted(web: Web, status: int) -> None:
    web.pages[URL] = moved(status, "//other.example/rss?a=1#part")
    web.pages["http://other.example/rss?a=1"] = [FEED, NEWER, FEED]
    memory = Memory()
    for _ in range(3):
        fetched = await web.poll(memory)
        memory = proved(fetched.memory)
        assert fetched.address == "http://other.example/rss?a=1"
    assert memory.address == URL


async def test_only_what_is_permanent_from_the_start_is_adopted(web: Web) -> None:
    web.pages[URL] = moved(301, "/a")
    web.pages["http://feed.example/a"] = moved(302, "/b")
    web.pages["http://feed.example/b"] = moved(301, "/c")
    web.pages["http://feed.example/c"] = [FEED, NEWER]
    memory = proved((await web.poll()).memory)
    assert proved((await web.poll(memory)).memory).address == "http://feed.example/a"


async def test_a_move_that_was_undone_is_forgotten(web: Web) -> None:
    web.pages[URL] = FEED
    memory = Memory(url=URL, address="http://gone.example/rss")
    fetched = await web.poll(memory)
    assert fetched.body == b"<rss/>"
    assert fetched.memory.address == URL


def redirect(at: str, status: int, to: str | None, trail: Trail | None = None) -> Trail:
    headers = {} if to is None else {"Location": to}
    return followed(trail or Trail(at, at), httpx.Response(status, headers=headers))


def test_a_move_from_https_to_http_is_followed_and_never_adopted() -> None:
    down = redirect("https://feed.example/rss", 301, "http://feed.example/rss/")
    assert (down.at, down.settled) == ("http://feed.example/rss/", "https://feed.example/rss")
    up = redirect("", 301, "https://feed.example/rss/", down)
    assert (up.at, up.settled) == ("https://feed.example/rss/", "https://feed.example/rss")
    assert redirect("http://feed.example/", 308, "https://feed.example/").settled == "https://feed.example/"


async def test_a_circle_and_a_long_way_are_given_up(web: Web) -> None:
    web.pages[URL] = moved(302, "/a")
    web.pages["http://feed.example/a"] = moved(302, "/rss")
    assert "in a circle" in (await web.problem()).why
    assert len(web.asked) == 2
    for number in range(9):
        web.pages[f"http://feed.example/{number}"] = moved(301, f"/{number + 1}")
    assert "more than 5 times" in (await web.problem(url="http://feed.example/0")).why
    assert len(web.asked) == 8


@pytest.mark.parametrize("to", [None, "http://[", "mailto:secret@feed.example", "javascript:0", "http://x:y/"])
def test_a_redirect_to_nowhere_is_a_problem(to: str | None) -> None:
    with pytest.raises(FeedProblem, match=r"feed\.example redirects"):
        redirect(URL, 302, to)


async def test_a_redirect_into_a_private_network_is_refused(web: Web) -> None:
    web.pages[URL] = moved(302, "http://10.0.0.5/secret")
    problem = await web.problem()
    assert problem.why == "feed.example redirects elsewhere, but 10.0.0.5 is a private address"
    assert "ALLOW_PRIVATE" not in problem.remedy
    assert len(web.asked) == 1


async def test_a_private_address_is_admitted_for_the_host_and_port_that_were_typed() -> None:
    web = Web(Client(user_agent="x"))
    async with listening(web) as port, listening(web) as other, Client(user_agent="x") as client:
        url = f"http://127.0.0.1:{port}/rss"
        web.pages = {"direct:/rss": moved(302, "/new"), "direct:/new": FEED}
        fetched = await fetch(client, url, Memory(), now=NOW, allow_private=True)
        assert fetched.body == b"<rss/>"
        with pytest.raises(FeedProblem, match=r"127\.0\.0\.1 is a private address") as caught:
            await fetch(client, url, Memory(), now=NOW, allow_private=False)
        assert "ALLOW_PRIVATE=yes" in caught.value.remedy
        web.pages["direct:/rss"] = moved(302, f"http://127.0.0.1:{other}/new")
        with pytest.raises(FeedProblem, match="private address"):
            await fetch(client, url, Memory(), now=NOW, allow_private=True)


# --- Secrets -------------------------------------------------------------------------------------------------------


async def test_a_password_is_sent_to_its_own_host_only(web: Web) -> None:
    typed = "http://me:secret@feed.example/rss"
    web.pages[URL] = moved(302, "/a")
    web.pages["http://feed.example/a"] = moved(302, "http://thief:x@other.example/b")
    web.pages["http://other.example/b"] = FEED
    fetched = await web.poll(url=typed)
    assert [asked.headers.get("authorization") for asked in web.asked] == ["Basic bWU6c2VjcmV0"] * 2 + [None]
    assert "secret" not in repr(fetched) + fetched.address + repr(fetched.memory.url)


@pytest.mark.parametrize(
    ("url", "at", "yes"),
    [
        ("https://a:b@feed.example/rss", "https://feed.example/other", True),
        ("https://a:b@FEED.example./rss", "https://feed.example/", True),
        ("http://a:b@feed.example/rss", "https://feed.example/rss", True),
        ("https://a:b@feed.example/rss", "http://feed.example/rss", False),
        ("https://a:b@feed.example/rss", "https://feed.example:8443/rss", False),
        ("http://a:b@feed.example:8080/rss", "https://feed.example/rss", False),
        ("https://a:b@feed.example/rss", "https://www.feed.example/rss", False),
        ("https://feed.example/rss", "https://feed.example/rss", False),
    ],
)
def test_a_password_never_travels_less_securely(url: str, at: str, yes: bool) -> None:
    assert entitled(url, at) is yes
    assert ("Authorization" in question(Memory(), url, at, NOW)) is yes


async def test_a_changed_password_forgets_nothing(web: Web) -> None:
    web.pages[URL] = [FEED, UNCHANGED]
    memory = (await web.poll(url="http://me:old@feed.example/rss")).memory
    assert (await web.poll(memory, url="http://me:new@feed.example/rss")).body is None


def test_a_memory_shows_no_address() -> None:
    memory = begun(Memory(), "https://feed.example/rss?token=secret")
    assert memory.url.endswith("secret")
    assert "secret" not in repr(memory)


async def test_a_memory_survives_being_written_as_json(web: Web) -> None:
    web.pages[URL] = FEED
    memory = (await web.poll()).memory
    kept = TypeAdapter(Memory)
    assert kept.validate_json(kept.dump_json(memory)) == memory


async def test_an_address_that_is_none_is_a_problem(web: Web) -> None:
    for url in ("http://[secret", "http://feed.example:port/secret", "secret", ""):
        problem = await web.problem(url=url)
        assert "secret" not in problem.why + problem.remedy


# --- Answers that hold no feed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "why", "remedy"),
    [
        (401, "feed.example asks for a user name and password (401)", "into URL"),
        (403, "feed.example refuses to give the feed: it is behind a login or a bot wall (403)", "site's owner"),
        (404, "there is no feed at http://feed.example/rss (404)", "into URL"),
        (410, "feed.example says that the feed at http://feed.example/rss is gone for good (410)", "Remove"),
        (429, "feed.example was asked too often (429)", "EVERY"),
        (500, "feed.example has trouble of its own (500)", "tried again"),
        (503, "feed.example is not available at the moment (503)", "tried again"),
        (204, "feed.example gave an answer that holds no feed (204)", "browser"),
        (300, "feed.example gave an answer that holds no feed (300)", "browser"),
        (304, "feed.example says that nothing changed, though it was asked for everything (304)", "owner"),
        (418, "feed.example gave an answer that holds no feed (418)", "browser"),
    ],
)
async def test_each_refusal_says_what_it_is_and_what_to_do(web: Web, status: int, why: str, remedy: str) -> None:
    web.pages[URL + "?token=secret"] = answer(f"{status} Sorry")
    problem = await web.problem(url=URL + "?token=secret")
    assert problem.why == why
    assert remedy in problem.remedy
    assert problem.gone is (status == 410)


async def test_a_bot_wall_is_called_so(web: Web) -> None:
    web.pages[URL] = answer("403 Forbidden", CF_Mitigated="challenge")
    assert (await web.problem()).why == "feed.example has a bot wall that keeps Delebot out (403)"


async def test_a_wrong_password_is_called_so(web: Web) -> None:
    web.pages[URL] = answer("401 Unauthorized")
    problem = await web.problem(url="http://me:secret@feed.example/rss")
    assert problem.why == "feed.example does not accept the user name and password (401)"


async def test_trouble_of_the_network_is_passed_on_in_its_words() -> None:
    def lookup(host: str, *_: int) -> list[str]:
        return ["192.168.1.1"] if host == "feed.example" else []

    async with Client(user_agent="x", lookup=lookup) as client:
        with pytest.raises(FeedProblem, match="which is a private address") as caught:
            await fetch(client, URL, Memory(), now=NOW, allow_private=False)
    assert "ALLOW_PRIVATE" in caught.value.remedy


# --- Patience ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("9999999999999", timedelta(hours=24)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sun, 01 Mar 2026 12:30:00 GMT", timedelta(minutes=30)),
        ("Sun, 01 Mar 2026 13:30:00 +0100", timedelta(minutes=30)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("Fri, 01 Mar 2126 12:00:00 GMT", timedelta(hours=24)),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str, wait: timedelta | None) -> None:
    assert retry_after(httpx.Headers([(b"Retry-After", text.encode())]), NOW) == wait


async def test_a_wait_that_is_asked_for_reaches_the_caller(web: Web) -> None:
    web.pages[URL] = answer("503 Busy", Retry_After="3600")
    assert (await web.problem()).after == timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({}, None),
        ({"Cache-Control": "public, max-age=3600"}, timedelta(hours=1)),
        ({"Cache-Control": 'Max-Age="3600"', "Age": "600"}, timedelta(minutes=50)),
        ({"Cache-Control": "max-age=60", "Age": "90"}, None),
        ({"Cache-Control": "max-age=0"}, None),
        ({"Cache-Control": "max-age=x"}, None),
        ({"Cache-Control": "no-store, max-age=3600"}, None),
        ({"Cache-Control": "max-age=9999999"}, timedelta(hours=24)),
        ({"Expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, timedelta(hours=1)),
        ({"Expires": "Sun, 01 Mar 2026 13:00:00 GMT", "Date": "Sun, 01 Mar 2026 12:45:00 GMT"}, timedelta(minutes=15)),
        ({"Expires": "0"}, None),
        ({"Expires": "Sun, 01 Mar 2026 13:00:00 GMT", "Cache-Control": "max-age=60"}, timedelta(minutes=1)),
    ],
)
def test_what_the_answer_asks_for_is_read(headers: dict[str, str], rest: timedelta | None) -> None:
    assert rest_wished(httpx.Headers(headers), NOW) == rest


@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_can_break_it(retry: str, cache: str, expires: str, date: str) -> None:
    texts = {"Retry-After": retry, "Cache-Control": cache, "Expires": expires, "Date": date, "Age": retry}
    headers = httpx.Headers([(name.encode(), text.encode(errors="replace")) for name, text in texts.items()])
    for wait in (retry_after(headers, NOW), rest_wished(headers, NOW)):
        assert wait is None or timedelta(0) < wait <= timedelta(hours=24)


async def test_an_unchanged_answer_may_ask_for_rest_too(web: Web) -> None:
    web.pages[URL] = [FEED, answer("304 Not Modified", Cache_Control="max-age=1800")]
    assert (await web.poll((await web.poll()).memory)).next_after == timedelta(minutes=30)
