"""Starts the command with everything turned on that Python and its libraries can tell of what they do.

python -m tests.loud ARGUMENT…

All logs are at DEBUG, and the event loop tells of each step with the values in its hands. Where LOUD_FAULT names a
point, an exception whose words are those of LOUD_WORDS is raised when it is reached; the
file that LOUD_MARK names then tells that it was.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
from pathlib import Path

from bot import points
from bot.cli import main
from bot.cli.terminal import When

LOGGERS = (
    "aiohttp", "aiohttp.access", "aiohttp.client", "aiohttp.internal", "aiosmtplib", "alembic", "apprise",
    "apscheduler", "asyncio", "delebot", "filelock", "httpcore", "httpx", "PIL", "procrastinate", "psycopg",
    "psycopg.pool", "sqlalchemy", "sqlalchemy.engine",
    "sqlalchemy.orm", "sqlalchemy.pool", "urllib3",
)  # fmt: skip


def chatty_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    return loop


def stumble(reached: points.Point) -> None:
    if reached == os.environ.get("LOUD_FAULT"):
        Path(os.environ["LOUD_MARK"]).touch()
        raise RuntimeError(os.environ["LOUD_WORDS"])


faulthandler.enable()
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
for name in LOGGERS:
    logging.getLogger(name).setLevel(logging.DEBUG)
When.loop = chatty_loop
points.listeners.append(stumble)
sys.argv = ["delebot", *sys.argv[1:]]
main()
