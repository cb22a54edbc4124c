"""A command that is started as a fork is in all that it can see as one that a new Python runs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.installation import Installation

pytestmark = pytest.mark.skipif(not warm.POSSIBLE, reason="no pidfds here, so every command is started by a new Python")


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.end()


SEEN = {
    "its arguments": "import sys; print(sys.argv, sys.path, sys.flags, sys.warnoptions, __name__)",
    "its directory": "import os; print(os.getcwd(), os.umask(0o22))",
    "its environment": "import os; print(sorted(os.environ.items()))",
    "its signals": "import signal; print([(s, signal.getsignal(s)) for s in signal.Signals if s.name != 'SIGINT'])",
    "what Ctrl-C does": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "blocked signals": "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))",
    "its files": "import os; print(sorted(os.listdir('/proc/self/fd')), len(os.listdir('/proc/self/task')))",
    "its input": "import sys; print(sys.stdin.read(), sys.stdin.isatty())",
    "its streams": "import sys; print([(s.encoding, s.errors, s.line_buffering) for s in (sys.stdout, sys.stderr)])",
    "its time zone": "import time; print(time.tzname)",
    "a status": "import sys; print('ut'); print('feil', file=sys.stderr); sys.exit(3)",
    "an exit in words": "import sys; sys.exit('Nei.')",
    "a signal's death": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "an end in haste": "import os; os._exit(7)",
    "last words": "import atexit; atexit.register(print, 'ha det'); print('hei')",
    "a thread that goes on": "import threading, sys; threading.Timer(0.05, print, ['sist']).start(); print('først')",
    "a warning": "import warnings; warnings.warn('Ikke slik.')",
    "other children": "import os\ntry: os.wait()\nexcept ChildProcessError: print('ingen')",
}


@pytest.mark.parametrize("what", SEEN)
def test_a_fork_is_as_a_new_process(it: Installation, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("BEFORE", "the server may have been started with this")
    others = it.start("import time; time.sleep(60)", main="tests.told")
    monkeypatch.setenv("TZ", "America/Lima")
    monkeypatch.delenv("BEFORE")
    new, fork = (it.run(SEEN[what], "Ås", main="tests.told", typed="svar\n", cold=cold) for cold in (True, False))
    assert others.poll() is None
    assert (fork.returncode, fork.stdout) == (new.returncode, new.stdout)
    assert fork.stderr.splitlines()[-1:] == new.stderr.splitlines()[-1:]


def test_a_fork_has_its_own_pid_session_and_dice(it: Installation) -> None:
    code = "import os, random; print(os.getpid(), os.getsid(0), random.random(), sep='\\n')"
    started = [it.start(code, main="tests.told") for _ in range(2)]
    told = [process.communicate(timeout=30)[0].split() for process in started]
    for process, (pid, session, _) in zip(started, told, strict=True):
        assert pid == session == str(process.pid)
    assert len({*told[0], *told[1]}) == 4


def test_a_fork_has_imported_what_commands_need_and_nothing_of_the_tests(it: Installation) -> None:
    code = "import sys; print({'bot.run', 'aiohttp', 'feedparser'} - {*sys.modules}, 'pytest' in sys.modules)"
    assert it.run(code, main="tests.told").stdout == "set() False\n"


def test_a_fork_can_be_waited_for_in_vain_and_killed(it: Installation) -> None:
    process = it.start("import time; print('hei', flush=True); time.sleep(60)", main="tests.told")
    for wait in (process.wait, process.communicate):
        with pytest.raises(subprocess.TimeoutExpired):
            wait(timeout=0.01)
    assert process.poll() is None
    process.kill()
    assert process.communicate(timeout=30) == ("hei\n", "")
    assert process.returncode == process.poll() == process.wait() == -signal.SIGKILL
    process.kill()


def test_much_that_is_said_is_read_whole(it: Installation) -> None:
    code = "import sys; print('å' * 300_000); print('ø' * 300_000, file=sys.stderr)"
    done = it.run(code, main="tests.told")
    assert done.stdout == "å" * 300_000 + "\n" and done.stderr == "ø" * 300_000 + "\n"


def test_a_server_that_is_left_ends_with_its_forks(it: Installation) -> None:
    server = warm.Server(it.environment)
    asked = {"module": "tests.told", "arguments": ["import time; time.sleep(60)"], "environment": {}, "cwd": "/"}
    nothing = os.open(os.devnull, os.O_RDONLY)
    process = warm.Forked(server, [], asked, nothing)
    os.close(nothing)
    server.end()
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
