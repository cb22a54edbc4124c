"""The named points on the way of an item, so that a test can stop the world exactly there.

Nothing listens in production; a test's own starter adds a listener that kills the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Point = Literal["fetched", "saved", "claimed", "begun", "answered", "before settle", "after settle"]

listeners: list[Callable[[Point], None]] = []


def reached(point: Point) -> None:
    """Say that the work has come to this point."""
    for listener in listeners:
        listener(point)
