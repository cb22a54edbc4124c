"""The show: every act is played for real, and its receivers count what came of it."""

from __future__ import annotations

from pathlib import Path
from urllib.request import urlopen

from bot.commands.demo.site import articles
from tests.installation import Installation, until


def test_the_show_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    it = Installation(tmp_path)
    done = it.run("demo", "--once", "--pace", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, twice 0" in done.stdout and "4 articles" in done.stdout
    for act in ("1.", "2.", "3.", "4.", "5."):
        assert f" {act} " in done.stdout


def test_the_page_shows_the_first_article_on_three_platforms(tmp_path: Path) -> None:
    it = Installation(tmp_path)
    show = it.start("demo", "--once", "--pace", "0.5")
    assert show.stdout is not None
    address = next(line for line in show.stdout if "http://" in line).split("http://")[1].split("/")[0]

    def page() -> str:
        with urlopen(f"http://{address}/") as answer:
            text: str = answer.read().decode()
            return text

    first = articles()[1][0].title
    try:
        until(lambda: page().count(first) >= 3, "the first article on three platforms")
        assert "https://fonts" not in page()
    finally:
        it.end()


def test_the_sample_articles_are_told_in_norwegian_and_ask_to_be_shared() -> None:
    older, newer = articles()
    assert len(newer) == 4 and older
    assert any(set("æøå") & set(article.title.casefold()) for article in newer)
