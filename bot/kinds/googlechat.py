"""Google Chat, by a webhook of a space: https://developers.google.com/workspace/chat/quickstart/webhooks"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Entry, Flow, Post, Problem, Receipt, Refused
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.markups.chat import READ, dotted
from bot.posts.markups.html import card, escape, in_card, link
from bot.posts.share_links import words_in
from bot.posts.values import compact, given, in_json
from bot.posts.write import ZERO_WIDTH_SPACE, paragraph
from bot.settings import Values
from bot.wire import Meaning, asking, held, later, meant, never, stop

URLS = r"https://chat\.googleapis\.com/v1/spaces/[\w-]+/messages\?(?=(?:.*&)?key=[^&])(?=(?:.*&)?token=[^&]).*"
COPY = "In Google Chat: the space's menu, Apps & integrations, Webhooks, Copy link"

# Lengths are in bytes of the JSON that is sent, of which Google Chat takes 32,000 for a whole message.
LARGEST, MOST_ENTRIES, LEAST_LEAD, WIDGET, FALLBACK = 31_500, 20, 100, 32, 9000
TITLE, NAMES, ALT, CALL, LABEL, GREY = 1000, 300, 1000, 400, 100, "#80868b"

MEANINGS: dict[object, Meaning] = {
    "API_KEY_INVALID": stop(f"the address is not whole. Copy it once more into URL. {COPY}"),
    401: stop(f"the webhook is not valid any more. Make a new one and put its address into URL. {COPY}"),
    403: stop(f"the webhook is not valid any more, or an administrator has switched webhooks off. {COPY}"),
    404: stop(f"the space or the webhook is not there any more. Make a new one and put its address into URL. {COPY}"),
    413: never("the post is longer than it takes"),
    "ABORTED": later("it was busy with another post", of_channel=False),
}
Widget = dict[str, Any]


class Settings(Values):
    """The webhook, whose address is all that is needed to post."""

    url: SecretStr = Field(description="The address of a webhook: https://chat.googleapis.com/v1/spaces/….")

    @field_validator("url")
    @classmethod
    def _is_a_webhook(cls, url: SecretStr) -> SecretStr:
        host = urlsplit(url.get_secret_value()).hostname or ""
        google = re.search(r"(^|\.)google(apis)?\.com$", host)
        if google and not re.fullmatch(URLS, url.get_secret_value()):
            raise Wrong("is not the whole address of a webhook, with key= and token= in it", f"{COPY}.")
        return url


LIMITS = Limits(title=300, lead=700, share="buttons", pictures=Pictures(types=("image/png", "image/jpeg")))
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@kind(Settings, repeatable=DAY, spacing=SECOND, limits=LIMITS, urls=URLS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as a card; if it is refused, without a name of our own; at last without picture and buttons."""
    forms = [form for rich in (True, False) if (form := _message(post, rich=rich))]
    if not forms:
        raise Refused("the article's link is longer than Google Chat takes")
    name = f"client-{post.key.lower()}"[:63]
    for form, named in ((forms[0], name), *((form, "") for form in forms[:-1])):
        with suppress(Refused):
            return (yield from _ask(form, post, named, to))
    return (yield from _ask(forms[-1], post, "", to))


def _ask(message: Widget, post: Post, name: str, to: Settings) -> Flow[Receipt]:
    """Create the message, unless there is one of that name, or of the same request, already."""
    address = to.url.get_secret_value().partition("#")[0]  # What it holds is kept byte for byte.
    ids = urlencode(given({"requestId": post.key, "messageId": name}))
    try:
        answer = yield asking("POST", f"{address}&{ids}", message)
    except Problem as problem:
        codes = re.findall(r'"(?:status|reason)":\s*"([A-Z_]{3,60})"', getattr(problem.response, "text", ""))
        if "ALREADY_EXISTS" in codes:
            return Receipt("/".join((*re.findall(r"spaces/[\w-]+", address)[:1], "messages", name)))
        raise meant(problem, "Google Chat", MEANINGS, *codes) from None
    return Receipt(held(answer, "name", "Google Chat"))


# --- The card ------------------------------------------------------------------------------------------------------


def _message(post: Post, *, rich: bool) -> Widget | None:
    """The post with picture and buttons or without, of several articles as many as there is room for; None for none."""
    if not post.entries:
        return _card(_words(card(clip(paragraph(post.words), LARGEST // 2, in_json, card))), [], post.words)
    for count in range(min(len(post.entries), MOST_ENTRIES), 0, -1):
        entries, rest, alone = post.entries[:count], len(post.entries) - count, len(post.entries) == 1
        around = [_around(entry, post.language, rich=rich and alone) for entry in entries]
        end = _end(entries[0], post.language, rich=rich) if alone else _words(f"+ {rest}" if rest else "")
        title = f"{entries[0].title} {safe(entries[0].link)}" if alone else ", ".join(entry.title for entry in entries)
        bare = [widget for above, below in around for widget in (*above, *below)]
        room = (LARGEST - len(compact(_card(bare, end, title)))) // count - WIDGET
        if room >= LEAST_LEAD:
            leads = [_words(card(clip(entry.text, room, in_json, card))) for entry in entries]
            pairs = zip(around, leads, strict=True)
            shown = [[*_joined([*above, *lead], apart=alone), *below] for (above, below), lead in pairs]
            return _card([part for widgets in shown for part in widgets], end, title)
    return None


def _card(widgets: list[Widget], end: list[Widget], title: str) -> Widget:
    sections = [{"widgets": part} for part in (widgets or _words("\u2013"), end) if part]
    fallback = clip_line(title.strip(), FALLBACK, in_json).replace("<", f"<{ZERO_WIDTH_SPACE}")
    return {"fallbackText": fallback, "cardsV2": [{"cardId": "post", "card": {"sections": sections}}]}


def _around(entry: Entry, language: str, *, rich: bool) -> tuple[list[Widget], list[Widget]]:
    """What stands above the lead, title and picture, and below it: the line about the article."""
    title = escape(clip_line(entry.title or entry.link, TITLE, in_json))
    above = _words(f"<b>{link(title, entry.link)}</b>" if title else "")
    if rich and entry.picture and entry.picture.url.startswith("https://"):
        alt = clip_line(entry.picture.alt or entry.title, ALT, in_json)
        opens = {"onClick": {"openLink": {"url": safe(entry.link)}}} if entry.link else {}
        above.append({"image": {"imageUrl": safe(entry.picture.url), "altText": alt, **opens}})
    authors, source = (clip_line(words, NAMES, in_json) for words in (", ".join(entry.authors), entry.source))
    date = in_words(entry.published, language) if entry.published else ""
    about = escape(dotted((authors, date, source)))
    return above, _words(f'<font color="{GREY}">{about}</font>' if about else "")


def _end(entry: Entry, language: str, *, rich: bool) -> list[Widget]:
    """The call to share, set apart at the end, and buttons to read and to share; or the links in a line."""
    call = f"<b>{escape(clip_line(entry.share.words, CALL, in_json))}</b>" if entry.share else ""
    links = [(clip_line(to.label, LABEL), to.url) for to in (entry.share.links if entry.share else ())]
    if not rich:
        return _words(dotted((call, *(link(escape(label), url) for label, url in links))))
    keys = [*([(words_in(READ, language), entry.link)] if entry.link else []), *links]
    shown = [{"text": label, "onClick": {"openLink": {"url": safe(url)}}} for label, url in keys if url[:4] == "http"]
    return [*_words(call), *([{"buttonList": {"buttons": shown}}] if shown else [])]


def _joined(widgets: list[Widget], *, apart: bool) -> list[Widget]:
    """Title and lead as they are, or of several articles in one paragraph, by which they belong together."""
    return widgets if apart else _words("<br>".join(each["textParagraph"]["text"] for each in widgets))


def _words(written: str) -> list[Widget]:
    return [{"textParagraph": {"text": in_card(written)}}] if written else []
