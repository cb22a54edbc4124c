"""Nothing out: canary secrets in every place of a configuration, and a search through every byte that leaves it.

Each canary holds the word "kanari" again and again, so that a piece of it tells as well as the whole.
"""

from __future__ import annotations

import asyncio
import gc
import html
import json
import re
import signal
import socket
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import httpx
import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import make_url

from bot import kinds
from bot.cli import terminal
from bot.config.load import look
from bot.config.values import holds_secret
from bot.hush import secrets_of, secrets_of_address, secrets_of_session
from bot.kinds import load
from bot.life import LIFE_SIGN
from bot.model import Attempt, Problem, Receipt
from bot.net.client import Client
from bot.outcome import Doing
from bot.points import Point
from bot.send import Sender, perform
from bot.sessions import SessionFile, Sessions
from bot.settings import BotSettings
from bot.shelf import Shelf
from bot.store.database import open_store
from bot.story import Listeners
from bot.world import World, clock
from tests.goldens import NOW, cases_of, post_of, usual
from tests.installation import ROOT, Installation, until
from tests.servers import Answer, Server, Site, Taken, rss

MARK = b"kanari"
WORD = "kanari"


# --- The search ----------------------------------------------------------------------------------------------------


def forms(mark: bytes) -> set[bytes]:
    """The ways in which a mark may stand in something: plain, and what Base64 makes of it at each of its places."""
    cores = {mark, mark.hex().encode(), b"kana-rika"}
    for ahead in range(3):
        # The first and the last sign also hold bits of the neighbours, so only what is between them is sure.
        encoded = b64encode(b"x" * ahead + mark).rstrip(b"=")
        cores.add(encoded[(ahead * 8 + 5) // 6 : (ahead + len(mark)) * 8 // 6])
    return cores


FORMS = forms(MARK)


def found(data: bytes | str) -> list[bytes]:
    """Where a canary stands in something, with its surroundings; also one that is escaped as in an address or JSON."""
    data = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    lower = data.lower()
    seen = [(lower if form.islower() else data).find(form) for form in FORMS]
    seen += [unquote_to_bytes(data.replace(b"+", b" ")).lower().find(MARK)] if b"%" in data else []
    return [data[max(at - 60, 0) : at + 60] for at in seen if at >= 0]


@pytest.mark.parametrize(
    "hidden",
    [
        b"kanari", b"KANARI", quote("kanari/x").encode(), b"k%61nari", b64encode(b"kanari"), b64encode(b"a:kanari"),
        b64encode(b"ab:kanarifugl"), b64encode(b"abc:kanari/"), b"kanari".hex().encode(), b'{"a":"kanari"}',
    ],
)  # fmt: skip
def test_a_canary_is_found_in_every_form(hidden: bytes) -> None:
    assert found(b"..." + hidden + b"...")
    assert not found(b"a canary, an \xc3\xb8rn and a " + b64encode(b"kingfisher"))


# --- Every kind, whatever it is answered ---------------------------------------------------------------------------

SETTINGS: dict[str, dict[str, str]] = {
    "apprise": {"url": "pover://bruker@kanariappriseB/kanari"},
    "bluesky": {"handle": "klyngen.bsky.social", "password": "kana-rika-nari-kana"},
    "console": {},
    "discord": {"url": "https://discord.com/api/webhooks/100000000000000000/kanaridiscordkanaridiscord"},
    "email": {"host": "smtp.klynge.example", "from": "a@klynge.example", "to": "b@klynge.example", "user": "a",
              "password": "kanarimail"},
    "facebook": {"page_id": "102030405060708", "token": "kanaritoken", "app_secret": "kanariapp"},
    "googlechat": {"url": "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=kanarikey&token=kanari%2Fkanari%3D"},
    "linkedin": {"organization": "5583111", "token": "kanarilinkedin"},
    "mastodon": {"server": "https://tut.example", "token": "kanarimastodon"},
    "matrix": {"server": "https://matrix.klynge.example", "room": "!rom:klynge.example", "token": "syt_kanarimatrix"},
    "mattermost": {"url": "https://chat.example.org/hooks/kanarimattermostkanari1234"},
    "ntfy": {"url": "https://ntfy.sh/kanaritopic", "token": "tk_kanarintfykanarintfykanari"},
    "rocketchat": {"url": "https://chat.example.org/hooks/kanarirocket12345/kanarikanarikanarikanarikanarikanari123456"},
    "slack": {"url": "https://hooks.slack.com/services/T0KANARI01/B0KANARI02/kanarislackkanari"},
    "teams": {"url": "https://default0123.4f.environment.api.powerplatform.com:443/powerautomate/automations/direct/"
              "workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke?api-version=1&sig=kanari-_x%2Fy"},
    "telegram": {"token": "123456789:kanaritelegramkanaritelegram01", "chat": "@klyngen"},
    "threads": {"token": "kanarithreads"},
    "webhook": {"url": "https://mottaker.example/kanarikrok?token=kanariquery",
                "secret": "whsec_" + b64encode(b"kanari" * 5).decode()},
    "zulip": {"server": "https://klynge.zulipchat.example/", "email": "bot@klynge.example", "key": "kanari" * 5 + "ka",
              "stream": "nyheter"},
}  # fmt: skip
OTHER_WAYS: list[tuple[str, dict[str, str]]] = [
    (
        "matrix",
        {"server": "https://m.example", "room": "!r:m.example", "user": "@b:m.example", "password": "kanaripass"},
    ),
    (
        "mattermost",
        {"server": "https://chat.example.org", "channel_id": "c" * 26, "token": "kanarimattermosttoken12345"},
    ),
    (
        "rocketchat",
        {"server": "https://chat.example.org", "room_id": "nyheter", "user_id": "u" * 17, "token": "kanarirocket"},
    ),
]
ALL_WAYS = [*SETTINGS.items(), *OTHER_WAYS]
KEPT = {"access": "kanariaccess", "refresh": "kanarirefresh", "token": "kanarisession"}
VERBS: dict[str, Doing] = {
    "renew": "ask", "verify": "ask", "prepare": "prepare", "publish": "publish", "look_up": "ask", "revise": "publish",
    "retract": "publish",
}  # fmt: skip
STATUSES = (200, 204, 302, 400, 401, 403, 404, 409, 413, 424, 429, 500, 503, 535)


class Parrot(Sender):
    """Instead of a platform: repeats secrets in an answer of that platform's own form."""

    answer: tuple[int, str] = (200, "")
    echo = ""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        status, body = self.answer
        heads = ("Location", "Retry-After", "WWW-Authenticate", "X-Error", "Set-Cookie", "step", "X-RestLi-Id")
        headers = dict.fromkeys(heads, self.echo)
        return httpx.Response(status, headers=headers, text=body, request=request)


def echoes(kind: str, secrets: set[str]) -> Iterator[tuple[int, str]]:
    """Answers that repeat the secrets: in the forms that the platform is known to use, and in some that none does."""
    echo = " ".join(sorted(secrets))
    codes = (
        "error",
        "code",
        "message",
        "msg",
        "description",
        "detail",
        "reason",
        "title",
        "status",
        "errcode",
        "id",
        "url",
    )
    anywhere = dict.fromkeys(codes, echo)
    for status in STATUSES:
        yield status, f"<html><title>{html.escape(echo)}</title>{echo}</html>"
        yield status, json.dumps({**anywhere, "errors": [anywhere], "ok": False})
        yield status, json.dumps({"error": anywhere, "result": anywhere})
    lines = {answer for case in cases_of(kind)[1] for answer in case.answers}
    for line in sorted(lines):
        if match := re.fullmatch(r"(\d{3})(?: \[[^\]]*\])?(?: (.*))?", line):
            with suppress(ValueError):
                yield (
                    int(match[1]),
                    json.dumps(with_echo(json.loads(match[2] or ""), max(secrets, key=len, default=""))),
                )


def with_echo(value: Any, echo: str) -> Any:
    """The same value with every text in it replaced."""
    if isinstance(value, dict):
        return {name: with_echo(inner, echo) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_echo(inner, echo) for inner in value]
    return echo if isinstance(value, str) else value


usual_of = cache(usual)


def kept_of(kind: str) -> dict[str, str]:
    return {**usual_of(kind).get("kept", {}), **KEPT} if load(kind).renew else {}


async def outcome(kind: str, verb: str, settings: BaseModel, send: Sender, post: Any) -> str:
    """All that comes of a verb, as it could be told or kept. Of an exception that is no problem, only its type is."""
    made, kept = load(kind), kept_of(kind)
    attempt, receipt = Attempt(NOW, usual_of(kind).get("prepared", {}), kept), Receipt("1", "https://x.example/1", {})
    given = {
        "revise": (post, receipt, attempt), "retract": (receipt, attempt), "verify": (attempt,), "renew": (attempt,),
    }.get(verb, (post, attempt))  # fmt: skip
    try:
        value = await perform(getattr(made, verb)(*given, settings), send, doing=VERBS[verb], now=lambda: NOW)
    except Problem as problem:
        return f"{problem.why} {problem} {problem!r} {problem.args} {getattr(problem, 'so_far', None)}"
    except Exception as error:  # noqa: BLE001 - as in drain, where a kind may stumble over an answer
        return type(error).__name__
    return "" if verb == "renew" else repr(value)


@pytest.mark.parametrize(("kind", "to"), ALL_WAYS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(ALL_WAYS)])
async def test_whatever_a_platform_repeats_no_secret_is_told_or_kept(kind: str, to: dict[str, str]) -> None:
    settings = load(kind).settings(**to)
    secrets = secrets_of(settings) | (secrets_of_session(KEPT) if load(kind).renew else set())
    send = Parrot(Client(user_agent="x"), None, secrets)
    post = post_of({"entry": [{"title": "Sak", "link": "https://klynge.example/sak/", "html": "<p>Nytt.</p>"}]})
    told = []
    for answer in echoes(kind, secrets):
        send.answer, send.echo = answer, " ".join(secrets)
        told += [await outcome(kind, verb, settings, send, post) for verb in VERBS if getattr(load(kind), verb)]
    assert [leak for said in set(told) for leak in found(said)] == []
    assert len(set(told)) > 3 or kind == "console"


# --- What holds a secret never shows it ----------------------------------------------------------------------------


def canaried(model: type[BaseModel], given: dict[str, str]) -> BaseModel:
    """Settings in which every secret is a canary."""
    made = model(**given)
    secret = [name for name, info in model.model_fields.items() if holds_secret(info)]
    bare = [name for name in secret if getattr(made, name) is None or not getattr(made, name).get_secret_value()]
    made = made.model_copy(update={name: SecretStr(f"kanari-{name}") for name in bare})
    assert all(found(getattr(made, name).get_secret_value()) for name in secret)
    return made


@pytest.mark.parametrize("model", [*kinds.names(), "bot.env"])
def test_no_settings_show_a_secret(model: str) -> None:
    made = canaried(BotSettings if model == "bot.env" else load(model).settings, SETTINGS.get(model, {}))
    shown = (repr(made), str(made), f"{made}", made.model_dump_json(), repr(made.model_dump()), repr(vars(made)))
    assert [leak for text in shown for leak in found(text)] == []


def test_every_setting_that_sounds_like_a_secret_is_one() -> None:
    models: list[type[BaseModel]] = [BotSettings, *(load(name).settings for name in kinds.names())]
    fields = [(model, name, info) for model in models for name, info in model.model_fields.items()]
    sounding = [
        (m.__module__, n) for m, n, i in fields if re.search("(token|secret|password|key)$", n) and not holds_secret(i)
    ]
    assert sounding == []


def test_every_piece_of_a_secret_is_known() -> None:
    slack = secrets_of(load("slack").settings(**SETTINGS["slack"]))
    assert {"T0KANARI01", "B0KANARI02", "kanarislackkanari"} <= slack and "services" not in slack
    assert {"kanari/kanari=", "kanari%2Fkanari%3D"} <= secrets_of(load("googlechat").settings(**SETTINGS["googlechat"]))
    feed = secrets_of_address("https://leser:kanari%21pass@klynge.example/nyheter/?type=nyheter&token=kanaritoken")
    assert {"kanari%21pass", "kanari!pass", "kanaritoken"} <= feed and "nyheter" not in feed


# --- An installation, its commands and everything they say ---------------------------------------------------------


class Repeater(Server):
    """A platform that repeats all it was asked, with one status after another."""

    def __init__(self, elsewhere: str, statuses: list[int]) -> None:
        self.taken: list[Taken] = []
        self._elsewhere, self.statuses = elsewhere, statuses
        super().__init__(self._say)

    def _say(self, taken: Taken) -> Answer:
        self.taken.append(taken)
        status = self.statuses[0]
        given = taken.headers.get("authorization", taken.path).rpartition(" ")[2]
        names = ("error", "message", "description", "detail", "code", "id", "name", "url", "event_id")
        new = {"access_token": "kanarisessionkanari", "user_id": "@bot:klynge.example", "device_id": "D"}
        headers = {"X-Echo": given, "Retry-After": given, "Location": f"{self._elsewhere}{taken.path}"}
        return Answer(status, json.dumps(dict.fromkeys(names, given) | new).encode(), headers, drop=not status)


class House(Installation):
    """An installation with a canary wherever a secret can be, each channel with a server of its own."""

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        super().__init__(folder)
        self.folder = folder
        self.elsewhere = servers.enter_context(Site(b"nothing"))
        self.site = servers.enter_context(Site(rss((1, "Sak"))))
        self.servers = {
            name: servers.enter_context(Repeater(self.elsewhere.address, [200]))
            for name in (*PLACES, "puls")
            if name != "email"
        }
        self.more = {"KANARI_SLACK": "kanarislackkanarislack1", "LOUD_WORDS": "kanari in the words of an exception"}
        self.more["LOUD_MARK"] = str(folder / "stumbled")
        self.write("secrets/token", "kanarimastodonkanari\n")
        self.write("bot.env", f"ALERTS=webhook\nHEARTBEAT_URL={self.servers['puls'].address}/kanaripuls?k=kanari\n")
        self.secret_feed(self.site, "klyngen", "FIRST_RUN=latest\n")
        for name, lines in PLACES.items():
            server = self.servers.get(name, self.servers["puls"])
            text = lines.replace("{server}", server.address).replace("{port}", str(server.port))
            self.write(f"channels/{name}.env", f"KIND={name}\nALLOW_PRIVATE=yes\nIMAGES=no\n{text}\n")

    def secret_feed(self, site: Site, name: str, more: str = "") -> None:
        address = site.address.replace("http://", "http://leser:kanaripass@")
        self.feed(f"{address}/feed/?token=kanaritoken", name, more)

    def news(self, number: int) -> None:
        self.site.body = rss(*((n, f"Sak {n}") for n in range(number, 0, -1)))

    @property
    def environment(self) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        # Warnings are told rather than raised, since they too may tell too much.
        places = {"HOME": str(self.folder / "home"), "TMPDIR": str(temporary), "PYTHONWARNINGS": "default"}
        return {**super().environment, **self.more, **places}

    def loud(self, *arguments: str, typed: str | None = None) -> str:
        """All that a command says with everything turned on."""
        done = self.run(*arguments, main="tests.loud", typed=typed)
        assert "Traceback" not in done.stderr, done.stderr
        return f"{done.stdout}{done.stderr}"

    def kept(self) -> dict[Path, bytes]:
        """Every file that was written outside the credentials."""
        own = (self.config, self.state / "sessions.json")
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in files if not any(path.is_relative_to(home) for home in own)}

    def nothing_is_out(self, said: list[str]) -> None:
        """See that no canary was said, or written outside the credentials."""
        assert [leak for text in said for leak in found(text)] == []
        assert [(path, leak) for path, data in self.kept().items() for leak in found(data)] == []


PLACES = {
    "slack": "URL={server}/services/T0KANARI01/B0KANARI02/${KANARI_SLACK}",
    "webhook": "URL={server}/kanarihook?token=kanariquery\nSECRET=whsec_" + b64encode(b"kanari" * 5).decode(),
    "discord": "URL={server}/api/webhooks/100000000000000001/kanaridiscordkanaridiscord",
    "mattermost": "URL={server}/hooks/kanarimattermostkanari1234",
    "googlechat": "URL={server}/v1/spaces/AAAA/messages?key=kanarichatkey&token=kanarichattoken%3D",
    "ntfy": "URL={server}/kanaritopic\nTOKEN=tk_kanarintfykanarintfykanari",
    "mastodon": "SERVER={server}\nTOKEN_FILE=../secrets/token",
    "matrix": "SERVER={server}\nROOM=!rom:klynge.example\nUSER=@bot:klynge.example\nPASSWORD=kanarimatrix",
    "zulip": "SERVER={server}\nEMAIL=bot@klynge.example\nKEY=" + "kanari" * 5 + "ka\nSTREAM=nyheter",
    "apprise": "URL=json://bruker:kanariapprise@127.0.0.1:{port}/kanaristi",
    "email": (
        "HOST=127.0.0.1\nPORT=9\nSECURITY=none\nFROM=a@klynge.example\nTO=b@klynge.example\nUSER=a\nPASSWORD=kanarimail"
    ),
}
WEATHER = [200, 401, 400, 429, 500, 307, 0]
COMMANDS = [
    ("status",), ("status", "--json"), ("preview", "--json"), ("preview", "--html", "{}/page.html"),
    ("check", "--send"), ("trigger", "--dry-run"),
    ("trigger", "--item=latest", "--again", "--channel=webhook", "--json"), ("pause",), ("resume", "slack"),
    ("approve", "1"), ("retry", "1"), ("skip", "2"), ("retract", "1"), ("backup", "{}/copy.sqlite3"),
    ("restore", "{}/copy.sqlite3"), ("doctor", "--json"),
    ("pause", "https://hooks.slack.com/services/T0KANARI01/B0KANARI02/kanari"),
    ("init", "http://leser:kanari@127.0.0.1:9/"),
    ("add", "https://hooks.slack.com/services/T0KANARI01/B0KANARI02/kanari"),
]  # fmt: skip
TYPED = [
    "https://hooks.slack.com/services/T0KANARI01/B0KANARI02/kanari kanari\n",
    "slack\nkanari\n",
    "telegram\nkanari\n",
]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as servers:
        made = House(tmp_path, servers)
        yield made
        made.end()


def test_no_command_lets_a_secret_out_whatever_it_is_answered(house: House) -> None:
    said = [house.loud("trigger")]
    for place, server in enumerate(house.servers.values()):
        server.statuses = [WEATHER[place % len(WEATHER)]]
    house.news(2)
    said.append(house.loud("trigger", "--json"))
    said += [house.loud(*(word.format(house.folder) for word in words)) for words in COMMANDS]
    said += [house.loud("add", typed=typed) for typed in TYPED]
    house.nothing_is_out(said)
    assert "kanarisession" in (house.state / "sessions.json").read_text()
    assert [name for name, server in house.servers.items() if not server.taken] == ["puls"]
    nothing_went_astray(house)


def on_database(house: House, address: str, port: int | None = None) -> None:
    """Keep the state in a database whose address holds a canary; at a port at which nobody listens, if one is given."""
    secret = make_url(address).set(password="kanaridatabase")
    if port:
        secret = secret.set(host="127.0.0.1", port=port, query={})
    lines = (house.config / "bot.env").read_text().partition("DATABASE_URL")[0]
    house.write("bot.env", f"{lines}DATABASE_URL={secret.render_as_string(hide_password=False)}\n")


def test_neither_the_password_of_the_database_nor_what_it_holds_is_let_out(house: House, database_url: str) -> None:
    house.loud("trigger")
    on_database(house, database_url)
    said = [house.loud("migrate"), house.loud("trigger")]
    house.news(2)
    said += [house.loud(*(word.format(house.folder) for word in words)) for words in COMMANDS]
    daemon = house.start("run", main="tests.loud")
    with ThreadPoolExecutor(1) as listening:
        heard = listening.submit(lambda: daemon.communicate(timeout=60))
        until((house.state / LIFE_SIGN).exists, "its sign of life")
        said.append(house.loud("status"))
        daemon.send_signal(signal.SIGINT)
        said += heard.result()
    on_database(house, database_url, port=9)
    away = [house.loud(*words) for words in (("status",), ("trigger",), ("run",), ("doctor",), ("migrate",))]
    assert all("can't be reached" in text for text in away)
    house.nothing_is_out(said + away)


def nothing_went_astray(house: House) -> None:
    """See that no server was told what belongs to another, and that no post and no password followed a redirect."""
    assert [taken for taken in house.elsewhere.asked if found(str(taken))] == []
    own = {name: set(re.findall(r"kanari\w{4,}", lines)) for name, lines in PLACES.items()}
    own |= {"slack": {house.more["KANARI_SLACK"]}, "mastodon": {"kanarimastodonkanari"}, "puls": {"kanaripuls"}}
    own["site"] = {"kanaripass"}
    for name, server in [*house.servers.items(), ("site", house.site)]:
        taken = server.taken if isinstance(server, Repeater) else house.site.asked
        told = b"\n".join(part for one in taken for part in (str(one).encode(), one.body, _decoded(one)))
        others = set[str]().union(*(mine for other, mine in own.items() if other != name)) - own[name]
        assert [canary for canary in others if canary.encode() in told] == [], name


def _decoded(taken: Taken) -> bytes:
    with suppress(ValueError):
        return b64decode(taken.headers.get("authorization", "").rpartition(" ")[2])
    return b""


def test_no_feed_that_breaks_lets_a_secret_out(house: House) -> None:
    there = {"Location": f"{house.elsewhere.address}/kanaritoken/?token=kanaritoken"}
    troubles = [
        Answer(302, headers=there), Answer(301, headers=there), Answer(404, b"kanaritoken"), Answer(401, b"kanaripass"),
        Answer(200, b"<html><link rel=alternate type='application/rss+xml' href='/kanaritoken'>"), Answer(drop=True),
        Answer(200, rss((1, "Sak")), {"ETag": "kanaritoken", "Last-Modified": "kanaritoken"}),
    ]  # fmt: skip
    with ExitStack() as servers:
        for number, trouble in enumerate(troubles):
            site = servers.enter_context(Site())
            site.answer = trouble
            house.secret_feed(site, f"nr{number}")
        house.site.end()
        said = [house.loud("trigger"), house.loud("trigger", "--json"), house.loud("check"), house.loud("status")]
    said.append(house.loud("doctor"))
    house.nothing_is_out(said)
    assert all("authorization" not in taken.headers for taken in house.elsewhere.asked)


@pytest.mark.parametrize(("style", "point"), [("text", "fetched"), ("json", "answered")])
def test_the_daemon_lets_no_secret_out_not_even_when_it_stumbles(house: House, style: str, point: Point) -> None:
    house.write("bot.env", f"{(house.config / 'bot.env').read_text()}LOG_FORMAT={style}\n")
    house.more |= {"LOUD_FAULT": point, "NOTIFY_SOCKET": str(house.folder / "notify")}
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notified.bind(house.more["NOTIFY_SOCKET"])
    notified.settimeout(30)
    daemon = house.start("run", main="tests.loud")
    with notified, ThreadPoolExecutor(1) as listening:
        heard = listening.submit(lambda: daemon.communicate(timeout=60))
        until(lambda: bool(house.servers["puls"].taken), "the daemon's heartbeat")
        until((house.folder / "stumbled").exists, "its fault")
        line = Path(f"/proc/{daemon.pid}/cmdline").read_text()
        house.write("channels/broken.env", "KIND=slack\nURL=kanari://kanari\nTOKEN=kanari\n")
        daemon.send_signal(signal.SIGHUP)
        reloaded = [*iter(lambda: notified.recv(1000), b"RELOADING=1"), *iter(lambda: notified.recv(1000), b"READY=1")]
        daemon.send_signal(signal.SIGINT)
        out, err = heard.result()
    house.nothing_is_out([out, err, line, repr(reloaded)])
    assert "RuntimeError" in err and "configuration stays as it was" in err


def test_a_fault_of_a_command_is_told_by_where_it_was_and_not_by_its_words() -> None:
    program = """
import sys
from bot.cli import app, main
def stumble() -> None:
    raise RuntimeError("kanari")
app.command()(stumble)
sys.argv = ["delebot", "stumble"]
main()
"""
    command = [sys.executable, "-X", "dev", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("Delebot has a fault: RuntimeError in ")
    assert done.stderr.count("\n") == 1 and not found(done.stderr)


def test_what_goes_wrong_in_the_background_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def stumble(address: str) -> None:
        raise RuntimeError(address)

    async def work() -> None:
        forgotten = asyncio.create_task(stumble("kanari"))
        await asyncio.wait({forgotten})
        del forgotten
        gc.collect()
        asyncio.get_running_loop().call_soon(int, "kanari")
        await asyncio.sleep(0)

    terminal.go(work())
    assert "Task exception was never retrieved: RuntimeError in stumble" in caplog.text
    assert "Exception in callback int: ValueError" in caplog.text
    assert found(caplog.text) == []


def test_in_pythons_own_development_mode_nothing_is_let_out(house: House) -> None:
    house.servers["mastodon"].statuses = [401]
    done = house.run("trigger", before=["env", "PYTHONDEVMODE=1", "PYTHONASYNCIODEBUG=1", "PYTHONWARNINGS=default"])
    house.nothing_is_out([done.stdout, done.stderr])
    assert "mastodon" in done.stderr


def test_through_a_proxy_its_password_goes_to_the_proxy_alone(house: House) -> None:
    with ExitStack() as servers:
        proxy = servers.enter_context(Repeater("http://127.0.0.1:9", [407]))
        house.write("bot.env", f"ALERTS=webhook\nPROXY=http://bruker:kanariproxy@127.0.0.1:{proxy.port}\n")
        house.nothing_is_out([house.loud("trigger"), house.loud("check"), house.loud("doctor")])
        assert any("proxy-authorization" in taken.headers for taken in proxy.taken)
    assert house.site.asked == []
    assert [name for name, server in house.servers.items() if server.taken and name != "apprise"] == []


async def test_the_values_that_travel_through_the_program_show_no_secret(house: House) -> None:
    config, _ = look(house.config, house.environment)
    store = open_store(house.state)
    async with Client(user_agent="x", proxy="http://bruker:kanariproxy@127.0.0.1:9") as client:
        world = World(config, store, client, Listeners(), Sessions(SessionFile(house.state)), Shelf(house.state), clock)
        values = (
            config,
            *config.feeds.values(),
            *config.channels.values(),
            world,
            client,
            Sender(client, None, {WORD}),
        )
        assert [leak for value in values for leak in found(f"{value!r} {value}")] == []
    store.close()
    assert len(config.channels) == len(PLACES)
