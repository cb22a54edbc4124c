"""Reads JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from bot.feeds import fields, refuse
from bot.feeds.dates import read_date
from bot.feeds.measure import ITEMS, PICTURES, TAGS
from bot.model import Document, Item, Picture

LARGEST = 5_000_000  # Bytes; as values a document takes many times its size.
VALUES = 500_000
VERSION = ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/", "https://www.jsonfeed.org/version/")


def read(text: bytes, address: str) -> Document:
    """The document of a JSON text; FeedProblem when the text is broken or no JSON Feed."""
    if len(text) > LARGEST:
        raise refuse.monstrous(f"it is JSON of more than {LARGEST / 1e6:g} MB")
    if sum(map(text.count, (b"{", b"[", b",", b":"))) > VALUES:
        raise refuse.monstrous("it is JSON with more values than any feed has")
    try:
        feed = json.loads(text)
    except json.JSONDecodeError as error:
        raise refuse.broken_json(error.lineno, cut=_ends_too_early(error)) from None
    except (ValueError, RecursionError):
        raise refuse.unreadable() from None
    if not isinstance(feed, dict) or not str(feed.get("version")).startswith(VERSION):
        raise refuse.json(error=isinstance(feed, dict) and bool(feed.keys() & {"error", "errors", "message", "code"}))
    home = fields.absolute(feed.get("home_page_url"), address)
    items = (item for item in _list(feed.get("items"))[:ITEMS] if isinstance(item, dict))
    return Document(
        title=fields.plain(feed.get("title"), markup=False),
        link=home,
        language=fields.language(feed.get("language")),
        items=tuple(_item(item, feed, home or address) for item in items),
    )


def _ends_too_early(error: json.JSONDecodeError) -> bool:
    return error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")


def _item(item: dict[str, Any], feed: dict[str, Any], base: str) -> Item:
    link = fields.absolute(item.get("url"), base) or fields.absolute(item.get("external_url"), base)
    published, updated = _date(item.get("date_published")), _date(item.get("date_modified"))
    return Item(
        guid=_guid(item.get("id")),
        link=link,
        title=fields.plain(item.get("title"), markup=False),
        html=fields.clean(item.get("content_html")) or _marked_up(item.get("content_text")),
        summary=_marked_up(item.get("summary")),
        base=link or base,
        authors=fields.names(list(_authors(item) or _authors(feed))[:TAGS]),
        tags=fields.tags(_list(item.get("tags"))[:TAGS]),
        published=published[0] if published else None,
        updated=updated[0] if updated else None,
        date_is_certain=all(date[1] for date in (published, updated) if date),
        pictures=fields.best_first(_pictures(item), base),
        language=fields.language(item.get("language"), feed.get("language")),
    )


def _guid(written: object) -> str:
    """The identifier as text: some feeds give a number."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        written = str(written)
    return fields.clean(written).strip()


def _date(written: object) -> tuple[datetime, bool] | None:
    return read_date(written) if isinstance(written, str) else None


def _marked_up(written: object) -> str:
    """Plain text as HTML, paragraphs and all."""
    paragraphs = escape(fields.clean(written), quote=False).strip().split("\n\n")
    lines = ("<br>".join(paragraph.strip().splitlines()) for paragraph in paragraphs)
    return "".join(f"<p>{line}</p>" for line in lines if line)


def _authors(bearer: dict[str, Any]) -> list[object]:
    """The names of version 1.1, or the one of version 1.0."""
    persons = [person for person in [*_list(bearer.get("authors")), bearer.get("author")] if isinstance(person, dict)]
    return [person.get("name") for person in persons if person.get("name")]


def _pictures(item: dict[str, Any]) -> Iterator[Picture]:
    for address in (item.get("image"), item.get("banner_image")):
        if isinstance(address, str):
            yield Picture(address)
    for file in _list(item.get("attachments"))[:PICTURES]:
        if isinstance(file, dict) and isinstance(file.get("url"), str):
            kind = fields.clean(file.get("mime_type"))
            if fields.looks_like_picture(file["url"], kind):
                yield Picture(file["url"], fields.plain(file.get("title")), kind)


def _list(written: object) -> list[Any]:
    return written if isinstance(written, list) else []
