"""Makes a connection past the same guard as everything else, for what is not HTTP: e-mail, and a mere knock."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
from aiohappyeyeballs import AddrInfoType, start_connection

from bot.net.addresses import DEFAULT_PORTS, admits
from bot.net.client import tls_context
from bot.net.guard import Guard, Lookup, guarded_socket, system_lookup
from bot.net.trouble import NetProblem, unconnected

HEAD_START = 0.25  # Seconds between two addresses of one name, as RFC 8305 advises.


async def connected(url: httpx.URL, private_host: str | None, lookup: Lookup, within: float) -> socket.socket:
    """A connection to one of the host's addresses that may be connected to, checked where it is used."""
    private, port = admits(private_host, url), url.port or DEFAULT_PORTS.get(url.scheme, 0)
    threads = ThreadPoolExecutor(1, "lookup")
    try:
        async with asyncio.timeout(within):
            found = await Guard(lookup, threads, admit_private=private).resolve(url.host, port)
            places = [_place(address["host"], port) for address in found]
            return await start_connection(
                places, happy_eyeballs_delay=HEAD_START, socket_factory=None if private else guarded_socket
            )
    except TimeoutError:
        problem = NetProblem(f"no connection to {url.host} could be made within {within:g} s", kind="timeout")
    except OSError as error:
        problem = unconnected(url.host, port, error)
    finally:
        threads.shutdown(wait=False)
    raise problem


def _place(address: str, port: int) -> AddrInfoType:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


async def knock(
    url: httpx.URL, *, private_host: str | None = None, lookup: Lookup = system_lookup, within: float = 8.0
) -> None:
    """Connect, agree on TLS where the address begins with https, and leave without a word; NetProblem if that fails."""
    connection = await connected(url, private_host, lookup, within)
    try:
        async with asyncio.timeout(within):
            await _secured(connection, url)
    except TimeoutError:
        problem = NetProblem(f"{url.host} did not agree on a secure connection within {within:g} s", kind="timeout")
    except OSError as error:
        problem = unconnected(url.host, url.port, error)
    else:
        return
    finally:
        connection.close()
    raise problem


async def _secured(connection: socket.socket, url: httpx.URL) -> None:
    """Agree on TLS, if the address asks for it, and hang up."""
    if url.scheme == "https":
        _, writer = await asyncio.open_connection(sock=connection, ssl=tls_context(), server_hostname=url.host)
        writer.transport.abort()
