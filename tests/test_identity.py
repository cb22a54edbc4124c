"""When two readings are one item, and when two articles are two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.identity import Known, Match, distinct, match
from bot.keys import content_hash, guid_key, link_key
from bot.model import Item
from tests.values import HOME, NOW, TEXTS, article, remembered


def merges(before: list[Item], after: list[Item]) -> list[int | None]:
    """For each entry of the second document, the number of the known item it is, None for a new one."""
    return [m.known.id if m.known else None for m in match(after, remembered(*before), HOME)]


def moved(item: Item) -> Item:
    """The article after its site moved to www and got new guids."""
    link = item.link.replace("https://", "https://www.")
    return replace(item, link=link, guid=f"{HOME}/?post_type=post&p=9{item.guid[-1]}", html=item.html + " ")


ONE, TWO = article(1), article(2)

SAME: dict[str, tuple[list[Item], list[Item]]] = {
    "nothing changed": ([ONE], [ONE]),
    "its guid changed": ([ONE], [replace(ONE, guid="something-else")]),
    "http became https in guid and link": (
        [replace(ONE, guid="http://klynge.example/?p=1", link="http://klynge.example/nyhet-1/")],
        [ONE],
    ),
    "the site moved and all guids are new": ([ONE, TWO], [moved(ONE), moved(TWO)]),
    "permalinks changed but not their last part": (
        [ONE],
        [replace(ONE, guid="x", link=f"{HOME}/2026/11/nyhet-1/")],
    ),
    "all guids and links changed, date and title stay": (
        [ONE],
        [replace(ONE, guid="y", link=f"{HOME}/arkiv/77", html="")],
    ),
    "its link changed and its guid stays": ([ONE], [replace(ONE, link=f"{HOME}/annet/")]),
    "its date was bumped": ([ONE], [replace(ONE, published=NOW + timedelta(days=1))]),
    "a slip in the title was mended": ([ONE], [replace(ONE, title=ONE.title.replace("gull", "gul"))]),
    "title and text were rewritten, guid and link stay": (
        [ONE],
        [replace(ONE, title="Helt annerledes overskrift", html="<p>Alt er skrevet om fra bunnen av.</p>")],
    ),
    "tracking parameters differ": (
        [replace(ONE, guid="", link=f"{HOME}/nyhet-1/?utm_source=rss&utm_id=1")],
        [replace(ONE, guid="", link=f"{HOME}/nyhet-1/?utm_source=rss&utm_id=2&fbclid=abc")],
    ),
    "tracking parameters differ in a guid that is an address": (
        [replace(ONE, guid=f"{HOME}/nyhet-1/?utm_id=1")],
        [replace(ONE, guid=f"{HOME}/nyhet-1/?utm_id=2")],
    ),
    "the trailing slash went": ([replace(ONE, guid="")], [replace(ONE, guid="", link=f"{HOME}/nyhet-1")]),
    "the guid's case changed": ([replace(ONE, guid="Tag:Klynge,1")], [replace(ONE, guid="tag:klynge,1")]),
    "the guid's spacing changed": ([replace(ONE, guid="sak  1")], [replace(ONE, guid="sak 1")]),
    "it has no guid and the title got a correction": (
        [replace(ONE, guid="")],
        [replace(ONE, guid="", title=ONE.title + " i helgen")],
    ),
    "it has neither guid nor link": ([replace(ONE, guid="", link="")], [replace(ONE, guid="", link="")]),
    "it has only a text": (
        [Item("", "", "", html="<p>Bare tekst</p>")],
        [Item("", "", "", html="<p>Bare tekst</p>")],
    ),
    "dates vanished": ([ONE], [replace(ONE, published=None)]),
    "guid and date changed, address and title stay": (
        [ONE],
        [replace(ONE, guid="ny", published=NOW + timedelta(days=3))],
    ),
    "every link is the home page and the guids changed": (
        [replace(ONE, link=HOME), replace(TWO, link=HOME)],
        [replace(ONE, link=HOME, guid="a"), replace(TWO, link=HOME, guid="b")],
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_it_stays_one_item_when(case: str) -> None:
    before, after = SAME[case]
    assert merges(before, after) == list(range(1, len(after) + 1))


TWIN = replace(TWO, title=ONE.title, published=NOW + timedelta(minutes=30))

DIFFERENT: dict[str, tuple[list[Item], list[Item]]] = {
    "two articles have one title on one day": ([ONE], [TWIN, ONE]),
    "two articles have one title on one day and the first has left": ([ONE], [TWIN]),
    "an old address is used again next year": (
        [replace(ONE, published=NOW - timedelta(days=365))],
        [replace(ONE, guid="ny", html="<p>Årets program er et helt annet enn det forrige, med nye innledere.</p>")],
    ),
    "an old address without guids is used again next year": (
        [replace(ONE, guid="", published=NOW - timedelta(days=365))],
        [replace(ONE, guid="", html="<p>Årets program er et helt annet enn det forrige, med nye innledere.</p>")],
    ),
    "titles are empty": ([replace(ONE, title="")], [replace(TWO, title=""), replace(ONE, title="")]),
    "every link is the home page": ([replace(ONE, link=HOME)], [replace(TWO, link=HOME), replace(ONE, link=HOME)]),
    "plain permalinks differ in their number": (
        [replace(ONE, link=f"{HOME}/?p=1")],
        [replace(TWO, link=f"{HOME}/?p=2"), replace(ONE, link=f"{HOME}/?p=1")],
    ),
    "an article is translated under another address": (
        [ONE],
        [
            replace(
                ONE, guid="en", link=f"{HOME}/en/news-1/", title="The students won gold", html="<p>In English.</p>"
            ),
            ONE,
        ],
    ),
    "a weekly series has one title": (
        [replace(ONE, title="Ukas tips")],
        [replace(TWO, title="Ukas tips", published=NOW + timedelta(days=7)), replace(ONE, title="Ukas tips")],
    ),
    "a guid is reused for another article": ([ONE], [replace(TWO, guid=ONE.guid)]),
    "a correction and its follow-up stand side by side": (
        [ONE],
        [replace(ONE, title=ONE.title + ", del to", guid="p2", link=f"{HOME}/nyhet-1-del-2/"), ONE],
    ),
    "all dates are the same and one guid is new": (
        [replace(ONE, published=NOW), replace(TWO, published=NOW)],
        [replace(article(3), published=NOW), replace(ONE, published=NOW), replace(TWO, published=NOW)],
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_it_is_a_new_item_when(case: str) -> None:
    before, after = DIFFERENT[case]
    assert merges(before, after)[0] is None
    assert None not in merges(before, after)[1:]


def test_a_reused_guid_is_new_but_doubted_and_then_known() -> None:
    known = remembered(ONE)
    (found,) = match([replace(TWO, guid=ONE.guid)], known, HOME)
    assert found.known is None and "identifier" in found.doubt
    again = [*known, Known(2, frozenset({found.guid}), found.item)]
    (next_poll,) = match([replace(TWO, guid=ONE.guid)], again, HOME)
    assert next_poll.known is not None and next_poll.known.id == 2


def test_an_alias_counts_only_when_the_known_guid_has_left_the_document() -> None:
    copy = replace(ONE, guid="second-listing")
    assert merges([ONE], [ONE, copy])[1] is None


def test_an_item_listed_under_two_of_its_guids_is_told_once() -> None:
    (known,) = remembered(ONE)
    both = Known(known.id, known.guids | {guid_key("https://klynge.example/?p=91")}, ONE)
    found = match([ONE, replace(ONE, guid=f"{HOME}/?p=91")], [both], HOME)
    assert [m.known.id for m in found if m.known] == [1]


def test_a_guid_that_entries_share_is_told_apart_by_their_links() -> None:
    first, second = replace(ONE, guid="1"), replace(TWO, guid="1")
    assert merges([first, second], [first, second]) == [1, 2]


def test_an_entry_repeated_word_for_word_counts_once() -> None:
    assert distinct([ONE, ONE, TWO]) == (ONE, TWO)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://klynge.example/a/", "https://www.klynge.example/a"),
        ("https://klynge.example:443/a", "https://klynge.example/a#del"),
        ("https://klynge.example/a?b=1&a=2", "https://klynge.example/a?a=2&b=1&utm_source=x"),
        ("https://blåbær.example/é", "https://xn--blbr-roah.example/%C3%A9"),
        ("https://KLYNGE.example/Sak", "https://klynge.example/Sak"),
    ],
)
def test_addresses_that_differ_in_form_have_one_key(one: str, other: str) -> None:
    assert link_key(one) == link_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://klynge.example/?p=1", "https://klynge.example/?p=2"),
        ("https://klynge.example/sak", "https://klynge.example/Sak"),
        ("https://klynge.example:8080/a", "https://klynge.example/a"),
        ("https://a.example/", "https://b.example/"),
    ],
)
def test_addresses_of_different_things_have_different_keys(one: str, other: str) -> None:
    assert link_key(one) != link_key(other)


ANY_TEXT = st.text(max_size=30)
ANY_ITEM = st.builds(
    Item, guid=ANY_TEXT, link=ANY_TEXT | st.sampled_from([f"{HOME}/a", f"{HOME}/b"]), title=ANY_TEXT, html=ANY_TEXT
)


# Few values for each field, so that items often share some of them.
MOMENTS = st.sampled_from([None, NOW, NOW + timedelta(minutes=30), NOW.replace(hour=0), NOW + timedelta(days=90)])
LINKS = st.sampled_from(["", HOME, f"{HOME}/a", f"{HOME}/b/?utm_source=x", f"{HOME}/b", f"{HOME}/c#d"])
WORDS = st.sampled_from(["", "Ukas tips", "Ukas tip", "Robotdagen 2026", TEXTS[0], TEXTS[1], f"{TEXTS[1]} Rettet."])
LIKELY_ITEM = st.builds(
    Item, guid=st.sampled_from(["", "1", "2", HOME]), link=LINKS, title=WORDS, html=WORDS, published=MOMENTS
)
DOCUMENT = st.lists(LIKELY_ITEM | ANY_ITEM, max_size=5)
# What a site does to an article that it keeps under its guid: anything.
KEPT = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), LIKELY_ITEM, max_size=4)


class Memory:
    """What a store remembers of the documents that were polled."""

    def __init__(self) -> None:
        self.known: list[Known] = []

    def poll(self, items: Sequence[Item]) -> tuple[Match, ...]:
        found = match(items, self.known, HOME)
        for m in found:
            if m.known:
                self.known.remove(m.known)
            before = m.known or Known(len(self.known) + 1, frozenset(), m.item)
            hashes = f"{content_hash(m.item)} {before.hash}".strip()
            self.known.append(Known(before.id, before.guids | {m.guid}, m.item, hashes))
        return found


@given(st.lists(DOCUMENT, max_size=4))
def test_no_two_entries_are_one_item_whatever_came_before(documents: list[list[Item]]) -> None:
    memory = Memory()
    for document in documents:
        found = [m.known.id for m in memory.poll(document) if m.known]
        assert len(found) == len(set(found))
        assert len({k.id for k in memory.known}) == len(memory.known)


@given(st.lists(DOCUMENT, min_size=1, max_size=4))
def test_a_document_read_again_has_nothing_new(documents: list[list[Item]]) -> None:
    memory = Memory()
    for document in documents:
        memory.poll(document)
    assert all(m.known for m in memory.poll(documents[-1]))


@given(st.lists(KEPT, max_size=6))
def test_an_article_that_stays_under_its_guid_is_never_shared_twice(documents: list[dict[str, Item]]) -> None:
    memory, shared = Memory(), list[str]()
    for document in documents:
        found = memory.poll([replace(item, guid=guid) for guid, item in document.items()])
        shared += [m.item.guid for m in found if not m.known and not m.doubt]
    assert len(shared) == len(set(shared))


@given(st.lists(st.permutations([article(n) for n in range(1, 6)]).map(lambda items: items[:3]), max_size=6))
def test_articles_that_come_and_go_unchanged_are_each_new_once(documents: list[list[Item]]) -> None:
    memory, new = Memory(), list[str]()
    for document in documents:
        new += [m.item.title for m in memory.poll(document) if not m.known]
    assert len(new) == len(set(new)) == len({item.title for document in documents for item in document})


def check(key: Callable[[str], str], text: str) -> None:
    assert key(key(text)) == key(text)


@given(st.text())
def test_keys_of_any_text_are_strings_that_can_be_stored(text: str) -> None:
    assert isinstance(link_key(text), str)
    check(guid_key, " ".join(text.split()))
