"""Which files make a configuration, and what is only warned about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.config.load import load
from bot.model import Mistakes
from tests.folders import FEED, FILES, SLACK, configure, loaded, mistakes

# --- Which files are read ------------------------------------------------------------------------------------------


def test_an_empty_folder_tells_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"this folder is empty\. Begin by copying"):
        load(tmp_path, {})


def test_a_missing_folder_tells_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"this folder is not there\. Begin by copying"):
        load(tmp_path / "confg", {})


def test_a_folder_of_examples_alone_tells_how_to_begin(tmp_path: Path) -> None:
    configure(tmp_path, {"bot.env.example": "", "feeds/news.env.example": "", "README.md": ""})
    with pytest.raises(Mistakes, match=r"holds no configuration yet\. Begin by copying"):
        load(tmp_path, {})


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    configure(tmp_path, {"bot.env": "", "feeds": "", "channels/ops.env": f"URL={SLACK}"})
    with pytest.raises(Mistakes, match=r"^feeds: this is a file, and a folder is expected$"):
        load(tmp_path, {})


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "feeds" / "news.env").mkdir(parents=True)
    configure(tmp_path, {"channels/ops.env": f"URL={SLACK}"})
    with pytest.raises(Mistakes, match=r"^feeds/news\.env: the file is a folder, not a file$"):
        load(tmp_path, {})


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    configure(tmp_path, FILES)
    (tmp_path / "channels" / "gone.env").symlink_to("nowhere")
    with pytest.raises(Mistakes, match=r"^channels/gone\.env: the file can't be read \(no such file or directory\)"):
        load(tmp_path, {})


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    configure(tmp_path, FILES)
    os.mkfifo(tmp_path / "feeds" / "pipe.env")
    with pytest.raises(Mistakes, match=r"^feeds/pipe\.env: the file is not an ordinary file$"):
        load(tmp_path, {})


def test_without_feeds_or_channels_it_is_told_how_to_add_one(tmp_path: Path) -> None:
    configure(tmp_path, {"bot.env": ""})
    with pytest.raises(Mistakes) as caught:
        load(tmp_path, {})
    assert str(caught.value).splitlines() == [
        "feeds: there is no feed yet. Copy feeds/news.env.example to feeds/news.env and give it the address of a feed.",
        "channels: there is no channel yet. Copy one of channels/*.env.example and fill it in.",
    ]


@pytest.mark.parametrize(
    ("name", "better"),
    [("Bærum Nytt", "baerum-nytt"), ("ÅRE", "are"), ("-a", "a"), ("a.b", "a-b"), ("café", "cafe"), ("Ops", "ops")],
)
def test_a_name_that_can_t_be_used_gets_a_better_one(tmp_path: Path, name: str, better: str) -> None:
    what = "this name may only have a to z, 0 to 9, - and _, and begin with a letter or digit"
    found = mistakes(tmp_path, {f"feeds/{name}.env": f"URL={FEED}"})
    assert found == [f"feeds/{name}.env: {what}. Rename it to {better}.env."]


@pytest.mark.parametrize("name", ["feeds/x.txt", "feeds/x.env.txt", "channels/x.ENV", "bot.env.txt", "slack.env"])
def test_a_file_that_was_surely_meant_to_be_read_is_warned_about(tmp_path: Path, name: str) -> None:
    first, *_ = loaded(tmp_path, {name: ""}).warnings
    assert first.startswith(f"{name}: this file is not read. ")


@pytest.mark.parametrize("name", ["feeds/x.env.example", "feeds/.x.env", "README.txt", "channels/x.env~", "notes.md"])
def test_other_files_are_left_alone(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, {name: ""}).warnings == ()


def test_a_hidden_ending_is_told_where_nothing_else_is_there(tmp_path: Path) -> None:
    configure(tmp_path, {"channels/ops.env": f"URL={SLACK}", "feeds/news.env.txt": f"URL={FEED}"})
    with pytest.raises(Mistakes) as caught:
        load(tmp_path, {})
    assert "feeds/news.env.txt: this file is not read. Rename it to news.env, if it is meant to be." in str(
        caught.value
    )


# --- What is only warned about -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        ({"bot.env": ""}, "bot.env: ALERTS is missing, so nobody is told when something is wrong. Add ALERTS=ops."),
        ({"bot.env": "ALERTS=ops\nRECEIPTS=ops"}, "bot.env line 2: RECEIPTS is not acted on yet in this version"),
        (
            {"channels/ops.env": f"URL={SLACK}\nREMIND_AFTER=7d"},
            "channels/ops.env line 2: REMIND_AFTER is not acted on yet in this version",
        ),
        (
            {"feeds/news.env": f"URL={FEED}\nEVERY=30s"},
            "feeds/news.env line 2: EVERY is under a minute. Few sites like that; 15m is usual.",
        ),
        (
            {"feeds/blog.env": f"URL={FEED}", "channels/ops.env": f"URL={SLACK}\nFEEDS=news"},
            "feeds/blog.env: no channel takes this feed. Look at CHANNELS here and FEEDS there.",
        ),
        (
            {"feeds/news.env": f"URL={FEED}\nCHANNELS=ops", "channels/log.env": "KIND=console"},
            "channels/log.env: no feed reaches this channel. Look at FEEDS here and CHANNELS there.",
        ),
        (
            {"channels/ops2.env": f"URL={SLACK}"},
            (
                "channels/ops2.env: it posts to the same place as channels/ops.env. "
                "Remove one, or give them different FEEDS."
            ),
        ),
    ],
)
def test_what_is_probably_not_meant_is_warned_about(tmp_path: Path, files: dict[str, str], warning: str) -> None:
    assert loaded(tmp_path, files).warnings == (warning,)


def test_a_channel_for_alerts_needs_no_feed(tmp_path: Path) -> None:
    files = {"feeds/news.env": f"URL={FEED}\nCHANNELS=log", "channels/log.env": "KIND=console"}
    assert loaded(tmp_path, files).warnings == ()


def test_a_planned_key_still_has_to_be_right(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {"channels/ops.env": f"URL={SLACK}\nREMIND_AFTER=a week"})
    (only,) = found
    assert only.startswith('channels/ops.env line 2: REMIND_AFTER: "a week" is not a duration')


def warned(folder: Path, name: str, files: Mapping[str, str], environ: Mapping[str, str] | None = None) -> list[str]:
    """The warnings when others can read that file."""
    configure(folder, {**FILES, **files})
    (folder / name).chmod(0o644)
    return list(load(folder, environ or {}).warnings)


def test_a_secret_that_others_can_read_is_warned_about_with_the_command(tmp_path: Path) -> None:
    (only,) = warned(tmp_path, "channels/ops.env", {})
    assert only == (
        "channels/ops.env: others on this machine can read the secrets in this file. "
        f"Run: chmod 600 {tmp_path}/channels/ops.env"
    )


def test_a_secret_s_own_file_is_what_has_to_be_closed(tmp_path: Path) -> None:
    (only,) = warned(tmp_path, "secret", {"channels/ops.env": "URL_FILE=../secret", "secret": SLACK})
    assert only.endswith(f"/secret: others on this machine can read the secrets in this file. Run: chmod 600 {tmp_path}"
                         "/channels/../secret")  # fmt: skip


def test_a_file_that_only_names_where_the_secret_is_may_be_read_by_all(tmp_path: Path) -> None:
    assert warned(tmp_path, "channels/ops.env", {"channels/ops.env": "URL=${HOOK}"}, {"HOOK": SLACK}) == []


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        (FEED, False),
        (f"{FEED}?format=rss", False),
        (f"{FEED}?feed=rss&access_token=a", True),
        ("https://me:pw@example.no", True),
    ],
)
def test_a_feed_s_file_is_secret_only_when_its_address_is(tmp_path: Path, url: str, secret: bool) -> None:
    assert bool(warned(tmp_path, "feeds/news.env", {"feeds/news.env": f"URL={url}"})) is secret
