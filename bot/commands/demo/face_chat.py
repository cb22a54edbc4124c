"""How chats show a message: its words in their markup, with looks and links, pictures, a card and buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.commands.demo.drawing import anchor, dicts, image, words
from bot.commands.demo.face_html import html
from bot.commands.demo.face_parts import broken, card, host, link_of_picture, linked, part, said, stand_in
from bot.commands.demo.markdown import MATTERMOST, ROCKETCHAT, ZULIP, line, whole

Json = Mapping[str, Any]


# --- In Markdown ---------------------------------------------------------------------------------------------------


def mattermost(message: Json) -> str:
    """The words, and the cards that Mattermost calls attachments; a bot has them among what it calls props."""
    props = message.get("props")
    cards = message.get("attachments", props.get("attachments") if isinstance(props, dict) else None)
    text = message.get("text") or message.get("message")
    return said(whole(text, MATTERMOST)) + "".join(map(_attachment, dicts(cards)))


def _attachment(shown: Json) -> str:
    title, footer = shown.get("title"), shown.get("footer")
    picture, address = shown.get("image_url"), shown.get("title_link")
    name = anchor(address, broken(words(title))) if address else line(title, MATTERMOST)
    parts = (
        part("author", broken(words(shown.get("author_name")))),
        part("heading", name if title else ""),
        said(whole(shown.get("text"), MATTERMOST)),
        image(picture, title) if picture else "",
        "".join(_field(field) for field in dicts(shown.get("fields"))),
        part("footer", broken(words(footer))),
    )
    return f'<div class="attachment">{"".join(parts)}</div>'


def _field(field: Json) -> str:
    title = f"<strong>{broken(words(field.get('title')))}</strong>"
    return part("field", title) + whole(field.get("value"), MATTERMOST)


def rocketchat(message: Json) -> str:
    """The words, which have pictures among them."""
    inner = message.get("message")
    text = inner.get("msg") if isinstance(inner, dict) else message.get("text")
    return said(whole(text, ROCKETCHAT))


def zulip(message: Json) -> str:
    """The channel and the topic, the words, and a small picture for each link to one."""
    place = " \u203a ".join(filter(None, (words(message.get("to")), words(message.get("topic")))))
    return part("topic", broken(place)) + said(whole(message.get("content"), ZULIP, _thumb))


def _thumb(address: object) -> str:
    return image(address, "", "preview") if link_of_picture(address) else ""


# --- In HTML -------------------------------------------------------------------------------------------------------


def matrix(event: Json) -> str:
    """The words as HTML if the event has them so; a picture was uploaded, and the words are below it."""
    inner = event.get("m.new_content")
    event = inner if isinstance(inner, dict) else event
    formed, body = event.get("formatted_body"), words(event.get("body"))
    shown = stand_in(event.get("filename")) if event.get("msgtype") == "m.image" else ""
    return shown + said(html(formed) if formed else linked(body))


def telegram(message: Json) -> str:
    """A rich message or an ordinary one, in whose words Telegram finds hashtags, and the buttons below in rows."""
    rich, keys = message.get("rich_message"), message.get("reply_markup")
    formed = words(rich.get("html") if isinstance(rich, dict) else message.get("text"))
    plain = "parse_mode" not in message and not isinstance(rich, dict)
    rows = keys.get("inline_keyboard") if isinstance(keys, dict) else None
    inner = linked(formed) if plain else html(formed, linked)
    shown = "".join(_row(row) for row in rows) if isinstance(rows, list) else ""
    return f'<div class="bubble">{_preview(message)}{said(inner)}</div>{shown}'


def _preview(message: Json) -> str:
    """The page that an ordinary message shows above its words."""
    options = message.get("link_preview_options")
    address = options.get("url") if isinstance(options, dict) else None
    return card(address, stand_in(""), host(address), "") if address else ""


def _row(row: object) -> str:
    return part("buttons row", "".join(_button(key.get("url"), key.get("text")) for key in dicts(row)))


def _button(address: object, label: object) -> str:
    return anchor(address, broken(words(label)), "button")


def googlechat(message: Json) -> str:
    """The words, and the cards, which are made of sections and those of widgets."""
    cards = [each.get("card") for each in dicts(message.get("cardsV2"))]
    return said(linked(message.get("text"))) + "".join(_card(each) for each in cards if isinstance(each, dict))


def _card(shown: Json) -> str:
    sections = ("".join(map(_widget, dicts(section.get("widgets")))) for section in dicts(shown.get("sections")))
    inner = "".join(f'<div class="section">{widgets}</div>' for widgets in sections)
    return f'<div class="card">{inner}</div>'


def _widget(widget: Json) -> str:
    kind = next(iter(widget), "")
    value = widget[kind] if kind and isinstance(widget[kind], dict) else {}
    match kind:
        case "textParagraph":
            return said(html(re.sub(r"\n", "<br>", words(value.get("text")))))
        case "image":
            return anchor(_opened(value), image(value.get("imageUrl"), value.get("altText")), "around")
        case "buttonList":
            keys = (_button(_opened(key), key.get("text")) for key in dicts(value.get("buttons")))
            return part("buttons", "".join(keys))
        case _:
            return f'<pre class="raw">{broken(kind)}</pre>'


def _opened(widget: Json) -> object:
    """Where a click leads."""
    click = widget.get("onClick")
    link = click.get("openLink") if isinstance(click, dict) else None
    return link.get("url") if isinstance(link, dict) else None
