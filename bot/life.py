"""The sign of life that a daemon gives: a file in the state whose time tells when it was given last."""

from __future__ import annotations

import time
from pathlib import Path

LIFE_SIGN = "alive"
LIVES_FOR = 60  # Seconds.


def give_sign(state: Path) -> None:
    (state / LIFE_SIGN).touch(mode=0o600)


def take_back(state: Path) -> None:
    (state / LIFE_SIGN).unlink(missing_ok=True)


def is_alive(state: Path) -> bool:
    """Whether a daemon has given a sign of life within the last minute; one from the future tells of another clock."""
    try:
        return abs(time.time() - (state / LIFE_SIGN).stat().st_mtime) < LIVES_FOR
    except OSError:
        return False
