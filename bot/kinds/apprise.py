"""Any of a hundred services more, by the Apprise library: https://appriseit.com/services/

Neither our guard against private addresses nor our limits of size and time hold there, and all that it tells is yes
or no. A request to `apprise:` is what it is handed: a title, words, and fewer words for services that take less.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import httpx
from pydantic import Field, SecretStr

from bot.kinds import Limits, Proof, kind
from bot.model import Attempt, Credentials, Entry, Flow, Post, Problem, Receipt, Refused
from bot.posts.links import safe
from bot.posts.markups.chat import about, dotted
from bot.posts.markups.plain import Plain, alone, told
from bot.posts.values import compact
from bot.posts.write import ZERO_WIDTH_SPACE
from bot.settings import Values
from bot.wire import Meaning, doubt, formed, meant, never, stop

# The services have limits of their own, from 140 characters to many thousands, which only the library knows.
SIZES = (1500, 900, 400, 140)
TITLE, LINE, CALL, SHORTEST_LEAD = 200, 150, 150, 40
# Addresses of these forms are known from elsewhere, and are more likely a slip than a service.
OTHERS = "https?|mailtos?|smtps?|matrix|at|console|feed|file|s?ftps?|ssh|git|data|javascript|wss?|tel|urn"
URLS = rf"(?i:(?!(?:{OTHERS}):)[a-z0-9][a-z0-9+.-]*://.*)"
FORM = r"[A-Za-z0-9][\w+.-]*://\S*"
HELP = "https://appriseit.com/services/ tells how the address of each service is made"

MEANINGS: dict[object, Meaning] = {
    404: stop(f"check URL, or install what it needs for that service. {HELP}"),
    413: never("the service does not even take the article's link alone"),
    424: doubt("perhaps nothing has arrived, perhaps some of it. Look there"),
}

# Nobody knows what a service makes of signs. What calls people, or hides an address behind words, in any markup that
# may be meant is parted by a sign without width; other signs are looks at most.
EVERYBODY = r"@(?=(?i:everyone|here|channel|all)\b)"
MEANINGFUL = re.compile(
    rf"(https?://[^\s<>\[\]]+)|(?<![A-Za-z0-9])@|{EVERYBODY}|(?<!\w)[#\uff03](?=[\w*])|<(?=[A-Za-z/!?@#&:])"
    r"|\](?=[(\[:])"
)


def quiet(words: str) -> str:
    """Plain words that call nobody and hide no address."""
    return MEANINGFUL.sub(lambda found: address(found[1]) if found[1] else f"{found[0]}{ZERO_WIDTH_SPACE}", words)


def address(link: str) -> str:
    """An address that calls nobody and ends no link early, and leads to the same page."""
    return re.sub(EVERYBODY, "%40", safe(link)).replace("[", "%5B").replace("]", "%5D")


WORDS = Plain(max(SIZES), escape=quiet, address=address)


class Settings(Values):
    """The address of the service, in Apprise's own form."""

    url: Annotated[SecretStr, formed(FORM, "is not an address of Apprise's", f"{HELP}.")] = Field(
        description="The address of a service, as the Apprise library has it, such as pover://user@token.",
        examples=["pover://user@token"],
        json_schema_extra={"any_address": True},
    )


LIMITS = Limits(title=TITLE, lead=600, share="words", pictures=None)


@kind(Settings, spacing=timedelta(seconds=2), limits=LIMITS, urls=URLS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Have the library send the words; it tells of no message that could be changed later."""
    yield from _ask("POST", compact(_message(post)), to)
    return Receipt()


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Have the library read the address, which asks nobody."""
    answer = yield from _ask("VERIFY", b"", to)
    return Credentials(f"{answer.text}, in order as far as can be seen without posting")


def _ask(method: str, content: bytes, to: Settings) -> Flow[httpx.Response]:
    extensions = {"apprise": to.url.get_secret_value()}
    headers = {"content-type": "application/json"} if content else {}
    try:
        return (yield httpx.Request(method, "apprise:", content=content, headers=headers, extensions=extensions))
    except Problem as problem:
        answer = problem.response
        raise meant(problem, "Apprise", MEANINGS, answer.text if answer is not None else None) from None


def _message(post: Post) -> dict[str, Any]:
    """The title of the message and its words, without any markup; a link is never cut."""
    entry, bodies = alone(post), list[str]()
    for size in SIZES:
        how = replace(WORDS, most=size)
        with suppress(Refused):  # A link that is longer than one size may fit another.
            bodies.append(_article(entry, post.language, how) if entry else told(post, how))
    if not bodies:
        raise Refused(f"the article's link is longer than {max(SIZES)} characters")
    link = [address(entry.link)] if entry and entry.link else []
    body, *shorter = dict.fromkeys((*bodies, *link))
    return {"title": WORDS.line(entry.title, TITLE) if entry else "", "body": body, "shorter": shorter}


def _article(entry: Entry, language: str, how: Plain) -> str:
    """The lead, the link, the line about the article and the call to share, of each as much as there is room for."""
    tags = " ".join(f"#{tag}" for tag in entry.hashtags)
    link, line = how.address(entry.link), dotted((how.line(about(entry, language), LINE), tags))
    call = how.line(entry.share.words, CALL) if entry.share else ""
    for below in ((link, line, call), (link, call), (link,)):
        room = how.most - len(_apart("", *below)) - len("\n\n")
        if room >= 0:
            lead = how.text(entry.text, room) if room >= SHORTEST_LEAD else ""
            return _apart(lead, *below) or "\u2013"
    raise Refused("the article's link is longer than there is room for")


def _apart(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
