"""`delebot add` and the test posts: a channel from an address that nobody sees, and whether a post arrives there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.add import Wish, add
from bot.commands.envfiles import assignment, create
from bot.commands.sample import WORDS
from bot.config.envfile import Line, fill_in, lines
from bot.config.load import load
from bot.config.values import LANGUAGES
from bot.model import Mistake, Mistakes
from tests.folders import SLACK
from tests.installation import PATIENCE, ROOT, Installation
from tests.servers import Answer, Receiver, Site, rss

SECRET = "XXXXXXXXXXXXXXXXXXXXXXXX"
DISCORD = "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.end()


def piped(it: Installation, answers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `delebot add` with the answers on its standard input."""
    return it.run("add", *arguments, typed=answers)


def added(folder: Path, wish: Wish, *answers: str) -> Path:
    waiting = iter(answers)
    return add(folder, {}, wish, lambda *_: next(waiting)).path


# --- The address ---------------------------------------------------------------------------------------------------


def test_a_piped_address_becomes_a_file_of_its_kind_that_only_the_owner_reads(it: Installation) -> None:
    done = piped(it, f"{SLACK}\n")
    path = it.config / "channels/slack.env"
    assert done.returncode == 0, done.stderr
    assert path.read_text().splitlines()[1:] == [f"URL={SLACK}"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in done.stdout + done.stderr


def test_what_is_written_is_a_configuration(tmp_path: Path) -> None:
    create(tmp_path, "feeds/news.env", "URL=https://example.no/feed/\n")
    for wish, answers in ((Wish(), (SLACK,)), (Wish(), (DISCORD,)), (Wish("console"), ()), (Wish(), (SLACK,))):
        added(tmp_path, wish, *answers)
    config = load(tmp_path, {})
    assert {name: channel.kind for name, channel in config.channels.items()} == {
        "slack": "slack", "slack-2": "slack", "discord": "discord", "console": "console",
    }  # fmt: skip
    assert not config.exposed


def test_an_address_on_the_command_line_is_refused_and_not_repeated(it: Installation) -> None:
    for arguments in ((SLACK,), ("--name", SLACK), ("--kind", SLACK), ("hooks.slack.com/services/T/B/X",)):
        done = piped(it, "", *arguments)
        assert done.returncode == 2
        assert "the shell's history" in done.stderr
        assert SECRET not in done.stdout + done.stderr
    assert not (it.config / "channels").exists()


def test_an_argument_that_is_no_address_is_refused_with_what_to_do(it: Installation) -> None:
    done = piped(it, "", "slack")
    assert done.returncode == 2
    assert "--kind" in done.stderr


def test_the_beginning_that_a_browser_hides_is_put_back(tmp_path: Path) -> None:
    assert f"URL={SLACK}\n" in added(tmp_path, Wish(), SLACK.removeprefix("https://")).read_text()


@pytest.mark.parametrize(
    ("wish", "answer", "said"),
    [
        (Wish(), "", "no address was given"),
        (Wish(), f"https://example.org/{SECRET}", "--kind says which one it is"),
        (Wish("slak"), SLACK, "Did you mean slack?"),
        (Wish("discord"), SLACK, "this is the address of a slack channel"),
        (Wish("slack"), f"https://hooks.slack.com/services/{SECRET}", "URL: the value is not a whole address"),
        (Wish("webhook"), f"ftp://example.org/{SECRET}", "URL: the value must begin with https://"),
        (Wish("webhook"), f"https://example.org/{SECRET}\N{RIGHT-TO-LEFT OVERRIDE}", "an invisible character"),
        (Wish(name="Å/b"), SLACK, "--name is no name"),
    ],
)
def test_what_will_not_do_is_said_in_one_line_without_the_secret(
    tmp_path: Path, wish: Wish, answer: str, said: str
) -> None:
    with pytest.raises((Mistake, Mistakes)) as caught:
        added(tmp_path, wish, answer)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert list(tmp_path.rglob("*.env")) == []


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    create(tmp_path, "channels/room.env", "mine")
    with pytest.raises(Mistake, match="there already"):
        added(tmp_path, Wish(name="room"), SLACK)
    with pytest.raises(Mistake, match="there already"):
        create(tmp_path, "channels/room.env", "another")
    assert [path.name for path in (tmp_path / "channels").iterdir()] == ["room.env"]
    assert (tmp_path / "channels/room.env").read_text() == "mine"


def test_at_a_terminal_the_address_is_asked_for_and_not_shown(it: Installation) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "add", "--name", "room"]
    with subprocess.Popen(
        command, env=it.environment, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = answered(ours, {b"such as mastodon: ": SLACK, b"[y/N]: ": "n"})
        assert process.wait(timeout=30) == 0
    os.close(ours)
    assert SECRET not in shown
    assert (it.config / "channels/room.env").exists()


def answered(terminal: int, answers: Mapping[bytes, str]) -> str:
    """Answer each question once all of it has appeared; all that was shown."""
    shown, left = b"", dict(answers)
    while True:
        assert select.select([terminal], [], [], PATIENCE)[0], shown
        try:
            piece = os.read(terminal, 1024)
        except OSError:  # Linux says so when the other end is closed.
            piece = b""
        if not piece:
            return shown.decode()
        shown += piece
        for question in [question for question in left if question in shown]:
            os.write(terminal, f"{left.pop(question)}\n".encode())


# --- The line in the file ------------------------------------------------------------------------------------------


@given(st.text(st.characters(min_codepoint=33, exclude_categories=("Cs", "Cc", "Z")), min_size=1))
def test_a_value_is_read_as_it_was_written_or_not_written_at_all(value: str) -> None:
    try:
        line = assignment("URL", value)
    except Mistake:
        return
    (read,) = lines(line + "\n")
    assert isinstance(read, Line)
    assert (read.value if read.literal else fill_in(read.value, {})) == value


@pytest.mark.parametrize("value", ["https://x.example/${HOME}", "https://x.example/#a", "'quoted'", 'a"b', "a\\nb"])
def test_signs_that_mean_something_in_an_env_file_are_kept(value: str) -> None:
    (read,) = lines(assignment("URL", value))
    assert isinstance(read, Line)
    assert read.value == value


# --- Test posts ----------------------------------------------------------------------------------------------------


def test_a_test_post_says_so_in_the_language_of_the_installation(it: Installation) -> None:
    it.write("bot.env", "LANGUAGE=en\n")
    with Receiver() as receiver:
        done = piped(it, f"{receiver.hook}\n", "--kind", "slack", "--allow-private", "--test")
    assert done.returncode == 0, done.stderr
    assert [taken.json["text"] for taken in receiver.taken] == ["This is a test from Delebot."]
    assert set(WORDS) == set(LANGUAGES)


def test_a_test_that_fails_says_why_and_leaves_the_file(it: Installation) -> None:
    with Receiver(Answer(404, b"no_service")) as receiver:
        done = piped(it, f"{receiver.hook}\n", "--kind", "slack", "--allow-private", "--test")
    assert done.returncode == 1
    assert "no_service" in done.stderr
    assert (it.config / "channels/slack.env").exists()
    assert "secretsecretsecret" not in done.stdout + done.stderr


def test_check_sends_one_test_post_to_each_channel_when_asked(it: Installation) -> None:
    with Site(rss((1, "Sak"))) as site, Receiver() as room, Receiver() as hook:
        it.feed(site.feed)
        it.channel("room", "slack", room.hook)
        it.channel("hook", "webhook", hook.hook)
        assert it.run("check").returncode == 0
        assert not room.taken and not hook.taken
        done = it.run("check", "--send")
        assert done.returncode == 0, done.stderr
        assert (len(room.taken), hook.taken[0].json["type"]) == (1, "test")
        assert "room: the test post «Dette er en prøve fra Delebot.» was sent" in done.stdout
        hook.always = Answer(drop=True)
        done = it.run("check", "--send")
        assert done.returncode == 1
        assert "hook: the test post may or may not have arrived" in done.stderr


def test_nothing_is_sent_while_something_is_wrong(it: Installation) -> None:
    with Receiver() as room, Site(b"<html>") as site:
        it.feed(site.feed)
        it.channel("room", "slack", room.hook)
        done = it.run("check", "--send")
        assert done.returncode == 1
        assert "no test post was sent" in done.stderr
        assert it.run("check", "--send", "--offline").returncode == 2
        assert room.taken == []
