"""Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, Proof, kind
from bot.model import Attempt, Entry, Flow, Post, Problem, Receipt, Refused, Unknown
from bot.posts.characters import utf16
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.markups.chat import date_mrkdwn, dotted, escape_mrkdwn, link_mrkdwn, mrkdwn
from bot.posts.write import paragraph
from bot.settings import Values
from bot.wire import Meaning, asking, later, meant, stop

URLS = r"https://hooks\.slack(?:-gov)?\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]+/?"
NEW = "Make an incoming webhook in Slack and put its address into URL"
OTHER = "make an incoming webhook for another channel and put its address into URL"

# Lengths are in UTF-16 units of what is sent, which is the strictest way to read Slack's limits.
SECTION, SECTION_OF_MANY, MOST_ENTRIES, WORDS = 3000, 600, 20, 36_000
TITLE, ALT, ABOUT, IMAGE = 800, 1000, 300, 3000

MEANINGS: dict[object, Meaning] = {
    "invalid_token": stop(f"the webhook is not valid any more. {NEW}"),
    "action_prohibited": stop("the workspace does not allow it. Ask one of its administrators"),
    "posting_to_general_channel_denied": stop(f"not everybody may post there. Ask an administrator, or {OTHER}"),
    "channel_not_found": stop(f"the channel is not there any more. {OTHER[0].upper()}{OTHER[1:]}"),
    "channel_is_archived": stop(f"the channel is archived. Take it out of the archive, or {OTHER}"),
    "no_service": stop(f"the webhook was removed or switched off. {NEW}"),
    "no_active_hooks": stop(f"the webhook was switched off. {NEW}"),
    "no_team": stop(f"the workspace is not there any more. {NEW}"),
    "rollup_error": later("it could not show the post just now", of_channel=False),
}


class Settings(Values):
    """The webhook, whose address is all that is needed to post."""

    url: SecretStr = Field(description="The address of an incoming webhook: https://hooks.slack.com/services/….")

    @field_validator("url")
    @classmethod
    def _is_incoming(cls, url: SecretStr) -> SecretStr:
        address, parts = url.get_secret_value(), urlsplit(url.get_secret_value())
        if re.fullmatch(URLS, address) or parts.hostname not in ("hooks.slack.com", "hooks.slack-gov.com"):
            return url
        if parts.path.startswith(("/triggers/", "/workflows/")):
            raise Wrong("starts a workflow, which can't show posts", f"{NEW}.")
        raise Wrong("is not a whole address of an incoming webhook", "It has three parts after /services/.")


LIMITS = Limits(title=300, lead=700, mail_links=True)


@kind(Settings, spacing=timedelta(seconds=1), limits=LIMITS, urls=URLS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post; if Slack refuses it, without its picture; if that too, as plain words."""
    *richer, plainest = _bodies(post)
    for body in richer:
        try:
            return (yield from _ask(body, to))
        except Refused:
            continue
    return (yield from _ask(plainest, to))


def _ask(body: dict[str, Any], to: Settings) -> Flow[Receipt]:
    try:
        answer = yield asking("POST", to.url.get_secret_value(), body)
    except Problem as problem:
        raise meant(problem, "Slack", MEANINGS, problem.response and problem.response.text.strip()) from None
    if answer.text.strip() != "ok":
        raise Unknown("Slack answered, but not with its «ok»", response=answer)
    return Receipt()


def _bodies(post: Post) -> list[dict[str, Any]]:
    """The ways to show the post, the richest first. A link too long for a block is shown among plain words only."""
    entries, room = post.entries[:MOST_ENTRIES], SECTION_OF_MANY if post.entries[1:] else SECTION
    gap, share = ("\n", "") if post.entries[1:] else ("\n\n", "".join(map(_share, entries)))
    said = [] if entries else [mrkdwn(clip(paragraph(post.words), SECTION, utf16, mrkdwn)) or "\u2013"]
    rest = [f"+ {len(post.entries) - MOST_ENTRIES}"] if len(post.entries) > MOST_ENTRIES else []
    pieces = [*said, *(_words(entry, WORDS // len(entries), gap) for entry in entries), *rest, share]
    words = "\n\n".join(filter(None, pieces))
    plainest: dict[str, Any] = {"text": words, "unfurl_links": False, "unfurl_media": False}
    if any(utf16(link_mrkdwn("", entry.link)) > room // 2 for entry in entries):
        return [plainest]
    sections = [_section(piece) for piece in [*said, *(_words(entry, room, gap) for entry in entries), *rest]]
    picture, about = _around(entries[0], post.language) if len(entries) == 1 else ([], [])
    below = [*about, *([_section(share)] if share else [])]
    forms = [[*sections, *shown, *below] for shown in ((picture, []) if picture else ([],))]
    return [*({**plainest, "blocks": blocks} for blocks in forms), plainest]


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "verbatim": True, "text": words}}


def _words(entry: Entry, room: int, gap: str) -> str:
    """The title as a link, and below it, after a gap, as much of the lead as there is room for."""
    title = escape_mrkdwn(clip_line(entry.title or entry.link, min(TITLE, room // 4), _escaped))
    head = f"*{link_mrkdwn(title, entry.link) if entry.link else title}*" if title else ""
    if utf16(head) > room:
        raise Refused("the article's link is longer than Slack takes")
    lead = mrkdwn(clip(entry.text, room - utf16(head) - len(gap), utf16, mrkdwn))
    return gap.join(filter(None, (head, lead))) or "\u2013"


def _around(entry: Entry, language: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What stands below the words: the picture, and the line about the article; each an empty list if there is none."""
    names = (clip_line(words, ABOUT, _escaped) for words in (", ".join(entry.authors), entry.source))
    authors, source = map(escape_mrkdwn, names)
    date = date_mrkdwn(entry.published, in_words(entry.published, language)) if entry.published else ""
    line = dotted((authors, date, source))
    about = [{"type": "context", "elements": [_section(line)["text"]]}] if line else []
    if not entry.picture or utf16(entry.picture.url) > IMAGE:
        return [], about
    alt = clip_line(entry.picture.alt or entry.title, ALT, utf16) or "\u2013"
    return [{"type": "image", "image_url": entry.picture.url, "alt_text": alt}], about


def _share(entry: Entry) -> str:
    """The call to share, and on the next line its links, as many as there is room for."""
    if not entry.share:
        return ""
    call = escape_mrkdwn(clip_line(entry.share.words, ABOUT, _escaped))
    call = f"*{call}*" if call else ""
    links = (link_mrkdwn(link.label, link.url) for link in entry.share.links)
    return "\n".join(filter(None, (call, dotted(links, SECTION - utf16(call) - 1, utf16))))


def _escaped(words: str) -> int:
    return utf16(escape_mrkdwn(words))
