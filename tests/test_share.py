"""The line that asks readers to share: found at the end of an article, lifted out of it, and nothing else."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Block, Span, Text
from bot.posts.read import read
from bot.posts.share import Found, find_call
from bot.posts.write import plain

CLOSINGS = Path(__file__).parent / "closings"
BEFORE = "<p>Klyngen har fått nye lokaler.</p><p>Alle medlemmer er velkomne innom.</p>"
TAGS = re.compile(r"<[^>]*>")


def cases(name: str) -> list[str]:
    lines = (CLOSINGS / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def found_in(html: str, *phrases: str) -> Found:
    return find_call(html, read(html), phrases)


def spoken(html: str) -> str:
    """The words of HTML, so that signs which only point to buttons make no difference."""
    apart = TAGS.sub(lambda tag: " " if re.match(r"</?(?:p|h\d|li|br)\b", tag[0]) else "", html)
    return " ".join(re.findall(r"\w+", unescape(apart)))


def words(text: Text) -> str:
    return re.sub(r"\W+", " ", plain(text)).strip()


def unmarked(line: str) -> tuple[str, str, str]:
    """A closing as a site writes it, its call, and what has to be left of it."""
    html = re.sub(r"\[\[|\]\]|\(\(|\)\)", "", line)
    call = re.search(r"\[\[(.*)\]\]", line)
    left = re.sub(r"\(\(.*\)\)", "", re.sub(r"\[\[.*\]\]", lambda part: "".join(TAGS.findall(part[0])), line))
    return html, spoken(call[1]) if call else "", left


@pytest.mark.parametrize("line", cases("calls.txt"))
def test_a_call_is_found_and_lifted(line: str) -> None:
    html, call, left = unmarked(line)
    found = found_in(BEFORE + html)
    assert spoken(found.call) == call
    assert words(found.text) == words(read(BEFORE + left))


@pytest.mark.parametrize("line", cases("mentions.txt"))
def test_what_only_speaks_of_sharing_stays(line: str) -> None:
    text = read(BEFORE + line)
    assert find_call(BEFORE + line, text) == Found("", text)


# --- Where a call stands -------------------------------------------------------------------------------------------

PROSE = "<p>Klyngen har fått nye lokaler i byen, og alle medlemmer er velkomne innom for å se dem.</p>"


@pytest.mark.parametrize(
    "html", ["<p>Del gjerne saken!</p>", "<h4>Husk å dele!</h4>", "<p>Hei. Del gjerne denne saken.</p>"]
)
def test_only_the_end_of_an_article_is_searched(html: str) -> None:
    assert found_in(html + PROSE * 30).call == ""
    assert found_in(PROSE * 30 + html).call


def test_a_long_list_of_other_articles_may_follow() -> None:
    others = "".join(f"<li>Sak nummer {number}</li>" for number in range(40))
    assert found_in(f"{PROSE}<p>Del gjerne saken!</p><h3>Les også</h3><ul>{others}</ul>").call == "Del gjerne saken!"


def test_the_first_call_of_several_is_shown_and_none_stays() -> None:
    found = found_in(f"{PROSE}<p>Del gjerne saken med en kollega!</p><h4>Del dette:</h4>")
    assert found == Found("Del gjerne saken med en kollega!", read(PROSE))


def test_the_words_of_the_text_go_before_those_of_a_widget() -> None:
    widget = "<div class='fusion-sharing-box'><h4>Share this story!</h4></div>"
    assert found_in(f"{PROSE}<p>Del gjerne nyheten!</p>{widget}").call == "Del gjerne nyheten!"
    assert found_in(f"{PROSE}{widget}").call == "Share this story!"


@pytest.mark.parametrize(
    "html",
    [
        "<div class='fusion-sharing-box' style='display:none'><h4>Del saken!</h4></div>",
        "<div class='sharedaddy'><ul><li><a href='https://a.example'>Del på Facebook</a></li></ul></div>",
        "<div class='share'><h4>Følg oss</h4></div>",
        "<script class='share'>Del saken!</script>",
        "<pre>Del gjerne saken!</pre>",
        "<div class='comments-area'><p>Del gjerne saken!</p></div>",
    ],
)
def test_a_widget_that_asks_nothing_gives_no_call(html: str) -> None:
    assert found_in(PROSE + html).call == ""


def test_the_verb_alone_is_a_call_over_buttons_only() -> None:
    assert found_in(f"{PROSE}<div class='share-buttons'><span>Del:</span></div>").call == "Del"
    assert found_in(f"{PROSE}<p>Del:</p>").call == ""


def test_buttons_that_were_left_in_the_text_go_without_a_call() -> None:
    assert found_in(f"{PROSE}<ul><li>Del på Facebook</li><li>Del på X</li><li>E-post</li></ul>") == Found(
        "", read(PROSE)
    )


def test_an_item_amid_a_list_is_no_button() -> None:
    html = f"{PROSE}<ul><li>Del på LinkedIn</li><li>Møt opp</li></ul>"
    assert found_in(html) == Found("", read(html))


def test_looks_and_links_around_a_call_stay() -> None:
    html = "<p>Les <b>mer</b> på <a href='https://a.example/'>siden</a>. <i>Del gjerne saken!</i></p>"
    left = Block(
        "paragraph",
        (Span("Les "), Span("mer", bold=True), Span(" på "), Span("siden", "https://a.example/"), Span(".")),
    )
    assert found_in(html) == Found("Del gjerne saken!", (left,))


@pytest.mark.parametrize(
    ("html", "call", "left"),
    [
        ("<p>Kom!</p><p>Likte du saken?<br>Del den!</p>", "Likte du saken? Del den!", "<p>Kom!</p>"),
        ("<p>Kom! Likte du saken?</p><p>Del saken!</p>", "Del saken!", "<p>Kom! Likte du saken?</p>"),
        ("<p>Kom!<br>Del saken!<br>Tekst: Ola</p>", "Del saken!", "<p>Kom!<br>Tekst: Ola</p>"),
        ("<p>Kom! 🎉 Del saken! #klynge</p>", "Del saken!", "<p>Kom! 🎉 #klynge</p>"),
        ("<p>Kom! Del saken. Den er fin.</p>", "Del saken.", "<p>Kom! Den er fin.</p>"),
    ],
)
def test_only_the_call_goes(html: str, call: str, left: str) -> None:
    assert found_in(PROSE + html) == Found(call, read(PROSE + left))


def test_a_trailer_behind_a_call_goes_too() -> None:
    trailer = (
        "<p>The post <a href='https://a.example/x/'>X</a> appeared first on <a href='https://a.example'>A</a>.</p>"
    )
    html = f"{PROSE}{trailer}<p>Del gjerne saken!</p>"
    assert find_call(html, read(html), link="https://a.example/x/") == Found("Del gjerne saken!", read(PROSE))


def test_a_call_is_one_line_of_at_most_120_characters() -> None:
    found = found_in(f"{PROSE}<p>Del gjerne saken<br>\n<br> med {'alle de gode kollegene og ' * 6} andre!</p>")
    assert found.call == "Del gjerne saken"
    found = found_in(f"{PROSE}<p>Del gjerne saken med {'alle de gode kollegene og ' * 6} andre!</p>")
    assert 100 < len(found.call) <= 120 and found.call.endswith("\u2026")


@pytest.mark.parametrize(
    ("html", "call"),
    [
        ("<p>Rop det fra takene!</p>", "Rop det fra takene!"),
        ("<p>Takk for nå. <b>Rop</b> det fra takene, folkens!</p>", "Rop det fra takene, folkens!"),
        ("<div class='fusion-sharing-box'><h4>ROP DET FRA TAKENE</h4></div>", "ROP DET FRA TAKENE"),
        ("<ul><li>Rop det fra takene</li><li>Kom på møtet</li></ul>", ""),
        ("<p>Ropet fra takene ble hørt.</p>", ""),
    ],
)
def test_configured_phrases_are_calls_too(html: str, call: str) -> None:
    assert found_in(PROSE + html, "rop det – fra takene!", "!!", "").call == call


# --- Any input -----------------------------------------------------------------------------------------------------

WORDS = """
del dele deler dela share sharing gjerne glem ikke å og , : ! . ? saken dette denne den this it med andre på facebook
likte du the story please husk 🎉 👉 → | takk til oss i to <b> </b> <br> <p> </p> <h3> </h3> <li> <blockquote> </div>
"""
SOUP = st.lists(st.sampled_from([*WORDS.split(), '<div class="share">', '<a href="/x">', "\n"]), max_size=60).map(
    " ".join
)


@given(st.text() | SOUP, st.lists(st.text(max_size=20), max_size=3))
def test_any_html_is_searched(html: str, phrases: list[str]) -> None:
    found = find_call(html, read(html), phrases)
    assert len(found.call) <= 120 and "\n" not in found.call


@given(SOUP)
def test_a_call_that_was_lifted_is_not_left_in_the_text(html: str) -> None:
    found = find_call(html, read(html))
    assert find_call("", found.text) == Found("", found.text)


@given(st.text(st.characters(exclude_characters="dsfptrDSFPTR"), max_size=300).map(lambda words: f"<p>{words}</p>"))
def test_text_without_words_of_sharing_is_the_same(html: str) -> None:
    assert find_call(html, read(html)) == Found("", read(html))


@given(SOUP)
def test_words_are_only_taken_away(html: str) -> None:
    before, after = words(read(html)).split(), iter(words(find_call(html, read(html)).text).split())
    rest = next(after, None)
    for word in before:
        rest = next(after, None) if word == rest else rest
    assert rest is None


@pytest.mark.parametrize(
    "piece",
    ["<p>Del gjerne</p>", "<li>Del saken", "Del gjerne saken! ", "Del! <br>", "<div class=share>", "<li>Facebook"],
)
def test_the_search_ends_for_pages_that_repeat_a_call(piece: str) -> None:
    html = piece * 3000
    assert len(find_call(html, read(html)).call) < 30
