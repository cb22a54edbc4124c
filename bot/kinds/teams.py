"""Microsoft Teams, by a workflow with a webhook that posts an Adaptive Card: https://adaptivecards.io/explorer/"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import ConfigDict, Field, SecretStr, field_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, kind
from bot.model import Attempt, Entry, Flow, Post, Problem, Receipt, Refused, Stopped, Text, Unknown
from bot.posts.characters import utf8
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.write import escape_teams, link_teams, paragraph, runs_teams, without_functions
from bot.settings import Values

URLS = (
    r"https://(?:[\w-]+\.[\w-]+\.logic\.azure\.(?:com|us)"
    r"|(?:[\w-]+\.)+environment\.api\.(?:gov\.|high\.)?powerplatform\.(?:com|us))(?::443)?"
    r"/(?:powerautomate/automations/direct/(?:cu/\d+/)?)?workflows/[\w-]+/triggers/[\w-]+/paths/invoke/?"
    r"\?(?=.*\bsig=[^&]).*"
)
NEW = "In Teams, make the workflow «Send webhook alerts to a channel» and put its address into URL"
HERE = ("127.0.0.1", "::1", "localhost")

# Lengths are in bytes of the JSON that is sent. Teams names 28 kB as its limit, and refuses from about 21 kB on.
LARGEST, LEAST_LEAD, MOST_ENTRIES = 20_000, 300, 20
TITLE, ALT, NAMES, CALL, PICTURE, BUTTON = 1000, 1000, 300, 400, 2048, 80
MOST_BUTTONS = 6  # More of them are hidden behind a menu.
CARD = "application/vnd.microsoft.card.adaptive"
READ = {"nb": "Les mer", "nn": "Les meir", "sv": "Läs mer", "da": "Læs mere", "en": "Read more"}

DEAD = {
    "TriggerInputSchemaMismatch": f"the workflow expects something else than a card. {NEW}",
    "WorkflowTriggerIsNotEnabled": "the workflow is switched off. Switch it on in Teams, under Workflows",
    "DirectApiAuthorizationRequired": "the workflow asks for a sign-in. Let anyone trigger it and copy it anew",
}
DEAD_BY_STATUS = {
    401: "the workflow does not accept the address. Copy it whole into URL, and let anyone trigger the workflow",
    403: "the organisation or the workflow does not allow it. Let anyone trigger the workflow, or ask an administrator",
    404: f"the workflow is not there any more. {NEW}",
}

Element = dict[str, Any]


class Settings(Values):
    """The workflow's address, which is all that is needed to post."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr = Field(description="The address of a workflow with a webhook, as Teams shows it, with sig= in it.")

    @field_validator("url")
    @classmethod
    def _is_a_workflow(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        host = parts.hostname or ""
        if re.search(r"(^|\.)webhook\.office\.com$|^outlook\.office(365)?\.com$", host):
            raise Wrong("is that of an Office 365 connector, and Microsoft has switched those off", f"{NEW}.")
        if host not in HERE and not re.search(r"(^|&)sig=[^&]", parts.query):
            raise Wrong("has no sig= in it, so that Teams would ask for a sign-in", f"Copy it whole, or: {NEW}.")
        return url


@kind(Settings, spacing=timedelta(seconds=1), limits=Limits(title=300, lead=700), urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Start the workflow with a card; what it does then, nobody is told."""
    headers = {"content-type": "application/json"}
    try:
        answer = yield httpx.Request("POST", to.url.get_secret_value(), content=_content(post), headers=headers)
    except Problem as problem:
        raise _meant(problem) from None
    if answer.status_code not in (200, 202) or answer.text.lstrip().startswith("<"):
        raise Unknown("Teams answered, but not that it has taken the post", response=answer)
    return Receipt()


def _meant(problem: Problem) -> Problem:
    """What a problem means by the code or the status of the answer."""
    answer = problem.response
    found = re.search(r'"code"\s*:\s*"([A-Za-z]{3,60})"', answer.text) if answer is not None else None
    code, status = found[1] if found else "", answer.status_code if answer is not None else 0
    if code in DEAD:
        return Stopped(f"Teams says {code}: {DEAD[code]}", response=answer)
    if status in DEAD_BY_STATUS:
        return Stopped(f"Teams says {code or status}: {DEAD_BY_STATUS[status]}", response=answer)
    if isinstance(problem, Refused) and code:
        return Refused(f"Teams says {code}", response=answer)
    return problem


# --- The card ------------------------------------------------------------------------------------------------------


def _content(post: Post) -> bytes:
    """The richest form of the post that Teams takes: at need without picture and buttons, then with fewer articles."""
    if not post.entries:
        room = LARGEST - len(_message([], [], post.language))
        return _message(_lead(paragraph(post.words), room) or [_line("\u2013")], [], post.language)
    most = min(len(post.entries), MOST_ENTRIES)
    for count, rich in ((most, True), *((count, False) for count in range(most, 0, -1))):
        entries, rest, alone = post.entries[:count], len(post.entries) - count, len(post.entries) == 1
        call, buttons = _call(entries[0], post.language, rich=rich) if alone else ([], [])
        end = [_line(f"+ {rest}", isSubtle=True)] if rest else call
        around = [_around(entry, post.language, rich=rich and alone) for entry in entries]
        bare = [element for above, below in around for element in (*above, *below)]
        room = (LARGEST - len(_message([*bare, *end], buttons, post.language))) // count
        if room >= LEAST_LEAD:
            pairs = zip(entries, around, strict=True)
            body = [part for entry, (above, below) in pairs for part in (*above, *_lead(entry.text, room), *below)]
            return _message([*body, *end] or [_line("\u2013")], buttons, post.language)
    raise Refused("the article's link is longer than Teams takes")


def _message(body: Sequence[Element], actions: Sequence[Element], language: str) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "lang": language or "en",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    return _json({"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]})


def _around(entry: Entry, language: str, *, rich: bool) -> tuple[list[Element], list[Element]]:
    """What stands above the lead, title and picture, and below it: the line about the article."""
    title = escape_teams(clip_line(entry.title or entry.link, TITLE, lambda words: _size(escape_teams(words))))
    linked = link_teams(title, entry.link) if entry.link else title
    looks = {"size": "Large", "weight": "Bolder", "style": "heading", "wrap": True}
    above: list[Element] = [{"type": "TextBlock", "text": linked, **looks}] if linked else []
    picture = entry.picture if rich else None
    if picture and picture.url.startswith("https://") and utf8(safe(picture.url)) <= PICTURE:
        alt = without_functions(clip_line(picture.alt or entry.title, ALT, _size))
        opens = {"selectAction": _opening(entry.link)} if entry.link else {}
        above.append({"type": "Image", "url": safe(picture.url), "altText": alt, "size": "Stretch", **opens})
    authors, source = (clip_line(words, NAMES, _size) for words in (", ".join(entry.authors), entry.source))
    date = in_words(entry.published, language) if entry.published else ""
    about = " \u00b7 ".join(filter(None, (authors, date, source)))
    return above, [_line(about, isSubtle=True, size="Small")] if about else []


def _call(entry: Entry, language: str, *, rich: bool) -> tuple[list[Element], list[Element]]:
    """The call to share, which ends the card, and the buttons below it: to read, and to share on each network."""
    words = clip_line(entry.share.words, CALL, _size) if entry.share else ""
    buttons = [_opening(entry.link, READ.get(language, READ["en"]))] if entry.link else []
    links = entry.share.links if entry.share and rich else ()
    buttons += [_opening(link.url, clip_line(link.label, BUTTON)) for link in links if link.url.startswith("https://")]
    return [_line(words, weight="Bolder")] if words else [], buttons[:MOST_BUTTONS]


def _opening(address: str, title: str = "") -> Element:
    return {"type": "Action.OpenUrl", **({"title": title} if title else {}), "url": safe(address)}


# --- Words and bytes -----------------------------------------------------------------------------------------------


def _lead(text: Text, room: int) -> list[Element]:
    """As much of the text as fits so many bytes."""
    return runs_teams(clip(text, room, utf8, lambda part: _json(runs_teams(part)).decode()))


def _line(words: str, **looks: object) -> Element:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": without_functions(words), **looks}]}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _size(words: str) -> int:
    """The bytes that these words take within JSON."""
    return len(_json(without_functions(words))) - 2
