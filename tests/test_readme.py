"""What README.md and docs/ say is so: commands, keys, links, kinds, and the way to the first post, step by step."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from bot import kinds
from bot.cli import app
from bot.commands.status import MARKS
from bot.settings import BotSettings, ChannelSettings, FeedSettings
from bot.store.lanes import CORRECTED_FOR, CORRECTIONS
from tests.installation import Installation
from tests.servers import Receiver, Site

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = ["README.md", "CHANGELOG.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))]
GROUP = typer.main.get_command(app)
COMMANDS: dict[str, typer.core.TyperCommand] = getattr(GROUP, "commands", {})
SETTINGS: list[type[BaseModel]] = [
    BotSettings, FeedSettings, ChannelSettings, *(kinds.load(name).settings for name in kinds.names()),
]  # fmt: skip
ELSEWHERE = {"DELEBOT_CONFIG", "DELEBOT_STATE", "SSL_CERT_FILE", "SSL_CERT_DIR", "UPDATE_GOLDEN"}


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def fences(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each block of code with what it is written in."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match[1], match[2].splitlines()


def code(text: str) -> list[str]:
    """Every line of the blocks, and every piece of code within a sentence."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*(line for _, lines in fences(text) for line in lines), *re.findall(r"`([^`\n]+)`", prose)]


def command_lines(text: str) -> list[str]:
    lines = (line.removeprefix("$ ") for line in code(text))
    return list(dict.fromkeys(line for line in lines if re.match(r"delebot [a-z-]", line)))


def keys_of(model: type[BaseModel]) -> set[str]:
    return {name.upper() for name in model.model_fields}


# --- Names ---------------------------------------------------------------------------------------------------------


def test_every_command_is_in_the_table_and_no_other() -> None:
    table = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `delebot (\w+)", table, re.MULTILINE)) == sorted(COMMANDS)


@pytest.mark.parametrize("line", sorted({line for name in PAGES for line in command_lines(page(name))}))
def test_every_command_line_is_one_that_the_command_takes(line: str) -> None:
    first, *rest = shlex.split(line.partition(" && ")[0])[1:]
    if first.startswith("--"):
        assert first in {"--help", "--version"} and not rest
        return
    assert first in COMMANDS
    # A name alone may speak of the command as such.
    if rest and rest != ["--help"]:
        COMMANDS[first].make_context(first, rest).close()


@pytest.mark.parametrize("name", PAGES)
def test_every_key_that_is_named_is_a_key(name: str) -> None:
    known = set().union(*map(keys_of, SETTINGS)) | ELSEWHERE
    named = {match[1] for piece in code(page(name)) if (match := re.match(r"#?([A-Z][A-Z_]{2,})(?:=|$)", piece))}
    assert {key for key in named if not {key, key.removesuffix("_FILE")} & known} == set()


def test_the_keys_that_do_nothing_yet_are_all_named_as_such() -> None:
    fields = {name.upper(): info.json_schema_extra for model in SETTINGS for name, info in model.model_fields.items()}
    planned = {name for name, extra in fields.items() if isinstance(extra, dict) and extra.get("planned")}
    sentence = next((line for line in README.splitlines() if "do nothing yet" in line), "")
    assert set(re.findall(r"`([A-Z_]+)`", sentence)) == planned


@pytest.mark.parametrize("name", PAGES)
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page(name))
    here = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [link for link in here if not ((ROOT / name).parent / link).exists()] == []


def test_every_make_target_that_is_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    named = {line.split()[1] for name in PAGES for line in code(page(name)) if re.match(r"make [a-z]", line)}
    assert named and named <= targets


def test_every_folder_and_module_has_its_line_in_the_architecture() -> None:
    rooms = page("docs/architecture.md")
    there = [path for path in sorted((ROOT / "bot").iterdir()) if not path.name.startswith("_")]
    names = [f"bot/{path.name}/" if path.is_dir() else f"bot/{path.name}" for path in there]
    assert [name for name in names if f"`{name}`" not in rooms] == []


def test_every_library_has_its_line_in_the_architecture() -> None:
    listed = page("pyproject.toml").partition("\ndependencies = [")[2].partition("\n]")[0]
    libraries = set(re.findall(r'^ *"([a-z0-9-]+)', listed, re.MULTILINE))
    assert libraries == set(re.findall(r"^\| \[([a-z0-9-]+)\]", page("docs/architecture.md"), re.MULTILINE))


# --- Facts ---------------------------------------------------------------------------------------------------------


def test_how_long_and_how_often_articles_are_corrected_is_so() -> None:
    assert f"corrected for {CORRECTED_FOR.days} days, and {CORRECTIONS} times at most" in README


def test_every_sign_of_status_is_explained() -> None:
    sentence = next(line for line in README.splitlines() if line.startswith("Signs after an article"))
    assert set(re.findall(r"`([^`]+)`", sentence)) == set(MARKS.values())


# --- The way to the first post -------------------------------------------------------------------------------------


def a_feed() -> bytes:
    """The feed that README.md was tried with."""
    items = (
        ("Seminar on battery safety", "Batteries can burn. Three speakers tell how to keep them safe."),
        ("New members in the board", "Two of them are new."),
        ("Open day at the test hall", "Everybody may come."),
    )
    entries = "".join(
        f"<item><title>{title}</title><link>https://www.example.org/{'-'.join(title.lower().split())}/</link>"
        f"<guid>https://www.example.org/?p={hours}</guid><description>{words}</description>"
        f"<pubDate>{format_datetime(datetime.now(UTC) - timedelta(hours=hours))}</pubDate></item>"
        for hours, (title, words) in enumerate(items, 1)
    )
    head = "<title>Example News</title><link>https://www.example.org/</link>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{entries}</channel></rss>'.encode()


def steps() -> list[str]:
    """The steps from the first to the last."""
    section = README.partition("\n## Your first real post")[2].partition("\n## ")[0]
    return section.split("\n### ")[1:]


def timeless(text: str) -> list[str]:
    """The lines without what is different every day."""
    return re.sub(r"\d{1,2} [A-Z][a-z]+ 20\d\d", "DAY", re.sub(r"\d\d:\d\d", "TIME", text)).rstrip("\n").splitlines()


def set_key(path: Path, key: str, value: str) -> None:
    """Edit a line of an env file, as a person does in an editor."""
    text, count = re.subn(rf"^#?{key}=.*$", f"{key}={value}", path.read_text("utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{path.name} has no line for {key}"
    path.write_text(text, encoding="utf-8")


def edit(number: int, config: Path, site: Site, receiver: Receiver) -> None:
    """The edits that the words of a step ask for, with servers on this machine for those out there."""
    if number == 2:
        set_key(config / "feeds/news.env", "URL", site.feed)
        set_key(config / "feeds/news.env", "ALLOW_PRIVATE", "yes")
        set_key(config / "bot.env", "LANGUAGE", "en")
    elif number == 6:
        for key, value in (("URL", receiver.hook), ("KIND", "slack"), ("ALLOW_PRIVATE", "yes")):
            set_key(config / "channels/slack.env", key, value)


def copy_files(lines: list[str], folder: Path) -> None:
    """Obey `cp` and `chmod`, with `config` in another folder than the project's."""
    for line in lines:
        match line.split():
            case ["cp", source, target]:
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, folder / target)
            case ["chmod", mode, target]:
                (folder / target).chmod(int(mode, 8))


def test_the_way_to_the_first_post_is_as_it_is_told(tmp_path: Path) -> None:
    it = Installation(tmp_path)
    with Site(a_feed()) as site, Receiver() as receiver:
        for number, step in enumerate(steps(), 1):
            for language, lines in fences(step):
                if language == "sh":
                    copy_files(lines, tmp_path)
                    edit(number, it.config, site, receiver)
                elif language == "console":
                    assert lines[0].startswith("$ delebot ")
                    # By a Python of its own for each, as a reader types them.
                    done = it.run(*shlex.split(lines[0])[2:], cold=True)
                    assert timeless(done.stderr + done.stdout) == timeless("\n".join(lines[1:])), lines[0]
                    assert done.returncode == 0
        assert len(receiver.taken) == 1
