"""Tells which process a request on the loopback came from, by what the kernel says of its connection."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CONNECTIONS = Path("/proc/net/tcp")


def process_of(host: str, port: int, candidates: Iterable[int]) -> int:
    """The one of these processes that has a connection from this address; 0 if none has, or is left to have it."""
    inode = _inode(host, port)
    for process in candidates if inode else ():
        with suppress(OSError):
            if any(_leads_to(file, f"socket:[{inode}]") for file in Path(f"/proc/{process}/fd").iterdir()):
                return process
    return 0


def _inode(host: str, port: int) -> str:
    address = f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"
    lines = (line.split() for line in CONNECTIONS.read_text("ascii").splitlines()[1:])
    return next((fields[9] for fields in lines if fields[1] == address and fields[9] != "0"), "")


def _leads_to(file: Path, what: str) -> bool:
    try:
        return str(file.readlink()) == what
    except OSError:
        return False
