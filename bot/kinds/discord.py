"""Discord, by a webhook of a channel: https://docs.discord.com/developers/resources/webhook"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any

import httpx
from pydantic import ConfigDict, Field, SecretStr

from bot import __version__
from bot.kinds import ALL_PICTURES, Limits, Pictures, Proof, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt, Refused
from bot.posts.characters import one_line
from bot.posts.clip import clip_line
from bot.posts.markups.cards import BUTTON_ADDRESS, bodies_discord
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, asking, formed, held, later, meant, never, said, stop, waiting

HOOK = r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{15,21}/[\w-]{20,}"
URLS = rf"{HOOK}(?:/slack|/github)?/?(?:\?.*)?"
ELSEWHERE = r"https?://(?!(?:[^/@?#]*\.)?discord(?:app)?\.(?:com|gg)(?:[/:?#]|$)).*"
COPY = "In Discord: Edit Channel, Integrations, Webhooks, Copy Webhook URL"
WHO = f"DiscordBot (https://delebot.example, {__version__})"  # Discord turns away names of any other form.

THREAD = 100
GONE, NEW, COPIED = 10008, "Make a new one and put its address into URL", "Copy it once more into URL"
MEANINGS: dict[object, Meaning] = {
    10003: stop(
        "the channel or thread is not there any more. Change THREAD_ID, or put a new webhook's address into URL"
    ),
    GONE: never("the message was deleted in Discord"),
    10015: stop(f"the webhook was deleted. {NEW}. {COPY}"),
    30046: later("it takes no more corrections of old messages for now", timedelta(hours=1), of_channel=False),
    40067: stop("the forum takes no post without a tag. Switch that off in the forum's settings"),
    50027: stop(f"the webhook's address is not valid. {COPIED}. {COPY}"),
    50083: stop("the thread is archived. Open it again, or change THREAD_ID"),
    160005: stop("the thread is locked. Unlock it, or change THREAD_ID"),
    220001: stop("the channel is a forum. Set FORUM=yes, or THREAD_ID to one of its threads"),
    220003: stop("the channel is no forum. Set FORUM=no"),
    **dict.fromkeys((401, 404), stop(f"the webhook's address is not known. {COPIED}. {COPY}")),
}


class Settings(Values):
    """The webhook, where in its channel the posts go, and what they appear under."""

    model_config = ConfigDict(regex_engine="python-re")

    url: Annotated[SecretStr, formed(f"{URLS}|{ELSEWHERE}", "is not the whole address of a webhook", f"{COPY}.")] = (
        Field(description="The address of a webhook: https://discord.com/api/webhooks/….")
    )
    thread_id: str | None = Field(
        None,
        description="A thread of the channel to post in, by its id, a long number; default: the channel itself.",
        examples=["118000000000000000"],
        pattern=r"^[0-9]{15,21}$",
    )
    forum: bool = Field(
        False, description="Whether the channel is a forum where each article begins a thread, unless THREAD_ID is set."
    )


TARGET = ("url", "thread_id")
PICTURES = Pictures(types=ALL_PICTURES)
LIMITS = Limits(title=250, lead=700, share_link=BUTTON_ADDRESS, share="buttons", pictures=PICTURES)


@kind(Settings, spacing=timedelta(seconds=2), limits=LIMITS, target=TARGET, urls=URLS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post; if Discord refuses it, without its picture and buttons."""
    address = _address(to, thread=to.thread_id)
    begins = to.forum and "thread_id" not in address.params
    first = post.entries[0].title or post.entries[0].link if post.entries else one_line(post.words)
    name = {"thread_name": clip_line(first, THREAD) or "\u2013"} if begins else {}
    answer = yield from _show("POST", address, [given(name | body) for body in bodies_discord(post)])
    in_thread = begins or "thread_id" in address.params
    return Receipt(held(answer, "id", "Discord"), data={"thread": said(answer)["channel_id"]} if in_thread else {})


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as it is now in the same message. If a person has deleted that, it stays away."""
    answer = yield from _show("PATCH", _address(to, receipt.id, receipt.data.get("thread")), bodies_discord(post))
    if answer.is_success:
        held(answer, "id", "Discord")
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the message, unless a person has done so already."""
    yield from _ask("DELETE", _address(to, receipt.id, receipt.data.get("thread")))


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Ask for the webhook's name, which shows nothing to anybody."""
    answer = yield from _ask("GET", _address(to))
    return Credentials(f"webhook «{one_line(str(said(answer).get('name', '')))}»")


def _address(to: Settings, message: str = "", thread: str | None = None) -> httpx.URL:
    """The webhook's address, or that of one of its messages; what stands in its query stays there."""
    url = httpx.URL(to.url.get_secret_value())
    path = re.sub(r"(/slack|/github)?/?$", "", re.sub(r"^/api/(v\d+/)?", "/api/v10/", url.path))
    asked = given({"wait": "true", "with_components": "true", "thread_id": thread})
    return url.copy_with(path=f"{path}/messages/{message}" if message else path).copy_merge_params(asked)


def _show(method: str, address: httpx.URL, bodies: list[dict[str, Any]]) -> Flow[httpx.Response]:
    *richer, plainest = bodies
    for body in richer:
        with suppress(Refused):
            return (yield from _ask(method, address, body))
    return (yield from _ask(method, address, plainest))


def _ask(method: str, address: httpx.URL, body: dict[str, Any] | None = None) -> Flow[httpx.Response]:
    """Ask, and say what a refusal means. A message that is deleted already is as good as an answer."""
    try:
        return (yield asking(method, address, body, {"user-agent": WHO}))
    except Problem as problem:
        answer, told = problem.response, said(problem.response)
        if told.get("code") == GONE and answer is not None:
            return answer
        problem = waiting(problem, told.get("retry_after"))
        raise meant(problem, "Discord", MEANINGS, told.get("code")) from None
