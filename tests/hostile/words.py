"""Titles, leads and names that are meant to call a room, to show another link than they lead to, or to be markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any
from urllib.parse import parse_qs

import httpx
from selectolax.lexbor import LexborHTMLParser

from bot import kinds
from bot.kinds import load
from bot.model import Item, Occasion, Picture, Post
from bot.posts.compose import compose
from bot.settings import ChannelSettings
from tests.goldens import NOW
from tests.hostile.cases import Case
from tests.test_every_kind import shown, words_of_mail

LINK = "https://klynge.example/sak/"
OURS = r"https://(?:www\.linkedin\.com/|klynge\.example/)"
QUIET = "quiet everywhere"
EVIL = "http://evil.example/"

WORDS: dict[str, str] = {
    "everybody, as in Discord": "@everyone @here Sak",
    "everybody, as in Slack": "<!channel> <!here> <!everyone> Sak",
    "a person, as in Slack": "<@U12345678> <!subteam^S12345678> Sak",
    "a person, as in Discord": "<@123456789012345678> <@&123456789012345678> <#123456789012345678> Sak",
    "a person, as in Mastodon": "@kari@evil.example hei@evil.example Sak",
    "a person, as in Zulip": "@**all** @_**Kari|12** @*gruppe* #**kanal>emne** Sak",
    "a person, as in Mattermost and Rocket.Chat": "@all @channel @kari ~kanal #kanal Sak",
    "a person, as in Google Chat": "<users/all> <users/123456> Sak",
    "a person, as in Facebook and LinkedIn": "@[102030405060708] @[Kari](urn:li:person:x) {hashtag|\\#|x} Sak",
    "a person, as in Teams": "<at>Kari</at> {{DATE(2026-11-20T09:00:00Z)}} Sak",
    "a room, as in Matrix": "@room https://matrix.to/#/@kari:evil.example Sak",
    "a masked link in Markdown": f"[Les mer her]({EVIL}) ![bilde]({EVIL}a.png) Sak",
    "a masked link in Slack": f"<{EVIL}|https://klynge.example> Sak",
    "a masked link in HTML": f'<a href="{EVIL}">https://klynge.example</a> Sak',
    "a reference in Markdown": f"[Les mer][1] Sak\n\n[1]: {EVIL}",
    "an automatic link": f"<{EVIL}> <javascript:alert(1)> Sak",
    "a script as a link": '<a href="javascript:alert(1)">Sak</a> [x](javascript:alert(1))',
    "data as a link": '<a href="data:text/html;base64,PHNjcmlwdD4=">Sak</a> [x](data:text/html,x)',
    "an invisible link": f'<a href="{EVIL}">\u200b</a>[\u200b]({EVIL})<{EVIL}|\u200b> Sak',
    "a trusted name before an @": '<a href="https://klynge.example@evil.example/">Sak</a>',
    "tags": '<script>alert(1)</script><img src=x onerror=alert(1)><iframe src="//evil.example"></iframe> Sak',
    "tags that are written as entities": "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;b&amp;gt; Sak",
    "the end of an attribute": '"><script>alert(1)</script><p onmouseover="alert(1) Sak',
    "the end of a comment and of CDATA": "--> ]]> */ </p></body></html><h1>Sak",
    "backticks": "``` ` `@everyone` ```js\nalert(1)\n``` Sak",
    "every sign of MarkdownV2": "_*[]()~`>#+-=|{}.!\\ Sak",
    "headings, lists and quotations": "# Sak\n> sitat\n- punkt\n1. tall\n|a|b|\n|-|-|\n---",
    "an order in a chat": "/poll Sak\n/me gjør noe",
    "signs that turn the writing round": "\u202egnp.exe\u202c \u2066Sak\u2069 \u200f",
    "signs that nobody sees": "S\u200b\u2060\ufeff\u00adak \U000e0041\U000e0042",
    "signs that steer a terminal": "\x1b[2J\x1b]8;;http://evil.example\x07Sak\x9b31m\x00",
    "accents in a tower": "S" + "\u0301" * 500 + "ak",
    "lines of a header": "Sak\r\nBcc: alle@evil.example\r\n\r\nHei",
    "a value of JSON": '","admin":true,"x":"\\u0000\\',
    "an emoji's name and a formula": ":skull: :+1: $$x^2$$ ||skjult|| Sak",
}

# --- What would be alive in each kind's form --------------------------------------------------------------------------

UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u00ad\U000e0000-\U000e007f]")
MASKED = rf"(?<!\\)\]\((?!{OURS})"
CALLED = r"(?<![A-Za-z0-9/])@(?!\u200b)"
ADDRESSES = {"url", "uri", "link", "title_link", "click", "attach", "source_url", "image_url", "imageUrl", "thumb_url"}

# Of the texts that a kind's platform reads as markup: what would mean something there and is not ours.
ALIVE: dict[str, str] = {
    "slack": rf"<(?!{OURS}[^<>|\s]*\|[^<>|]*>|!date\^)",
    "discord": rf"{MASKED}|(?<!\\)<[@#:!]|(?<!\\)`|(?<!\\)\|\|",
    "teams": MASKED,
    "mattermost": rf"{MASKED}|{CALLED}|<[!@]|(?<!\\)`|(?<!\\)~(?!\u200b)\w",
    "rocketchat": rf"\]\((?!{OURS})|{CALLED}|`",
    "zulip": rf"\]\((?!{OURS})|{CALLED}|`|^/",
    "mastodon": r"@(?!\u200b)|https?://(?!klynge\.example/)|[#](?!\u200b)\w",
    "threads": r"@(?!\u200b)[\w\[]|#(?!\u200b)\w",
    "facebook": r"@\[|#(?!\u200b)\w",
    "linkedin": r"(?<!\\)[@\[\]()<>{}|#*_~]",
    "apprise": rf"{CALLED}|\]\((?!{OURS})|<!(?!\u200b)",
}
READ_AS_MARKUP: dict[str, Callable[[Any], Iterator[str]]] = {
    "discord": lambda body: (embed.get(name, "") for embed in body["embeds"] for name in ("title", "description")),
    "teams": lambda body: _texts(body, "TextBlock"),
    "mattermost": lambda body: (card.get(name, "") for card in body["attachments"] for name in ("text", "pretext")),
    "linkedin": lambda body: iter([body.get("commentary", "")]),
    "slack": lambda body: (text for name, text in leaves(body) if name == "text"),
    "facebook": lambda body: iter([body.get("message", "")]),
    "mastodon": lambda body: iter([body.get("status", "")]),
}
IN_HTML: dict[str, Callable[[Any], list[str]]] = {
    "telegram": lambda body: [text for name, text in leaves(body) if name == "html" or "parse_mode" in body],
    "matrix": lambda body: [body.get("formatted_body", "")],
    "googlechat": lambda body: [text for name, text in leaves(body["cardsV2"]) if name == "text" and "<" in text],
}
TAGS = """
html head body a b strong i em u s p h1 h2 h3 h4 ul ol li br blockquote code pre font div span table tbody tr td img
figure figcaption hr title meta
"""


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each string of a JSON value, with the name that it has."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)


def _texts(value: Any, kind: str) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == kind:
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner, kind)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, kind)


def alive(kind: str, request: httpx.Request) -> list[str]:
    """What would mean something in this request beside what Delebot means: nothing, if all is well."""
    body, html = _read(kind, request)
    found = [f"unseen {sign!r}" for _, text in leaves(body) for sign in UNSEEN.findall(text.replace("\r", ""))]
    found += [f"{name}={text}" for name, text in leaves(body) if name in ADDRESSES and not re.match(OURS, text)]
    read = READ_AS_MARKUP.get(kind, lambda body: (text for _, text in leaves(body)))
    if kind in ALIVE:
        found += [text[m.start() : m.end() + 20] for text in read(body) for m in re.finditer(ALIVE[kind], text)]
    if kind == "discord":
        found += [] if body["allowed_mentions"] == {"parse": []} else ["mentions are allowed"]
    if kind == "bluesky":
        facets = body.get("record", {}).get("facets", [])
        found += [str(facet) for facet in facets if "mention" in str(facet) or "evil" in str(facet)]
    return [*found, *(wrong for text in html for wrong in _wrong_in(text))]


def _read(kind: str, request: httpx.Request) -> tuple[Any, list[str]]:
    """The body as values, and what of it is HTML."""
    if kind == "email":
        said = words_of_mail(request.content)
        return {"text": said, "headers": request.content.partition(b"\n\n")[0].decode()}, [
            said[said.find("<!DOCTYPE") :]
        ]
    text = request.content.decode()
    if request.headers.get("content-type", "").startswith("application/x-www-form"):
        return {name: values[0] for name, values in parse_qs(text).items() if name in ("content", "text")}, []
    try:
        body = json.loads(text)
    except ValueError:
        return {"": text}, []
    return body, [*IN_HTML[kind](body)] if kind in IN_HTML else []


def _wrong_in(html: str) -> Iterator[str]:
    """The tags, attributes and addresses of HTML that are not ours, as a browser reads it."""
    for node in LexborHTMLParser(html).css("*"):
        if node.tag not in TAGS.split():
            yield f"<{node.tag}>"
        for name, value in node.attributes.items():
            ours = re.match(OURS + "|mailto:\\?|unsubscribe", value or "") or name not in ("href", "src")
            if name.startswith("on") or not ours:
                yield f"{name}={value}"


# --- The cases ------------------------------------------------------------------------------------------------------


def post_for(kind: str, words: str) -> Post:
    """An article that says these words wherever an article can say any."""
    html = f"<p>{words}</p><p>{escape(words)}</p><p><b>{escape(words)}</b></p>"
    picture = Picture("https://klynge.example/a.png", words)
    item = Item("1", LINK, words, html, authors=(words,), tags=(words,), published=NOW, pictures=(picture,))
    wishes = ChannelSettings(kind=kind, share=("linkedin",), tags=())
    return compose(
        [("item-1", item)], key="k-1", occasion=Occasion.SHARE, made_at=NOW, wishes=wishes,
        kind_limits=load(kind).limits, source=words, language="nb",
    )  # fmt: skip


async def everywhere(words: str) -> str:
    """What would be alive of these words on any kind of channel."""
    found = []
    for kind in kinds.names():
        requests = [request for request in shown(kind, post_for(kind, words)) if _says(request)]
        assert requests, kind
        found += [f"{kind}: {wrong}" for request in requests for wrong in alive(kind, request)]
    return "; ".join(found[:5]) or QUIET


def _says(request: httpx.Request) -> bool:
    """Whether a request holds words, and not a picture's bytes."""
    kind = request.headers.get("content-type", "")
    return bool(request.content) and not kind.startswith(("image/", "multipart/form-data"))


def cases() -> Iterator[Case]:
    for name, words in WORDS.items():
        yield Case(f"words: {name}", lambda words=words: everywhere(words), QUIET)  # type: ignore[misc]
