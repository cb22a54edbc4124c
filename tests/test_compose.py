"""The post that items or words make."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.kinds import Limits
from bot.model import Item, Occasion, Picture, Post
from bot.posts.compose import compose, same_post, words_post
from bot.posts.write import plain
from bot.settings import ChannelSettings
from tests.values import NOW, article

WISHES = ChannelSettings(kind="console")


def posted(item: Item, limits: Limits = Limits(), **wishes: Any) -> Post:  # noqa: B008
    return compose(
        [("item-1", item)],
        key="k1",
        occasion=Occasion.SHARE,
        made_at=NOW,
        wishes=WISHES.model_copy(update=wishes),
        kind_limits=limits,
        source="  Klyngens\nnyheter ",
        language="nb",
    )


def lead(html: str, *, title: str = "Tittel", summary: str = "", limit: int = 600) -> str:
    return plain(posted(article(html=html, title=title, summary=summary), Limits(lead=limit)).entries[0].text)


def test_a_post_shows_what_the_item_says() -> None:
    entry = posted(article(authors=("Kari  Næss", "", "Kari Næss"), tags=("KI",), language="nb-NO")).entries[0]
    assert (entry.id, entry.source, entry.authors, entry.tags) == (
        "item-1",
        "Klyngens nyheter",
        ("Kari Næss",),
        ("KI",),
    )
    assert (entry.link, entry.published) == (article().link, article().published)


def test_the_same_item_makes_the_same_post() -> None:
    assert posted(article()) == posted(article())


def test_only_what_is_shown_tells_posts_apart() -> None:
    one = posted(article())
    assert same_post(one, replace(one, key="k2", made_at=NOW + timedelta(days=1), occasion=Occasion.DIGEST))
    assert not same_post(one, posted(article(title="Rettet tittel")))
    assert same_post(one, posted(article(updated=NOW)))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<h1>Tittel</h1><h2>Undertittel</h2><p>Det første.</p><p>Det andre.</p>", "Det første.\n\nDet andre."),
        ("<p><b>TITTEL!</b></p><p>Det første.</p>", "Det første."),
        ("<p>Det første.</p><h3>Bakgrunn</h3><p>Mye mer.</p>", "Det første."),
        ("<figure><img src='/a.jpg'><figcaption>Foto: Ola</figcaption></figure><p>Det første.</p>", "Det første."),
        ("<ul><li>En</li><li>To</li></ul>", "• En\n• To"),
        ("<h2>Bare overskrift</h2>", ""),
    ],
)
def test_the_lead_is_the_opening_of_the_article(html: str, words: str) -> None:
    assert lead(html) == words


def test_the_excerpt_stands_in_for_an_article_without_words() -> None:
    assert lead("<img src='/a.jpg'>", summary="<p>Kort sagt. Og så [&#8230;]</p>") == "Kort sagt."


def test_the_line_about_where_it_was_first_is_no_lead() -> None:
    link = article().link
    html = f"<p>Det første.</p><p>The post <a href='{link}'>T</a> appeared first on <a href='https://klynge.example'>K</a>.</p>"
    assert lead(html) == "Det første."


def test_a_lead_and_a_title_stay_within_the_limits_of_the_kind() -> None:
    entry = posted(article(title="Ord " * 200, html="<p>En setning. " * 100), Limits(title=50, lead=80)).entries[0]
    assert len(entry.title) <= 50
    assert entry.title.endswith("Ord…")
    assert len(plain(entry.text)) <= 80


def test_a_title_is_one_clean_line() -> None:
    assert posted(article(title=" To\n linjer \u202eog\x1b mer\u200b ")).entries[0].title == "To linjer og mer"


@pytest.mark.parametrize(
    ("named", "html", "picture"),
    [
        ((), "<img src='/b.jpg' alt='B'>", Picture("https://klynge.example/b.jpg", "B")),
        (
            (Picture("https://klynge.example/a.jpg", "A"),),
            "<img src='/b.jpg'>",
            Picture("https://klynge.example/a.jpg", "A"),
        ),
        (
            (Picture("https://klynge.example/a.jpg?w=300"),),
            "<img src='/a.jpg' alt='Alle sammen'>",
            Picture("https://klynge.example/a.jpg?w=300", "Alle sammen"),
        ),
        (
            (Picture("https://secure.gravatar.com/avatar/1"),),
            "<img src='/b.jpg'>",
            Picture("https://klynge.example/b.jpg"),
        ),
        ((), "<p>x</p>", None),
    ],
)
def test_the_picture_is_the_feeds_own_or_the_first_in_the_article(
    named: tuple[Picture, ...], html: str, picture: Picture | None
) -> None:
    item = article(pictures=named, html=html)
    assert posted(item).entries[0].picture == picture
    assert posted(item, images=False).entries[0].picture is None


def test_links_carry_the_campaign_that_the_channel_wishes() -> None:
    item = article(link="https://klynge.example/a?b=1#c")
    assert posted(item, utm={"source": "slack"}).entries[0].link == "https://klynge.example/a?b=1&utm_source=slack#c"


def test_several_items_are_entries_of_one_post_in_order() -> None:
    items = [(str(number), article(number)) for number in (2, 1)]
    post = compose(
        items,
        key="k",
        occasion=Occasion.DIGEST,
        made_at=NOW,
        wishes=WISHES,
        kind_limits=Limits(),
        source="",
        language="nb",
    )
    assert [entry.id for entry in post.entries] == ["2", "1"]


def test_an_alert_keeps_its_lines_but_nothing_that_steers_a_terminal() -> None:
    post = words_post("Linje en\nlinje \x1b[31mto ", key="k", occasion=Occasion.ALERT, made_at=NOW, language="nb")
    assert (post.words, post.entries, post.occasion) == ("Linje en\nlinje [31mto", (), Occasion.ALERT)


def test_a_moved_site_and_a_bumped_date_make_no_other_post() -> None:
    """Every address on the site and the date changed, and nothing that readers are told."""
    html = '<p>Les <a href="https://{}klynge.example/a/">mer</a>.</p><p><img src="https://{}klynge.example/b.jpg"></p>'
    one = Item("1", "https://klynge.example/sak/", "Sak", html.replace("{}", ""), published=NOW)
    moved = replace(
        one,
        link="https://www.klynge.example/sak/",
        html=html.replace("{}", "www."),
        published=NOW + timedelta(days=1),
    )
    assert same_post(posted(one), posted(moved))
    assert not same_post(posted(one), posted(replace(moved, title="Sak, rettet")))


CALL = '<div class="fusion-sharing-box"><h4>Glem ikke å dele dette!</h4></div>'


def test_the_call_to_share_is_lifted_out_of_the_article() -> None:
    post = posted(Item("1", "https://klynge.example/sak/", "Sak", "<p>Innledning.</p>" + CALL))
    (entry,) = post.entries
    assert entry.share is not None and entry.share.words == "Glem ikke å dele dette!"
    assert entry.share.links[0].network == "linkedin" and "klynge.example%2Fsak" in entry.share.links[0].url
    assert plain(entry.text) == "Innledning."


@pytest.mark.parametrize(
    ("share", "html", "networks"),
    [
        (("x", "linkedin"), "<p>A.</p>" + CALL, ["x", "linkedin"]),
        ((), "<p>A.</p>" + CALL, None),
        (("x",), "<p>A.</p>", None),
        (("x", "always"), "<p>A.</p>", ["x"]),
    ],
)
def test_a_channel_chooses_its_share_links(share: tuple[str, ...], html: str, networks: list[str] | None) -> None:
    (entry,) = posted(Item("1", "https://klynge.example/sak/", "Sak", html), share=share).entries
    assert ([link.network for link in entry.share.links] if entry.share else None) == networks


def test_an_installation_can_name_more_calls() -> None:
    item = Item("1", "https://klynge.example/sak/", "Sak", "<p>Innledning.</p><p>Spre det glade budskap!</p>")
    post = compose(
        [("1", item)],
        key="k",
        occasion=Occasion.SHARE,
        made_at=NOW,
        wishes=ChannelSettings(kind="console"),
        kind_limits=Limits(),
        source="",
        language="nb",
        phrases=("Spre det glade budskap",),
    )
    assert post.entries[0].share is not None
