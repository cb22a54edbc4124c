"""Reads the cases of the identity table and makes their documents.

A case stands in a text file of this directory:

    ## what happens                           its name
    # why it is so                            for the reader
    form: atom                                else rss; or json
    home: https://klynge.example/start        what the feed calls its home page; none
    let N: A guid=x link=none date=+2d        the article A (see ARTICLES) with other fields
    poll: A ; N title="Ny tittel"             what the document lists, the first on top
    poll two +3d pruned: A | https: -> http:  another feed, three days later, after the history was forgotten, and
                                              with something put in other words all through the document
    again 2 x 3:                              the last two polls, three times more
    posts: A ; "Ny tittel"                    the posts on both channels, in order
    edits: N                                  the edits where there can be any
    held: B                                   what waits for a person

Every case begins after a first poll of an empty document, and ends with one more poll of its last document, which
owes nothing. `lying` servers answer 304 to whoever sends a validator.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from xml.sax.saxutils import quoteattr

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SITE = "https://klynge.example"
FEEDS = {"one": f"{SITE}/feed/", "two": "https://planet.example/feed/"}
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
Fields = dict[str, str]

# The articles that the cases speak of by a letter. What a case doesn't change is as in this table.
ARTICLES: dict[str, Fields] = {
    letter: {
        "guid": f"{SITE}/?p={number}", "link": f"{SITE}/{slug}/", "title": title, "text": text,
        "date": (BEGIN - timedelta(days=1, hours=number, minutes=7)).isoformat(),
    }
    for number, (letter, slug, title, text) in enumerate(
        (
            ("A", "batterifabrikk", "Ny batterifabrikk åpner i Mosseregionen",
             "Førti personer får jobb når produksjonen starter til våren, forteller fabrikksjefen på Jeløy."),
            ("B", "robotgull", "Studentene vant gull i robotkonkurransen",
             "Laget fra Høgskolen bygde en arm som sorterer skruer raskere enn noe menneske klarer."),
            ("C", "nye-medlemmer", "Klyngen får tre nye medlemmer",
             "To programvarehus og et verksted kom til på årsmøtet, og alle vil dele erfaringer med sensorer."),
            ("D", "havvind", "Havvind: slik blir leverandørene med",
             "Kontraktene ligger ute på anbud i januar. Da må papirene være klare, sier rådgiveren."),
            ("E", "kvantefrokost", "Frokostseminar om kvantesensorer",
             "Kaffe fra klokka åtte. Etterpå viser forskerne hva en klokke av atomer kan brukes til."),
        ),
        start=1,
    )
}  # fmt: skip


# --- Reading a case ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Poll:
    """One poll: how long after the one before, of which feed, and what the site says then."""

    feed: str = "one"
    after: timedelta = timedelta(minutes=15)
    pruned: bool = False
    lying: bool = False
    entries: tuple[Fields, ...] = ()
    swaps: tuple[tuple[str, str], ...] = ()


@dataclass
class Case:
    """A case as it is written."""

    name: str
    chapter: str
    form: str = "rss"
    home: str = f"{SITE}/"
    polls: list[Poll] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def cases(folder: Path) -> dict[str, Case]:
    """The cases of all files of the table, by their names."""
    found: dict[str, Case] = {}
    for path in sorted(folder.glob("*.txt")):
        for number, block in enumerate(re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)):
            if number:
                case = read(block, path.stem)
                assert case.name not in found, f"two cases are called «{case.name}»"
                found[case.name] = case
    return found


def read(block: str, chapter: str) -> Case:
    """A case from its lines; the first is its name, and those that begin with # are for the reader."""
    name, *lines = block.splitlines()
    case, articles = Case(name.strip(), chapter), dict(ARTICLES)
    for line in filter(None, map(str.strip, lines)):
        head, _, rest = line.partition(":")
        match head.split():
            case ["#", *_]:
                continue
            case ["form" | "home" as word]:
                setattr(case, word, rest.strip())
            case ["let", letter]:
                articles[letter] = entry(rest, articles)
            case ["poll", *how]:
                case.polls.append(a_poll(how, rest, articles))
            case ["again", last, "x", times]:
                case.polls += case.polls[-int(last) :] * int(times)
            case ["posts" | "edits" | "held" as word]:
                setattr(case, word, [said(part, articles) for part in split(rest)])
            case _:
                raise AssertionError(f"{case.name}: «{line}» is not understood")
    return case


def split(line: str) -> list[str]:
    """The parts of a line between semicolons that stand apart."""
    return [part.strip() for part in line.split(" ; ") if part.strip()]


def said(part: str, articles: dict[str, Fields]) -> str:
    """A title as it is expected, by the letter of an article or in full."""
    return articles[part]["title"] if part in articles else part.strip('"')


def entry(written: str, articles: dict[str, Fields]) -> Fields:
    """`A guid=x title="…"`: the article A with some fields changed; `date=+2d` moves its date, `none` drops a field."""
    letter, *changes = shlex.split(written)
    fields = dict(articles[letter])
    for change in changes:
        name, _, value = change.partition("=")
        if name in {"date", "updated"} and value[:1] in {"+", "-"}:
            value = (datetime.fromisoformat(fields["date"]) + span(value)).isoformat()
        fields[name] = "" if value == "none" else value
    return fields


def span(written: str) -> timedelta:
    return timedelta(**{UNITS[written[-1]]: float(written[:-1])})


def a_poll(how: Iterable[str], written: str, articles: dict[str, Fields]) -> Poll:
    """`poll two +3d pruned: A ; B | old -> new`: how it is polled, what is there, and what is put in other words."""
    listed, *swaps = written.split(" | ")
    made = Poll(
        entries=tuple(entry(part, articles) for part in split(listed)),
        swaps=tuple((old, new) for old, _, new in (swap.partition(" -> ") for swap in map(str.strip, swaps))),
    )
    for word in how:
        match word:
            case "pruned":
                made = replace(made, pruned=True)
            case "lying":
                made = replace(made, lying=True)
            case _ if word in FEEDS:
                made = replace(made, feed=word)
            case _:
                made = replace(made, after=span(word))
    return made


# --- Documents -----------------------------------------------------------------------------------------------------


def document(case: Case, polled: Poll, number: int) -> bytes:
    """The document that the site gives at this poll; its number makes every one differ from the one before."""
    made = {"rss": rss, "atom": atom, "json": json_feed}[case.form](case, polled.entries, number)
    for old, new in polled.swaps:
        made = made.replace(old, new)
    return made.encode()


def rss(case: Case, entries: Iterable[Fields], number: int) -> str:
    home = f"<link>{escape(case.home)}</link>" if case.home != "none" else ""
    items = "".join(f"<item>{''.join(rss_fields(fields))}</item>" for fields in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Teknologiklyngen</title>{home}<description>{number}</description>{items}</channel></rss>"
    )


def rss_fields(fields: Fields) -> Iterable[str]:
    """The elements of an item; `raw` is put in as it is."""
    if fields.get("guid"):
        yield f'<guid isPermaLink="{fields.get("permalink", "false")}">{escape(fields["guid"])}</guid>'
    for name in ("title", "link"):
        if fields[name]:
            yield f"<{name}>{escape(fields[name])}</{name}>"
    if fields["text"]:
        yield f"<description>{escape('<p>' + escape(fields['text']) + '</p>')}</description>"
    if fields["date"]:
        yield f"<pubDate>{format_datetime(datetime.fromisoformat(fields['date']))}</pubDate>"
    yield fields.get("raw", "")


def atom(case: Case, entries: Iterable[Fields], number: int) -> str:
    items = "".join(f"<entry>{''.join(atom_fields(fields))}</entry>" for fields in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Teknologiklyngen</title><link href={quoteattr(case.home)}/><subtitle>{number}</subtitle>{items}</feed>"
    )


def atom_fields(fields: Fields) -> Iterable[str]:
    if fields["guid"]:
        yield f"<id>{escape(fields['guid'])}</id>"
    yield f"<title>{escape(fields['title'])}</title>"
    if fields["link"]:
        yield f"<link href={quoteattr(fields['link'])}/>"
    if fields["text"]:
        yield f'<content type="html">{escape("<p>" + escape(fields["text"]) + "</p>")}</content>'
    if fields["date"]:
        yield f"<published>{fields['date']}</published>"
    if fields.get("updated"):
        yield f"<updated>{fields['updated']}</updated>"


def json_feed(case: Case, entries: Iterable[Fields], number: int) -> str:
    items = [
        {
            name: value
            for name, value in (
                ("id", fields["guid"]), ("url", fields["link"]), ("title", fields["title"]),
                ("content_text", fields["text"]), ("date_published", fields["date"]),
            )
            if value
        }
        for fields in entries
    ]  # fmt: skip
    whole = {"version": "https://jsonfeed.org/version/1.1", "title": "Teknologiklyngen", "description": str(number)}
    return json.dumps({**whole, "home_page_url": case.home, "items": items})
