"""`delebot preview`: what would go where, why, when and how it looks, without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.draw import box, texts
from tests.installation import Installation
from tests.servers import Answer, Receiver, Site, rss

NEVER = "HOURS=mon 08:00-08:01\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(rss((2, "Ny sak"), (1, "Gammel sak"))) as site:
        yield site


@pytest.fixture
def room() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def it(tmp_path: Path, site: Site, room: Receiver) -> Installation:
    installation = Installation(tmp_path)
    installation.feed(site.feed)
    installation.channel("room", "slack", room.hook)
    return installation


def preview(it: Installation, *arguments: str) -> dict[str, Any]:
    done = it.run("preview", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def of(it: Installation, *arguments: str, channel: str = "room") -> dict[str, Any]:
    """What is said of one channel."""
    told = preview(it, *arguments)["channels"]
    return next(dict(one) for one in told if one["channel"] == channel)


# --- Whether, why and when -----------------------------------------------------------------------------------------


def test_before_the_first_poll_the_feed_is_read_and_nothing_is_saved_or_sent(it: Installation, room: Receiver) -> None:
    told = of(it)
    assert not told["goes"] and "FIRST_RUN" in told["why"]
    assert not it.state.exists()
    assert room.taken == []


def test_what_the_first_poll_shares_goes(it: Installation, site: Site) -> None:
    it.feed(site.feed, more="FIRST_RUN=latest\n")
    assert (of(it)["goes"], of(it, "--item", "https://klynge.example/sak-1/")["goes"]) == (True, False)


def test_a_new_article_goes_after_the_next_poll_unless_a_person_must_say_yes(it: Installation, site: Site) -> None:
    it.run("trigger")
    site.body = rss((3, "Nyest"), (2, "Ny sak"), (1, "Gammel sak"))
    assert of(it, "--item", "https://klynge.example/sak-3/")["goes"]
    it.channel("room", "slack", "https://example.org/x", "APPROVE=yes\n")
    told = of(it, "--item", "https://klynge.example/sak-3/")
    assert not told["goes"] and "waits for approval" in told["why"]


def test_what_was_known_or_sent_does_not_go_again(it: Installation, room: Receiver) -> None:
    it.run("trigger")
    assert "delebot trigger --item" in of(it)["why"]
    it.run("trigger", "--item", "latest")
    assert "sent already" in of(it)["why"]
    assert len(room.taken) == 1


def test_filters_and_feeds_that_belong_elsewhere_are_named(it: Installation, room: Receiver) -> None:
    it.channel("room", "slack", room.hook, "EXCLUDE=ny sak\n")
    assert "EXCLUDE" in of(it)["why"]
    it.write("feeds/other.env", "URL=https://example.no/feed/\nCHANNELS=second\n")
    it.channel("second", "slack", room.hook + "2", "FEEDS=other\n")
    it.run("trigger", "--feed", "klyngen")
    assert "don't go here" in of(it, channel="second")["why"]


def test_a_channel_that_is_paused_or_stopped_sends_nothing(it: Installation, room: Receiver) -> None:
    it.run("trigger")
    it.run("pause", "room")
    it.run("trigger", "--item", "latest")
    assert "channel is paused" in of(it)["why"]
    it.run("pause")
    assert "everything is paused" in of(it)["why"]
    room.always = Answer(404, b"no_service")
    it.run("resume")
    assert "is stopped" in of(it)["why"]


def test_hours_say_when_it_goes(it: Installation, site: Site, room: Receiver) -> None:
    it.feed(site.feed, more="FIRST_RUN=latest\n")
    it.channel("room", "slack", room.hook, NEVER)
    told = of(it)
    assert told["goes"] and told["at"]
    assert "HOURS" in told["why"] or told["at"][11:16] in ("06:00", "07:00")


def test_an_unknown_article_channel_or_number_is_one_line(it: Installation) -> None:
    for arguments in (("--item", "https://klynge.example/ukjent/"), ("--item", "77"), ("--channel", "ukjent")):
        done = it.run("preview", *arguments)
        assert done.returncode in (1, 2)
        assert len(done.stderr.splitlines()) == 1


def test_a_feed_that_cannot_be_read_is_one_line(it: Installation, site: Site) -> None:
    site.answer = Answer(500)
    done = it.run("preview", cold=True)  # By a Python of its own, to import what it needs itself.
    assert done.returncode == 1
    assert done.stderr.startswith("feeds/klyngen.env: URL: ")


# --- How it looks --------------------------------------------------------------------------------------------------


def test_every_kind_is_drawn_from_what_would_be_sent_and_no_secret_is_shown(it: Installation, room: Receiver) -> None:
    it.channel("hook", "webhook", room.hook, "SECRET=whsec_a2FuYXJpZnVnbC1uw7hra2VsLWZvci1zaWduYXR1cmVu\n")
    it.channel("team", "teams", room.hook)
    it.channel("chat", "discord", room.hook)
    it.write("channels/console.env", "KIND=console\n")
    done = it.run("preview")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("│ Innledning til sak 2") == 4 and '"text": "Innledning til sak 2' in done.stdout
    said = done.stdout + it.run("preview", "--json").stdout
    assert "secretsecret" not in said and "whsec_" not in said and "a2Fu" not in said


def test_the_page_shows_each_post_and_no_secret(it: Installation, tmp_path: Path) -> None:
    done = it.run("preview", "--html", str(tmp_path / "posts.html"))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "posts.html").read_text()
    assert "Innledning til sak 2" in page and "secretsecret" not in page
    assert it.run("preview", "--html", str(tmp_path / "no" / "posts.html")).returncode == 1


def test_the_words_of_slack_are_shown_once_and_without_its_marks() -> None:
    words = "*<https://x.example/?a=1&amp;b=2|Tom &amp; Jerry>*\nLead"
    payload = {
        "text": words,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": words}},
            {"type": "image", "image_url": "https://x.example/p.png", "alt_text": "A cat"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "<!date^1^{date}|1 May> · News"}]},
        ],
    }
    assert texts(json.dumps(payload).encode()) == [
        "*Tom & Jerry <https://x.example/?a=1&b=2>*\nLead", "[A cat] https://x.example/p.png", "1 May · News",
    ]  # fmt: skip


def test_cards_and_buttons_are_shown_with_where_they_lead() -> None:
    embed = {
        "title": r"A \*star\*", "url": "https://x.example/", "description": "Lead [here](https://x.example/b)",
        "image": {"url": "https://x.example/p.png", "description": "A cat"},
    }  # fmt: skip
    button = {"type": 2, "label": "LinkedIn", "url": "https://l.example/"}
    payload = {"content": "", "embeds": [embed], "components": [{"type": 1, "components": [button]}]}
    assert texts(json.dumps(payload).encode()) == [
        "A *star* <https://x.example/>", "Lead here <https://x.example/b>", "[A cat] https://x.example/p.png",
        "LinkedIn <https://l.example/>",
    ]  # fmt: skip


@given(st.recursive(st.none() | st.text() | st.integers(), lambda of: st.lists(of) | st.dictionaries(
    st.sampled_from(("text", "blocks", "embeds", "title", "url", "inlines", "type", "content", "x")), of
)))  # fmt: skip
def test_whatever_a_payload_holds_can_be_drawn_and_never_steers_the_terminal(value: Any) -> None:
    drawn = box("x", json.dumps(value).encode())
    assert all(sign == "\n" or (ord(sign) >= 32 and ord(sign) != 127) for sign in drawn)


def test_plain_text_is_shown_as_it_is() -> None:
    assert texts("Hei\n  på\n".encode()) == ["Hei\n  på"]
