"""The kind for Matrix against Synapse, which `.ci/servers synapse` installs: what the server makes of what is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

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
    Receipt,
    Refused,
    ShareCall,
    ShareLink,
    Stopped,
    Unknown,
)
from bot.net.client import Client
from bot.outcome import Doing
from bot.posts.compose import words_post
from bot.posts.read import read
from bot.send import Send, perform, sender
from bot.settings import Channel, ChannelSettings
from tests.real.synapse import Person, Synapse, require

PICTURE = Picture("https://klynge.example/solv.png", "Fire personer med en pokal")
PIXEL = Image(bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
), "image/png", 1, 1)  # fmt: skip
CALL = ShareCall("Glem ikke å dele dette!", (
    ShareLink("linkedin", "LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?url=https%3A%2F%2Fklynge.example"),
    ShareLink("email", "E-post", "mailto:?subject=S%C3%B8lv"),
))  # fmt: skip
DOING: dict[str, Doing] = {"prepare": "prepare", "renew": "ask", "verify": "ask", "look_up": "ask"}


@dataclass
class House:
    """A server with the account that posts, Kari who reads, and their room."""

    server: Synapse
    klyngen: Person
    kari: Person
    room: str
    made: list[str] = field(default_factory=list)

    def guest(self) -> tuple[Person, str]:
        """Another account that posts, and a room that it and Kari share."""
        self.made.append(name := f"gjest-{len(self.made)}")
        person = self.server.account(name)
        return person, self.kari.room(person)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    require()
    with Synapse(tmp_path_factory.mktemp("synapse")) as server:
        klyngen, kari, ola = map(server.account, ("klyngen", "kari", "ola"))
        yield House(server, klyngen, kari, kari.room(klyngen, ola, room_alias_name="klynge"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A server that takes no passwords, and few messages."""
    require()
    limit = {"per_second": 0.01, "burst_count": 3}
    with Synapse(tmp_path_factory.mktemp("strict"), rc_message=limit, password_config={"enabled": False}) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="Delebot/test") as client:
        yield client


@dataclass
class Account:
    """An account as the program uses it: its kind, its settings, its session, and how requests leave."""

    kind: Kind
    to: Any
    send: Send
    kept: Kept = field(default_factory=dict)

    async def do(self, verb: str, *asked: object, **given: Any) -> Any:
        """Drive one verb to its value, with the session that there is."""
        attempt = replace(Attempt(clock(), kept=self.kept), **given)
        flow = getattr(self.kind, verb)(*asked, attempt, self.to)
        return await perform(flow, self.send, doing=DOING.get(verb, "publish"), now=clock)

    async def log_in(self) -> None:
        self.kept = await self.do("renew")


def account(client: Client, server: Synapse, room: str, **way: str) -> Account:
    """An account that posts in a room, by a token or by user and password."""
    kind = load("matrix")
    settings = kind.settings(server=server.url, room=room, **way)
    channel = Channel(
        name="matrix", kind="matrix", settings=settings, wishes=ChannelSettings(kind="matrix", allow_private=True)
    )
    return Account(kind, settings, sender(client, channel))


@pytest.fixture
def klyngen(house: House, client: Client) -> Account:
    return account(client, house.server, house.room, token=house.klyngen.token)


def clock() -> datetime:
    return datetime.now(UTC)


def article(key: str, title: str = "Sølv til klyngen", **more: Any) -> Post:
    """A post of one article, whose words name people who must not be told."""
    html = "<p>Takk til Kari, @kari:localhost og @room for <b>sølvmerket</b> &lt;b&gt; 🥈.<br>Les <a href='https://k.example/?a=1&amp;b=2'>rapporten</a>.</p>"
    entry = Entry(
        "item-1", title, f"https://klynge.example/{key}?a=1&b=2", read(html), authors=("Kari Ø. Næss",),
        published=datetime(2026, 11, 20, 7, 30, tzinfo=UTC), source="Klyngen & venner", share=CALL,
    )  # fmt: skip
    return Post(key, Occasion.SHARE, clock(), (replace(entry, **more),), language="nb")


def words(key: str) -> Post:
    return words_post("Dette er en prøve.", key=key, occasion=Occasion.TEST, made_at=clock(), language="nb")


# --- Posts ---------------------------------------------------------------------------------------------------------


async def test_an_article_is_there_as_it_was_meant(house: House, klyngen: Account) -> None:
    receipt = await klyngen.do("publish", article("artikkel"))
    event = house.kari.event(house.room, receipt.id)
    assert (event["sender"], event["content"]["msgtype"]) == (house.klyngen.id, "m.text")
    assert event["content"]["formatted_body"] == (
        '<p><a href="https://klynge.example/artikkel?a=1&amp;b=2"><strong>Sølv til klyngen</strong></a></p>'
        "<p>Takk til Kari, @kari:localhost og @room for <strong>sølvmerket</strong> &lt;b&gt; 🥈.<br>"
        'Les <a href="https://k.example/?a=1&amp;b=2">rapporten</a>.</p>'
        "<p><em>Kari Ø. Næss · 20. november 2026 · Klyngen &amp; venner</em></p>"
        "<p><strong>Glem ikke å dele dette!</strong><br>"
        '<a href="https://www.linkedin.com/sharing/share-offsite/?url=https%3A%2F%2Fklynge.example">LinkedIn</a>'
        ' · <a href="mailto:?subject=S%C3%B8lv">E-post</a></p>'
    )
    assert event["content"]["body"].startswith(
        "Sølv til klyngen https://klynge.example/artikkel?a=1&b=2\n\nTakk til Kari"
    )
    assert receipt.url == f"https://matrix.to/#/{quote(house.room, safe='')}/{quote(receipt.id, safe='')}"


async def test_readers_are_told_of_a_post_but_nobody_is_mentioned(house: House, client: Client) -> None:
    reader = house.server.account("solvi")
    person, _ = house.guest()
    room = house.kari.room(person, reader)
    poster = account(client, house.server, room, token=person.token)
    receipt = await poster.do("publish", article("nevnt", f"Til {reader.id}, solvi og @room"))
    told = reader.ask("GET", "notifications")["notifications"]
    assert receipt.id in [each["event"]["event_id"] for each in told]
    assert not [each for each in told if {"set_tweak": "highlight"} in each["actions"]]


async def test_a_picture_is_uploaded_and_the_words_are_its_caption(house: House, klyngen: Account) -> None:
    post = article("bilde", picture=PICTURE)
    prepared = await klyngen.do("prepare", post, images={PICTURE.url: PIXEL})
    assert await klyngen.do("prepare", post, prepared=prepared) == prepared
    receipt = await klyngen.do("publish", post, prepared=prepared)
    content = house.kari.event(house.room, receipt.id)["content"]
    assert (content["msgtype"], content["filename"]) == ("m.image", "Fire personer med en pokal.png")
    assert content["info"] == {"mimetype": "image/png", "size": len(PIXEL.content), "w": 1, "h": 1}
    assert content["body"].startswith("Sølv til klyngen https://")
    assert "<strong>Glem ikke å dele dette!</strong>" in content["formatted_body"]
    place = content["url"].removeprefix("mxc://")
    shown = house.kari.answer("GET", f"/_matrix/client/v1/media/download/{place}")
    assert (shown.content, shown.headers["content-type"]) == (PIXEL.content, "image/png")


async def test_a_picture_that_the_server_does_not_take_leaves_the_post_without(house: House, klyngen: Account) -> None:
    post, large = article("stort", picture=PICTURE), replace(PIXEL, content=PIXEL.content + bytes(300_000))
    prepared = await klyngen.do("prepare", post, images={PICTURE.url: large})
    receipt = await klyngen.do("publish", post, prepared=prepared)
    assert house.kari.event(house.room, receipt.id)["content"]["msgtype"] == "m.text"


async def test_a_room_is_found_by_its_address(house: House, client: Client) -> None:
    poster = account(client, house.server, "#klynge:localhost", token=house.klyngen.token)
    prepared = await poster.do("prepare", post := words("adresse"))
    receipt = await poster.do("publish", post, prepared=prepared)
    assert house.kari.event(house.room, receipt.id)["content"]["body"] == "Dette er en prøve."
    assert (await poster.do("look_up", post)) == receipt
    nowhere = account(client, house.server, "#ingensteds:localhost", token=house.klyngen.token)
    with pytest.raises(Stopped, match="there is no such room"):
        await nowhere.do("prepare", post)


async def test_the_longest_post_is_taken_and_its_correction_too(house: House, klyngen: Account) -> None:
    long = read("<p>" + '"& <a href="https://k.example/' + "å" * 300 + '">ord</a> ' * 600 + "</p>")
    post = article("lang", '"&<' * 100, text=long, link="https://klynge.example/?" + "a&" * 2500)
    receipt = await klyngen.do("publish", post)
    assert len(json.dumps(house.kari.event(house.room, receipt.id)).encode()) > 35_000
    await klyngen.do("revise", replace(post, key="lang-2"), receipt)


async def test_what_the_server_finds_too_long_is_refused(klyngen: Account) -> None:
    with pytest.raises(Refused, match="M_TOO_LARGE: the post is longer than it takes"):
        await klyngen.do("publish", words("for-lang"), prepared={"image": json.dumps({"filename": "x" * 66_000})})


# --- Once ----------------------------------------------------------------------------------------------------------


async def test_a_repeat_is_one_event_also_after_the_server_was_killed(house: House, klyngen: Account) -> None:
    before, post = len(house.kari.messages(house.room)), article("gjentatt")
    first = await klyngen.do("publish", post)
    assert await klyngen.do("publish", post) == first
    await asyncio.to_thread(house.server.kill)
    with pytest.raises((Busy, Unknown)):
        await klyngen.do("publish", post)
    await asyncio.to_thread(house.server.begin)
    assert await klyngen.do("publish", post) == first
    assert len(house.kari.messages(house.room)) == before + 1


async def test_a_repeat_in_a_new_session_is_one_event(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, user=person.id, password="hemmelig")
    await poster.log_in()
    first, session = await poster.do("publish", post := words("innlogging")), poster.kept
    poster.kept = {**session, "ended": "yes"}
    await poster.log_in()
    assert poster.kept["token"] != session["token"]
    assert await poster.do("publish", post) == first
    assert len(house.kari.messages(room)) == 1


async def test_another_device_would_post_twice_and_therefore_looks_it_up(house: House, client: Client) -> None:
    person, room = house.guest()
    first = await account(client, house.server, room, token=person.token).do("publish", post := words("enhet"))
    other = account(client, house.server, room, user=person.id, password="hemmelig")
    await other.log_in()
    assert await other.do("look_up", post) == first
    assert (await other.do("publish", post)).id != first.id


async def test_a_post_is_looked_up_among_many_and_not_found_by_another_key(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, token=person.token)
    receipt = await poster.do("publish", post := words("leter"))
    assert await poster.do("look_up", post) == receipt
    for number in range(110):
        house.kari.ask("PUT", f"rooms/{quote(room)}/send/m.room.message/{number}", {"msgtype": "m.text", "body": "hei"})
    assert await poster.do("look_up", post) == receipt
    assert await poster.do("look_up", words("leter-2")) is None
    assert await poster.do("look_up", replace(words("ny"), made_at=clock() + timedelta(hours=2))) is None


# --- Corrected and taken back --------------------------------------------------------------------------------------


async def test_a_correction_takes_the_place_of_the_post(house: House, klyngen: Account) -> None:
    receipt = await klyngen.do("publish", article("rettet"))
    once = await klyngen.do("revise", article("rettet-2", "Gull til klyngen"), receipt)
    twice = await klyngen.do("revise", article("rettet-3", "Bronse til klyngen"), once)
    assert (twice.id, twice.url, twice.data["edits"].split()[:1]) == (receipt.id, receipt.url, [once.data["edits"]])
    latest = house.kari.event(house.room, receipt.id)["unsigned"]["m.relations"]["m.replace"]
    assert latest["event_id"] == twice.data["edits"].split()[1]
    assert latest["content"]["m.new_content"]["body"].startswith("Bronse til klyngen")
    path = f"/_matrix/client/v1/rooms/{quote(house.room)}/relations/{quote(receipt.id, safe='')}/m.replace"
    assert len(house.kari.ask("GET", path)["chunk"]) == 2
    assert (await klyngen.do("look_up", article("rettet"))).id == receipt.id


async def test_a_correction_that_is_repeated_is_one(klyngen: Account) -> None:
    receipt = await klyngen.do("publish", article("igjen"))
    again = article("igjen-2", "Gull til klyngen")
    assert await klyngen.do("revise", again, receipt) == await klyngen.do("revise", again, receipt)


async def test_a_correction_may_bring_a_picture_and_take_it_away(house: House, klyngen: Account) -> None:
    receipt = await klyngen.do("publish", article("med"))
    post = article("med-2", picture=PICTURE)
    prepared = await klyngen.do("prepare", post, images={PICTURE.url: PIXEL})
    receipt = await klyngen.do("revise", post, receipt, prepared=prepared)
    assert shown(house, receipt.id)["msgtype"] == "m.image"
    prepared = await klyngen.do("prepare", without := article("med-3"), prepared=prepared)
    await klyngen.do("revise", without, receipt, prepared=prepared)
    assert shown(house, receipt.id)["msgtype"] == "m.text"


def shown(house: House, id: str) -> dict[str, Any]:
    """What a reader sees in place of an event that was corrected."""
    replaced = house.kari.event(house.room, id)["unsigned"]["m.relations"]["m.replace"]
    content: dict[str, Any] = replaced["content"]["m.new_content"]
    return content


async def test_nothing_is_left_of_a_post_that_is_taken_back(house: House, klyngen: Account) -> None:
    receipt = await klyngen.do("publish", article("borte"))
    receipt = await klyngen.do("revise", article("borte-2", "Gull til klyngen"), receipt)
    await klyngen.do("retract", receipt)
    for id in (receipt.id, receipt.data["edits"]):
        assert not {"body", "formatted_body", "m.new_content"} & house.kari.event(house.room, id)["content"].keys()
    await klyngen.do("retract", receipt)


async def test_it_is_no_trouble_that_a_post_is_gone_already(house: House, klyngen: Account) -> None:
    await klyngen.do("retract", Receipt("$finnes-ikke", data={"room": house.room}))


# --- Trouble -------------------------------------------------------------------------------------------------------


async def test_too_many_posts_wait_as_long_as_the_server_asks(strict: Synapse, client: Client) -> None:
    poster = strict.account("klyngen")
    room = strict.account("kari").room(poster)
    channel = account(client, strict, room, token=poster.token)

    async def post_many() -> None:
        for number in range(5):
            await channel.do("publish", words(f"mange-{number}"))

    with pytest.raises(Busy, match="M_LIMIT_EXCEEDED") as busy:
        await post_many()
    assert busy.value.of_channel
    assert busy.value.after
    assert timedelta(seconds=10) < busy.value.after <= timedelta(seconds=101)


async def test_it_is_told_whose_the_token_is_and_that_the_room_is_theirs(house: House, klyngen: Account) -> None:
    assert (await klyngen.do("verify")).whose == f"@klyngen:localhost in {house.room}"


async def test_an_account_outside_the_room_is_told_to_be_invited(house: House, client: Client) -> None:
    stranger, _ = house.guest()
    poster = account(client, house.server, house.room, token=stranger.token)
    with pytest.raises(Stopped, match=r"is not in the room\. Invite it"):
        await poster.do("verify")
    with pytest.raises(Stopped, match="M_FORBIDDEN: the account is not in the room"):
        await poster.do("publish", words("utenfor"))
    house.kari.ask("POST", f"rooms/{quote(house.room)}/invite", {"user_id": stranger.id})
    stranger.ask("POST", f"join/{quote(house.room)}", {})
    await poster.do("verify")


async def test_a_session_that_has_expired_is_made_again(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, user=person.id, password="hemmelig")
    await poster.log_in()
    first = await poster.do("publish", post := words("foreldet"))
    await asyncio.to_thread(house.server.begin_anew, person.id)
    for verb, asked in (("publish", (post,)), ("look_up", (post,)), ("verify", ())):
        with pytest.raises(Busy, match="M_UNKNOWN_TOKEN: the session has ended") as ended:
            await poster.do(verb, *asked)
        assert ended.value.session_ended
    poster.kept = {**poster.kept, "ended": "yes"}
    await poster.log_in()
    assert await poster.do("publish", post) == first
    assert await poster.do("renew") == poster.kept


async def test_a_session_that_somebody_has_ended_is_made_again(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, user=person.id, password="hemmelig")
    await poster.log_in()
    first = await poster.do("publish", post := words("avsluttet"))
    Person(house.server.http, person.id, poster.kept["token"]).ask("POST", "logout", {})
    with pytest.raises(Busy) as ended:
        await poster.do("publish", post)
    assert ended.value.session_ended
    poster.kept = {**poster.kept, "ended": "yes"}
    await poster.log_in()
    assert await poster.do("look_up", post) == first


async def test_a_token_that_is_not_valid_any_more_stops_the_channel(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, token=person.token)
    assert await poster.do("renew") == {}
    person.ask("POST", "logout", {})
    for verb, asked in (("publish", (words("slutt"),)), ("verify", ())):
        with pytest.raises(Stopped, match="M_UNKNOWN_TOKEN: the access token is not valid any more"):
            await poster.do(verb, *asked)


async def test_a_wrong_password_stops_the_channel(house: House, client: Client) -> None:
    poster = account(client, house.server, house.room, user="klyngen", password="feil")
    with pytest.raises(Stopped, match="M_FORBIDDEN: USER or PASSWORD is wrong"):
        await poster.log_in()


async def test_a_deactivated_account_stops_the_channel(house: House, client: Client) -> None:
    person, room = house.guest()
    poster = account(client, house.server, room, user=person.id, password="hemmelig")
    guard = house.server.account("vakt", admin=True)
    guard.ask("POST", f"/_synapse/admin/v1/deactivate/{person.id}", {})
    with pytest.raises(Stopped):
        await poster.log_in()


async def test_a_server_that_takes_no_password_is_told_of(strict: Synapse, client: Client) -> None:
    poster = account(client, strict, "!rom:localhost", user="klyngen", password="hemmelig")
    with pytest.raises(Stopped, match="If the server takes no password, set TOKEN instead"):
        await poster.log_in()


async def test_an_address_without_a_matrix_is_told_of(house: House, client: Client) -> None:
    poster = account(client, house.server, house.room, token=house.klyngen.token)
    poster.to = poster.to.model_copy(update={"server": f"{house.server.url}/annet"})
    with pytest.raises(Stopped, match="there is no Matrix at this address"):
        await poster.do("verify")


async def test_the_server_asks_for_nothing_that_we_do_not_send(klyngen: Account) -> None:
    answer = await klyngen.send(httpx.Request("GET", f"{klyngen.to.server}/_matrix/client/versions"))
    assert "v1.10" in answer.json()["versions"]
