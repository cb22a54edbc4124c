"""A folder of env files for tests of the configuration: the usual files, with some in place of others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.config.load import load
from bot.model import Mistakes
from bot.settings import Config

SLACK = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
FEED = "https://example.no/feed/"
FILES = {
    "bot.env": "ALERTS=ops\n",
    "feeds/news.env": f"URL={FEED}\n",
    "channels/ops.env": f"URL={SLACK}\n",
}


def configure(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
    return folder


def mistakes(folder: Path, files: Mapping[str, str | bytes], environ: Mapping[str, str] | None = None) -> list[str]:
    """What is said about the usual files with these in place of some; [] when it is a configuration."""
    try:
        load(configure(folder, {**FILES, **files}), environ or {})
    except Mistakes as wrong:
        return str(wrong).splitlines()
    return []


def loaded(folder: Path, files: Mapping[str, str | bytes], environ: Mapping[str, str] | None = None) -> Config:
    return load(configure(folder, {**FILES, **files}), environ or {})
