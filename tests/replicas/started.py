"""The command of Delebot's, whose words go into a file; they stay on its own streams when the file is `-`.

python -m tests.replicas.started FOLDER LOG ARGUMENT…
"""

from __future__ import annotations

import ctypes
import signal
import sys

from tests.faults.started import be_delebot, write_to

PR_SET_PDEATHSIG = 1


def start(log: str, *arguments: str) -> None:
    # The bench may be killed itself, and then nobody else would end what it has started.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if log != "-":
        write_to(log)
    be_delebot(arguments)


if __name__ == "__main__":
    start(*sys.argv[2:])
