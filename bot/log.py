"""The log: one line an event, for people or as JSON, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

from bot.story import Event, words


def set_up(style: Literal["text", "json"]) -> None:
    """Choose how the log is written. Libraries are heard only when something is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # APScheduler warns when a sweep outlasts its second, which is no trouble: the next one finds what it missed.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    written = structlog.processors.JSONRenderer(ensure_ascii=False) if style == "json" else _plainly
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            written,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _plainly(_: object, __: str, event: structlog.typing.EventDict) -> str:
    level = "" if event["level"] == "info" else f"{event['level'].upper()} "
    return f"{event['timestamp'][:19]}Z {level}{event['event']}"


def tell(event: Event) -> None:
    """Write an event to the log; what a person should look at is a warning."""
    log = structlog.get_logger()
    said = {k: v for k, v in event.as_json().items() if k != "ok"}
    (log.info if event.ok else log.warning)(words(event), **said)
