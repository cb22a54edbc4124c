"""What an article's HTML says, and which pictures it shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Block, Picture, Span
from bot.posts.read import pictures, read
from bot.posts.write import plain

LINK = "https://klynge.example/sak/"


def said(html: str) -> str:
    return plain(read(html, LINK, LINK))


def kinds(html: str) -> list[tuple[str, int]]:
    return [(block.kind, block.level) for block in read(html)]


def test_paragraphs_headings_lists_quotes_and_code_are_told_apart() -> None:
    html = """<h2>Tittel</h2><p>Ett <b>to</b>.</p><ul><li>a<ol><li>b</li></ol></li><li><p>c</p></li></ul>
    <blockquote><p>Sitat</p></blockquote><pre>x =  1\n  y</pre>"""
    expected = [("heading", 2), ("paragraph", 0), ("item", 0), ("item", 1), ("item", 0), ("quote", 0), ("code", 0)]
    assert kinds(html) == expected
    assert read(html)[-1].spans == (Span("x =  1\n  y"),)


def test_looks_and_links_belong_to_their_words_alone() -> None:
    assert read("<p>Se <a href='/a'>den <em>nye</em></a> <b>saken</b> og <code>koden</code></p>", LINK) == (
        Block(
            "paragraph",
            (
                Span("Se "),
                Span("den ", link="https://klynge.example/a"),
                Span("nye", link="https://klynge.example/a", italic=True),
                Span(" "),
                Span("saken", bold=True),
                Span(" og "),
                Span("koden", code=True),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("En\n  linje <b> med </b> luft", "En linje med luft"),
        ("en<br>to<br/>tre", "en\nto\ntre"),
        ("en<br><br>to", "en\n\nto"),
        ("<p>en<p>to", "en\n\nto"),
        ("<div>en<div>to</div>tre</div>", "en\n\nto\n\ntre"),
        (
            "<table><tr><td>08.00</td><td>Kaffe</td><td></td></tr><tr><td>09.00</td></tr></table>",
            "08.00 – Kaffe\n\n09.00",
        ),
        ("<li>en<p>to</p></li>", "• en\n\nto"),
        ("1 &lt; 2 &amp;amp; &#8211;", "1 < 2 &amp; –"),
        ("  ", ""),
        ("", ""),
        ("<p></p><p>&nbsp;</p><h2> </h2>", ""),
        ("\x00<p>a\x1bb\ud83dc</p>", "abc"),
    ],
)
def test_the_words_are_read_as_a_person_sees_them(html: str, words: str) -> None:
    assert said(html) == words


@pytest.mark.parametrize(
    "junk",
    [
        "<script>var a = '<p>x</p>'</script>",
        "<style>p { color: red }</style>",
        "<!-- en kommentar -->",
        "<iframe src='https://video.example/'>nei</iframe>",
        "<form><p>Meld deg på nyhetsbrev</p><input></form>",
        "<noscript><p>Slå på JavaScript</p></noscript>",
        "<figure><img src='a.jpg'><figcaption>Foto: Ola</figcaption></figure>",
        "<p class='wp-caption-text'>Foto: Ola</p>",
        "[caption id='x' width='3']<img src='a.jpg'> Foto: Ola[/caption]",
        "<div class='sharedaddy sd-sharing-enabled'><h3>Del dette:</h3><ul><li><a href='#'>Facebook</a></ul></div>",
        "<div class='fusion-sharing-box'><h4>Husk å dele saken!</h4></div>",
        "<div id='jp-relatedposts' class='x'>Liknende saker</div>",
        "<div class='a2a_kit a2a_kit_size_32'><a href='https://a.example'>Del</a></div>",
        "<div class='heateor_sss_sharing_container'>Del</div>",
        "<div class='post social-share-buttons'>Del</div>",
        "<div class='cookie-notice'>Vi bruker informasjonskapsler</div>",
        "<span class='screen-reader-text'>om saken</span>",
        "<p style='display: none'>skjult</p>",
        "<p hidden>skjult</p>",
        "<p><a class='more-link' href='/sak/'>Mer</a></p>",
        "<nav>Forrige sak</nav>",
        '<p>[vc_row css=".x{}"][/vc_row][/et_pb_section][gallery ids="1,2"]</p>',
        "<img src='https://pixel.wp.com/b.gif?host=x' width='1' height='1'>",
    ],
)
def test_what_only_stands_around_an_article_is_not_its_text(junk: str) -> None:
    assert said(f"<p>Før.</p>{junk}<p>Etter.</p>") == "Før.\n\nEtter."


@pytest.mark.parametrize(
    "kept",
    [
        "<p>Delt av [navn] i [2026].</p>",
        "<p class='shared-story'>Sak.</p>",
        "<p>[caption uten slutt.</p>",
        "<aside></aside><p>x</p>",
    ],
)
def test_what_only_looks_like_it_stays(kept: str) -> None:
    assert said(kept)


@pytest.mark.parametrize(
    "trailer",
    [
        "<p>The post <a href='{link}'>Saken</a> appeared first on <a href='https://klynge.example'>Klyngen</a>.</p>",
        "<p>Innlegget <a href='{link}'>Saken</a> dukket først opp på <a href='https://www.klynge.example/'>Klyngen</a>.</p>",
        "<p>Inlägget <a href='{link}?utm_source=rss'>Saken</a> dök först upp på <a href='https://klynge.example'>X</a>.</p>",
        "<p><a href='{link}'>Saken</a> は最初に <a href='https://klynge.example'>X</a> に登場しました。</p>",
    ],
)
def test_the_line_that_says_where_a_post_was_first_is_left_out_in_any_language(trailer: str) -> None:
    assert said(f"<p>Saken.</p>{trailer.format(link=LINK)}") == "Saken."


@pytest.mark.parametrize(
    "paragraph",
    [
        "<p>Les <a href='https://annen.example/a'>rapporten</a> hos <a href='https://annen.example'>Annen</a>.</p>",
        "<p>Se <a href='{link}'>saken</a> og <a href='https://klynge.example/kontakt/oss/her'>kontakt oss</a>.</p>",
        "<p>Kontakt <a href='https://klynge.example'>klyngen</a>.</p>",
    ],
)
def test_a_last_paragraph_with_links_of_its_own_stays(paragraph: str) -> None:
    assert said(f"<p>Saken.</p>{paragraph.format(link=LINK)}").count("\n\n") == 1


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>En hel setning. En annen som brytes [&#8230;]</p>", "En hel setning."),
        ("<p>En hel setning til slutt. [&#8230;]</p>", "En hel setning til slutt."),
        ("<p>Bare en setning som brytes av, [...]</p>", "Bare en setning som brytes av…"),
        ("<p>Noe mer… <a href='/sak/'>Continue reading <span>«Saken»</span></a></p>", "Noe mer…"),
        ("<p>Noe mer.</p><p><a href='/sak/'>Les mer »</a></p>", "Noe mer."),
        ("<p>Noe mer.</p><p>Läs mer →</p>", "Noe mer."),
        ("<p>Noe mer… Les hele saken</p>", "Noe mer…"),
        ("<p>[&#8230;]</p>", ""),
        ("<p>Sitatet «vi […] gjør det» er kortet.</p>", "Sitatet «vi […] gjør det» er kortet."),
        ("<p>Og så ble det stille…</p>", "Og så ble det stille…"),
        ("<p>Vi vil gjerne at du skal lese mer</p>", "Vi vil gjerne at du skal lese mer"),
    ],
)
def test_the_marks_of_an_excerpt_are_not_text(html: str, words: str) -> None:
    assert said(html) == words


PIECES = (
    "<div> <b><p> <ul><li>x <table><tr><td> <blockquote> <a/x=y><p> <font>x <p>a</p> x<br> [caption [vc_row/ <!-- "
    "<a/href=' < & […] 😀\u200d \u0301 <svg> <select><b> <img/srcset='"
)


@pytest.mark.parametrize("piece", PIECES.split(" "))
def test_two_hundred_thousand_characters_of_anything_can_be_read(piece: str) -> None:
    html = piece * (200_000 // len(piece))
    read(html, LINK, LINK)
    pictures(html, LINK)


def test_looks_that_are_never_closed_do_not_multiply() -> None:
    html = "<p>" + "".join(f"<b id={number}>" for number in range(8000)) + "</p>" + "<p>ord" * 10_000
    assert len(read(html)) == 10_000


def test_deeply_nested_words_are_still_read_in_order() -> None:
    assert said("<div>" * 5000 + "en<p>to" + "</div>" * 5000 + "<p>tre").split() == ["en", "to", "tre"]


def test_a_picture_within_the_html_itself_hides_no_text() -> None:
    assert said("<p><img src='data:image/png;base64," + "A" * 900_000 + "'>Etter bildet.</p>") == "Etter bildet."


@given(st.text(st.characters(exclude_categories=()), max_size=200) | st.text("<>/abp div=\"'&;[]!-", max_size=200))
def test_any_html_can_be_read_and_none_of_it_stays_markup(html: str) -> None:
    for block in read(html, LINK, LINK):
        assert all(span.text for span in block.spans)
        assert all(span.link.startswith(("", "http://", "https://", "mailto:")) for span in block.spans)


# --- Pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<img src='/b/a.jpg'>", "https://klynge.example/b/a.jpg"),
        ("<img src='data:image/gif;base64,R0' data-src='/b/a.jpg'>", "https://klynge.example/b/a.jpg"),
        ("<img src='/blank.gif' data-lazy-src='/b/a.jpg'>", "https://klynge.example/b/a.jpg"),
        ("<img srcset='/s.jpg 300w, /m.jpg 1024w, /l.jpg 4000w'>", "https://klynge.example/m.jpg"),
        ("<img srcset='/s.jpg'>", "https://klynge.example/s.jpg"),
        ("<img src='a,b.jpg?x=1&amp;y=2'>", "https://klynge.example/sak/a,b.jpg?x=1&y=2"),
        ("[caption id='1']<img src='/b/a.jpg'> Foto[/caption]", "https://klynge.example/b/a.jpg"),
        (
            "<figure><a href='/stor.jpg'><img src='/b/a.jpg'></a><figcaption>Foto</figcaption></figure>",
            "https://klynge.example/b/a.jpg",
        ),
    ],
)
def test_a_picture_is_found_where_its_page_keeps_it(html: str, url: str) -> None:
    assert [picture.url for picture in pictures(html, LINK)] == [url]


@pytest.mark.parametrize(
    "html",
    [
        "<img src='https://s.w.org/images/core/emoji/15/72x72/1f600.png' class='wp-smiley'>",
        "<img src='/a.jpg' width='1' height='1'>",
        "<img src='/a.jpg' width='32px'>",
        "<img src='https://secure.gravatar.com/avatar/1?s=96'>",
        "<img src='/a.jpg' class='avatar photo'>",
        "<img src='/ikon.svg'>",
        "<img src='https://pixel.wp.com/b.gif?x'>",
        "<img src='/img/spacer.gif'>",
        "<img src='data:image/png;base64,AAAA'>",
        "<img src='javascript:x'>",
        "<img>",
        "<div class='sharedaddy'><img src='/facebook.png'></div>",
    ],
)
def test_what_is_no_real_picture_is_passed_by(html: str) -> None:
    assert pictures(html, LINK) == ()


@pytest.mark.parametrize(
    ("alt", "words"),
    [
        (" Fire \n personer ", "Fire personer"),
        ("IMG_1234.JPG", ""),
        ("DSC-0042", ""),
        ("bilde 2", ""),
        ("\u202eBilde av byen", "Bilde av byen"),
    ],
)
def test_the_words_of_a_picture_are_words(alt: str, words: str) -> None:
    assert pictures(f"<img src='/a.jpg' alt='{alt}' width='800' height='600'>", LINK) == (
        Picture("https://klynge.example/a.jpg", words, width=800, height=600),
    )


def test_each_picture_comes_once_and_in_order() -> None:
    html = "<img src='/1.jpg'><img src='/2.jpg'><img src='/1.jpg'>"
    assert [picture.url[-5:] for picture in pictures(html, LINK)] == ["1.jpg", "2.jpg"]
