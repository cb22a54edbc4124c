"""Where a text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Block, Text
from bot.posts.characters import clean, graphemes_of, utf8, utf16
from bot.posts.clip import clip, clip_line, sentence_ends, without_pointer, words_of
from bot.posts.markups.chat import mrkdwn
from bot.posts.read import read
from bot.posts.write import paragraph, plain


@pytest.mark.parametrize(
    "words",
    [
        "Vi møtes 17. mai kl. 10.00 i Storgata.",
        "Ta med f.eks. kaffe, bl.a. te, dvs. noe varmt.",
        "Det koster ca. 300 kr. per person, jf. nr. 4 i lista.",
        "Boka er skrevet av A. B. Næss og dr. Ås.",
        "Den 3. Etasje er stengt.",
        "Prisen er på 1,5 mill. kroner.",
        "Mötet är t.ex. kl. 9 den 3. december.",
        "Mødet er bl.a. for medlemmer, min. 20 personer.",
        "He works for Acme Inc. in Oslo, i.e. not far from Mr. Smith.",
        "«Hva nå?» spurte hun.",
        "Siden klynge.example er ny.",
        "Hun ventet … og ventet.",
    ],
)
def test_these_are_one_sentence(words: str) -> None:
    assert [*sentence_ends(words)] == [len(words)]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("Første setning. Andre setning.", 2),
        ("Hva nå? Jo! Slik… Ja.", 4),
        ("Det var i 2024. Så kom 2025.", 2),
        ("«Slik er det.» Det sa hun.", 2),
        ("Vi er 12. ", 1),
        ("Vi trenger mer fri. 20 kom.", 2),
        ("これは文です。これも文です。", 2),
        ("Ingen slutt", 0),
    ],
)
def test_sentences_are_told_apart(words: str, count: int) -> None:
    assert len([*sentence_ends(words)]) == count


@pytest.mark.parametrize(
    ("html", "limit", "words"),
    [
        ("<p>Kort.</p>", 10, "Kort."),
        ("<p>En setning her. Og en til som er lang.</p>", 30, "En setning her."),
        ("<p>Ja. Dette er derimot en ganske lang setning.</p>", 30, "Ja. Dette er derimot en…"),
        ("<p>Ett avsnitt.</p><p>Et annet avsnitt som er langt.</p>", 25, "Ett avsnitt."),
        ("<p>Ett avsnitt, med</p><h2>Overskrift</h2><p>Et langt avsnitt.</p>", 32, "Ett avsnitt, med"),
        ("<p>Uendeligsammensattord</p>", 10, "Uendeligs…"),
        ("<p>Ord, og mer</p>", 6, "Ord…"),
        ("<p>Programmet:</p><ul><li>En</li><li>To og tre</li></ul>", 23, "Programmet:\n\n• En\n• To…"),
        ("<p>Innledning her.</p><ul><li>En</li><li>To og tre</li></ul>", 26, "Innledning her."),
        ("<p>Noe</p>", 0, ""),
        ("<h2>Bare en overskrift</h2>", 10, ""),
    ],
)
def test_a_text_ends_as_a_person_would_end_it(html: str, limit: int, words: str) -> None:
    assert plain(clip(read(html), limit)) == words


def test_a_link_that_is_cut_still_leads_to_the_same_page() -> None:
    clipped = clip(read("<p>Les <a href='https://x.example/lang'>den lange rapporten om saken</a></p>"), 20)
    assert clipped[0].spans[-1].link == "https://x.example/lang"
    assert plain(clipped) == "Les den lange…"


def test_the_limit_counts_what_is_written() -> None:
    text = read("<p>A &amp; B &amp; C &amp; D &amp; E</p>")
    assert mrkdwn(clip(text, 20, len, mrkdwn)) == "A &amp; B &amp; C…"


TEXTS = st.lists(
    st.builds(
        lambda kind, words: [Block(kind, block.spans) for block in paragraph(clean(words).strip())],
        st.sampled_from(["paragraph", "heading", "item", "quote", "code"]),
        st.text(max_size=80) | st.text("a .👩\u200d👧🇳🇴é*_&<`:|>", max_size=80),
    ),
    max_size=5,
).map(lambda parts: tuple(block for part in parts for block in part))


@given(TEXTS, st.integers(0, 120), st.sampled_from([len, utf16, utf8]), st.sampled_from([plain, mrkdwn]))
def test_a_clipped_text_fits_and_breaks_no_sign(text: Text, limit: int, measure, write) -> None:  # type: ignore[no-untyped-def]
    clipped = clip(text, limit, measure, write)
    assert not clipped or measure(write(clipped)) <= limit
    assert clipped == text or not clipped or clipped[-1].kind != "heading"
    for before, after in zip(text, clipped, strict=False):
        kept = words_of(after)
        kept = kept if words_of(before).startswith(kept) else kept.removesuffix("…")
        signs = [*graphemes_of(words_of(before))]
        assert kept in ("".join(signs[:count]) for count in range(len(signs) + 1))


@given(st.text(max_size=80).map(clean), st.integers(1, 60), st.sampled_from([len, utf16, utf8]))
def test_a_clipped_line_fits(words: str, limit: int, measure) -> None:  # type: ignore[no-untyped-def]
    line = clip_line(words, limit, measure)
    assert measure(line) <= limit
    assert line in (words, "") or line.endswith("…")


@pytest.mark.parametrize(
    ("words", "limit", "line"),
    [
        ("En tittel", 20, "En tittel"),
        ("En tittel som er lang", 12, "En tittel…"),
        ("En tittel. Og mer", 12, "En tittel…"),
        ("Kjempelangtordutenmellomrom", 8, "Kjempel…"),
        ("a Kjempelangtordutenmellomrom", 12, "a Kjempelan…"),
        ("🇳🇴🇸🇪🇩🇰", 3, "🇳🇴…"),
    ],
)
def test_a_line_is_cut_at_a_word(words: str, limit: int, line: str) -> None:
    assert clip_line(words, limit) == line


# --- What only leads elsewhere -------------------------------------------------------------------------------------

POINTING = "<p>Les <a href='https://klynge.example/'>hele rapporten</a>.</p>"


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (f"<p>Ord.</p>{POINTING}", "Ord."),
        (f"<p>Ord.</p><h2>Les mer</h2>{POINTING}", "Ord."),
        (POINTING, "Les hele rapporten."),
        (f"<h2>Les mer</h2>{POINTING}", "Les mer\n\nLes hele rapporten."),
        (f"{POINTING}<p>Ord.</p>", "Les hele rapporten.\n\nOrd."),
        ("<p>Ord.</p><p>Ikke mer.</p>", "Ord.\n\nIkke mer."),
        (f"<p>Ord.</p><p>{'Lange ord. ' * 8}<a href='https://klynge.example/'>Les</a></p>", None),
        ("<p>Ord.</p><ul><li><a href='https://klynge.example/'>Les</a></li></ul>", None),
    ],
)
def test_a_last_line_that_holds_a_link_is_left_out_where_links_are_not_shown(html: str, kept: str | None) -> None:
    assert plain(without_pointer(read(html))) == (plain(read(html)) if kept is None else kept)


@given(st.lists(st.sampled_from(["<p>Ord.</p>", "<h2>Mer</h2>", POINTING, "<ul><li>a</li></ul>"])).map("".join))
def test_a_text_is_never_emptied_by_that_and_stays_a_beginning_of_itself(html: str) -> None:
    text = read(html)
    kept = without_pointer(text)
    assert bool(kept) == bool(text)
    assert text[: len(kept)] == kept
