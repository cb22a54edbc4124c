"""Any of a hundred services more, by the Apprise library: https://github.com/caronc/apprise/wiki

The library sends by itself: neither our guard against private addresses nor our limits of size and time hold there, and
all it tells is yes or no.
"""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import Field, SecretStr

from bot.kinds import Limits, Proof, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt, Refused
from bot.posts.clip import clip_line
from bot.posts.links import safe
from bot.posts.markups.plain import Plain, alone, silent, told
from bot.posts.values import compact
from bot.settings import Values
from bot.wire import Meaning, doubt, formed, meant, stop

# Every service has limits of its own, which the library meets by cutting or by several messages; most take so many.
TITLE, MOST, CALL = 200, 1500, 200
WORDS = Plain(MOST)
OTHERS = r"https?|mailtos?|smtps?|matrix|at|console|feed|file"
URLS = rf"(?!(?:{OTHERS}):)[a-z][a-z0-9+.-]*://.+"
HELP = "The library's own pages tell how the address of each service is made"

MEANINGS: dict[object, Meaning] = {
    400: stop(f"the library knows no service of such an address. Check URL. {HELP}"),
    424: doubt("the library could not send it, or not to everybody, and does not tell more"),
    501: stop("the library is not installed. Install it: pip install 'delebot[apprise]'"),
}


class Settings(Values):
    """The address of the service, in Apprise's own form."""

    url: Annotated[SecretStr, formed(r"[A-Za-z][\w+.-]*://\S+", "is not an address of Apprise's", f"{HELP}.")] = Field(
        description="The address of a service, as the Apprise library has it, such as pover://user@token.",
        examples=["pover://user@token"],
        json_schema_extra={"any_address": True},
    )


LIMITS = Limits(title=TITLE, lead=700, share_link=600, pictures=None)


@kind(Settings, limits=LIMITS, urls=URLS, proof=Proof.SCHEMA)
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
        raise meant(problem, "Apprise", MEANINGS) from None


def _message(post: Post) -> dict[str, str]:
    """The title of the message and its words, without any markup; a link is never cut."""
    entry = alone(post)
    if entry is None:
        first, _, rest = told(post, WORDS).partition("\n")
        return {"title": "", "body": f"{first}\n{rest}".strip()}
    call = silent(clip_line(entry.share.words, CALL)) if entry.share else ""
    links = [f"{link.label}: {safe(link.url)}" for link in (entry.share.links if entry.share else ())]
    tags = " ".join(f"#{tag}" for tag in entry.hashtags)
    for shown in (links, []):
        below = "\n\n".join(filter(None, (safe(entry.link), tags, "\n".join(filter(None, (call, *shown))))))
        if (room := MOST - len(below) - 2) >= 0:
            lead = WORDS.text(entry.text, room)
            body = "\n\n".join(filter(None, (lead, below))) or "\u2013"
            return {"title": WORDS.line(entry.title or entry.link, TITLE), "body": body}
    raise Refused(f"the article's link is longer than {MOST} characters")
