"""Every byte that leaves: one client behind the guard against private addresses, bounded answers, errors in words.

Requests and answers are httpx's values; aiohttp carries them, because its pool stays cheap with many hosts and it lets
us choose the addresses. Our own transport joins the two, so that nothing is lost in between: what was sent when the
exchange failed, why it failed, and how large an answer may become.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace
from typing import Self

import aiohttp
import certifi
import httpx
from multidict import CIMultiDict
from yarl import URL

from bot.model import Mistake
from bot.net.addresses import admits, bare, host_of, is_web, shown
from bot.net.clocks import Clocks
from bot.net.decode import Decoder, Undecodable
from bot.net.guard import Guard, Lookup, check, guarded_socket, system_lookup
from bot.net.trouble import NetProblem, explain

__all__ = ["Client", "NetProblem", "host_of", "shown"]

CHUNK = 65_536
HEADER_LIMIT = 65_536
CONNECTIONS, CONNECTIONS_PER_HOST = 128, 64
# Servers close an idle connection after two seconds (gunicorn) or more. Not using one that has been idle for longer
# keeps a post from meeting a connection that is just being closed, which would leave its outcome unknown.
KEEP_ALIVE = 1.5
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOKUPS = 8


class Client:
    """The one client of a process, to be used as an async context manager.

    Only public addresses are asked, over http and https, on any port. With `proxy` (an http address that a person
    typed, which may be private) everything goes through it, and the guard then sees only hosts that are themselves IP
    addresses: names are resolved by the proxy. `lookup` is how a name becomes addresses.
    """

    def __init__(self, *, user_agent: str, proxy: str | None = None, lookup: Lookup | None = None) -> None:
        if proxy and not proxy.startswith(("http://", "https://")):
            raise Mistake("PROXY is not an http address", where="bot.env", remedy="Write http://host:port")
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._carrier = Carrier(proxy, lookup or system_lookup)
        self.clocks = Clocks()

    async def __aenter__(self) -> Self:
        await self._carrier.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._carrier.aclose()

    async def send(
        self,
        request: httpx.Request,
        *,
        private_host: str | None = None,
        timeout: float = 30,  # noqa: ASYNC109 - one deadline for the whole exchange, named in the problem
        limit: int = 10_000_000,
    ) -> httpx.Response:
        """Make one exchange, without following redirects, and give the answer read and decoded; else NetProblem.

        `private_host` (`host` or `host:port`) is what a person typed and may be private. `timeout` is in seconds and
        `limit` in bytes, before and after decompression. A request that is not GET, HEAD or OPTIONS is sent at most
        once, whatever happens to the connection.
        """
        private = is_web(request.url) and admits(private_host, request.url)
        check(request, private=private)
        # A ready-made request gets none of the client's own headers.
        for name, value in self._headers.items():
            request.headers.setdefault(name, value)
        terms = Terms(private, limit)
        request.extensions = {**request.extensions, "terms": terms}
        try:
            async with asyncio.timeout(timeout):
                # Not by httpx's own client, which stumbles over a Location that is no address, keeps cookies and logs.
                answer = await self._carrier.handle_async_request(request)
        except NetProblem as error:
            problem = error
        except Undecodable as error:
            problem = NetProblem(f"the answer of {request.url.host} is {error}", kind="broken", sent=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = explain(error, request.url.host, sent=terms.sent, timeout=timeout)
        else:
            await self.clocks.hear(answer)
            return answer
        # Raised out here so that the original error, whose words may hold the whole address, is not chained to it.
        raise problem


@dataclass(slots=True)
class Terms:
    """On what terms a request travels, and how far it came: `sent` once its first byte may have left."""

    private: bool
    limit: int
    sent: bool = False


class Carrier(httpx.AsyncBaseTransport):
    """Carries httpx's requests by aiohttp; what goes wrong comes out as aiohttp's errors or a NetProblem."""

    def __init__(self, proxy: str | None, lookup: Lookup) -> None:
        self._proxy = proxy
        self._lookup = lookup
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(LOOKUPS, "lookup")
        self._tls = tls_context()
        return self

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        terms: Terms = request.extensions["terms"]
        body = await request.aread()
        async with self._session(terms.private).request(
            request.method,
            URL(str(request.url) if plain(request.url) else bare(str(request.url)), encoded=True),
            headers=headers(request, body),
            data=BytesIO(body) if body else None,  # aiohttp warns of large bytes, and takes a file of any size.
            allow_redirects=False,
            proxy=self._proxy,
            trace_request_ctx=terms,
        ) as answer:
            content = await read(answer, request.url.host, terms.limit)
            return as_httpx(answer, content, request)

    def _session(self, private: bool) -> aiohttp.ClientSession:
        """The session for public addresses, or the one for hosts that a person admitted.

        They are two, so that a connection kept open to a private host is never used for a request that may not go
        there.
        """
        if private not in self._sessions:
            self._sessions[private] = self._open(private)
        return self._sessions[private]

    def _open(self, private: bool) -> aiohttp.ClientSession:
        unguarded = private or self._proxy is not None
        connector = aiohttp.TCPConnector(
            resolver=Guard(self._lookup, self._threads, admit_private=unguarded),
            # A cache would be shared by requests, and an address is checked when it is connected to.
            use_dns_cache=False,
            socket_factory=None if unguarded else guarded_socket,
            ssl=self._tls,
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_PER_HOST,
            keepalive_timeout=KEEP_ALIVE,
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type",),
            timeout=aiohttp.ClientTimeout(total=None),
            middlewares=(once,),
            trace_configs=[tracing()],
            max_line_size=HEADER_LIMIT,
            max_field_size=HEADER_LIMIT,
            trust_env=False,
        )


def headers(request: httpx.Request, body: bytes) -> CIMultiDict[str]:
    """The headers of a request as aiohttp wants them, with the length of its body and the user's name if it has one."""
    encoding = request.headers.encoding
    made = CIMultiDict((name.decode(), value.decode(encoding)) for name, value in request.headers.raw)
    if request.url.userinfo:
        made.setdefault("Authorization", basic(request.url.username, request.url.password))
    made.pop("Transfer-Encoding", None)
    if body:
        made["Content-Length"] = str(len(body))
    return made


def tls_context() -> ssl.SSLContext:
    """What is trusted: the system's certificates (SSL_CERT_FILE and SSL_CERT_DIR as in OpenSSL), else certifi's."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def plain(url: httpx.URL) -> bool:
    """Whether an address can be asked for as it stands."""
    return not url.userinfo and not url.fragment


def basic(username: str, password: str) -> str:
    """The value of an Authorization header for a user name and password."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


# --- One sending ---------------------------------------------------------------------------------------------------


def tracing() -> aiohttp.TraceConfig:
    async def begun(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.sent = True

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(begun)
    return config


class Lost(aiohttp.ClientError):
    """The connection broke after the request was on its way."""


Handler = Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]


async def once(request: aiohttp.ClientRequest, handler: Handler) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT or DELETE when a kept connection turns out to be closed."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        if request.method in SAFE:
            raise
    raise Lost


# --- The answer ----------------------------------------------------------------------------------------------------


async def read(answer: aiohttp.ClientResponse, host: str, limit: int) -> bytes:
    """The decoded body, of which never more than `limit` and a piece is held."""
    if answer.method == "HEAD":
        return b""
    too_large = NetProblem(f"the answer of {host} is larger than {limit / 1e6:g} MB", kind="too_large", sent=True)
    if (answer.content_length or 0) > limit:
        raise too_large
    raw, body = 0, BytesIO()
    decoder = Decoder(answer.headers.get("Content-Encoding", ""))
    async for chunk in answer.content.iter_chunked(CHUNK):
        raw += len(chunk)
        for piece in decoder.feed(chunk):
            body.write(piece)
            if body.tell() > limit:
                raise too_large
        # Input that never yields output, such as an endless gzip header, has an end too.
        if raw > limit:
            raise too_large
    if not decoder.complete:
        raise NetProblem(f"the answer of {host} was cut short", kind="broken", sent=True)
    return body.getvalue()


def as_httpx(answer: aiohttp.ClientResponse, content: bytes, request: httpx.Request) -> httpx.Response:
    """The answer as httpx's value; headers that speak of the body before it was decoded are left out."""
    gone = (b"content-encoding", b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in answer.raw_headers if name.lower() not in gone]
    phrase = (answer.reason or "").encode("ascii", "ignore")
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": phrase}
    return httpx.Response(answer.status, headers=headers, content=content, request=request, extensions=extensions)
