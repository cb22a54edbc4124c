"""One test post to a channel, to see that it arrives: nothing of it is remembered."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from bot import kinds
from bot.model import Attempt, Occasion, Post, Problem, Unknown
from bot.net.client import Client
from bot.posts.compose import words_post
from bot.send import perform, sender
from bot.sessions import Sessions, with_session
from bot.settings import Channel
from bot.story import Event
from bot.world import clock

WORDS = {
    "nb": "Dette er en prøve fra Delebot.",
    "nn": "Dette er ei prøve frå Delebot.",
    "en": "This is a test from Delebot.",
    "sv": "Det här är ett prov från Delebot.",
    "da": "Dette er en prøve fra Delebot.",
}


async def send_sample(client: Client, sessions: Sessions, channel: Channel, language: str) -> Event:
    """Send the post and say how it went."""
    post = sample_post(language)
    try:
        await _send(client, sessions, channel, post)
    except Unknown as problem:
        why = f"{channel.name}: the test post may or may not have arrived: {problem.why}. Look there"
        return Event("trouble", channel=channel.name, why=why, ok=False)
    except Problem as problem:
        why = f"{channel.name}: the test post was not sent: {problem.why}"
        return Event("trouble", channel=channel.name, why=why, ok=False)
    return Event("idle", channel=channel.name, why=f"{channel.name}: the test post «{post.words}» was sent")


def sample_post(language: str) -> Post:
    """A few words that say what they are."""
    words = WORDS.get(language, WORDS["en"])
    return words_post(words, key=f"test-{uuid4().hex}", occasion=Occasion.TEST, made_at=clock(), language=language)


async def _send(client: Client, sessions: Sessions, channel: Channel, post: Post) -> None:
    kind, send = kinds.load(channel.kind), sender(client, channel)
    attempt = await with_session(Attempt(clock()), channel, sessions, send, clock)
    if kind.prepare:
        flow = kind.prepare(post, attempt, channel.settings)
        attempt = replace(attempt, prepared=await perform(flow, send, doing="prepare", now=clock))
    try:
        await perform(kind.publish(post, attempt, channel.settings), send, doing="publish", now=clock)
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 - a kind may stumble over a changed answer to a post that was taken.
        raise Unknown(f"the answer was not understood ({type(error).__name__})") from None
