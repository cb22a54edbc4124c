"""The guard: what may never be asked is refused, and no address is connected to that is not public."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.net.addresses import is_forbidden, is_public, is_web
from bot.net.trouble import NetProblem

Lookup = Callable[[str, int, int], list[str]]


def check(request: httpx.Request, *, private: bool) -> None:
    """Refuse what may never leave: other schemes, hosts that are private IP addresses, torn headers."""
    url = request.url
    if not is_web(url):
        raise NetProblem("that is not a web address (http or https, and a host)", kind="guard")
    if not private and is_forbidden(url.host):
        raise forbidden(url.host)
    if any(mark in value for value in request.headers.values() for mark in "\r\n\0"):
        raise NetProblem("a header of the request holds a line break", kind="broken")


def forbidden(host: str, address: str = "") -> NetProblem:
    what = f"{host} leads to {address}, which is a private address" if address else f"{host} is a private address"
    return NetProblem(what, kind="guard", remedy="ALLOW_PRIVATE=yes admits it, in the file where this host is typed")


def system_lookup(host: str, port: int, family: int) -> list[str]:
    """The addresses of a name, as this machine's resolver gives them."""
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    return [str(entry[4][0]) for entry in found]


class Guard(AbstractResolver):
    """Gives only addresses that may be connected to, so that nothing can change between the check and the use.

    A name with public and private addresses is asked at its public ones: sites with an inside and an outside view are
    real, and a private address that is never given out does no harm.
    """

    def __init__(self, lookup: Lookup, threads: ThreadPoolExecutor, *, admit_private: bool = False) -> None:
        self._lookup = lookup
        # Threads of its own: a slow name server must not hold up what else runs in the loop's threads.
        self._threads = threads
        self._admit_private = admit_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port, family)
        good = [address for address in found if self._admit_private or is_public(address)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        if not good:
            raise forbidden(host, found[0])
        return [resolved(host, address, port) for address in good]

    async def close(self) -> None:
        """Nothing is kept open."""


def resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """The last lock: no socket is made for a private address, however it came this far."""
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise OSError(errno.EACCES, "a private address")
    return socket.socket(family, kind, protocol)
