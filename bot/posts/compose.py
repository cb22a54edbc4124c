"""Makes the post that a channel is asked to show, out of items or of words.

Pure: the same inputs give the same post.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.keys import link_key
from bot.kinds import Limits
from bot.model import Entry, Item, Occasion, Picture, Post, ShareCall, Text
from bot.posts.characters import clean, one_line
from bot.posts.clip import clip, clip_line, without_last_heading, words_of
from bot.posts.hashtags import hashtags
from bot.posts.links import page, with_campaign
from bot.posts.read import alt_of, is_real, pictures, read
from bot.posts.share import find_call
from bot.posts.share_links import ALWAYS, default_call, is_web, links_of
from bot.settings import ChannelSettings

LONGEST_WORDS = 4000  # Characters of an alert.


def compose(
    items: Sequence[tuple[str, Item]],
    *,
    key: str,
    occasion: Occasion,
    made_at: datetime,
    wishes: ChannelSettings,
    kind_limits: Limits,
    source: str,
    language: str,
    looked: Mapping[str, Picture | None] | None = None,
    phrases: Sequence[str] = (),
) -> Post:
    """The post that shows these items on a channel; each comes with the id that its entry keeps for good.

    `source` is the feed's title, `language` that of the words that Delebot adds. `looked` has the pictures of those
    items whose pictures were looked at, None where none of them is one. `phrases` are more calls to share.
    """
    shown = wishes.images and kind_limits.pictures is not None
    entries = tuple(
        replace(made, picture=shown_picture(looked[id], kind_limits)) if looked and id in looked and shown else made
        for id, item in items
        for made in [_entry(id, item, wishes, kind_limits, source, language, phrases)]
    )
    return Post(key, occasion, made_at, entries, language=language)


def words_post(words: str, *, key: str, occasion: Occasion, made_at: datetime, language: str) -> Post:
    """The post that says these words: an alert or a test."""
    said = clip_line(clean(words).strip(), LONGEST_WORDS)
    return Post(key, occasion, made_at, words=said, language=language)


def same_post(one: Post, other: Post) -> bool:
    """Whether two posts say the same to their readers, so that no correction is owed.

    That the site moved, with every address in it, is no correction, nor that it changed the date.
    """
    return _said(one) == _said(other)


def _said(post: Post) -> tuple[object, ...]:
    return post.words, tuple(map(_essence, post.entries))


def _essence(entry: Entry) -> Entry:
    picture = entry.picture and replace(entry.picture, url=link_key(entry.picture.url))
    text = tuple(
        replace(block, spans=tuple(replace(span, link=link_key(span.link)) for span in block.spans))
        for block in entry.text
    )
    share = entry.share and replace(entry.share, links=())
    return replace(entry, id="", link=link_key(entry.link), text=text, picture=picture, published=None, share=share)


def _entry(
    id: str,
    item: Item,
    wishes: ChannelSettings,
    limits: Limits,
    source: str,
    language: str,
    phrases: Sequence[str],
) -> Entry:
    title = one_line(item.title)
    text, call = lead_and_call(item, title, limits.lead, phrases)
    return Entry(
        id=id,
        title=clip_line(title, limits.title),
        link=with_campaign(item.link, wishes.utm),
        text=text,
        picture=shown_picture(picture(item), limits) if wishes.images else None,
        authors=_names(item.authors),
        tags=_names(item.tags),
        published=item.published,
        source=one_line(source),
        language=item.language,
        share=share_call(call, item, title, wishes.share, limits, language),
        hashtags=hashtags(item.tags, wishes.tags, limits.hashtags),
    )


def share_call(
    call: str, item: Item, title: str, wished: Sequence[str], limits: Limits, language: str
) -> ShareCall | None:
    """The article's own call with the links that the channel wishes, or none where the article has no call.

    `always` among the wishes gives a call to every article; without any network there is no call at all.
    """
    words = call or (default_call(language) if ALWAYS in wished else "")
    if limits.share == "words":
        return ShareCall(words) if words and any(name != ALWAYS for name in wished) else None
    links = links_of(wished, title, item.link, language, limits.share_link)
    kept = tuple(link for link in links if is_web(link) or limits.mail_links)
    return ShareCall(words, kept) if words and kept else None


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as they are shown, each once."""
    return tuple(dict.fromkeys(cleaned for name in names if (cleaned := clip_line(one_line(name), 100))))


# --- The lead ------------------------------------------------------------------------------------------------------


def lead_and_call(item: Item, title: str, limit: int, phrases: Sequence[str] = ()) -> tuple[Text, str]:
    """The opening of the article, or the feed's own excerpt, and the call to share that was lifted out of either."""
    base, call = item.base or item.link, ""
    for html in (item.html, item.summary):
        found = find_call(html, read(html, base, item.link), phrases, item.link)
        call = call or found.call
        if whole := opening(found.text, title):
            return clip(whole, limit), call
    return (), call


def opening(text: Text, title: str) -> Text:
    """The text up to its first inner heading, without headings or the title again at its start."""
    while text and (text[0].kind == "heading" or _folded(words_of(text[0])) == _folded(title)):
        text = text[1:]
    end = next((at for at, block in enumerate(text) if block.kind == "heading"), len(text))
    return without_last_heading(text[:end])


def _folded(words: str) -> str:
    """The letters and digits alone, so that a title is known again in other punctuation."""
    return re.sub(r"[\W_]+", "", words).casefold()


# --- The picture ---------------------------------------------------------------------------------------------------


def picture(item: Item) -> Picture | None:
    """The picture that the feed names, else the first real one in the article."""
    inside = pictures(item.html or item.summary, item.base or item.link)
    named = next(filter(is_real, item.pictures), None)
    if not named:
        return inside[0] if inside else None
    alt = alt_of(named.alt) or next((found.alt for found in inside if page(found.url) == page(named.url)), "")
    return replace(named, alt=alt)


def shown_picture(found: Picture | None, limits: Limits) -> Picture | None:
    """The picture if the kind takes it: what is uploaded can be made to fit, what is only named has to fit as it is."""
    takes = limits.pictures
    if found is None or takes is None or takes.upload:
        return found if takes else None
    fits = not found.type or found.type in takes.types
    return found if fits and (takes.bytes is None or (found.size or 0) <= takes.bytes) else None
