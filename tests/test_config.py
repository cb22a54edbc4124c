"""A configuration is read completely or not at all, and whoever wrote it is told each mistake in one line."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_validator

from bot import kinds
from bot.config.entries import Findings, read_entries
from bot.config.filled import fill
from bot.config.load import load
from bot.config.wrong import Wrong
from tests.folders import FEED, FILES, SLACK, configure, loaded, mistakes


def cases() -> Iterator[tuple[str, str, list[str]]]:
    """The cases of mistakes.txt: the file's name, what it holds, and what is said of it."""
    _, *blocks = (Path(__file__).parent / "mistakes.txt").read_text("utf-8").split("--- ")
    for block in blocks:
        name, *lines = block.replace("{kinds}", ", ".join(kinds.names())).rstrip().split("\n")
        said = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
        yield name, "\n".join(line for line in lines if not line.startswith("> ")), said


@pytest.mark.parametrize(("name", "text", "said"), list(cases()))
def test_each_mistake_is_told_in_one_line_with_its_remedy(
    tmp_path: Path, name: str, text: str, said: list[str]
) -> None:
    assert mistakes(tmp_path, {name: text}, {"EMPTY": ""}) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"\ufeffURL={FEED}".encode(), "begins with an invisible mark (a BOM). Save it as UTF-8 without BOM."),
        (f"URL={FEED}".encode("utf-16"), "is saved as UTF-16. Save it as UTF-8 (without BOM)."),
        (
            f"URL={FEED}".encode("utf-16-le"),
            "is not a text file, or is saved as UTF-16. Save it as UTF-8 (without BOM).",
        ),
        (
            f"URL={FEED}\r\n# Bærum\r\n".encode("latin-1"),
            "is not saved as UTF-8: line 2 has a letter, such as æ, ø or å, in an older encoding. Save it as UTF-8.",
        ),
        (b"#" * 70000, "is larger than 64 KB"),
    ],
)
def test_a_file_that_is_not_plain_text_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    assert mistakes(tmp_path, {"feeds/news.env": content}) == [f"feeds/news.env: the file {said}"]


def test_all_mistakes_of_all_files_are_told_together_in_the_order_of_the_lines(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        {
            "bot.env": "LANGUAGE=no\nALERTS=opps\nKEEP=forever\n",
            "feeds/news.env": "EVERY=15\nURL=example.no\nCHANNELS=opps\n",
            "channels/ops.env": f"HOURZ=x\nURL={SLACK}\nSHARE=\n",
        },
    )
    assert [line.split(":")[0] for line in found] == [
        *(f"bot.env line {number}" for number in (1, 2, 3)),
        *(f"feeds/news.env line {number}" for number in (1, 2, 3)),
        *(f"channels/ops.env line {number}" for number in (1, 3)),
    ]


# --- What is accepted ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"URL={FEED}",
        f"export URL={FEED}\n",
        f"  URL = {FEED}  \n",
        f"URL={FEED}\r\nEVERY=15m\r\n",
        f'# a comment\n\nURL="{FEED}" # the quotes say where it ends\n   # another\n',
        f"'URL'='{FEED}'",
    ],
)
def test_a_file_may_be_written_in_each_usual_way(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, {"feeds/news.env": text}).feeds["news"].url == FEED


def test_a_hash_without_a_space_before_it_belongs_to_the_value(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"feeds/news.env": f"URL={FEED}#top"})
    assert config.feeds["news"].url == f"{FEED}#top"


def test_the_kind_is_told_by_the_address(tmp_path: Path) -> None:
    channel = loaded(tmp_path, {}).channels["ops"]
    assert (channel.kind, channel.wishes.kind) == ("slack", "slack")


def test_every_key_may_be_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    files = {"channels/ops.env": "URL_FILE=secret\nHOURS_FILE=../hours", "channels/secret": f"{SLACK}\r\n"}
    channel = loaded(tmp_path, {**files, "hours": "08:00-16:00\n"}).channels["ops"]
    assert SLACK in repr([value.get_secret_value() for value in dict(channel.settings).values() if value])
    assert channel.wishes.hours[0].start == time(8)


def test_the_environment_fills_in_braces_only(tmp_path: Path) -> None:
    text = "URL=https://${HOST}/$HOST/\nMAX_AGE=${DAYS}d\n"
    feed = loaded(tmp_path, {"feeds/news.env": text}, {"HOST": "example.no", "DAYS": "3"}).feeds["news"]
    assert feed.url == "https://example.no/$HOST/"
    assert feed.wishes.max_age == timedelta(days=3)


def test_single_quotes_keep_braces_as_they_are(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"feeds/news.env": "URL='https://example.no/${HOST}'"})
    assert config.feeds["news"].url == "https://example.no/${HOST}"


def test_a_value_of_the_environment_is_not_filled_in_again(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"feeds/news.env": "URL=${A}"}, {"A": "https://example.no/${B}"})
    assert config.feeds["news"].url == "https://example.no/${B}"


def test_a_feed_s_values_are_read(tmp_path: Path) -> None:
    text = f"URL={FEED}\nEVERY=1h30m\nFIRST_RUN=latest\nALLOW_PRIVATE=Yes\nCHANNELS=ops , ops,\nFLOOD=12"
    wishes = loaded(tmp_path, {"feeds/news.env": text}).feeds["news"].wishes
    assert wishes.every == timedelta(minutes=90)
    assert (wishes.first_run, wishes.allow_private, wishes.channels, wishes.flood) == (1, True, ("ops",), 12)


def test_hours_know_norwegian_days_and_stretches_over_a_weekend(tmp_path: Path) -> None:
    text = f"URL={SLACK}\nHOURS=man-fre 08:00-16:00, lør-tir 10:00-24:00, ons søn 7:30-8:00, 01:00-02:00"
    windows = loaded(tmp_path, {"channels/ops.env": text}).channels["ops"].wishes.hours
    assert [sorted(window.days) for window in windows] == [[0, 1, 2, 3, 4], [0, 1, 5, 6], [2, 6], list(range(7))]
    assert [window.end for window in windows] == [time(16), time(0), time(8), time(2)]


def test_campaign_parameters_are_read(tmp_path: Path) -> None:
    text = f"URL={SLACK}\nUTM=source=slack, medium=social"
    assert loaded(tmp_path, {"channels/ops.env": text}).channels["ops"].wishes.utm == {
        "source": "slack",
        "medium": "social",
    }


def test_without_a_file_of_its_own_the_bot_has_its_defaults(tmp_path: Path) -> None:
    configure(tmp_path, {name: text for name, text in FILES.items() if name != "bot.env"})
    assert load(tmp_path, {}).bot.language == "nb"


# --- What is never said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "URL=hooks.slack.com/services/{}",
        "URL=https://hooks.slack.com/ {}",
        "KIND=webhook\nURL={}",
        "KIND=webhook\nURL=https://example.org\nSECRT={}",
        "KIND=console\nSECRET={}",
        "KIND=https://hooks.slack.com/services/{}",
        "FEEDS=https://hooks.slack.com/services/{}",
        "URL_FILE={}",
        "URL={} #x",
        "URL=“{}”",
        "{}",
        "{}=",
        "url={}",
        "URL=${{{}}}",
        "URL=${{{}",
        "ALERTS={}",
    ],
)
def test_a_secret_is_not_repeated_wherever_it_was_pasted(tmp_path: Path, text: str) -> None:
    secret = "xoxb1234567890abcdefghij"
    found = mistakes(tmp_path, {"channels/ops.env": text.format(secret)})
    assert found
    assert secret[:8] not in "\n".join(found)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:hemmelig@example.no/feed",
        "me:hemmelig@example.no/feed",
        "https//me:hemmelig@example.no/feed",
        "https:/me:hemmelig@example.no/feed",
        "https://me:hem/melig@example.no/feed",
        "htps://me:1?hemmelig@example.no/feed",
        "htps://example.no/feed?key=hemmelig",
        "feed://example.no/feed#hemmelig",
        "'htps://example.no/hemmelig feed?a'",
    ],
)
def test_what_opens_a_feed_is_not_repeated(tmp_path: Path, url: str) -> None:
    (found, *_) = mistakes(tmp_path, {"feeds/news.env": f"URL={url}"})
    assert "hem" not in found
    assert "me" not in found.removeprefix("feeds/news.env line 1: URL:").replace("name", "").split(":")[0]


KEYS = ["URL", "EVERY", "CRON", "HOURS", "UTM", "FEEDS", "CHANNELS", "TIMEZONE", "KEEP", "FLOOD", "FIRST_RUN", "PROXY"]
SECRETS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40).filter(
    lambda text: any(sign.isdigit() for sign in text)
)
NOISE = st.sampled_from(
    ["", " ", "\n", "\t", '"', "'", "“", "#", " #", "=", "$", "${", "}", "\\", "\r", "\0", ",", ":"]
)


@given(
    secret=SECRETS,
    key=st.sampled_from(["URL", "url", "SECRET", "SECRET_FILE", "export URL", "TOKEN", ""]),
    noise=st.tuples(*[st.lists(NOISE, max_size=3).map("".join)] * 4),
    kind=st.sampled_from(["webhook", "slack", "console", ""]),
    scheme=st.sampled_from(["", "https://", "ftp://", "https://hooks.slack.com/services/"]),
)
def test_no_secret_is_in_the_text_of_any_mistake(
    secret: str, key: str, noise: tuple[str, ...], kind: str, scheme: str
) -> None:
    text = f"KIND={kind}\n{noise[0]}{key}{noise[1]}={noise[2]}{scheme}{secret}{noise[3]}\n"
    with TemporaryDirectory() as folder:
        assert secret not in "\n".join(mistakes(Path(folder), {"channels/ops.env": text}))


@given(
    name=st.sampled_from(["bot.env", "feeds/news.env", "channels/ops.env", "channels/secret"]),
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
        st.lists(
            st.tuples(
                st.sampled_from(KEYS),
                st.one_of(st.text(max_size=20), st.text("0123456789 -:,.*/=#dhmsfeb", max_size=20)),
            )
        ).map(lambda pairs: "\n".join(f"{key}={value}" for key, value in pairs).encode("utf-8", "replace")),
    ),
)
def test_any_bytes_are_a_configuration_or_mistakes_of_one_line_each(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        by_file = {"channels/ops.env": "URL_FILE=secret"} if name == "channels/secret" else {}
        for line in mistakes(Path(folder), {**by_file, name: content}):
            assert line.isprintable()
            assert line.startswith(("bot.env", "feeds/", "channels/"))


# --- What a kind says itself ---------------------------------------------------------------------------------------


class Picky(BaseModel):
    """A kind's settings with rules of their own."""

    token: SecretStr = Field(description="The token of the account.")
    limit: int = Field(3, ge=1, le=9, description="How many.")

    @field_validator("token")
    @classmethod
    def _begins_well(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("both"):
            raise ValueError(f"{value.get_secret_value()} is wrong")
        if value.get_secret_value().startswith("half"):
            raise Wrong("is cut off", "Copy it whole.", "Did you mean half?")
        if not value.get_secret_value().startswith("whsec_"):
            raise ValueError("it must begin with whsec_")
        return value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("TOKEN=abcdefgh", "channels/x.env line 1: TOKEN: it must begin with whsec_"),
        ("TOKEN=half", "channels/x.env line 1: TOKEN: the value is cut off. Copy it whole."),
        (
            "TOKEN=bothersome",
            "channels/x.env line 1: TOKEN does not hold what is expected. The token of the account.",
        ),
        ("TOKEN=whsec_a\nLIMIT=10", "channels/x.env line 2: LIMIT must be at most 9"),
        ("LIMIT=2", "channels/x.env: TOKEN is missing. The token of the account."),
    ],
)
def test_a_kind_s_own_rules_are_told_in_the_same_way(tmp_path: Path, text: str, line: str) -> None:
    path = configure(tmp_path, {"x.env": text}) / "x.env"
    findings = Findings()
    entries = read_entries(path, "channels/x.env", Picky.model_fields, {}, findings)
    assert fill(Picky, entries, findings) is None
    assert [str(mistake) for mistake in findings.mistakes()] == [line]
