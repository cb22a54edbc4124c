"""How a text is written in each markup."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Block, Span
from bot.posts.characters import clean
from bot.posts.markups.chat import escape_mrkdwn, link_mrkdwn, mrkdwn
from bot.posts.read import read
from bot.posts.write import ZERO_WIDTH_SPACE, paragraph, plain

ACTIVE = re.compile(r"<[!@#]|(?<!\u200b)`")


def shown(words: str) -> str:
    return words.replace(ZERO_WIDTH_SPACE, "·")


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("*fet* _skrå_ ~strøket~", "·*·fet·*· ·_·skrå·_· ·~·strøket·~·"),
        ("snake_case og 2*3", "snake_case og 2*3"),
        ("`kode`", "·`·kode·`·"),
        (":tada: kl. 10:30:00", ":·tada: kl. 10:·30:00"),
        ("> sitat", "·&gt; sitat"),
        ("a > b", "a &gt; b"),
    ],
)
def test_slack_sees_only_words(words: str, written: str) -> None:
    assert shown(escape_mrkdwn(words)) == written


def test_a_slack_link_can_not_be_ended_early() -> None:
    assert link_mrkdwn("a | b\nc", "https://x.example/|>?a=1&b=<") == "<https://x.example/%7C%3E?a=1&amp;b=%3C|a │ b c>"


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("<p><b>fet</b> og <i>skrå</i> og <b><i>begge</i></b></p>", "*fet* og _skrå_ og *_begge_*"),
        ("<p><b>fet </b>etter</p>", "*fet* etter"),
        ("<p>mid<b>t i</b> ordet</p>", "midt i ordet"),
        ("<p><b>en<br>to</b></p>", "*en*\n*to*"),
        ("<p><a href='https://x.example'><b>lenke</b></a></p>", "<https://x.example|*lenke*>"),
        ("<p><code>**kw &lt; `x`</code></p>", "`**kw &lt; ·`·x·`·`"),
        ("<h2>En <b>overskrift</b></h2><p>x</p>", "*En overskrift*\n\nx"),
        ("<blockquote>en<br>to</blockquote>", "> en\n> to"),
        ("<ul><li>en</li><li>to<ul><li>tre</li></ul></li></ul><p>x</p>", "• en\n• to\n    • tre\n\nx"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
    ],
)
def test_slack_markup_is_written_from_looks(markup: str, written: str) -> None:
    assert shown(mrkdwn(read(markup))) == written


def test_plain_text_is_the_words_alone() -> None:
    text = read("<h2>Tittel</h2><p>Se <a href='https://x.example'>her</a>, <b>nå</b></p><ul><li>a</li><li>b</li></ul>")
    assert plain(text) == "Tittel\n\nSe her, nå\n\n• a\n• b"


@given(st.text(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", "https://x.example/a|b>c?d&e"]))
def test_no_words_of_a_feed_mean_anything_to_slack(words: str, bold: bool, italic: bool, code: bool, link: str) -> None:
    span = Span(clean(words), link, bold, italic, code)
    written = mrkdwn((Block("paragraph", (Span("før "), span, Span(" etter"))),))
    assert not re.search(r"<[!@#]", written)
    assert written.count("<") == written.count(">") == (1 if link and span.text.strip() else 0)
    assert html.unescape(escape_mrkdwn(span.text)).replace(ZERO_WIDTH_SPACE, "") == span.text.replace(
        ZERO_WIDTH_SPACE, ""
    )


def test_no_words_are_no_text() -> None:
    assert paragraph("") == ()
    assert mrkdwn(()) == plain(()) == ""
