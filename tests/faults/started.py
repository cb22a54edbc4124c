"""The command of Delebot's under the bench's clock, which kills itself, as by kill -9, at a named point if so told.

python -m tests.faults.started CLOCK LOG POINT NTH ARGUMENT…
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from bot import points
from bot.cli import main
from bot.cli.terminal import When
from bot.lease import SharedClock
from bot.store import runs
from tests.faults.clock import Clock, hurried_loop

DEFECT = 70  # How a process ends that stumbled over something that nobody had thought of.


def die_at(point: str, nth: int) -> None:
    """Not even a handler of ours gets to run."""
    left = {point: nth}

    def reached(here: points.Point) -> None:
        if here in left:
            left[here] -= 1
            if left[here] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    points.listeners.append(reached)


def write_to(file: str) -> None:
    """What is said goes into a file, for nobody reads along; each process adds whole lines of its own."""
    with Path(file).open("ab") as added:
        for stream in (1, 2):
            os.dup2(added.fileno(), stream)


def hurry(clock: Clock) -> None:
    """Have the command's clock, its event loop and the database's clock run as the bench's."""
    speed = clock.speed
    runs.clock = lambda _: clock.now()  # type: ignore[assignment]
    SharedClock.measure = lambda *_: None  # type: ignore[method-assign]
    When.now = staticmethod(clock.now)  # type: ignore[method-assign]
    When.loop = staticmethod(lambda: hurried_loop(speed))


def be_delebot(arguments: Sequence[str]) -> None:
    """Be the command with these arguments; what nobody had thought of ends it in a way of its own."""
    sys.argv = ["delebot", *arguments]
    try:
        main()
    except Exception:  # noqa: BLE001 - whatever it is, the bench shall know it from a mistake that is told.
        traceback.print_exc()
        sys.exit(DEFECT)


if __name__ == "__main__":
    where, file, point, nth, *arguments = sys.argv[1:]
    write_to(file)
    hurry(Clock(Path(where)))
    die_at(point, int(nth))
    be_delebot(arguments)
