"""A fault of the program itself, told by where it happened: the words of an exception may hold a secret."""

from __future__ import annotations

import logging
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

import bot

if TYPE_CHECKING:
    import asyncio

HERE = str(Path(bot.__file__).parent)
STEPS = 4


def fault(error: BaseException) -> str:
    """What kind of exception it was and the last steps that led to it, in one line for those who mend Delebot."""
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(HERE)] or list(frames)
    steps = [f"{frame.name} ({Path(frame.filename).name}, line {frame.lineno})" for frame in own[-STEPS:]]
    return f"{type(error).__name__} in {' > '.join(steps) or 'an unknown place'}"


def tell(error: BaseException) -> str:
    """What a person is told of it, and what to do."""
    if isinstance(error, ImportError):
        return f"A part of Delebot is missing ({error.name}). Install it once more"
    return f"Delebot has a fault: {fault(error)}. Tell those who make it exactly this line"


def in_background(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio tells of an exception that nobody waits for, without the values that it holds just then."""
    error = context.get("exception")
    what = str(context.get("message", "")).partition("(")[0]
    logging.getLogger("delebot").error("%s%s", what, f": {fault(error)}" if error else "")
