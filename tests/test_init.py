"""`delebot init`: from the address of a site to the file of a feed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.commands.init import Found, chooser, language_of, latest, name_of
from bot.model import Document, Item, Mistake
from tests.installation import Installation
from tests.servers import Answer, Server, Taken, rss

LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'


class Pages(Server):
    """A site of several pages: what stands at each path, HTML or a feed."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[Taken] = []
        super().__init__(self._say)

    def _say(self, taken: Taken) -> Answer:
        self.asked.append(taken)
        body = self.pages.get(taken.path)
        if body is None:
            return Answer(404)
        kind = "application/rss+xml" if body.startswith(b"<?xml") else "text/html"
        return Answer(body=body, headers={"Content-Type": kind})


def front(*feeds: str) -> bytes:
    return f"<!doctype html><html><head>{''.join(map(LINK.format, feeds))}</head><body>Hei</body></html>".encode()


@pytest.fixture
def it(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    (installation.config / "bot.env").unlink()
    return installation


def test_the_feed_that_a_page_names_is_read_shown_and_written(it: Installation) -> None:
    with Pages({"/": front("/nytt/"), "/nytt/": rss((4, "D"), (3, "C"), (2, "B"), (1, "A"))}) as site:
        done = it.run("init", f"{site.address}/", "--allow-private")
        assert done.returncode == 0, done.stderr
        path = it.config / "feeds/teknologiklyngen.env"
        assert path.read_text().splitlines()[1:] == [f"URL={site.address}/nytt/", "ALLOW_PRIVATE=yes"]
        assert path.stat().st_mode & 0o777 == 0o600
        assert (it.config / "bot.env").read_text().splitlines()[1:] == ["LANGUAGE=nb"]
        assert all(f"  {title}\n" in done.stdout for title in "BCD") and "  A\n" not in done.stdout
        assert "delebot add" in done.stdout


def test_the_address_of_a_feed_is_taken_as_it_is(it: Installation) -> None:
    with Pages({"/f": rss((1, "A"))}) as site:
        # By a Python of its own, to import what it needs itself.
        done = it.run("init", f"{site.address}/f", "--allow-private", "--json", "--name", "news", cold=True)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["feed"], told["title"], told["articles"]) == ("news", "Teknologiklyngen", 1)
        assert [taken.path for taken in site.asked] == ["/f"]


def test_where_a_page_names_none_the_usual_places_are_tried(it: Installation) -> None:
    with Pages({"/": front("/gone/", "http://a:99999/", "http://xn--a--/"), "/feed/": rss((1, "A"))}) as site:
        assert it.run("init", site.address, "--allow-private").returncode == 0
        assert f"URL={site.address}/feed/\n" in (it.config / "feeds/teknologiklyngen.env").read_text()


def test_an_address_without_its_beginning_is_tried_with_both(it: Installation) -> None:
    with Pages({"/": front(), "/feed/": rss((1, "A"))}) as site:
        assert it.run("init", f"127.0.0.1:{site.port}", "--allow-private").returncode == 0
        assert f"URL={site.address}/feed/\n" in (it.config / "feeds/teknologiklyngen.env").read_text()


def test_several_feeds_without_a_terminal_are_a_question_unless_the_first_will_do(it: Installation) -> None:
    pages = {"/": front("/a/", "/b/"), "/a/": rss((1, "A")), "/b/": rss((1, "B"), (2, "C"))}
    with Pages(pages) as site:
        done = it.run("init", site.address, "--allow-private")
        assert done.returncode == 2
        assert f"{site.address}/b/ («Teknologiklyngen», 2 articles)" in done.stderr and "--yes" in done.stderr
        assert not it.config.joinpath("feeds").exists()
        assert it.run("init", site.address, "--allow-private", "--yes").returncode == 0
        assert f"URL={site.address}/a/\n" in (it.config / "feeds/teknologiklyngen.env").read_text()


def test_the_same_feed_under_two_addresses_is_no_question(it: Installation) -> None:
    with Pages({"/": front("/a/", "/b/"), "/a/": rss((1, "A")), "/b/": rss((1, "A"))}) as site:
        assert it.run("init", site.address, "--allow-private").returncode == 0


def test_a_file_that_is_there_is_left_as_it_is(it: Installation) -> None:
    it.write("bot.env", "LANGUAGE=en\n")
    path = it.write("feeds/teknologiklyngen.env", "URL=https://example.no/feed/\n")
    with Pages({"/": rss((1, "A"))}) as site:
        done = it.run("init", site.address, "--allow-private")
        assert done.returncode == 1
        assert "there already" in done.stderr and "--name" in done.stderr
        assert path.read_text() == "URL=https://example.no/feed/\n"
        assert it.run("init", site.address, "--allow-private", "--name", "other").returncode == 0
        assert (it.config / "bot.env").read_text() == "LANGUAGE=en\n"


def test_a_private_address_is_asked_only_when_that_is_admitted(it: Installation) -> None:
    with Pages({"/": rss((1, "A"))}) as site:
        done = it.run("init", site.address)
        assert done.returncode == 1
        assert done.stderr.strip() == "127.0.0.1 is a private address. --allow-private admits it"
        assert site.asked == []


def test_another_private_place_that_a_page_names_is_never_asked(it: Installation) -> None:
    with Pages({"/feed/": rss((1, "A"))}) as other, Pages({"/": front(f"{other.address}/feed/")}) as site:
        done = it.run("init", site.address, "--allow-private")
        assert done.returncode == 1
        assert "no feed was found" in done.stderr
        assert other.asked == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "no address was given"),
        (("ftp://example.org",), 2, "must begin with https://"),
        (("https://xn--a--/", "--allow-private"), 1, "not a web address"),
        (("https://anna:hemmelig@example.org/",), 2, "the shell's history"),
        (("https://example.org/?token=hemmelig",), 2, "the shell's history"),
        (("https://example.org/", "--name", "Å"), 2, "--name is no name"),
    ],
)
def test_a_wrong_address_is_one_line(it: Installation, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = it.run("init", *arguments)
    assert done.returncode == code
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert "hemmelig" not in done.stderr


def test_what_is_no_feed_is_said_with_what_it_is(it: Installation) -> None:
    with Pages({"/": front()}) as site:
        done = it.run("init", site.address, "--allow-private")
        assert done.returncode == 1
        assert "web page" in done.stderr and len(done.stderr.splitlines()) == 1


# --- Choosing and naming -------------------------------------------------------------------------------------------


def found(title: str, url: str = "https://www.example.org/feed/") -> Found:
    return Found(url, Document(title, items=(Item("1", "", "A"),)))


def test_a_person_chooses_by_number_and_is_asked_again_until_it_is_one() -> None:
    said: list[str] = []
    answers = iter(("x", "0", "3", "²", "2"))
    choose = chooser(said.append, lambda _: next(answers), first=False)
    assert choose([found("A"), found("B")]).title == "B"
    assert said[:2] == [
        "1  A, 1 article  https://www.example.org/feed/", "2  B, 1 article  https://www.example.org/feed/",
    ]  # fmt: skip


def test_one_feed_is_no_question() -> None:
    assert chooser(print, None, first=False)([found("A")]).title == "A"
    with pytest.raises(Mistake):
        chooser(print, None, first=False)([found("A"), found("B")])


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Nytt fra Blåbærklyngen!", "nytt-fra-blabaerklyngen"),
        ("", "example-org"),
        ("…", "example-org"),
        ("A_B", "a-b"),
        ("ord " * 30, "ord-ord-ord-ord-ord-ord-ord-ord-ord-ord"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_feed_is_named_after_its_title_or_its_host(title: str, name: str) -> None:
    assert name_of(found(title)) == name


@pytest.mark.parametrize(("code", "language"), [("nb-NO", "nb"), ("no", "nb"), ("en_GB", "en"), ("fr", ""), ("", "")])
def test_delebot_speaks_the_language_of_the_feed_where_it_can(code: str, language: str) -> None:
    assert language_of(code) == language


def test_articles_without_a_date_are_the_last_in_the_order_of_the_feed() -> None:
    items = [Item(str(number), "", str(number)) for number in range(5)]
    assert [item.title for item in latest(items)] == ["0", "1", "2"]
