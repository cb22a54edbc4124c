"""What becomes of a post in doubt where the platform can be asked, of one that is taken back, and of sessions that end.

The platforms here are real enough to forget nothing: a Zulip that keeps its messages, a Bluesky that keeps its records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from bot import kinds
from bot.model import Mistake
from bot.outcome import State
from bot.sessions import sessions_of
from bot.settings import Channel
from bot.store.adoption import adopt
from bot.store.schema import deliveries
from tests.servers import Answer, Server, Taken, rss
from tests.test_pipeline import ONE, THREE, TWO, Bench
from tests.values import a_channel


@dataclass
class Zulip:
    """The messages of a channel; what is lost is taken but not answered."""

    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    lose: int = 0
    refuse_reading: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, taken: Taken) -> Answer:
        path = taken.path.partition("?")[0]
        self.asked.append(f"{taken.method} {path}")
        form = {name: values[0] for name, values in parse_qs(taken.body.decode()).items()}
        if (taken.method, path) == ("POST", "/api/v1/messages"):
            id = len(self.messages) + 1
            self.messages[id] = {"id": id, "content": form["content"], "timestamp": 4_000_000_000}
            self.lose -= 1
            return said(id=id) if self.lose < 0 else Answer(drop=True)
        if (taken.method, path) == ("GET", "/api/v1/messages"):
            return (
                Answer(400, b'{"code": "BAD_REQUEST"}')
                if self.refuse_reading
                else said(messages=[*self.messages.values()])
            )
        if taken.method == "DELETE":
            self.messages.pop(int(path.rpartition("/")[2]))
        return said()


def said(**values: Any) -> Answer:
    return Answer(body=json.dumps({"result": "success", **values}).encode())


@dataclass
class Case:
    bench: Bench
    zulip: Zulip
    server: Server

    async def publish(self, *articles: tuple[int, str]) -> None:
        self.bench.site.body = rss(*articles)
        await self.bench.trigger()

    @property
    def state(self) -> list[str]:
        return self.bench.states("tulip")


def only(bench: Bench, channel: Channel) -> None:
    bench.config = bench.config.model_copy(update={"channels": {channel.name: channel}})


@pytest.fixture
def case(tmp_path: Path, database: str) -> Iterator[Case]:
    bench, zulip = Bench(tmp_path / "state", database), Zulip()
    with Server(zulip) as server:
        to = {"server": server.address, "email": "bot@x.example", "key": SecretStr("hemmelig"), "stream": "nytt"}
        settings = kinds.load("zulip").settings(**to)
        only(bench, a_channel("tulip", "zulip", settings, allow_private=True, images=False))
        yield Case(bench, zulip, server)
    bench.end()


async def test_a_post_whose_answer_was_lost_is_looked_for_and_found(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(TWO, ONE)
    assert case.state == [State.DUE]
    await case.bench.days(0.01)
    assert case.state == [State.SENT]
    assert len(case.zulip.messages) == 1
    assert case.zulip.asked.count("POST /api/v1/messages") == 1


async def test_not_even_a_person_in_a_hurry_looks_before_the_platform_has_surely_shown_it(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(TWO, ONE)
    slow, case.zulip.messages = case.zulip.messages, {}
    await case.bench.trigger()
    assert "GET /api/v1/messages" not in case.zulip.asked and case.state == [State.DUE]
    case.zulip.messages = slow
    await case.bench.days(0.01)
    assert case.state == [State.SENT] and case.zulip.asked.count("POST /api/v1/messages") == 1


async def test_a_post_that_is_not_there_is_posted_again(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(TWO, ONE)
    case.zulip.messages.clear()
    await case.bench.days(0.01)
    assert case.state == [State.SENT]
    assert len(case.zulip.messages) == 1
    assert case.zulip.asked.count("POST /api/v1/messages") == 2


async def test_where_nobody_may_look_a_person_is_asked(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose, case.zulip.refuse_reading = 1, True
    await case.publish(TWO, ONE)
    await case.bench.days(0.01)
    assert case.state == [State.UNKNOWN]
    assert "could not be looked up" in case.bench.rows()[-1]["why"]
    await case.bench.days(1)
    assert len(case.zulip.messages) == 1


async def test_a_doubt_holds_up_no_other_post(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(THREE, TWO, ONE)
    assert sorted(case.state) == [State.DUE, State.SENT]


async def test_what_a_person_takes_back_is_deleted_and_stays_away(case: Case) -> None:
    await case.publish(ONE)
    await case.publish(TWO, ONE)
    (row,) = [row for row in case.bench.rows() if row["state"] == State.SENT]
    ask = case.bench.decide("retract", [row["id"]]).ask
    assert ask is not None
    await case.bench.trigger(channels=ask.channels, poll=False)
    assert case.state == [State.RETRACTED]
    assert case.zulip.messages == {}
    assert any(event.state == "retracted" for event in case.bench.told)
    await case.publish((2, "Andre sak, rettet"), ONE)
    assert case.state == [State.RETRACTED] and case.zulip.messages == {}


async def test_what_was_not_sent_or_can_not_be_deleted_is_not_taken_back(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(TWO, ONE)
    (row,) = case.bench.rows()
    with pytest.raises(Mistake, match="it is due"):
        case.bench.decide("retract", [row["id"]])


async def test_slack_takes_nothing_back(tmp_path: Path, database: str) -> None:
    bench = Bench(tmp_path / "state", database)
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    row = next(row for row in bench.rows() if row["channel"] == "room")
    with pytest.raises(Mistake, match="this platform takes nothing back"):
        bench.decide("retract", [row["id"]])


@dataclass
class Pds:
    """Accounts' records by their keys, and which access tokens are good."""

    address: str = ""
    records: dict[str, Any] = field(default_factory=dict)
    logins: int = 0
    good: str = ""

    def __call__(self, taken: Taken) -> Answer:
        name = taken.path.rpartition("/")[2].partition("?")[0]
        if name in ("com.atproto.server.createSession", "com.atproto.server.refreshSession"):
            self.logins += 1
            self.good = f"access-{self.logins}"
            did = {"id": "did:plc:x", "service": [{"id": "#atproto_pds", "serviceEndpoint": self.address}]}
            session = {
                "did": "did:plc:x",
                "handle": "x.example",
                "accessJwt": self.good,
                "refreshJwt": "r",
                "didDoc": did,
            }
            return Answer(body=json.dumps(session).encode())
        if taken.headers.get("authorization") != f"Bearer {self.good}":
            return Answer(400, b'{"error": "ExpiredToken", "message": "Token has expired"}')
        body = taken.json
        self.records[body["rkey"]] = body["record"]
        return Answer(
            body=json.dumps({"uri": f"at://did:plc:x/app.bsky.feed.post/{body['rkey']}", "cid": "c"}).encode()
        )


async def test_a_session_is_made_once_kept_and_made_anew_when_it_ends(tmp_path: Path, database: str) -> None:
    bench, pds = Bench(tmp_path / "state", database), Pds()
    with Server(pds) as server:
        pds.address = server.address
        settings = kinds.load("bluesky").settings(
            handle="x.example", password=SecretStr("abcd-efgh-ijkl-mnop"), server=server.address
        )
        only(bench, a_channel("sky", "bluesky", settings, allow_private=True, images=False))
        await bench.trigger()
        bench.site.body = rss(TWO, ONE)
        await bench.trigger()
        bench.site.body = rss(THREE, TWO, ONE)
        await bench.trigger()
        assert (len(pds.records), pds.logins) == (2, 1)

        pds.good = "another"
        bench.site.body = rss((4, "Fjerde sak"), THREE, TWO, ONE)
        await bench.trigger()
        assert bench.states("sky").count(State.DUE) == 1
        await bench.days(0.01)
        assert (len(pds.records), pds.logins) == (3, 2)
    with closing(bench.store()) as store:
        kept = str(sessions_of(store).drawer.take("sky"))
    assert "access-2" in kept and "abcd-efgh" not in kept


async def test_what_was_prepared_for_one_account_is_not_used_on_another(case: Case) -> None:
    await case.publish(ONE)
    case.zulip.lose = 1
    await case.publish(TWO, ONE)
    (row,) = case.bench.rows()
    case.bench.write(lambda connection: connection.execute(update(deliveries).values(prepared={"media": "1"})))
    here = case.bench.config.channels["tulip"].settings
    elsewhere = here.model_copy(update={"stream": "annet"})
    for settings, kept in ((here, {"media": "1"}), (elsewhere, None)):
        case.bench.write(adopt, {"tulip": kinds.load("zulip").target_of(settings)}, {})
        assert [each["prepared"] for each in case.bench.rows() if each["id"] == row["id"]] == [kept]
