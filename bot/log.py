"""The log: one line an event, for people or as JSON, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from bot.story import Event, words

log = logging.getLogger("delebot")


class Plain(logging.Formatter):
    """A line for people; only what they should look at is marked."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname} "
        return f"{when(record)} {level}{record.getMessage()}"


class AsJson(logging.Formatter):
    """One JSON object a line: when, how serious, the words, and the event's own values."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"timestamp": when(record), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps({**said, **getattr(record, "said", {})}, ensure_ascii=False)


def when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def set_up(style: Literal["text", "json"]) -> None:
    """Choose how the log is written. Libraries are heard only when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if style == "json" else Plain())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.INFO)
    # APScheduler warns when a sweep outlasts its second, which is no trouble: the next one finds what it missed.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def tell(event: Event) -> None:
    """Write an event to the log; what a person should look at is a warning."""
    level = logging.INFO if event.ok else logging.WARNING
    log.log(level, "%s", words(event), extra={"said": event.as_json()})
