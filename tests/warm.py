"""Starts commands as forks of a process that has imported everything already, which takes a tenth of a new Python.

That process, the server, has neither threads nor files nor an event loop that a fork could inherit, and runs nothing
but imports. A fork becomes what `python -m MODULE ARGUMENT…` would have been, and ends as any Python ends. It has a pid
and a session of its own; streams, environment and directory are those that were asked for; `random` is seeded anew by
Python itself. What Python reads when it starts (PYTHONWARNINGS, say) is the server's, so each such setting has its own.
The server ends with the tests, however these end, and then kills what is left of its forks.

Forks are signalled through pidfds, by which nobody else can be meant, and only Linux has these: elsewhere commands are
started by a new Python.

python -m tests.warm CONTROL
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
POSSIBLE = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")
LARGEST = 200_000  # Bytes of a request: most of it is the environment.
# What libraries import when they are first used.
LATE = (
    "apscheduler.executors.asyncio",
    "apscheduler.schedulers.asyncio",
    "apscheduler.triggers.cron",
    "apscheduler.triggers.interval",
    "concurrent.futures.thread",
    "encodings.idna",
    "importlib.resources.readers",
    "PIL.ImageOps",
    "platformdirs.unix",
    "sqlalchemy.dialects.sqlite",
    "tzdata",
    "xml.sax.expatreader",
)


# --- In the tests --------------------------------------------------------------------------------------------------


class Forked:
    """A process that the server has forked, with what of `subprocess.Popen` tests use."""

    returncode: int | None = None
    _readers: tuple[threading.Thread, ...] = ()

    def __init__(self, server: Server, args: Sequence[str], asked: Mapping[str, Any], stdin: int) -> None:
        self.args, self._server, self._read = args, server, dict[IO[str], str]()
        out, err = os.pipe(), os.pipe()
        self.stdout, self.stderr = open(out[0]), open(err[0])  # noqa: PTH123, SIM115
        self._news, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            server.ask(asked, [stdin, out[1], err[1], theirs.fileno()])
        for number in (out[1], err[1]):
            os.close(number)
        told, itself, *_ = socket.recv_fds(self._news, 20, 1)
        self.pid = int(told or server.died())
        (self._itself,) = itself

    def poll(self) -> int | None:
        """How it ended, or None while it runs; what a signal ended counts below zero."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._news.settimeout(timeout)
            try:
                told = self._news.recv(20)
            except (BlockingIOError, TimeoutError):
                return None
            self.returncode = int(told or self._server.died())
            self._news.close()
            os.close(self._itself)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._itself, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What is left on its streams until they end, and its end."""
        streams = (self.stdout, self.stderr)
        ends = time.monotonic() + timeout if timeout is not None else None
        if not self._readers:
            self._readers = tuple(threading.Thread(target=self._drain, args=(s,), daemon=True) for s in streams)
            for reader in self._readers:
                reader.start()
        for reader in self._readers:
            reader.join(_left(ends))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(_left(ends))
        return self._read.get(self.stdout, ""), self._read.get(self.stderr, "")

    def _drain(self, stream: IO[str]) -> None:
        if not stream.closed:
            with stream:
                self._read[stream] = stream.read()


def _left(ends: float | None) -> float | None:
    return None if ends is None else max(ends - time.monotonic(), 0)


class Server:
    """The process that forks. It answers nobody but those who started it, and one request after the other."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())], env=environment, cwd=ROOT, text=True,
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        atexit.register(self.end)
        if not self._control.recv(20):
            self.died()

    def ask(self, asked: Mapping[str, Any], streams: Sequence[int]) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(asked).encode()], streams)
        except BrokenPipeError:
            self.died()

    def died(self) -> int:
        """Say why it has, which is a mistake in the tests or in what is imported."""
        raise AssertionError(f"the server of forks has died: {self._process.communicate()[1]}")

    def end(self) -> None:
        self._control.close()
        self._process.communicate()


def _read_at_start(environment: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """What of an environment Python reads when it starts, so that a fork would come too late for it."""
    return frozenset((k, v) for k, v in environment.items() if k.startswith(("PYTHON", "LC_")) or k == "LANG")


@functools.cache
def _server(settings: frozenset[tuple[str, str]]) -> Server:
    """The server for these settings, started when it is first needed."""
    others = {name: value for name, value in os.environ.items() if (name, value) not in _read_at_start(os.environ)}
    return Server({**others, **dict(settings)})


def start(module: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, stdin: int) -> Forked:
    """Start `python -m MODULE ARGUMENT…` as a fork."""
    asked = {"module": module, "arguments": arguments, "environment": dict(environment), "cwd": str(cwd)}
    return Forked(_server(_read_at_start(environment)), ["python", "-m", module, *arguments], asked, stdin)


# --- In the server -------------------------------------------------------------------------------------------------


class Children:
    """The forks that live, by the pidfd of each: its pid, and where its end is told."""

    def __init__(self) -> None:
        self._living: dict[int, tuple[int, socket.socket]] = {}
        self.ready = select.poll()

    def fork(self, streams: Sequence[int], news: socket.socket) -> bool:
        """Fork, and whether this is the fork."""
        pid = os.fork()
        if not pid:
            for ours, given in enumerate(streams):
                os.dup2(given, ours)
                os.close(given)
            for sibling, (_, other) in self._living.items():
                os.close(sibling)
                other.close()
            return True
        itself = os.pidfd_open(pid)
        self._living[itself] = pid, news
        self.ready.register(itself, select.POLLIN)
        socket.send_fds(news, [str(pid).encode()], [itself])
        return False

    def bury(self, itself: int) -> None:
        """Tell how a fork has ended."""
        pid, news = self._living.pop(itself)
        _, status = os.waitpid(pid, 0)
        with news, suppress(BrokenPipeError):
            news.send(str(os.waitstatus_to_exitcode(status)).encode())
        self.ready.unregister(itself)
        os.close(itself)

    def kill(self) -> None:
        for itself in [*self._living]:
            signal.pidfd_send_signal(itself, signal.SIGKILL)
            self.bury(itself)


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for each request until there are no more. Returns in each fork too, with what it shall become."""
    children = Children()
    children.ready.register(control, select.POLLIN)
    while True:
        for number, _ in children.ready.poll():
            if number != control.fileno():
                children.bury(number)
                continue
            request, given, *_ = socket.recv_fds(control, LARGEST, 4)
            if not request:
                children.kill()
                return None
            news = socket.socket(fileno=given.pop())
            if children.fork(given, news):
                news.close()
                return dict(json.loads(request))
            for stream in given:
                os.close(stream)


def become(module: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: str) -> None:
    """Be `python -m MODULE ARGUMENT…`."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(cwd)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def import_everything() -> None:
    """What any command imports, now or late; the migrations are steps to be run, and most processes run none."""
    paths = [path.relative_to(ROOT) for path in sorted(ROOT.glob("bot/**/*.py")) if path.stem != "__main__"]
    modules = [".".join(path.with_suffix("").parts) for path in paths if "migrations" not in path.parts]
    for name in (*modules, *LATE):
        importlib.import_module(name.removesuffix(".__init__"))


def main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as control:
        # A Ctrl-C is for the tests, which end this process by leaving.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        import_everything()
        # Its streams, the control, and the directory that is looked through.
        threads, files = (len([*Path("/proc/self", kind).iterdir()]) for kind in ("task", "fd"))
        assert threads == 1 and files == 5, "what was imported has started a thread or opened a file"
        gc.collect()
        gc.freeze()
        control.send(b"ready")
        asked = serve(control)
    if asked:
        become(**asked)


if __name__ == "__main__":
    main()
