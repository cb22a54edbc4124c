"""A session is kept where nobody else reads it, and is good only for the credentials it was made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.kinds import load
from bot.sessions import ENDED, FILE, SessionFile, Sessions, sessions_at
from bot.settings import Channel, ChannelSettings


def channel(name: str = "rom", url: str = "https://mottaker.example/a") -> Channel:
    settings = load("webhook").settings(url=url)
    return Channel(name=name, kind="webhook", settings=settings, wishes=ChannelSettings(kind="webhook"))


def test_what_is_kept_is_found_again_also_by_another_process(tmp_path: Path, database: str) -> None:
    with sessions_at(tmp_path, database) as one, sessions_at(tmp_path, database) as other:
        one.write(channel(), {"access": "hemmelig"})
        other.write(channel("annet"), {"access": "andre"})
        for sessions in (one, other):
            assert sessions.read(channel()) == {"access": "hemmelig"}
            assert sessions.read(channel("annet")) == {"access": "andre"}
            assert sessions.read(channel("tredje")) == {}
        one.write(channel(), {"access": "fornyet"})
        assert other.read(channel()) == {"access": "fornyet"}


def test_other_credentials_begin_anew(tmp_path: Path, database: str) -> None:
    with sessions_at(tmp_path, database) as sessions:
        sessions.write(channel(), {"access": "hemmelig"})
        assert sessions.read(channel(url="https://mottaker.example/b")) == {}


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    Sessions(SessionFile(state)).write(channel(), {"access": "hemmelig"})
    assert state.stat().st_mode & 0o077 == 0
    assert [path.name for path in state.iterdir()] == [FILE]
    assert (state / FILE).stat().st_mode & 0o777 == 0o600


def test_the_credentials_themselves_are_not_in_it(tmp_path: Path, database: str) -> None:
    with sessions_at(tmp_path, database) as sessions:
        sessions.write(channel(url="https://mottaker.example/hemmelig"), {"access": "x"})
        assert "mottaker" not in str(sessions.drawer.take("rom"))


def test_a_session_that_ended_is_marked_and_a_missing_one_is_not_invented(tmp_path: Path, database: str) -> None:
    with sessions_at(tmp_path, database) as sessions:
        sessions.end(channel())
        assert sessions.read(channel()) == {}
        sessions.write(channel(), {"access": "x"})
        sessions.end(channel())
        assert sessions.read(channel()) == {"access": "x", ENDED: "yes"}


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', json.dumps({"rom": {}})])
def test_a_broken_file_is_no_session(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    assert Sessions(SessionFile(tmp_path)).read(channel()) == {}
    Sessions(SessionFile(tmp_path)).write(channel(), {"access": "x"})
    assert Sessions(SessionFile(tmp_path)).read(channel()) == {"access": "x"}
