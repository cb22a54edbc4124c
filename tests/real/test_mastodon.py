"""The kind for Mastodon against an imitation of its interface by others, which `.ci/servers mastodon` installs.

Of what Mastodon does the imitation leaves out: it works up no pictures, counts an address by its letters, leaves an
edited post's pictures alone, and names the moment to come again as a number.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.kinds import Kind, load
from bot.model import Attempt, Busy, Entry, Image, Occasion, Picture, Post, Prepared, Receipt, Refused, Stopped, Unknown
from bot.net.client import Client
from bot.outcome import Doing
from bot.posts.compose import words_post
from bot.posts.read import read
from bot.send import Send, perform, sender
from bot.settings import Channel, ChannelSettings

PLACE = Path(__file__).parent.parent.parent / ".servers" / "mastodon"
SERVE = """
import sys
from mastodon_mock.config import SeedAccount, SeedConfig
from mastodon_mock.testing import MockServer
accounts = [SeedAccount(username=name, access_token=f"token-of-{name}") for name in ("klyngen", "kari")]
with MockServer(seed=SeedConfig(accounts=accounts)) as server:
    print(server.base_url, flush=True)
    sys.stdin.read()
"""
PICTURE = Picture("https://klynge.example/solv.png", "Fire personer med en pokal")
PIXEL = Image(bytes.fromhex("89504e470d0a1a0a"), "image/png", 1, 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with two accounts."""
    if not (PLACE / ".ready").is_file():
        why = "the imitation of Mastodon is not installed: sh .ci/servers mastodon"
        pytest.fail(why) if os.environ.get("DELEBOT_REAL") else pytest.skip(why)
    command, folder = [str(PLACE / "bin" / "python"), "-c", SERVE], tmp_path_factory.mktemp("mastodon")
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


@dataclass
class Account:
    """An account as the program uses it: its kind, its settings and how requests leave."""

    kind: Kind
    to: Any
    send: Send

    async def do(self, verb: str, *asked: object, doing: Doing = "publish", **given: Any) -> Any:
        """Drive one verb to its value."""
        attempt = replace(Attempt(clock()), **given)
        return await perform(getattr(self.kind, verb)(*asked, attempt, self.to), self.send, doing=doing, now=clock)

    async def post(self, post: Post, prepared: Prepared | None = None) -> Receipt:
        receipt: Receipt = await self.do("publish", post, prepared=prepared or {})
        return receipt

    async def asked(self, path: str, method: str = "GET", **body: Any) -> Any:
        headers = {"authorization": f"Bearer {self.to.token.get_secret_value()}"}
        request = httpx.Request(method, f"{self.to.server}/api/v1/{path}", headers=headers, **body)
        return (await self.send(request)).json()

    async def shown(self) -> list[dict[str, Any]]:
        """The posts of the account."""
        account = await self.asked("accounts/verify_credentials")
        statuses: list[dict[str, Any]] = await self.asked(f"accounts/{account['id']}/statuses?limit=40")
        return statuses

    async def spoil(self, match: dict[str, Any], effect: dict[str, Any]) -> None:
        """Make the server's next answer to such a request another."""
        await self.asked("_mock/faults", "POST", json={"match": match, "effect": effect, "count": 1})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="Delebot/test") as client:
        yield client


@pytest.fixture
def klyngen(server: str, client: Client) -> Account:
    return of(server, client, "token-of-klyngen")


def of(server: str, client: Client, token: str, **wishes: str) -> Account:
    kind = load("mastodon")
    settings = kind.settings(server=server, token=token, **wishes)
    allowed = ChannelSettings(kind="mastodon", allow_private=True)
    channel = Channel(name="mastodon", kind="mastodon", settings=settings, wishes=allowed)
    return Account(kind, settings, sender(client, channel))


def clock() -> datetime:
    return datetime.now(UTC)


def article(key: str, title: str = "Sølv til klyngen") -> Post:
    link, text = f"https://www.klynge.no/{key}?a=1&b=2", read("<p>Klyngen har fått sølvmerket 🥈.</p>")
    entry = Entry("item-1", title, link, text, picture=PICTURE, hashtags=("Blåvekst", "Sølv"), language="nb")
    return Post(key, Occasion.SHARE, clock(), (entry,), language="nb")


def words(key: str) -> Post:
    return words_post("Dette er en prøve.", key=key, occasion=Occasion.TEST, made_at=clock(), language="nb")


async def test_an_article_with_its_picture_is_kept_as_it_was_sent(klyngen: Account) -> None:
    post = article("artikkel")
    prepared = await klyngen.do("prepare", post, doing="prepare", images={PICTURE.url: PIXEL})
    receipt = await klyngen.post(post, prepared)
    found = await klyngen.asked(f"statuses/{receipt.id}")
    assert (found["url"], found["visibility"], found["language"]) == (receipt.url, "public", "nb")
    assert {tag["name"].casefold() for tag in found["tags"]} == {"blåvekst", "sølv"}
    (media,) = found["media_attachments"]
    assert (media["id"], media["description"]) == (prepared["media"], PICTURE.alt)
    kept = await klyngen.send(httpx.Request("GET", media["url"]))
    assert kept.content == PIXEL.content


async def test_a_repeat_is_the_same_post(klyngen: Account) -> None:
    before, post = len(await klyngen.shown()), article("gjentatt")
    assert await klyngen.post(post) == await klyngen.post(post)
    assert len(await klyngen.shown()) == before + 1


async def test_the_same_words_under_another_key_are_another_post(klyngen: Account) -> None:
    assert (await klyngen.post(words("en"))).id != (await klyngen.post(words("to"))).id


async def test_a_post_whose_answer_was_lost_is_found_and_repeated_only_once(klyngen: Account) -> None:
    before, post = len(await klyngen.shown()), article("tapt")
    receipt = await klyngen.post(post)
    await klyngen.spoil({"methods": ["POST"]}, {"type": "status", "status": 502})
    with pytest.raises(Unknown):
        await klyngen.post(post)
    assert await klyngen.do("look_up", post, doing="ask") == receipt == await klyngen.post(post)
    assert len(await klyngen.shown()) == before + 1


async def test_what_was_not_posted_is_not_found(klyngen: Account) -> None:
    await klyngen.post(article("annet"))
    assert await klyngen.do("look_up", article("borte"), doing="ask") is None
    assert await klyngen.do("look_up", replace(words("x"), words="Aldri sagt."), doing="ask") is None
    later = replace(article("annet"), made_at=clock() + timedelta(hours=1))
    assert await klyngen.do("look_up", later, doing="ask") is None


async def test_words_are_found_too(klyngen: Account) -> None:
    post = replace(words("funnet"), words="En melding: <b>40 & 2</b>\nmed to linjer.")
    receipt = await klyngen.post(post)
    assert await klyngen.do("look_up", post, doing="ask") == receipt


async def test_a_correction_changes_the_post_and_leaves_what_was_deleted(klyngen: Account) -> None:
    receipt = await klyngen.post(article("rettet"))
    assert await klyngen.do("revise", article("rettet", "Gull til klyngen"), receipt) == receipt
    assert "Gull til klyngen" in (await klyngen.asked(f"statuses/{receipt.id}"))["content"]
    await klyngen.do("retract", receipt)
    assert await klyngen.do("revise", article("rettet"), receipt) == receipt
    assert await klyngen.do("retract", receipt) is None
    assert (await klyngen.asked(f"statuses/{receipt.id}")).keys() == {"error"}


async def test_nobody_is_called_and_other_links_are_none(klyngen: Account) -> None:
    post = article("stille", "@kari @kari@tut.example #nyhet https://annet.example")
    found = await klyngen.asked(f"statuses/{(await klyngen.post(post)).id}")
    assert found["mentions"] == []
    assert {tag["name"].casefold() for tag in found["tags"]} == {"blåvekst", "sølv"}
    assert "annet.example</a>" not in found["content"]


async def test_who_sees_the_posts_is_the_channel_s_wish(server: str, client: Client) -> None:
    account = of(server, client, "token-of-kari", visibility="unlisted")
    receipt = await account.post(words("skjult"))
    assert (await account.asked(f"statuses/{receipt.id}"))["visibility"] == "unlisted"


async def test_the_account_is_verified_and_a_wrong_token_stops_the_channel(server: str, client: Client) -> None:
    good, bad = of(server, client, "token-of-klyngen"), of(server, client, "token-of-ingen")
    whose = (await good.do("verify", doing="ask")).whose
    assert whose.startswith("@klyngen@127.0.0.1:")
    for flow in (bad.do("verify", doing="ask"), bad.post(words("x"))):
        with pytest.raises(Stopped, match="the token is not valid"):
            await flow
    with pytest.raises(Stopped):
        await bad.do("prepare", article("x"), doing="prepare", images={PICTURE.url: PIXEL})


async def test_a_post_of_another_account_can_not_be_changed(server: str, client: Client, klyngen: Account) -> None:
    receipt, other = await klyngen.post(words("mitt")), of(server, client, "token-of-kari")
    for flow in (other.do("revise", words("ditt"), receipt), other.do("retract", receipt)):
        with pytest.raises(Stopped):
            await flow
    assert (await klyngen.asked(f"statuses/{receipt.id}"))["id"] == receipt.id


async def test_a_refused_picture_costs_the_picture_and_not_the_post(klyngen: Account) -> None:
    await klyngen.spoil({"path": "/api/v2/media"}, {"type": "status", "status": 422})
    post = article("uten-bilde")
    assert await klyngen.do("prepare", post, doing="prepare", images={PICTURE.url: PIXEL}) == {}
    await klyngen.spoil({"methods": ["POST"]}, {"type": "status", "status": 422})
    receipt = await klyngen.post(post, {"media": "999"})
    assert (await klyngen.asked(f"statuses/{receipt.id}"))["media_attachments"] == []


async def test_what_the_server_does_not_take_is_refused(klyngen: Account) -> None:
    with pytest.raises(Refused, match="422"):
        await klyngen.post(replace(words("tom"), words="Ord. " * 98 + "\u0301" * 8 * 100))


async def test_it_comes_again_when_the_server_says(klyngen: Account) -> None:
    moment = (clock() + timedelta(minutes=7)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    headers = {"X-RateLimit-Reset": moment}
    await klyngen.spoil({"methods": ["POST"]}, {"type": "status", "status": 429, "headers": headers})
    with pytest.raises(Busy) as busy:
        await klyngen.post(words("for mange"))
    assert busy.value.after and timedelta(minutes=6) < busy.value.after <= timedelta(minutes=7)
