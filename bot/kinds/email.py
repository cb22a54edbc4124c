"""E-mail, by SMTP to a server of the organization's own or its provider's: https://www.rfc-editor.org/rfc/rfc5321"""

from __future__ import annotations

import re
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import Field, SecretStr, create_model, model_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt
from bot.posts.characters import one_line
from bot.posts.clip import clip_line
from bot.posts.markups.html import headline, mail_page, mail_words
from bot.settings import Values
from bot.wire import Meaning, formed, later, meant, never, stop

PORTS, LOCAL, SUBJECT = {"starttls": 587, "tls": 465, "none": 25}, ("localhost", "127.0.0.1"), 150
NAME = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = rf"{NAME}(?:\.{NAME})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
A_SERVER = formed(r"[A-Za-z0-9.-]+", "is not the name of a server", "Write it without smtp:// and port.")
ONE_ADDRESS = formed(ADDRESS, "is not one whole address", "For several readers make a list or group.")
A_SENDER = formed(
    rf'[^<>"\r\n]+ <{ADDRESS}>|{ADDRESS}', "is not an address", "Write it like: Example <news@example.org>"
)
NO_LOGIN = stop("it takes no login like this. Check SECURITY and PORT, or leave USER and PASSWORD out")
FULL = later("the mailbox of TO is full", timedelta(hours=1))
# By the code and the step at which it was said, by the class of what it is said to mean, or by the step alone.
MEANINGS: dict[object, Meaning] = {
    "login 502": NO_LOGIN,
    "login 504": NO_LOGIN,
    "login": stop("USER or PASSWORD is wrong, or it wants a password that was made for programs"),
    "tls": stop("it offers no STARTTLS. Check PORT, or set SECURITY=tls"),
    "530": stop("it wants a login. Set USER and PASSWORD"),
    "to 552": FULL,
    "5.2.2": FULL,
    "5.1": stop("there is no such address. Check TO and FROM"),
    "5.7": stop("its rules don't allow this FROM, this TO or this machine. Ask whoever runs it"),
    "soft": later("it wants to be asked again later", timedelta(minutes=5)),
    "connect": stop("it takes no mail from here. Check HOST and PORT"),
    "from": stop("it does not let FROM send. Check FROM, USER and PASSWORD"),
    "to": stop("it takes no mail for TO. Check the address"),
    "data": never("it does not take the message"),
}


class Known(Values):
    """The server, how to log in, and who gets the mail; who it is from has a name that Python keeps for itself."""

    host: Annotated[str, A_SERVER] = Field(
        description="The server that sends your mail.", examples=["smtp.example.org"]
    )
    to: Annotated[str, ONE_ADDRESS] = Field(
        description="Who gets it: one address, of a person, a list or a group.", examples=["members@example.org"]
    )
    user: str = Field("", description="The name to log in with, often an address.", json_schema_extra={"asked": True})
    password: SecretStr = Field(
        SecretStr(""), description="Its password, or one made for programs.", json_schema_extra={"asked": True}
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted: starttls, tls from the first byte on, or none."
    )
    port: int | None = Field(None, ge=1, le=65535, description="Its port; default: 587, for tls 465, for none 25.")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if bool(self.user) != bool(self.password.get_secret_value()):
            raise Wrong("USER and PASSWORD go together", "Set both, or neither.")
        if self.user and self.security == "none" and self.host not in LOCAL:
            raise Wrong("SECURITY=none would show PASSWORD to everybody on the way", "Set it to starttls or tls.")
        return self


WHO = Field(description="Who it is from: an address, or a name and <address>.", examples=["Example <news@example.org>"])
SENDER: dict[str, Any] = {"from": (Annotated[str, A_SENDER], WHO)}
Settings = create_model("Settings", __base__=Known, __doc__=Known.__doc__, **SENDER)

LIMITS = Limits(title=300, lead=1500, mail_links=True, pictures=Pictures())


@kind(Settings, spacing=timedelta(seconds=2), limits=LIMITS, target=("to",), proof=Proof.SERVER)
def publish(post: Post, attempt: Attempt, to: Known) -> Flow[Receipt]:  # noqa: ARG001
    """Send the post. Its Message-ID stays the same in every attempt, by which some servers know a second copy."""
    message = _message(post, to)
    yield from _ask("POST", message.as_bytes(policy=SMTP), to)
    return Receipt(message["Message-ID"])


def verify(attempt: Attempt, to: Known) -> Flow[Credentials]:  # noqa: ARG001
    """Log in and send nothing."""
    yield from _ask("VERIFY", b"", to)
    return Credentials(f"{to.user} at {to.host}" if to.user else f"{to.host}, without a login")


def _ask(method: str, content: bytes, to: Known) -> Flow[None]:
    login = {"user": to.user, "password": to.password.get_secret_value(), "security": to.security}
    mail = {"sender": _from(to)[1], "to": [to.to], **login}
    url = f"smtp://{to.host}:{to.port or PORTS[to.security]}"
    try:
        yield httpx.Request(method, url, content=content, extensions={"mail": mail})
    except Problem as problem:
        raise _meant(problem) from None


def _meant(problem: Problem) -> Problem:
    """What a problem means by the step, the code, and the finer code that most servers say behind it."""
    answer = problem.response
    if answer is None:
        return problem
    code, step = answer.status_code, answer.headers.get("step", "data")
    fine = (re.match(r"[45]\.\d{1,3}\.\d{1,3}(?=\s|$)", answer.text) or [""])[0]
    soft, first = 400 <= code < 500, step in ("login", "tls")
    general = ("soft",) if soft else (step,) if first else (str(code), fine, fine.rpartition(".")[0], step)
    return meant(problem, "the mail server", MEANINGS, f"{code} {fine}".strip(), f"{step} {code}", *general)


def _from(to: Known) -> tuple[str, str]:
    """The name and the address of the sender."""
    name, _, address = str(getattr(to, "from")).rpartition("<")
    return name.strip(), address.rstrip(">")


def _message(post: Post, to: Known) -> EmailMessage:
    """The post as plain words and as HTML, in letters that every server takes."""
    (name, sender), message, number = _from(to), EmailMessage(SMTP), sha256(post.key.encode()).hexdigest()[:32]
    message["From"], message["To"] = Address(name, addr_spec=sender), to.to
    message["Subject"] = _subject(post)
    message["Date"] = post.made_at
    message["Message-ID"] = f"<{number}@{sender.rpartition('@')[2]}>"
    # Nobody's holiday notice answers a mail that says so; Exchange wants to be told in its own way.
    message["Auto-Submitted"], message["X-Auto-Response-Suppress"] = "auto-generated", "OOF, AutoReply"
    message.set_content(mail_words(post), cte="quoted-printable")
    message.add_alternative(mail_page(post), subtype="html", cte="quoted-printable")
    message.set_boundary(number)
    return message


def _subject(post: Post) -> str:
    """What the mail is about, on one line."""
    first = next(map(headline, post.entries), post.words.partition("\n")[0])
    return clip_line(one_line(first), SUBJECT) + (f" + {len(post.entries) - 1}" if post.entries[1:] else "")
