"""Starts the command and kills it, as by kill -9, when it reaches a named point for the nth time.

python -m tests.killed POINT NTH ARGUMENT…
"""

from __future__ import annotations

import os
import signal
import sys

from bot import points
from bot.cli import main

point, nth = sys.argv[1], int(sys.argv[2])
left = {point: nth}


def kill(reached: points.Point) -> None:
    """Not even a handler of ours gets to run."""
    if reached in left:
        left[reached] -= 1
        if left[reached] == 0:
            os.kill(os.getpid(), signal.SIGKILL)


points.listeners.append(kill)
sys.argv = ["delebot", *sys.argv[3:]]
main()
