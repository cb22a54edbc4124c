"""The sample site: a feed in WordPress's shape, the articles as pages, and their pictures, all from this machine."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.commands.demo.picture import picture

ARTICLES = Path(__file__).parent / "articles.toml"
NAME = "Fjordklyngen"
HOME = "https://fjordklyngen.example"
CALL = "Glem ikke å dele dette!"
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the sample site; `text` and `more` are paragraphs in HTML, the first of `more` a heading."""

    number: int
    slug: str
    title: str
    author: str
    tags: tuple[str, ...]
    text: tuple[str, ...]
    more: tuple[str, ...] = ()
    alt: str = ""
    picture: str = ""
    hours_ago: float = 0
    corrected: dict[str, Any] = field(default_factory=dict)
    published: datetime | None = None

    @property
    def link(self) -> str:
        return f"{HOME}/{self.slug}/"

    def as_corrected(self) -> Article:
        """The article after its author has mended it."""
        return replace(self, title=self.corrected["title"], text=tuple(self.corrected["text"]))


@cache
def articles() -> tuple[tuple[Article, ...], tuple[Article, ...]]:
    """The articles that are there from the start, and those that appear during the show."""
    read = tomllib.loads(ARTICLES.read_text("utf-8"))
    numbered = [Article(number=800 + 6 * n, **_frozen(each)) for n, each in enumerate(read["known"] + read["news"])]
    count = len(read["known"])
    return tuple(numbered[:count]), tuple(numbered[count:])


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


class Site:
    """The site as it stands: what is published, and where it has moved to."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.address = ""  # Where it is served on this machine.
        self.moved = False
        self.asked = 0
        self.published = [replace(a, published=now() - timedelta(hours=a.hours_ago)) for a in articles()[0]]

    # --- What its authors do ---------------------------------------------------------------------------------------

    def publish(self, article: Article) -> None:
        self.published.append(replace(article, published=self._now()))

    def correct(self, article: Article) -> None:
        """Put the corrected words into the article that is there."""
        for at, there in enumerate(self.published):
            if there.number == article.number:
                self.published[at] = there.as_corrected()

    def move(self) -> None:
        """Move to another server, as WordPress's importer does it: each article under another number."""
        self.moved = True

    # --- What it serves --------------------------------------------------------------------------------------------

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/feed/", self._feed)
        app.router.add_get("/wp-content/uploads/{name}.png", self._picture)
        app.router.add_get("/{slug}/", self._page)
        app.router.add_get("/", self._front)
        return app

    async def _feed(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(body=self.feed(), content_type="application/rss+xml", charset="utf-8")

    async def _picture(self, request: web.Request) -> web.Response:
        return web.Response(body=picture(request.match_info["name"]), content_type="image/png", headers=SECURITY)

    async def _page(self, request: web.Request) -> web.Response:
        found = next((a for a in self.published if a.slug == request.match_info["slug"]), None)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(text=_whole(found.title, self.html(found)), content_type="text/html", headers=SECURITY)

    async def _front(self, _: web.Request) -> web.Response:
        rows = "".join(f'<li><a href="/{a.slug}/">{escape(a.title)}</a></li>' for a in reversed(self.published))
        body = f"<ul>{rows}</ul><p><a href='/feed/'>RSS</a></p>"
        return web.Response(text=_whole(NAME, body), content_type="text/html", headers=SECURITY)

    def feed(self) -> bytes:
        """The feed, its newest article first."""
        items = "".join(map(self._item, reversed(self.published)))
        return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
\txmlns:content="http://purl.org/rss/1.0/modules/content/"
\txmlns:dc="http://purl.org/dc/elements/1.1/"
\txmlns:atom="http://www.w3.org/2005/Atom">
<channel>
\t<title>{NAME}</title>
\t<atom:link href="{HOME}/feed/" rel="self" type="application/rss+xml" />
\t<link>{HOME}</link>
\t<description>Nytt fra bedriftene ved fjorden</description>
\t<language>nb-NO</language>
\t<generator>https://wordpress.org/?v=6.8.3</generator>
{items}</channel>
</rss>
""".encode()

    def _item(self, article: Article) -> str:
        number = article.number + 5000 if self.moved else article.number
        link = f"{article.link}?utm_source=rss&utm_medium=rss" if self.moved else article.link
        tags = "".join(f"<category><![CDATA[{tag}]]></category>" for tag in article.tags)
        closing = f'<div class="fusion-sharing-box"><h4>{CALL}</h4></div>'
        excerpt = f"<p>{article.text[0]} [&#8230;]</p>"
        return f"""\t<item>
\t\t<title>{escape(article.title)}</title>
\t\t<link>{escape(link)}</link>
\t\t<dc:creator><![CDATA[{article.author}]]></dc:creator>
\t\t<pubDate>{format_datetime(article.published) if article.published else ""}</pubDate>
\t\t{tags}
\t\t<guid isPermaLink="false">{HOME}/?p={number}</guid>
\t\t<description><![CDATA[{excerpt}]]></description>
\t\t<content:encoded><![CDATA[{self.html(article, secure(self.address))}{closing}]]></content:encoded>
\t</item>
"""

    def html(self, article: Article, origin: str = "") -> str:
        """The article's own HTML, with its picture at that origin."""
        source = f"{origin}/wp-content/uploads/{article.picture}.png"
        shown = (
            f'<p><img src="{source}" alt="{escape(article.alt)}" width="960" height="540" /></p>'
            if article.picture
            else ""
        )
        heading, *rest = article.more or ("",)
        more = (f"<h3>{heading}</h3>" if heading else "") + "".join(f"<p>{words}</p>" for words in rest)
        return shown + "".join(f"<p>{words}</p>" for words in article.text) + more


def secure(address: str) -> str:
    """The same place, as a picture has to be named for Teams, which shows none but https.

    Nobody asks there: Delebot never looks at a private address that a feed names, and the inbox knows the real one.
    """
    return address.replace("http://", "https://", 1)


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="nb"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1>{body}<p>{CALL}</p></html>"
    )
