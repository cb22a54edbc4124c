"""What becomes of an e-mail: against a real server on this machine, whatever it says and wherever it falls silent."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as WIRE
from typing import Any

import httpx
import pytest
import trustme
from aiosmtpd.smtp import SMTP as Smtpd  # noqa: N811 - aiosmtplib has an SMTP too
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from bot import model
from bot.kinds import load
from bot.model import Attempt, Busy, Entry, Occasion, Problem, Receipt, Refused, Stopped, Unknown
from bot.net.client import Client
from bot.net.mail import Security, send
from bot.net.trouble import NetProblem
from bot.posts.read import read
from bot.send import perform, sender
from bot.settings import Channel, ChannelSettings
from tests.goldens import NOW

HERE = "127.0.0.1"
NAMES = {"mail.example": [HERE], "inside.example": ["10.0.0.5", "fd00::5"], "nothing.example": []}
GOOD = LoginPassword(b"klyngen", "hemmelig-æ".encode())
SUBJECT = "Sølv til klyngen"


def lookup(host: str, *_: int) -> list[str]:
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "not known")
    return NAMES[host]


@dataclass
class Post:
    """A server's office: what it says to each command, and the messages that it took.

    A word of `says` is the reply to that command; lost closes the connection instead, and silent says nothing.
    """

    says: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    async def _reply(self, command: str, server: Smtpd, usual: str) -> str:
        self.asked.append(command)
        said = self.says.get(command, usual)
        if said == "lost":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if said in ("lost", "silent"):
            await asyncio.Event().wait()
        return said

    async def handle_MAIL(self, server: Smtpd, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return await self._reply("MAIL", server, "250 OK")

    async def handle_RCPT(self, server: Smtpd, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return await self._reply("RCPT", server, "250 OK")

    async def handle_DATA(self, server: Smtpd, _: Session, envelope: Envelope) -> str:  # noqa: N802
        said = await self._reply("DATA", server, "250 2.0.0 taken as 42")
        if said.startswith("250"):
            self.taken.append(envelope)
        return said

    async def handle_NOOP(self, server: Smtpd, *_: object) -> str:  # noqa: N802
        return await self._reply("NOOP", server, "250 OK")

    def login(self, *asked: Any) -> AuthResult:
        """Whether a name and password are those of the one account."""
        self.asked.append("AUTH")
        return AuthResult(success=asked[-1] == GOOD, handled=False)


@asynccontextmanager
async def serving(post: Post, *, tls: ssl.SSLContext | None = None, **wishes: Any) -> AsyncIterator[Post]:
    """A server at work, over TLS from the first byte where a context is given."""

    def talk() -> Smtpd:
        return Smtpd(post, hostname="mail.example", enable_SMTPUTF8=False, authenticator=post.login, **wishes)

    server = await asyncio.get_running_loop().create_server(talk, HERE, 0, ssl=tls)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("mail.example").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA) -> ssl.SSLContext:
    """What we trust."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def letter() -> bytes:
    message = EmailMessage(WIRE)
    message["Subject"] = SUBJECT
    message.set_content("En linje.\n.\n..to\nSølv.\n", cte="quoted-printable")
    return message.as_bytes()


def asking(
    port: int, host: str = "mail.example", *, security: Security = "none", login: bool = False, method: str = "POST"
) -> httpx.Request:
    mail = {"sender": "nyheter@klynge.example", "to": ["alle@klynge.example"], "security": security}
    mail |= {"user": "klyngen" if login else "", "password": "hemmelig-æ" if login else ""}
    content = letter() if method == "POST" else b""
    return httpx.Request(method, f"smtp://{host}:{port}", content=content, extensions={"mail": mail})


async def told(request: httpx.Request, **given: Any) -> httpx.Response:
    """What the driver gives, where the one host of these tests may be private."""
    return await send(request, **{"private_host": "mail.example", "lookup": lookup, **given})


async def trouble(request: httpx.Request, **given: Any) -> NetProblem:
    with pytest.raises(NetProblem) as raised:
        await told(request, **given)
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    return raised.value


# --- A message arrives ---------------------------------------------------------------------------------------------


async def test_a_message_arrives_as_it_was_written() -> None:
    async with serving(Post()) as post:
        answer = await told(asking(post.port))
    assert (answer.status_code, answer.text, answer.headers["step"]) == (250, "2.0.0 taken as 42", "data")
    (taken,) = post.taken
    assert (taken.mail_from, taken.rcpt_tos) == ("nyheter@klynge.example", ["alle@klynge.example"])
    assert isinstance(taken.content, bytes)
    message = BytesParser(policy=WIRE).parsebytes(taken.content)
    assert message["subject"] == SUBJECT
    assert message.get_content().replace("\r\n", "\n") == "En linje.\n.\n..to\nSølv.\n"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_message_and_the_password_go_over_tls(
    security: Security, certified: ssl.SSLContext, trusted: ssl.SSLContext
) -> None:
    # The server knows of TLS only where it was begun by a command.
    wishes = {"tls": certified, "auth_require_tls": False} if security == "tls" else {"tls_context": certified}
    async with serving(Post(), **wishes) as post:
        answer = await told(asking(post.port, security=security, login=True), trusted=trusted)
    assert answer.status_code == 250
    assert post.asked == ["AUTH", "MAIL", "RCPT", "DATA"]
    assert len(post.taken) == 1


async def test_nothing_is_told_before_tls_where_it_is_asked_for(trusted: ssl.SSLContext) -> None:
    async with serving(Post(), auth_require_tls=False) as post:
        answer = await told(asking(post.port, security="starttls", login=True), trusted=trusted)
    assert (answer.status_code, answer.headers["step"]) == (502, "tls")
    assert post.asked == []


async def test_a_certificate_that_is_not_trusted_ends_it_before_anything_is_sent(certified: ssl.SSLContext) -> None:
    async with serving(Post(), tls_context=certified) as post:
        problem = await trouble(asking(post.port, security="starttls", login=True))
    assert (problem.kind, problem.sent) == ("tls", False)
    assert problem.why == "the certificate of mail.example comes from an unknown authority"
    assert "SSL_CERT_FILE" in problem.remedy
    async with serving(Post(), tls=certified) as post:
        problem = await trouble(asking(post.port, security="tls"))
    assert (problem.kind, problem.sent, post.asked) == ("tls", False, [])


async def test_a_certificate_of_another_name_is_not_trusted(
    certified: ssl.SSLContext, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "post.example", [HERE])
    async with serving(Post(), tls_context=certified) as post:
        request = asking(post.port, "post.example", security="starttls")
        problem = await trouble(request, trusted=trusted, private_host="post.example")
    assert problem.why == "the certificate of post.example is made out to another name"


async def test_a_server_without_tls_at_its_port_is_told_as_that(trusted: ssl.SSLContext) -> None:
    async with serving(Post()) as post:
        problem = await trouble(asking(post.port, security="tls"), trusted=trusted)
    assert (problem.kind, problem.sent) == ("tls", False)
    assert problem.why == "mail.example does not speak TLS at this port"
    assert "SECURITY" in problem.remedy


# --- The server says no --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "says", "step"),
    [
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "from"),
        ("MAIL", "553 5.7.1 not owned by user", "from"),
        ("RCPT", "550 5.1.1 no such user here", "to"),
        ("RCPT", "450 4.2.0 greylisted, come back in five minutes", "to"),
        ("RCPT", "451 4.7.1 try again later", "to"),
        ("DATA", "554 5.7.1 looks like spam", "data"),
        ("DATA", "552 5.3.4 too large", "data"),
        ("DATA", "451 4.3.0 trouble of our own", "data"),
        ("DATA", "421 4.4.2 good-bye", "data"),
    ],
)
async def test_what_the_server_says_is_given_with_its_code_and_step(command: str, says: str, step: str) -> None:
    async with serving(Post({command: says})) as post:
        answer = await told(asking(post.port))
    assert f"{answer.status_code} {answer.text}" == says
    assert answer.headers["step"] == step
    assert post.taken == []


async def test_a_wrong_password_is_said_at_the_login_and_shown_nowhere(
    certified: ssl.SSLContext, trusted: ssl.SSLContext
) -> None:
    async with serving(Post(), tls_context=certified) as post:
        request = asking(post.port, security="starttls", login=True)
        request.extensions["mail"]["password"] = "feil-hemmelig"
        answer = await told(request, trusted=trusted)
    assert (answer.status_code, answer.headers["step"]) == (535, "login")
    assert "hemmelig" not in repr(answer) + answer.text + str(answer.headers)
    assert "MAIL" not in post.asked


async def test_a_server_that_takes_no_login_is_told_as_that() -> None:
    async with serving(Post()) as post:  # This one takes one over TLS only.
        answer = await told(asking(post.port, login=True))
    assert (answer.status_code, answer.headers["step"]) == (502, "login")


async def test_a_server_that_wants_a_login_says_so() -> None:
    async with serving(Post(), auth_required=True, auth_require_tls=True) as post:
        answer = await told(asking(post.port))
    assert (answer.status_code, answer.headers["step"]) == (530, "from")


async def test_a_server_that_takes_nobody_is_told_at_the_connection() -> None:
    async with speaking(b"554 5.3.2 no service here\r\n") as port:
        answer = await told(asking(port))
    assert (answer.status_code, answer.headers["step"]) == (554, "connect")


async def test_words_that_are_no_text_are_made_text() -> None:
    async with speaking(b"554 n\xe5 ikke\r\n") as port:
        answer = await told(asking(port))
    assert answer.text == "n? ikke"


# --- The talk breaks off -------------------------------------------------------------------------------------------


@asynccontextmanager
async def speaking(words: bytes) -> AsyncIterator[int]:
    """A server that says this and closes the connection; its port."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        writer.close()

    server = await asyncio.start_server(speak, HERE, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220-", b"\x00\xff\n", b"x" * 50_000])
async def test_what_is_no_mail_server_is_told_as_that_and_nothing_was_sent(words: bytes) -> None:
    async with speaking(words) as port:
        problem = await trouble(asking(port))
    assert (problem.kind, problem.sent) == ("broken", False)


@pytest.mark.parametrize(("command", "sent"), [("MAIL", False), ("RCPT", False), ("DATA", True)])
@pytest.mark.parametrize("how", ["lost", "silent"])
async def test_nobody_knows_whether_it_was_taken_only_where_the_answer_to_the_message_is_missing(
    command: str, sent: bool, how: str
) -> None:
    async with serving(Post({command: how})) as post:
        problem = await trouble(asking(post.port), talking=0.2 if how == "silent" else 60)
    assert problem.sent is sent
    assert problem.kind == {"lost": "broken", "silent": "timeout"}[how]
    assert problem.why.startswith("mail.example ")


async def test_a_server_that_does_not_greet_is_given_up() -> None:
    listening = socket.create_server((HERE, 0))
    with listening:
        problem = await trouble(asking(listening.getsockname()[1]), talking=0.05)
    assert (problem.kind, problem.sent) == ("timeout", False)


async def test_a_refused_connection_says_host_and_port() -> None:
    with socket.create_server((HERE, 0)) as listening:
        port = listening.getsockname()[1]
    problem = await trouble(asking(port))
    assert (problem.kind, problem.sent) == ("connect", False)
    assert problem.why == f"the connection to mail.example, port {port}, was refused"


async def test_a_name_server_that_is_silent_is_given_up() -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*_: object) -> list[str]:
        asyncio.run_coroutine_threadsafe(held.wait(), loop).result()
        return [HERE]

    problem = await trouble(asking(25), lookup=slow, connecting=0.05)
    held.set()
    assert (problem.kind, problem.sent) == ("timeout", False)


# --- The guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("private_host", [None, "other.example", "mail.example:1"])
@pytest.mark.parametrize("host", ["mail.example", HERE, "2130706433", "inside.example"])
async def test_a_private_address_is_asked_only_if_a_person_typed_it(host: str, private_host: str | None) -> None:
    names: Callable[..., list[str]] = lambda host, *_: NAMES.get(host, [HERE])  # noqa: E731
    async with serving(Post()) as post:
        problem = await trouble(asking(post.port, host), private_host=private_host, lookup=names)
    assert (problem.kind, problem.sent, post.asked) == ("guard", False, [])
    assert "private address" in problem.why and "ALLOW_PRIVATE=yes" in problem.remedy


@pytest.mark.parametrize("host", ["gone.example", "nothing.example"])
async def test_a_host_that_does_not_exist_is_told_as_that(host: str) -> None:
    problem = await trouble(asking(25, host))
    assert (problem.kind, problem.sent) == ("dns", False)
    assert problem.why == f"{host} does not exist (no such host name)"


# --- Only logging in -----------------------------------------------------------------------------------------------


async def test_a_check_logs_in_and_sends_nothing(certified: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
    async with serving(Post(), tls_context=certified) as post:
        answer = await told(asking(post.port, security="starttls", login=True, method="VERIFY"), trusted=trusted)
    assert answer.status_code == 250
    assert post.asked == ["AUTH", "NOOP"]


# --- The whole way -------------------------------------------------------------------------------------------------

PROBLEMS = [
    ({}, None),
    ({"RCPT": "450 4.2.0 greylisted"}, Busy),
    ({"RCPT": "550 5.1.1 no such user"}, Stopped),
    ({"MAIL": "530 5.7.0 authentication required"}, Stopped),
    ({"DATA": "554 not taken"}, Refused),
    ({"DATA": "lost"}, Unknown),
    ({"RCPT": "lost"}, Busy),
]


def channel(port: int, *, allow_private: bool = True) -> Channel:
    kind = load("email")
    given = {"host": HERE, "port": port, "security": "none", "from": "Klyngen <a@klynge.example>", "to": "b@x.example"}
    wishes = ChannelSettings(kind="email", allow_private=allow_private)
    return Channel(name="email", kind="email", settings=kind.settings(**given), wishes=wishes)


async def posted(office: Post, *, allow_private: bool = True) -> Receipt:
    """What becomes of an article on a channel whose server is this office."""
    to, text = channel(office.port, allow_private=allow_private), read("<p>Klyngen har fått sølvmerket.</p>")
    entry = Entry("item-1", SUBJECT, "https://klynge.example/1", text)
    post = model.Post("k-1", Occasion.SHARE, NOW, (entry,), language="nb")
    async with Client(user_agent="Delebot/test") as client:
        flow = load("email").publish(post, Attempt(NOW), to.settings)
        receipt: Receipt = await perform(flow, sender(client, to), doing="publish", now=lambda: NOW)
    return receipt


@pytest.mark.parametrize(("says", "problem"), PROBLEMS)
async def test_a_channel_s_mail_leaves_by_this_way_and_every_trouble_has_its_outcome(
    says: dict[str, str], problem: type[Problem] | None
) -> None:
    async with serving(Post(says)) as office:
        if problem:
            with pytest.raises(problem):
                await posted(office)
            return
        receipt = await posted(office)
    assert isinstance(office.taken[0].content, bytes)
    message = BytesParser(policy=WIRE).parsebytes(office.taken[0].content)
    assert (message["message-id"], message["subject"]) == (receipt.id, SUBJECT)
    plain, html = message.iter_parts()
    assert "sølvmerket" in plain.get_content() and "sølvmerket" in html.get_content()


async def test_a_channel_may_not_send_by_a_private_server_unless_it_says_so() -> None:
    async with serving(Post()) as office:
        with pytest.raises(Stopped, match="ALLOW_PRIVATE"):
            await posted(office, allow_private=False)
    assert office.asked == []
