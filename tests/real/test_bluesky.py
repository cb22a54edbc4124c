"""The kind for Bluesky against a real server, which `.ci/servers bluesky` installs."""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image as Pillow

from bot.kinds import Kind, load
from bot.model import (
    Attempt,
    Busy,
    Entry,
    Image,
    Kept,
    Occasion,
    Picture,
    Post,
    Prepared,
    Receipt,
    Refused,
    ShareCall,
    ShareLink,
    Stopped,
)
from bot.net.client import Client
from bot.outcome import Doing
from bot.posts.compose import words_post
from bot.posts.read import read
from bot.send import Send, perform, sender
from bot.settings import Channel, ChannelSettings

HERE = Path(__file__).parent
PACKAGES = HERE.parent.parent / ".servers" / "bluesky"
PICTURE = Picture("https://klynge.example/solv.png", "Fire personer med en pokal")
CALL = ShareCall("Glem ikke å dele dette!", (ShareLink("linkedin", "LinkedIn", "https://www.linkedin.com/?url=x"),))


@dataclass
class Server:
    """A running server: its address, the secret that it signs tokens with, and its accounts."""

    url: str
    secret: str
    accounts: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (PACKAGES / ".ready").is_file() or not shutil.which("node"):
        why = "the server of Bluesky is not installed: sh .ci/servers bluesky"
        pytest.fail(why) if os.environ.get("DELEBOT_REAL") else pytest.skip(why)
    command = ["node", str(HERE / "pds.mjs"), str(PACKAGES), str(tmp_path_factory.mktemp("pds"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        try:
            told = json.loads(process.stdout.readline())
            yield Server(told.pop("url"), told.pop("jwtSecret"), told)
        finally:
            process.stdin.close()


@dataclass
class Account:
    """An account as the program uses it: its kind, its settings, how requests leave, and the session."""

    kind: Kind
    to: Any
    send: Send
    kept: Kept
    url: str

    async def do(self, verb: str, *asked: object, doing: Doing = "publish", **given: Any) -> Any:
        """Drive one verb to its value, with the session that is kept."""
        attempt = replace(Attempt(clock(), kept=self.kept), **given)
        return await perform(getattr(self.kind, verb)(*asked, attempt, self.to), self.send, doing=doing, now=clock)

    async def renew(self, **changed: str) -> Kept:
        self.kept = await self.do("renew", doing="ask", kept={**self.kept, **changed})
        return self.kept

    async def post(self, post: Post, prepared: Prepared | None = None) -> Receipt:
        receipt: Receipt = await self.do("publish", post, prepared=prepared or {})
        return receipt

    async def records(self) -> list[dict[str, Any]]:
        """The posts of the account, as anybody can read them."""
        params = {"repo": self.kept["did"], "collection": "app.bsky.feed.post", "limit": "100"}
        records: list[dict[str, Any]] = (await self.asked("repo.listRecords", **params)).json()["records"]
        return records

    async def asked(self, method: str, **params: str) -> httpx.Response:
        url = f"{self.url}/xrpc/com.atproto.{method}?{httpx.QueryParams(params)}"
        return await self.send(httpx.Request("GET", url))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="Delebot/test") as client:
        yield client


@pytest.fixture
async def klyngen(server: Server, client: Client) -> Account:
    return await logged_in(server, client, "klyngen")


async def logged_in(server: Server, client: Client, name: str) -> Account:
    account = of(server, client, **server.accounts[name])
    await account.renew()
    return account


def of(server: Server, client: Client, *, handle: str, password: str, **_: str) -> Account:
    kind = load("bluesky")
    settings = kind.settings(handle=handle, password=password, server=server.url)
    wishes = ChannelSettings(kind="bluesky", allow_private=True)
    channel = Channel(name="bluesky", kind="bluesky", settings=settings, wishes=wishes)
    return Account(kind, settings, sender(client, channel), {}, server.url)


def clock() -> datetime:
    return datetime.now(UTC)


def article(key: str) -> Post:
    entry = Entry(
        "item-1",
        "Sølv til klyngen",
        "https://klynge.example/sølv/?a=1&b=2",
        read("<p>Klyngen har fått sølvmerket 🥈 for arbeidet sitt.</p>"),
        picture=PICTURE,
        authors=("Kari Ø. Næss",),
        published=clock(),
        source="Klyngen",
        share=CALL,
        hashtags=("Blåvekst", "Sølv"),
    )
    return Post(key, Occasion.SHARE, clock(), (entry,), language="nb")


def words(key: str) -> Post:
    return words_post("Dette er en prøve.", key=key, occasion=Occasion.TEST, made_at=clock(), language="nb")


def drawn() -> Image:
    held = BytesIO()
    Pillow.new("RGB", (600, 400), "navy").save(held, "PNG")
    return Image(held.getvalue(), "image/png", 600, 400)


def expired(token: str, secret: str) -> str:
    """The same token, whose time is over."""
    head, body, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(f"{body}==")) | {"iat": 1, "exp": 2}
    parts = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{parts}.{encoded(hmac.digest(secret.encode(), parts.encode(), 'sha256'))}"


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


# --- Posts ---------------------------------------------------------------------------------------------------------


async def test_an_article_with_its_picture_is_kept_as_it_was_sent(klyngen: Account) -> None:
    post, image = article("artikkel"), drawn()
    prepared = await klyngen.do("prepare", post, doing="prepare", images={PICTURE.url: image})
    receipt = await klyngen.post(post, prepared)
    did, rkey = receipt.url.removeprefix("https://bsky.app/profile/").split("/post/")

    place = {"repo": did, "collection": "app.bsky.feed.post", "rkey": rkey}
    found = (await klyngen.asked("repo.getRecord", **place)).json()
    assert (found["uri"], found["cid"]) == (receipt.id, receipt.data["cid"])
    record, text = found["value"], found["value"]["text"].encode()
    assert text.decode() == (
        "Klyngen har fått sølvmerket 🥈 for arbeidet sitt.\n\nGlem ikke å dele dette!\n\n#Blåvekst #Sølv"
    )
    laid = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in record["facets"]]
    assert [text[start:end].decode() for start, end in laid] == ["#Blåvekst", "#Sølv"]
    assert record["langs"] == ["nb"]

    card = record["embed"]["external"]
    assert (card["uri"], card["title"]) == ("https://klynge.example/sølv/?a=1&b=2", "Sølv til klyngen")
    blob = await klyngen.asked("sync.getBlob", did=did, cid=card["thumb"]["ref"]["$link"])
    assert (blob.content, blob.headers["content-type"]) == (image.content, "image/png")


async def test_a_repeat_is_the_same_post(klyngen: Account) -> None:
    post, before = article("gjentatt"), await klyngen.records()
    images = {PICTURE.url: drawn()}
    prepared = await klyngen.do("prepare", post, doing="prepare", images=images)
    first = await klyngen.post(post, prepared)
    again = await klyngen.do("prepare", post, doing="prepare", images=images)
    assert json.loads(again["blob"]) == json.loads(prepared["blob"])
    assert await klyngen.post(post, prepared) == await klyngen.post(post, again) == first
    assert len(await klyngen.records()) == len(before) + 1


async def test_a_repeat_without_the_picture_is_still_one_post(klyngen: Account) -> None:
    post, before = article("uten bilde"), await klyngen.records()
    prepared = await klyngen.do("prepare", post, doing="prepare", images={PICTURE.url: drawn()})
    assert (await klyngen.post(post, prepared)).id == (await klyngen.post(post)).id
    assert len(await klyngen.records()) == len(before) + 1


async def test_a_picture_that_was_dropped_costs_the_picture_and_not_the_post(klyngen: Account) -> None:
    lost = {"$link": "bafkreibme22gw2h7y2h7tg2fhqotaqjucnbc24deqo72b6mkl2egezxhvy"}
    blob = {"$type": "blob", "ref": lost, "mimeType": "image/png", "size": 19}
    receipt = await klyngen.post(article("tapt bilde"), {"blob": json.dumps(blob), "made": clock().isoformat()})
    shown = {record["uri"]: record["value"] for record in await klyngen.records()}
    assert "thumb" not in shown[receipt.id]["embed"]["external"]


async def test_several_articles_and_words_are_taken_too(klyngen: Account) -> None:
    several = replace(article("flere"), occasion=Occasion.DIGEST)
    several = replace(several, entries=several.entries * 9)
    for post in (several, words("ord")):
        assert (await klyngen.post(post)).id in {record["uri"] for record in await klyngen.records()}


async def test_what_bluesky_does_not_take_is_refused(klyngen: Account) -> None:
    with pytest.raises(Refused, match="InvalidRequest"):
        await klyngen.post(replace(words("langt"), made_at=datetime(1, 1, 1, tzinfo=UTC)))


async def test_a_post_is_taken_back_and_no_trouble_if_it_is_gone_already(klyngen: Account) -> None:
    receipt = await klyngen.post(words("bort"))
    for _ in range(2):
        assert await klyngen.do("retract", receipt) is None
    assert receipt.id not in {record["uri"] for record in await klyngen.records()}


async def test_a_post_can_be_looked_up(klyngen: Account) -> None:
    post = words("søkt")
    assert await klyngen.do("look_up", post, doing="ask") is None
    receipt = await klyngen.post(post)
    assert await klyngen.do("look_up", post, doing="ask") == receipt


# --- Sessions ------------------------------------------------------------------------------------------------------


async def test_the_account_is_verified(klyngen: Account) -> None:
    assert (await klyngen.do("verify", doing="ask")).whose == "@klyngen.test"


async def test_a_good_session_is_kept_without_a_request(klyngen: Account) -> None:
    assert await klyngen.renew() == klyngen.kept


@pytest.mark.parametrize("broken", ["expired", "garbage"])
async def test_a_session_that_ended_is_refreshed_and_works_again(klyngen: Account, server: Server, broken: str) -> None:
    good, post = klyngen.kept, words(f"etter {broken}")
    bad = expired(good["access"], server.secret) if broken == "expired" else "eyJ.eyJ.x"
    klyngen.kept = {**good, "access": bad}
    with pytest.raises(Busy) as ended:
        await klyngen.post(post)
    assert ended.value.session_ended
    fresh = await klyngen.renew(ended="yes")
    assert "ended" not in fresh and fresh["refresh"] != good["refresh"]
    assert (await klyngen.post(post)).id


async def test_a_session_is_refreshed_before_it_ends(klyngen: Account) -> None:
    good = klyngen.kept
    fresh = await klyngen.renew(until=(clock() - timedelta(seconds=1)).isoformat())
    assert fresh["refresh"] != good["refresh"]


async def test_where_nothing_can_be_refreshed_the_password_makes_a_new_session(klyngen: Account) -> None:
    bearer = {"authorization": f"Bearer {klyngen.kept['refresh']}"}
    url = f"{klyngen.url}/xrpc/com.atproto.server.deleteSession"
    assert (await klyngen.send(httpx.Request("POST", url, headers=bearer))).status_code == 200
    await klyngen.renew(ended="yes")
    assert (await klyngen.do("verify", doing="ask")).whose == "@klyngen.test"


async def test_a_wrong_password_stops_the_channel(server: Server, client: Client) -> None:
    account = of(server, client, handle="klyngen.test", password="abcd-efgh-ijkl-mnop")
    with pytest.raises(Stopped, match="HANDLE or PASSWORD is wrong"):
        await account.renew()


async def test_an_account_that_was_deactivated_stops_the_channel(server: Server, client: Client) -> None:
    account = await logged_in(server, client, "stille")
    bearer = {"authorization": f"Bearer {server.accounts['stille']['token']}", "content-type": "application/json"}
    url = f"{server.url}/xrpc/com.atproto.server.deactivateAccount"
    assert (await account.send(httpx.Request("POST", url, headers=bearer, content=b"{}"))).status_code == 200
    with pytest.raises(Stopped, match="AccountDeactivated"):
        await account.post(words("stille"))


async def test_too_many_logins_are_told_when_to_come_again(server: Server, client: Client) -> None:
    account = of(server, client, handle="ingen.test", password="abcd-efgh-ijkl-mnop")
    for _ in range(30):
        with pytest.raises(Stopped):
            await account.renew()
    with pytest.raises(Busy) as busy:
        await account.renew()
    assert busy.value.after and timedelta(minutes=4) < busy.value.after <= timedelta(minutes=5)
