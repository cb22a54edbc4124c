"""A clock that runs faster than the wall's and can be set ahead, shared by the bench and the processes it starts."""

from __future__ import annotations

import asyncio
import json
import selectors
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

SPEED = 20.0


class Clock:
    """The time that a file tells, so that every process that reads it has the same, from its first moment on."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @classmethod
    def begun(cls, file: Path, speed: float = SPEED) -> Clock:
        clock = cls(file)
        clock._write({"origin": time.time(), "speed": speed, "ahead": 0.0})
        return clock

    def now(self) -> datetime:
        told = self._read()
        passed = (time.time() - told["origin"]) * told["speed"]
        return datetime.fromtimestamp(told["origin"] + passed + told["ahead"], UTC)

    def set_ahead(self, by: timedelta) -> None:
        """Let so much time have passed at once, as when a machine was asleep."""
        told = self._read()
        self._write({**told, "ahead": told["ahead"] + by.total_seconds()})

    @property
    def speed(self) -> float:
        return self._read()["speed"]

    def _read(self) -> dict[str, float]:
        told: dict[str, float] = json.loads(self.file.read_text("utf-8"))
        return told

    def _write(self, told: Mapping[str, float]) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(told), "utf-8")
        fresh.replace(self.file)


def hurried_loop(speed: float) -> asyncio.AbstractEventLoop:
    """An event loop whose deadlines and pauses pass so many times as fast."""

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            return super().select(timeout / speed if timeout else timeout)

    class Loop(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return super().time() * speed

    return Loop(Selector())
