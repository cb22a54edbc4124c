"""How the inbox and the preview draw a message: from what was really sent, and with nothing of it let through raw."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.demo.faces import face, page, platform
from tests.payloads import FORM, HEADERS, KINDS, discord, slack

ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>\"' javascript:alert(3)"


def drawn(kind: str, text: str, url: str = "https://klynge.example/") -> str:
    return face(kind, KINDS[kind](text, url), HEADERS.get(kind, {}))


class Seen(HTMLParser):
    """The tags and the attributes that a browser would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")


def check(html: str) -> None:
    seen = Seen(html)
    assert not {"script", "iframe", "object", "style", "base", "form", "meta"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert all(re.match(r"(https?|mailto):", link) for link in seen.attributes.get("href", []))
    assert all(re.match(r"https?:", source) for source in seen.attributes.get("src", []))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["https://klynge.example/", "javascript:alert(4)", "data:text/html,x", ATTACK])
def test_nothing_that_a_feed_says_becomes_markup(kind: str, url: str) -> None:
    check(drawn(kind, ATTACK, url))


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=60))
def test_any_words_are_drawn_without_harm(kind: str, text: str) -> None:
    check(drawn(kind, text))


@pytest.mark.parametrize(
    "payload", [b"", b"no json", b"[]", b"{}", b'{"blocks": 3, "embeds": "x", "attachments": [1]}']
)
@pytest.mark.parametrize("kind", [*KINDS, "somebody"])
def test_what_cannot_be_understood_is_shown_as_it_is(kind: str, payload: bytes) -> None:
    check(face(kind, payload, {}))
    check(face(kind, payload, FORM))


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_shows_its_words_and_links(kind: str) -> None:
    html = drawn(kind, "Blåbær og ærlighet")
    assert "Blåbær og ærlighet" in html and "klynge.example" in html


def test_slack_is_drawn_with_its_looks() -> None:
    html = face("slack", slack("*<https://klynge.example/|Sak &amp; søk>*\n_kursiv_"), {})
    assert '<a href="https://klynge.example/"' in html and "Sak &amp; søk" in html
    assert "<strong>" in html and "<em>kursiv</em>" in html


# --- What each platform shows --------------------------------------------------------------------------------------

OUT = 'target="_blank" rel="noopener noreferrer"'
LINK = f'<a href="https://a.example/" {OUT}>'


def body_of(html: str) -> str:
    """The fragment without its sender, who is the same in all."""
    return html.split("</p>", 1)[1].removesuffix("</div></div>")


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("*fet* _kursiv_ ~strøket~", "<strong>fet</strong> <em>kursiv</em> <s>strøket</s>"),
        ("`kode *ikke fet*`", "<code>kode *ikke fet*</code>"),
        ("snake_case_navn og 2*3*4", "snake_case_navn og 2*3*4"),
        ("\u200b*\u200bikke fet\u200b*\u200b", "\u200b*\u200bikke fet\u200b*\u200b"),
        ("&lt;b&gt; &amp;amp; <!here>", '&lt;b&gt; &amp;amp; <span class="mention">@here</span>'),
        ("<https://a.example/?x=1&amp;y=2|Sak>", f'<a href="https://a.example/?x=1&amp;y=2" {OUT}>Sak</a>'),
        ("<javascript:alert(1)|Sak>", "Sak"),
        ("<mailto:post@a.example|Skriv>", f'<a href="mailto:post@a.example" {OUT}>Skriv</a>'),
        ("&gt; Et sitat\n&gt; på to linjer\nEtter", "<blockquote>Et sitat<br>på to linjer</blockquote>Etter"),
        ("<!date^1795159800^{date_short_pretty} {time}|20. november>", "<time>20. november 2026 08:30</time>"),
        ("<!date^x^{date}|20. november>", "20. november"),
        ("*<https://a.example/|Tittel>*\nOrd", f"<strong>{LINK}Tittel</a></strong><br>Ord"),
    ],
)
def test_the_markup_of_slack_is_drawn(words: str, html: str) -> None:
    payload = json.dumps({"text": words}).encode()
    assert body_of(face("slack", payload, {})) == f'<div class="words">{html}</div>'


def test_a_slack_message_is_drawn_block_by_block() -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Les"}, "url": "https://a.example/"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Sak*"}},
        {"type": "image", "image_url": "https://a.example/b.png", "alt_text": 'En "bøye"'},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Åse"}]},
        {"type": "actions", "elements": [button]},
    ]
    assert body_of(face("slack", json.dumps({"text": "", "blocks": blocks}).encode(), {})) == (
        '<div class="words"><strong>Sak</strong></div>'
        '<img class="picture" src="https://a.example/b.png" alt="En &quot;bøye&quot;" decoding="async">'
        '<p class="context">Åse</p>'
        f'<p class="buttons"><a class="button" href="https://a.example/" {OUT}>Les</a></p>'
    )


def test_a_discord_message_is_drawn_as_its_embed() -> None:
    embed = {
        "title": "Sak \\*A\\*",
        "url": "https://a.example/",
        "description": "**Fet** og [lenke](https://a.example/)\n\n> sitat",
        "color": 0xFF8800,
        "author": {"name": "Åse <b>"},
        "footer": {"text": "Klyngen"},
        "timestamp": "2026-11-20T07:30:00+00:00",
    }
    assert body_of(face("discord", json.dumps({"content": "", "embeds": [embed]}).encode(), {})) == (
        '<div class="embed"><svg class="bar" aria-hidden="true"><rect width="100%" height="100%" fill="#ff8800"/></svg>'
        '<div class="inside"><p class="author">Åse &lt;b&gt;</p>'
        f'<p class="heading">{LINK}Sak *A*</a></p>'
        f'<div class="words"><p><strong>Fet</strong> og {LINK}lenke</a></p>\n'
        "<blockquote>\n<p>sitat</p>\n</blockquote>\n</div>"
        '<p class="footer">Klyngen • <time>20. november 2026 08:30</time></p></div></div>'
    )


def test_a_teams_message_is_drawn_as_its_card() -> None:
    body = [
        {"type": "TextBlock", "text": "[Sak](https://a.example/)", "size": "Large", "style": "heading"},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "**ikke** <fet>", "italic": True}, " slutt"]},
        {"type": "FactSet", "facts": [{"title": "Av", "value": "Åse"}]},
    ]
    actions = [{"type": "Action.OpenUrl", "title": "Les mer", "url": "https://a.example/"}]
    message = {"type": "message", "attachments": [{"content": {"body": body, "actions": actions}}]}
    assert body_of(face("teams", json.dumps(message).encode(), {})) == (
        f'<div class="card"><div class="words size-large bold"><p>{LINK}Sak</a></p>\n</div>'
        '<p class="words"><span class="run"><em>**ikke** &lt;fet&gt;</em></span> slutt</p>'
        "<dl><div><dt>Av</dt><dd>Åse</dd></div></dl>"
        f'<div class="buttons"><a class="button" href="https://a.example/" {OUT}>Les mer</a></div></div>'
    )


NESTED = f"{LINK}https://b.example #x</a>"
SAID = ("googlechat", "mattermost", "rocketchat", "zulip", "telegram", "matrix", "mastodon", "bluesky", "linkedin")


@pytest.mark.parametrize("kind", SAID)
def test_every_face_closes_what_it_opens(kind: str) -> None:
    """What stands behind a drawing on the page must not end up inside it."""
    html = drawn(kind, "<b>fet <i>kursiv <a href='https://a.example/'>lenke <ul><li>punkt")
    opened, closed = re.findall(r"<([a-z]\w*)", html), re.findall(r"</(\w+)", html)
    assert sorted(tag for tag in opened if tag not in ("img", "br", "hr")) == sorted(closed)


@pytest.mark.parametrize(
    ("kind", "message", "html"),
    [
        ("googlechat", {"text": "Se https://a.example/."}, f"Se {LINK}https://a.example/</a>."),
        ("mattermost", {"text": "**fet** &lt;x> ~~av~~"}, "<p><strong>fet</strong> &lt;x&gt; <s>av</s></p>\n"),
        ("rocketchat", {"text": "*fet* _kursiv_"}, "<p><strong>fet</strong> <em>kursiv</em></p>\n"),
        ("telegram", {"text": "<a href='https://a.example/'>https://b.example #x", "parse_mode": "HTML"}, NESTED),
        ("rocketchat", {"text": "(se https://a.example/)"}, f"<p>(se {LINK}https://a.example/</a>)</p>\n"),
        ("rocketchat", {"message": {"msg": "Prøve"}}, "<p>Prøve</p>\n"),
        ("matrix", {"body": "1 < 2\nto"}, "1 &lt; 2<br>to"),
        ("matrix", {"body": "* a", "m.new_content": {"body": "a", "formatted_body": "<p>a<mx-reply>b"}}, "<p>ab</p>"),
        ("mastodon", {"status": "#tagg @navn a#b"}, '<span class="tag">#tagg</span> @navn a#b'),
        (
            "mastodon",
            {"status": "https://www.a.example/en/lang/adresse/som/er/lang"},
            f'<a href="https://www.a.example/en/lang/adresse/som/er/lang" {OUT}>a.example/en/lang/adresse/som/…</a>',
        ),
        ("linkedin", {"commentary": r"a\_b {hashtag|\#|KI} \#nei"}, 'a_b <span class="tag">#KI</span> #\u200bnei'),
        ("bluesky", {"record": {"text": "https://a.example/ #x"}}, "https://a.example/ #x"),
    ],
)
def test_the_words_of_other_platforms_are_drawn(kind: str, message: dict[str, Any], html: str) -> None:
    assert f'<div class="words">{html}</div>' in face(kind, json.dumps(message).encode(), {})


def test_a_line_below_words_is_no_look_in_zulip() -> None:
    payload = urlencode({"content": "**fet** *kursiv* _a_ __b__"}).encode()
    assert "<strong>fet</strong> <em>kursiv</em> _a_ __b__" in face("zulip", payload, FORM)


def test_a_record_of_bluesky_is_marked_by_its_bytes() -> None:
    text = "Blå #sjø"
    tag = {"index": {"byteStart": 5, "byteEnd": 10}, "features": [{"tag": "sjø"}]}
    html = face("bluesky", json.dumps({"record": {"text": text, "facets": [tag, {"index": 3}]}}).encode(), {})
    assert 'Blå <span class="tag">#sjø</span>' in html


def test_a_picture_that_is_not_at_hand_is_a_box_with_its_words() -> None:
    image = {"msgtype": "m.image", "url": "mxc://a.example/b", "filename": "En <b>bøye.png", "body": "Sak"}
    html = face("matrix", json.dumps(image).encode(), {})
    assert '<span class="picture stand-in" role="img">En &lt;b&gt;bøye.png</span>' in html


def test_a_mail_is_drawn_as_its_page_without_its_styles() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Åse Ås <aase@a.example>", "Sølv"
    message.set_content("Bare ord")
    page_of_it = (
        "<html><head><title>Nei</title><style>p{color:red}</style></head><body style='margin:0'>"
        "<p style='color:#666666'>Grått <script>nei()</script><a href='https://a.example/'>her</a></p>"
    )
    message.add_alternative(page_of_it, subtype="html")
    html = face("email", message.as_bytes(), {})
    assert "<strong>Åse Ås</strong>" in html and '<p class="subject">Sølv</p>' in html
    assert f'<p class="subtle">Grått {LINK}her</a></p>' in html and "nei" not in html.lower()


def test_a_corrected_message_says_so() -> None:
    assert "redigert" in face("discord", discord("Sak"), {}, edited=True)


def test_a_page_needs_nothing_beside_itself() -> None:
    html = page("Forhåndsvisning", [face("slack", slack("Sak"), {})])
    seen = Seen(html)
    assert "link" not in seen.tags and "script" not in seen.tags and "default-src 'none'" in html


def test_platforms_have_names() -> None:
    assert [platform(kind) for kind in ("slack", "teams", "nobody")] == ["Slack", "Microsoft Teams", "Nobody"]
