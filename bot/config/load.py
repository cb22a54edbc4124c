"""The configuration, read from a folder of env files; every mistake is one line: file, key, what is wrong, remedy.

`bot.env` is about the whole installation; each `feeds/<name>.env` is a feed, each `channels/<name>.env` a channel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from bot import kinds
from bot.config.checks import (
    check_alerts,
    check_modes,
    check_names,
    check_often,
    check_planned,
    check_reach,
    check_times,
)
from bot.config.entries import Entries, Findings, read_entries, report_unknown
from bot.config.filled import fill
from bot.config.platforms import platform_of
from bot.config.wrong import did_you_mean, printable, quoted, suggest
from bot.kinds import Kind
from bot.model import Mistake, Mistakes
from bot.settings import BotSettings, Channel, ChannelSettings, Config, Feed, FeedSettings

HOMES = {
    **dict.fromkeys(ChannelSettings.model_fields, "a channel's file (channels/<name>.env)"),
    **dict.fromkeys(FeedSettings.model_fields, "a feed's file (feeds/<name>.env)"),
    **dict.fromkeys(BotSettings.model_fields, "bot.env"),
}
BEGIN = "Begin by copying feeds/news.env.example and one of channels/*.env.example, and fill them in."
NAME = re.compile("[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a configuration, by the names of the feeds and channels."""

    bot: Path | None
    feeds: dict[str, Path]
    channels: dict[str, Path]


def load(directory: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in a folder; Mistakes, with all that is wrong in all files, when it can't be used.

    `environ` is what ${NAME} in a file refers to. What works but is probably not meant is in `Config.warnings`.
    """
    config, findings = look(directory, environ)
    if mistakes := findings.mistakes():
        raise Mistakes(mistakes)
    warnings = (*map(str, findings.strays), *findings.warnings)
    return config.model_copy(update={"warnings": warnings, "exposed": bool(findings.exposed)})


def look(directory: Path, environ: Mapping[str, str]) -> tuple[Config, Findings]:
    """As much of the configuration as can be used, and all that was found about it."""
    findings = Findings()
    files = _find(directory, findings)
    return (_read(files, environ, findings) if files else Config()), findings


# --- Which files there are -----------------------------------------------------------------------------------------


def _find(directory: Path, findings: Findings) -> _Files | None:
    """The files to read; None when nothing is there to begin with."""
    top = _listing(directory, printable(str(directory)), findings)
    if top is None:
        findings.wrong(printable(str(directory)), 0, "this folder is not there", BEGIN)
    if not top:
        if top is not None and not findings.found:
            findings.wrong(printable(str(directory)), 0, "this folder is empty", BEGIN)
        return None
    bot = next((path for path in top if path.name == "bot.env"), None)
    for path in top:
        _check_stray(path, "", findings)
    feeds = _named(directory / "feeds", findings)
    channels = _named(directory / "channels", findings)
    if not (bot or feeds or channels or findings.found):
        findings.wrong(printable(str(directory)), 0, "this folder holds no configuration yet", BEGIN)
        return None
    return _Files(bot, feeds, channels)


def _listing(folder: Path, place: str, findings: Findings) -> list[Path] | None:
    """What is in a folder; None when it isn't there, and nothing when it can't be read."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        findings.wrong(place, 0, "this is a file, and a folder is expected")
    except OSError as error:
        findings.wrong(place, 0, f"this folder can't be read ({(error.strerror or 'unknown').lower()})")
    return []


def _named(folder: Path, findings: Findings) -> dict[str, Path]:
    """The env files of a folder by their names."""
    named = {}
    for path in _listing(folder, folder.name, findings) or ():
        if path.name.startswith(".") and path.name != ".env":
            continue
        if not path.name.endswith(".env"):
            _check_stray(path, folder.name, findings)
        elif NAME.fullmatch(path.stem):
            named[path.stem] = path
        else:
            better = plain_name(path.name.removesuffix(".env"))
            remedy = f"Rename it to {better}.env." if better else ""
            what = "this name may only have a to z, 0 to 9, - and _, and begin with a letter or digit"
            findings.wrong(f"{folder.name}/{printable(path.name)}", 0, what, remedy)
    return named


def plain_name(name: str) -> str:
    """The name with only the letters that may be used."""
    folded = name.casefold().replace("æ", "ae").replace("ø", "o").replace("å", "a")
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign))
    return re.sub("[^a-z0-9_]+", "-", bare).strip("-_")


def _check_stray(path: Path, folder: str, findings: Findings) -> None:
    """Find files that were surely meant to be read; Windows hides the end of a name such as site.env.txt."""
    lower = path.name.casefold()
    stem = lower.removesuffix(".txt").removesuffix(".env")
    misnamed = lower.endswith((".txt", ".env")) and path.name != "bot.env" and not lower.startswith(("readme", "."))
    if not misnamed:
        return
    place = "/".join(filter(None, (folder, printable(path.name))))
    if folder or stem == "bot":
        remedy = f"Rename it to {plain_name(stem)}.env, if it is meant to be."
    else:
        remedy = "Feeds belong in the folder feeds, channels in the folder channels."
    findings.strays.append(Mistake("this file is not read", where=place, remedy=remedy))


# --- What they configure -------------------------------------------------------------------------------------------


def _read(files: _Files, environ: Mapping[str, str], findings: Findings) -> Config:
    reader = _Reader(environ, findings)
    bot = reader.bot(files.bot, files.channels) if files.bot else BotSettings()
    feeds = [reader.feed(name, path, files.channels) for name, path in files.feeds.items()]
    channels = [reader.channel(name, path, files.feeds) for name, path in files.channels.items()]
    _check_enough(files, findings)
    config = Config(
        bot=bot or BotSettings(),
        feeds={feed.name: feed for feed in feeds if feed},
        channels={channel.name: channel for channel in channels if channel},
    )
    if not findings.found:
        check_reach(config, findings)
        check_alerts(config.bot, config.channels, findings)
    return config


def _check_enough(files: _Files, findings: Findings) -> None:
    """Find that there is no feed or no channel, unless a wrong name already tells why."""
    misnamed = {place.partition("/")[0] for place, _, _ in findings.found}
    if not files.feeds and "feeds" not in misnamed:
        remedy = "Copy feeds/news.env.example to feeds/news.env and give it the address of a feed."
        findings.wrong("feeds", 0, "there is no feed yet", remedy)
    if not files.channels and "channels" not in misnamed:
        findings.wrong("channels", 0, "there is no channel yet", "Copy one of channels/*.env.example and fill it in.")


@cache
def _fields_of_kinds() -> dict[str, list[str]]:
    """The kinds that know each field. All kinds are loaded for it, so it is asked for only where something is wrong."""
    fields: dict[str, list[str]] = {}
    for name in kinds.names():
        for field in kinds.load(name).settings.model_fields:
            fields.setdefault(field, []).append(name)
    return fields


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one file after another; what is wrong goes into `findings`."""

    environ: Mapping[str, str]
    findings: Findings

    def bot(self, path: Path, channels: Mapping[str, Path]) -> BotSettings | None:
        """What concerns the whole installation, or None when something in it is wrong."""
        entries = self._simple(path, "bot.env", BotSettings)
        check_names("alerts", entries, channels, "channel", self.findings)
        return fill(BotSettings, entries, self.findings)

    def feed(self, name: str, path: Path, channels: Mapping[str, Path]) -> Feed | None:
        """One feed, or None; `channels` are those that it may name."""
        entries = self._simple(path, f"feeds/{name}.env", FeedSettings)
        check_times(entries, self.findings)
        check_names("channels", entries, channels, "channel", self.findings)
        wishes = fill(FeedSettings, entries, self.findings)
        if not wishes:
            return None
        check_often(wishes, entries, self.findings)
        return Feed(name=name, wishes=wishes)

    def channel(self, name: str, path: Path, feeds: Mapping[str, Path]) -> Channel | None:
        """One channel, or None; `feeds` are those that it may name."""
        entries = self._entries_of_channel(path, f"channels/{name}.env")
        kind = _kind(entries, self.findings)
        mine = {*ChannelSettings.model_fields, *(kind.settings.model_fields if kind else _fields_of_kinds())}
        report_unknown(entries, mine, HOMES, self.findings)
        check_names("feeds", entries, feeds, "feed", self.findings)
        wishes = fill(ChannelSettings, entries, self.findings, {"kind": kind.name if kind else ""})
        if not kind:
            return None
        self._report_foreign(entries, mine, kind)
        self._check(entries, ChannelSettings, kind.settings)
        settings = fill(kind.settings, entries, self.findings)
        return Channel(name=name, kind=kind.name, settings=settings, wishes=wishes) if settings and wishes else None

    def _entries_of_channel(self, path: Path, place: str) -> Entries:
        """What a channel's file gives; keys of other kinds than its own are known too, where it has any."""
        glance, common = Findings(), set(ChannelSettings.model_fields)
        written = read_entries(path, place, {"kind"}, self.environ, Findings()).text("kind")
        if written in kinds.names():
            mine = common | set(kinds.load(written).settings.model_fields)
            entries = read_entries(path, place, mine, self.environ, glance)
            if not (entries.unknown or glance.found):
                return entries
        return read_entries(path, place, common | set(_fields_of_kinds()), self.environ, self.findings)

    def _simple(self, path: Path, place: str, model: type[BaseModel]) -> Entries:
        """A file whose keys are those of one model."""
        entries = read_entries(path, place, model.model_fields, self.environ, self.findings)
        if entries.unknown:
            homes = dict.fromkeys(_fields_of_kinds(), HOMES["kind"]) | HOMES
            report_unknown(entries, model.model_fields, homes, self.findings)
        self._check(entries, model)
        return entries

    def _check(self, entries: Entries, *models: type[BaseModel]) -> None:
        check_planned(models, entries, self.findings)
        check_modes(models, entries, self.findings)

    def _report_foreign(self, entries: Entries, mine: set[str], kind: Kind) -> None:
        """Find the keys that another kind knows."""
        for name in entries.given.keys() - mine:
            owners = " and ".join(_fields_of_kinds()[name])
            what = f"{entries.given[name].key} belongs to {owners}, and this channel is {kind.name}"
            self.findings.wrong(*entries.at(name), what, "Remove the line.")


def _kind(entries: Entries, findings: Findings) -> Kind | None:
    """The kind of a channel: as written, or as its address tells; None when that is not clear."""
    # A private address that a person admits stands in for the platform's own, and can't tell anything.
    written, admitted = entries.text("kind"), entries.text("allow_private") == "yes"
    told = "" if written and admitted else _told(entries.text("url"))
    if written and written not in kinds.names():
        remedy = did_you_mean(suggest(written, kinds.names())) or f"The kinds are {_listed()}."
        shown = quoted(written) if entries.given["kind"].shown else "the value"
        findings.wrong(*entries.at("kind"), f"KIND: {shown} is not a kind of channel", remedy)
        return None
    if written and told and written != told:
        what = f"KIND is {written}, but this is the address of a {told} channel"
        findings.wrong(*entries.at("kind"), what, f"Write KIND={told}, or paste another address.")
        return None
    if written or told:
        return kinds.load(written or told)
    suspects = {"kind", "url"} & (entries.tried.keys() - entries.given.keys())
    if not (suspects or entries.unknown or entries.doubtful):
        platform, url = platform_of(entries.text("url")), entries.text("url")
        why = f", and this is an address of {platform}" if platform else ", and the address doesn't tell it"
        findings.wrong(entries.place, 0, "KIND is missing" + (why if url else ""), f"Add KIND= and one of {_listed()}.")
    return None


def _told(url: str) -> str:
    """The kind that an address tells, also one whose beginning was not copied; or nothing."""
    return (url and kinds.recognise(url if "://" in url else f"https://{url}")) or ""


def _listed() -> str:
    return ", ".join(kinds.names())
