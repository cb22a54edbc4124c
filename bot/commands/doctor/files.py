"""The env files: mistakes in them, who can read and change them, and whether anybody is told of trouble."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.commands.doctor.finding import Finding, Installation, doubtful, right, wrong
from bot.config.wrong import printable

EXPOSED = "others on this machine can read the secrets in this file"  # As the configuration warns of it, too.
SERVICE_CONFIG = "etc/delebot"


def configuration(installation: Installation) -> Iterator[Finding]:
    """Every mistake in the files, and what works but is probably not meant."""
    found = installation.found
    if found is None or installation.settings is None:
        yield wrong("the configuration could not be read", installation.config, "Is it on a disk that answers?")
        return
    mistakes = found.mistakes()
    for mistake in mistakes:
        yield wrong(mistake.what, mistake.where, mistake.remedy)
    strays = () if mistakes else map(str, found.strays)
    for warning in (*strays, *(told for told in found.warnings if EXPOSED not in told)):
        place, _, what = warning.partition(": ")
        yield doubtful(what, place)
    if not mistakes:
        feeds, channels = len(installation.settings.feeds), len(installation.settings.channels)
        yield right(f"the files are right: feeds: {feeds}, channels: {channels}", installation.config)
    elif not installation.config.exists() and installation.system(SERVICE_CONFIG).is_dir():
        what = "there is a configuration here"
        yield doubtful(what, installation.system(SERVICE_CONFIG), "Set DELEBOT_CONFIG to it, if it is the one you mean")


def permissions(installation: Installation) -> Iterator[Finding]:
    """Who else can read the secrets, or change where they are sent."""
    exposed = installation.found.exposed if installation.found else []
    for path in dict.fromkeys(exposed):
        yield wrong(EXPOSED, printable(str(path)), f"Run: chmod 600 {printable(shlex.quote(str(path)))}")
    open_to_all = [path for path in _below(installation.config) if _can_be_changed_by_all(path)]
    for path in open_to_all:
        remedy = f"Run: chmod o-w {printable(shlex.quote(str(path)))}"
        yield wrong("others on this machine can change this", printable(str(path)), remedy)
    if not exposed and not open_to_all and installation.config.is_dir():
        yield right("nobody else can read or change the secrets", installation.config)


def _can_be_changed_by_all(path: Path) -> bool:
    """Modes count for nothing on what is mounted to be read only, as Kubernetes does it."""
    return bool(path.stat().st_mode & stat.S_IWOTH) and not os.statvfs(path).f_flag & os.ST_RDONLY


def _below(folder: Path) -> Iterator[Path]:
    """The folder of the configuration, the two in it, and the env files in all three."""
    for place in (folder, folder / "feeds", folder / "channels"):
        if place.is_dir() and os.access(place, os.R_OK | os.X_OK):
            yield place
            yield from (path for path in sorted(place.glob("*.env")) if path.is_file())


def told(installation: Installation) -> Iterator[Finding]:
    """Whether anybody hears of it when Delebot itself is gone; ALERTS is a warning of the configuration's own."""
    settings = installation.settings
    if settings is None:
        return
    alerts = settings.bot.alerts
    if len(alerts) == 1 and len(settings.channels) > 1:
        what = f"when {alerts[0]} itself stops, nobody is told, for it is the only channel of ALERTS"
        yield doubtful(what, "bot.env", "Name a second channel in ALERTS")
    elif alerts:
        yield right(f"alerts go to {', '.join(alerts)}", "bot.env")
    if settings.bot.heartbeat_url:
        yield right("an outside monitor is told that all is well", "bot.env")
    else:
        what = "HEARTBEAT_URL is missing, so nobody notices when this machine or Delebot is gone"
        yield doubtful(what, "bot.env", "Add the address of a monitor that expects a call every five minutes")
