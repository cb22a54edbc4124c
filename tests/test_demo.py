"""The show: every act is played for real, and its receivers count what came of it."""

from __future__ import annotations

import json
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import httpx
import pytest

from bot.commands.demo.inbox import Inbox
from bot.commands.demo.site import HOME, Site, articles
from bot.feeds.parse import parse
from tests.installation import Installation, until

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def an_inbox() -> Inbox:
    return Inbox(("slack", "discord", "teams", "webhook"), lambda: NOON, site="http://127.0.0.1:9")


def event(type: str, id: str = "klyngen-1", title: str = "Sak") -> bytes:
    return json.dumps({"type": type, "data": {"id": id, "title": title, "link": f"{HOME}/sak/"}}).encode()


def post(inbox: Inbox, kind: str, body: bytes, key: str = "", id: str = "") -> int:
    headers = {"Webhook-Id": id} if id else {}
    return inbox.answer("PATCH" if key else "POST", kind, key, body, headers).status


@pytest.fixture(autouse=True)
def folders_for_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo that a test kills can't remove its folder, so that must lie where pytest does."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


# --- The show ------------------------------------------------------------------------------------------------------


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


def test_a_demo_that_is_ended_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    show = Installation(tmp_path / "mine").start("demo", "--once")
    assert show.stdout is not None
    assert next(line for line in show.stdout if "1. An article appears" in line)
    show.send_signal(signal.SIGINT)
    rest, trouble = show.communicate(timeout=30)
    assert show.returncode == 0 and not trouble
    assert "delebot init" in rest and "delebot add" in rest
    assert not list(tmp_path.glob("delebot-demo-*"))


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # By a Python of its own, to import what a demo needs itself.
        done = Installation(tmp_path).run("demo", "--once", "--port", str(port), cold=True)
    assert done.returncode == 2
    assert done.stderr == f"--port: port {port} is taken. Choose another one, or leave it out\n"


def test_a_reader_who_leaves_ends_the_show_without_a_word(tmp_path: Path) -> None:
    show = Installation(tmp_path).start("demo", "--once", "--pace", "0")
    assert show.stdout is not None and show.stderr is not None
    show.stdout.readline()
    show.stdout.close()
    with show.stderr as trouble:
        assert trouble.read() == ""
    show.wait(timeout=30)
    assert not list(tmp_path.glob("delebot-demo-*"))


def test_the_page_is_kept_by_a_strict_policy(tmp_path: Path) -> None:
    it = Installation(tmp_path)
    show = it.start("demo", "--once")
    assert show.stdout is not None
    address = next(line for line in show.stdout if "http://" in line).split("http://")[1].split("/")[0]
    try:
        policy = httpx.get(f"http://{address}/").headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert httpx.get(f"http://{address}/messages.json").json()["figures"]["twice"] == 0
        assert httpx.post(f"http://{address}/hooks/slack/guessed", content=b"{}").status_code == 404
    finally:
        it.end()


# --- The inbox and the site ----------------------------------------------------------------------------------------


def test_the_inbox_tells_its_page_everything_as_json() -> None:
    inbox = an_inbox()
    inbox.act, inbox.away, inbox.published = "1. Noe skjer.", {"teams": 5}, lambda: ["sak"]
    assert post(inbox, "slack", json.dumps({"text": f"<{HOME}/sak/|Blåbær &amp; «fisk»>"}).encode()) == 200
    told = json.loads(json.dumps(inbox.as_json()))
    assert told["act"] == "1. Noe skjer." and told["away"] == ["teams"]
    assert told["figures"] == {"published": 1, "shown": 1, "edited": 0, "lost": 3, "twice": 0}
    (message,) = told["messages"]
    assert (message["kind"], message["number"], message["revision"]) == ("slack", 1, 1)
    assert "Blåbær &amp; «fisk»" in message["html"] and "12:00:00" in message["html"]


def test_the_inbox_counts_what_is_there_twice() -> None:
    inbox = an_inbox()
    inbox.published = lambda: ["sak"]
    for _ in range(2):
        post(inbox, "slack", f'{{"text": "{HOME}/sak/"}}'.encode())
    assert inbox.figures().twice == 1


def test_a_post_in_discord_is_corrected_in_its_place() -> None:
    inbox = an_inbox()
    post(inbox, "discord", b'{"content": "Feil"}')
    (message,) = inbox.messages
    assert post(inbox, "discord", b'{"content": "Rett"}', key=message.key) == 200
    (shown,) = inbox.as_json()["messages"]
    assert "Rett" in shown["html"] and "redigert" in shown["html"] and shown["revision"] == 2
    assert inbox.answer("DELETE", "discord", message.key, b"", {}).status == 204
    assert post(inbox, "discord", b"{}", key=message.key) == 404


def test_a_webhook_knows_a_repeat_by_its_id_and_a_correction_by_its_item() -> None:
    inbox = an_inbox()
    for id, body in (
        ("a", event("item.published")),
        ("a", event("item.published")),
        ("a-2", event("item.updated", title="Rettet")),
        ("b", event("item.published", id="klyngen-2")),
    ):
        assert post(inbox, "webhook", body, id=id) == 204
    first, second = inbox.messages
    assert inbox.repeats == 1 and first.edited and b"Rettet" in first.payload and not second.edited


@pytest.mark.parametrize(("kind", "status"), [("slack", 200), ("discord", 200), ("teams", 202), ("webhook", 204)])
def test_each_receiver_answers_as_its_platform_does(kind: str, status: int) -> None:
    assert post(an_inbox(), kind, event("item.published")) == status


def test_what_lies_at_the_sample_site_is_fetched_from_this_machine() -> None:
    inbox = an_inbox()
    blocks = [{"type": "image", "image_url": "https://127.0.0.1:9/wp-content/uploads/noon.png", "alt_text": "Fjord"}]
    post(inbox, "slack", json.dumps({"text": "", "blocks": blocks}).encode())
    assert 'src="http://127.0.0.1:9/wp-content/uploads/noon.png"' in inbox.as_json()["messages"][0]["html"]


def test_an_attack_gets_no_script_into_the_page() -> None:
    inbox = an_inbox()
    inbox.act = "<script>alert(1)</script>"
    post(inbox, "slack", b'{"text": "<script>alert(2)</script><javascript:alert(3)|x>"}')
    html = inbox.html("", "")
    assert html.count("<script") == 1 and "javascript:" not in html


def test_the_site_serves_a_feed_whose_articles_can_be_corrected_and_moved() -> None:
    site, new = Site(lambda: NOON), articles()[1][0]
    site.publish(new)
    before = parse(site.feed()).items[0]
    site.correct(new)
    site.move()
    after = parse(site.feed()).items[0]
    assert before.title == new.title and before.published == NOON and "Glem ikke" in before.html
    assert after.title == new.as_corrected().title and after.guid != before.guid and after.link != before.link
