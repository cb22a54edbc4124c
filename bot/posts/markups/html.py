"""HTML as platforms take it: a few tags, `& < > "` escaped, links to the web and to e-mail only."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape as escape_html
from html import unescape
from typing import Any

from bot.model import Block, Entry, Image, Picture, Post, Prepared, Refused, Span, Text
from bot.posts.characters import one_line
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.links import page as site_and_path
from bot.posts.links import safe
from bot.posts.markups.chat import READ
from bot.posts.share_links import words_in
from bot.posts.values import in_json
from bot.posts.write import ZERO_WIDTH_SPACE, Markup, paragraph, write


def escape(words: str) -> str:
    """Plain words for HTML and its attributes; an apostrophe stays, for not every platform knows its entity."""
    return escape_html(words, quote=False).replace('"', "&quot;")


def link(words: str, address: str, look: str = "") -> str:
    """A link around words that are written already, in a style; those alone where no reader could follow it."""
    opens = address.startswith(("https://", "http://", "mailto:"))
    style = f' style="{look}"' if look else ""
    return f'<a href="{escape(safe(address))}"{style}>{words}</a>' if opens else words


def _broken(words: str) -> str:
    """Words that are written already, with their line breaks, which may stand between two looks."""
    return words.replace("\n", "<br>")


DASH = "\u2013"

# Whole paragraphs, lists and quotes: e-mail, Matrix.
PAGE = Markup(
    escape=escape,
    escape_code=escape,
    link=link,
    bold="<strong>",
    italic="<em>",
    code="<code>",
    paragraph=lambda words: f"<p>{_broken(words)}</p>",
    heading=lambda words, _: f"<h4>{_broken(words)}</h4>",
    item=lambda words, level: f"{'<ul>' * (level + 1)}<li>{_broken(words)}</li>{'</ul>' * (level + 1)}",
    quote=lambda words: f"<blockquote>{_broken(words)}</blockquote>",
    block=lambda words: f"<pre><code>{words}</code></pre>",
    within_words=True,
)

# What stands beside such a page for those who read plain words: an address behind the words of its link.
ADDRESSED = Markup(
    escape=str,
    escape_code=str,
    link=lambda words, address: safe(address) if words == address else f"{words} {safe(address)}",
)

# Looks and links alone, with real line breaks: the cards of Google Chat.
INLINE = Markup(
    escape=escape,
    escape_code=escape,
    link=link,
    bold="<b>",
    italic="<i>",
    code="<code>",
    heading=lambda words, _: f"<b>{words}</b>",
    within_words=True,
)


def page(text: Text) -> str:
    """The text as paragraphs, lists and quotes."""
    return write(text, PAGE).replace("</ul>\n<ul>", "")


def addressed(text: Text) -> str:
    """The words of a page without any markup, each link by its address."""
    return write(text, ADDRESSED)


def inline(text: Text) -> str:
    """The text with looks and links, and line breaks as they are."""
    return write(text, INLINE)


def card(text: Text) -> str:
    """The text as a card of Google Chat's takes it."""
    return in_card(re.sub(r"</?code>", "", inline(text)))


def in_card(written: str) -> str:
    """What is written already, with its line breaks as a card has them, and nothing that could mention a person."""
    return written.replace("\n", "<br>").replace("&lt;users/", f"&lt;{ZERO_WIDTH_SPACE}users/")


# --- Telegram ------------------------------------------------------------------------------------------------------

# In plain words Telegram itself makes links of names, hashtags and commands, also where a look begins behind their
# sign, and tells the person whose name it is.
ALT = 300
FOUND_BY_TELEGRAM = re.compile(r"(https?://[\w-]+\.\w[^\s<>\"]*)|(?<![A-Za-z0-9_])[@#$](?=\w|$)|(?<![\w/<>])/(?=\w|$)")


def quiet_telegram(words: str) -> str:
    """Plain words in which Telegram finds no name, hashtag or command; an address stays one."""
    return FOUND_BY_TELEGRAM.sub(
        lambda found: found[1].replace("@", "%40") if found[1] else f"{found[0]}{ZERO_WIDTH_SPACE}", words
    )


def escape_telegram(words: str) -> str:
    """The same for its HTML. https://core.telegram.org/bots/api#html-style"""
    return escape(quiet_telegram(words))


def _link_telegram(words: str, address: str) -> str:
    return link(words.replace("\n", " "), address)


# A message of words with looks.
TELEGRAM = Markup(
    escape=escape_telegram,
    escape_code=escape,
    link=_link_telegram,
    bold="<b>",
    italic="<i>",
    code="<code>",
    heading=lambda words, _: f"<b>{words}</b>",
    quote=lambda words: f"<blockquote>{words}</blockquote>",
    block=lambda words: f"<pre>{words}</pre>",
    within_words=True,
)

# A rich message, made of blocks; a line break is none of its tags but in quotes.
RICH_TELEGRAM = replace(
    TELEGRAM,
    paragraph=lambda words: "".join(f"<p>{line}</p>" for line in words.split("\n") if line.strip()),
    heading=lambda words, _: f"<h3>{words}</h3>".replace("\n", " "),
    item=lambda words, _: f"<ul><li>{words}</li></ul>".replace("\n", " "),
    quote=lambda words: f"<blockquote>{_broken(words)}</blockquote>",
)


def telegram(text: Text) -> str:
    """The text as a message of Telegram's."""
    return write(text, TELEGRAM)


def counted_telegram(written: str) -> int:
    """The length of a message as Telegram counts it, once it has read the tags, or a little more."""
    return len(re.sub(r"<[^>]*>", "", written))


def rich_telegram(text: Text) -> str:
    """The text as blocks of a rich message."""
    return re.sub(r"(?<=>)\n+(?=<)", "", write(text, RICH_TELEGRAM)).replace("</ul><ul>", "")


def figure_telegram(address: str, described: str) -> str:
    """A picture in a rich message. Telegram has no words for who can't see it, so that they stand below."""
    caption = f"<figcaption>{escape_telegram(clip_line(described, ALT))}</figcaption>" if described else ""
    return f'<figure><img src="{escape(safe(address))}"/>{caption}</figure>'


def bare(written: str) -> str:
    """The words of what is written in looks and links, each address behind the words of its link."""
    addressed = re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 \1", written, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", addressed))


# --- Matrix --------------------------------------------------------------------------------------------------------

LARGEST = 45_000  # Bytes of the words in JSON, of 65,536 for a whole event.
MOST_ENTRIES, LEAD_OF_MANY, NAME = 20, 200, 100
KEY_MATRIX = "no.delebot.key"  # What an event keeps the key of its post in, by which it is found again.


def event_matrix(post: Post, prepared: Prepared) -> dict[str, Any]:
    """The post as an event of Matrix's, its words plain and as HTML; who is named in it is not told.

    What is prepared has as `image` what `image_matrix` made. The event is no notice, for of those nobody is told.
    https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes
    """
    text = _whole(post)
    words, html = addressed(text), re.sub(r"\n+(?=<)", "", page(text))
    # What begins like this could be a command to another bot of the room.
    body = f"{ZERO_WIDTH_SPACE}{words}" if words.startswith(("!", "/")) else words
    looks = {"format": "org.matrix.custom.html", "formatted_body": html, "m.mentions": {}}
    return {"msgtype": "m.text", "body": body, **looks, KEY_MATRIX: post.key, **json.loads(prepared.get("image", "{}"))}


def image_matrix(mxc: str, picture: Picture, image: Image) -> str:
    """What makes an event show an uploaded picture, with the words as its caption; in JSON.

    The picture's name is the only place for the words for who cannot see it.
    """
    name = clip_line(one_line(re.sub(r'[\\/:*?"<>|]', " ", picture.alt)), NAME) or "picture"
    info = {"mimetype": image.type, "size": len(image.content), "w": image.width, "h": image.height}
    shown = {"msgtype": "m.image", "url": mxc, "filename": f"{name}.{image.type.rpartition('/')[2]}", "info": info}
    return json.dumps(shown, ensure_ascii=False)


def edit_matrix(event: dict[str, Any], of: str) -> dict[str, Any]:
    """The event that puts another in the place of the first; who can't be shown that reads its first line."""
    words = {"msgtype": "m.text", "body": f"* {event['body'].splitlines()[0]}", "m.mentions": {}}
    relation = {"rel_type": "m.replace", "event_id": of}
    return {**words, KEY_MATRIX: event[KEY_MATRIX], "m.new_content": event, "m.relates_to": relation}


def _whole(post: Post) -> Text:
    """The words of the post; of several articles as many as there is room for."""
    entries = post.entries[:MOST_ENTRIES]
    if not entries:
        return clip(paragraph(post.words), LARGEST, in_json, _both) or paragraph("\u2013")
    while entries:
        room, alone = LARGEST // len(entries), len(post.entries) == 1
        shown = [_article(entry, post.language, room, alone=alone) for entry in entries]
        if all(shown):
            rest = len(post.entries) - len(entries)
            return (*(block for text in shown for block in text), *paragraph(f"+ {rest}" if rest else ""))
        entries = entries[:-1]
    raise Refused("the article's link is longer than Matrix takes")


def _article(entry: Entry, language: str, room: int, *, alone: bool) -> Text:
    """The title as a link, the lead, the line about the article, the call to share; nothing if there is no room."""
    title, day = entry.title or entry.link, in_words(entry.published, language) if entry.published else ""
    tags = " ".join(f"#{tag}" for tag in entry.hashtags)
    about = " \u00b7 ".join(filter(None, (", ".join(entry.authors), day, entry.source, tags)))
    head = (Block("paragraph", (Span(title or "\u2013", entry.link, bold=True),)),)
    end: Text = (Block("paragraph", (Span(about, italic=True),)),) if about else ()
    if alone and entry.share:
        links = [part for link in entry.share.links for part in (Span(" \u00b7 "), Span(link.label, link.url))]
        links[:1] = [Span("\n")] * bool(links)
        end += (Block("paragraph", (Span(entry.share.words, bold=True), *links)),)
    left = room - in_json(_both((*head, *end)))
    lead = entry.text if alone else clip(entry.text, LEAD_OF_MANY)
    return (*head, *clip(lead, left, in_json, _both), *end) if left >= 0 else ()


def _both(text: Text) -> str:
    return page(text) + addressed(text)


# --- E-mail --------------------------------------------------------------------------------------------------------

# Looks stand at each element, for many programs drop a sheet of styles, and some know no width but an attribute.
WIDTH, MOST_MAILED, LEAD_MAILED = 600, 50, 250
LETTER = f"max-width:{WIDTH}px;margin:0 auto;padding:16px;font-family:Arial,sans-serif;font-size:16px;line-height:1.5"
HEADLINE, GREY = "margin:24px 0 8px;font-size:22px;line-height:1.3", "color:#666666;font-size:14px"
BLACK, BLUE = "color:#1a1a1a;text-decoration:none", "color:#0b57d0;text-decoration:underline"
APART = "margin-top:24px;padding-top:8px;border-top:1px solid #cccccc"


def mail_page(post: Post) -> str:
    """The post as the HTML of an e-mail."""
    shown = [_mailed(entry, post) for entry in post.entries[:MOST_MAILED]] or [page(paragraph(post.words))]
    rest = len(post.entries) - MOST_MAILED
    body = "\n".join((*shown, *([f"<p>+ {rest}</p>"] if rest > 0 else [])))
    start = f'<!DOCTYPE html>\n<html lang="{escape(post.language)}">\n<body style="margin:0">\n<div style="{LETTER}">'
    return f"{start}\n{body}\n</div>\n</body>\n</html>\n"


def _mailed(entry: Entry, post: Post) -> str:
    alone, picture = len(post.entries) == 1, entry.picture
    parts = [f'<h2 style="{HEADLINE}">{link(escape(headline(entry)), entry.link, BLACK)}</h2>']
    if alone and picture and picture.url.startswith("https://"):
        sides = f'width="{min(picture.width or WIDTH, WIDTH)}" style="max-width:100%;height:auto;border:0"'
        image = f'<img src="{escape(safe(picture.url))}" alt="{escape(picture.alt)}" {sides}>'
        parts.append(f"<p>{link(image, entry.link)}</p>")
    parts.append(page(entry.text if alone else clip(entry.text, LEAD_MAILED)))
    parts.append(f"<p>{link(words_in(READ, post.language), entry.link, BLUE)}</p>" if entry.link else "")
    about = escape(_about(entry, post.language))
    parts.append(f'<p style="{GREY}">{about}</p>' if about else "")
    if alone and entry.share:
        links = " \u00b7 ".join(link(escape(to.label), to.url) for to in entry.share.links)
        parts.append(
            f'<div style="{APART}">\n<p><strong>{escape(entry.share.words)}</strong></p>\n<p>{links}</p>\n</div>'
        )
    return "\n".join(filter(None, parts))


def headline(entry: Entry) -> str:
    """What an article is called in a mail; one without a title by the site that it is on."""
    return entry.title or site_and_path(entry.link)[0] or DASH


def mail_words(post: Post) -> str:
    """The post as the plain words of an e-mail, for programs and people that prefer those."""
    if not post.entries:
        return f"{post.words}\n"
    alone, parts = len(post.entries) == 1, list[str]()
    for entry in post.entries[:MOST_MAILED]:
        lead = addressed(entry.text if alone else clip(entry.text, LEAD_MAILED))
        parts += [entry.title or (DASH if not entry.link else ""), lead, safe(entry.link), _about(entry, post.language)]
        if alone and entry.share:
            links = (f"{to.label}: {safe(to.url)}" for to in entry.share.links)
            parts += ["-" * 20, "\n".join((entry.share.words, *links))]
    rest = len(post.entries) - MOST_MAILED
    return "\n\n".join(filter(None, (*parts, f"+ {rest}" if rest > 0 else ""))) + "\n"


def _about(entry: Entry, language: str) -> str:
    day = in_words(entry.published, language) if entry.published else ""
    return " \u00b7 ".join(filter(None, (", ".join(entry.authors), day, entry.source)))
