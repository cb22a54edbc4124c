"""What leaves, what is refused, and how it fails: against real servers on the loopback interface."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.model import Mistake
from bot.net.client import Client, NetProblem

HERE = "127.0.0.1"
NAMES = {
    "feed.example": [HERE],
    "other.example": [HERE],
    "inside.example": ["10.0.0.5", "fd00::5"],
    "nothing.example": [],
    "metadata.example": ["::ffff:169.254.169.254"],
}


def lookup(host: str, *_: int) -> list[str]:
    if host == "nameserver-down.example":
        raise socket.gaierror(socket.EAI_AGAIN, "try again")
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "not known")
    return NAMES[host]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(user_agent="Delebot/test", lookup=lookup) as client:
        yield client


@dataclass
class Server:
    """A server that writes a fixed answer to each request, and keeps what it was asked.

    An answer of None closes the connection without a word; after `closing` answers it closes the connection.
    """

    answers: list[bytes | None]
    closing: bool = False
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}/feed"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await asked(reader):
                self.requests.append(request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if self.closing:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def asked(reader: asyncio.StreamReader) -> bytes:
    """One request with its body, or nothing when the connection ends."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            head += await reader.readexactly(int(line.partition(b":")[2]))
    return head


@asynccontextmanager
async def serving(
    *answers: bytes | None, closing: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(list(answers), closing)
    listener = await asyncio.start_server(server.serve, HERE, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


def answer(body: bytes = b"hello", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def get(client: Client, url: str, *, limit: int = 10_000_000) -> httpx.Response:
    """A GET of what a person typed on this machine."""
    return await client.send(httpx.Request("GET", url), private_host=httpx.URL(url).host, limit=limit)


async def failure(client: Client, request: httpx.Request | str, **options: object) -> NetProblem:
    """The problem that a request ends in."""
    if isinstance(request, str):
        request = httpx.Request("GET", request)
        options.setdefault("private_host", request.url.host)
    with pytest.raises(NetProblem) as caught:
        await client.send(request, **options)  # type: ignore[arg-type]
    return caught.value


# --- One exchange --------------------------------------------------------------------------------------------------


async def test_the_answer_comes_read_with_its_status_and_headers(client: Client) -> None:
    async with serving(answer(b"hei", 'ETag: W/"x"', "X-A: 1", "X-A: 2", status="202 Sure")) as server:
        response = await get(client, server.url)
    assert (response.status_code, response.reason_phrase, response.content) == (202, "Sure", b"hei")
    assert response.headers["etag"] == 'W/"x"'
    assert response.headers.get_list("x-a") == ["1", "2"]


async def test_the_user_agent_and_gzip_are_added_and_nothing_else_is_invented(client: Client) -> None:
    async with serving(answer()) as server:
        await get(client, server.url + "?q=a%2Fb+c&s=%C3%B8")
    lines = server.requests[0].decode().strip().split("\r\n")
    assert lines[0] == "GET /feed?q=a%2Fb+c&s=%C3%B8 HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: gzip",
        "Accept: */*",
        f"Host: {HERE}:{server.port}",
        "User-Agent: Delebot/test",
    ]


async def test_headers_of_the_request_win(client: Client) -> None:
    async with serving(answer()) as server:
        request = httpx.Request("GET", server.url, headers={"User-Agent": "mine", "Accept-Encoding": "identity"})
        await client.send(request, private_host=HERE)
    assert b"User-Agent: mine" in server.requests[0]
    assert b"Delebot" not in server.requests[0]
    assert b"gzip" not in server.requests[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_body_is_sent_whole_with_its_length(client: Client, method: str) -> None:
    async with serving(answer()) as server:
        await client.send(httpx.Request(method, server.url, json={"text": "blåbær"}), private_host=HERE)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == '{"text":"blåbær"}'.encode()
    assert b"chunked" not in head.lower()
    assert head.lower().count(b"content-length") == 1


async def test_an_upload_is_sent_whole(client: Client) -> None:
    async with serving(answer()) as server:
        await client.send(httpx.Request("POST", server.url, files={"file": b"x" * 300_000}), private_host=HERE)
    assert b"x" * 300_000 in server.requests[0]


async def test_user_info_becomes_an_authorization_header(client: Client) -> None:
    async with serving(answer()) as server:
        await get(client, f"http://bj%C3%B8rn:p%40ss@{HERE}:{server.port}/x")
    assert b"Basic YmrDuHJuOnBAc3M=" in server.requests[0]
    assert b"p%40ss" not in server.requests[0]


async def test_redirects_are_not_followed_and_cookies_not_kept(client: Client) -> None:
    moved = answer(b"", "Location: /elsewhere", "Set-Cookie: a=b; Path=/", status="302 Found")
    async with serving(moved, answer()) as server:
        response = await get(client, server.url)
        await get(client, server.url)
    assert (response.status_code, response.headers["location"]) == (302, "/elsewhere")
    assert b"cookie" not in server.requests[1].lower()


async def test_nothing_of_an_address_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(answer()) as server:
        await get(client, server.url + "/secret")
    assert "secret" not in caplog.text


async def test_a_torn_header_is_never_sent(client: Client) -> None:
    request = httpx.Request("GET", "http://feed.example/", headers={"Authorization": "Bearer a\r\nX-Evil: 1"})
    problem = await failure(client, request)
    assert (problem.kind, problem.sent) == ("broken", False)
    assert "Bearer" not in problem.why


# --- The guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HERE}/",
        "http://10.0.0.5/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:a00:1::]/",
        "http://[fe80::1%25eth0]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example/",
        "http://metadata.example/",
        "http://feed.example/",
        "ftp://feed.example/",
        "file:///etc/passwd",
        "http:///nowhere",
    ],
)
async def test_what_is_not_public_is_refused_unsent(client: Client, url: str) -> None:
    problem = await failure(client, httpx.Request("GET", url))
    assert (problem.kind, problem.sent) == ("guard", False)


async def test_the_refusal_says_what_it_is_about(client: Client) -> None:
    literal = await failure(client, httpx.Request("GET", "http://10.0.0.5/secret"))
    assert literal.why == "10.0.0.5 is a private address"
    assert "ALLOW_PRIVATE=yes" in literal.remedy
    name = await failure(client, httpx.Request("GET", "http://inside.example/secret"))
    assert name.why == "inside.example leads to 10.0.0.5, which is a private address"


async def test_only_the_host_that_was_typed_may_be_private(client: Client) -> None:
    async with serving(answer()) as server:
        typed = f"feed.example:{server.port}"
        request = httpx.Request("GET", f"http://FEED.example:{server.port}/")
        assert (await client.send(request, private_host=typed)).status_code == 200
        # The connection is still open; it must not let anything through that was not typed.
        for url in (f"http://feed.example:{server.port}/", f"http://other.example:{server.port}/"):
            problem = await failure(client, httpx.Request("GET", url), private_host="inside.example")
            assert problem.kind == "guard"
    assert len(server.requests) == 1


# --- What goes wrong -----------------------------------------------------------------------------------------------


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_refused_connection_sent_nothing(client: Client) -> None:
    port = unused_port()
    problem = await failure(client, f"http://feed.example:{port}/secret?secret")
    assert (problem.kind, problem.sent) == ("connect", False)
    assert problem.why == f"the connection to feed.example, port {port}, was refused"


async def test_an_unknown_name_sent_nothing(client: Client) -> None:
    problem = await failure(client, "http://nowhere.example/secret")
    assert (problem.kind, problem.sent) == ("dns", False)
    assert problem.why == "nowhere.example does not exist (no such host name)"
    assert (await failure(client, "http://nothing.example/")).kind == "dns"
    problem = await failure(client, "http://nameserver-down.example/")
    assert (problem.kind, problem.sent) == ("dns", False)
    assert "name server" in problem.remedy


async def test_an_impossible_port_or_name_is_told_apart_from_a_broken_server(client: Client) -> None:
    for url in ("http://feed.example:99999/", f"http://{'a' * 70}.example/"):
        problem = await failure(client, url)
        assert not problem.sent
        assert "closed the connection" not in problem.why


async def test_a_server_that_stays_silent_may_have_got_the_request(client: Client) -> None:
    async with serving(b"") as server:
        problem = await failure(client, server.url, timeout=0.05)
    assert (problem.kind, problem.sent, problem.why) == ("timeout", True, f"{HERE} did not answer within 0.05 s")


async def test_a_body_that_never_ends_is_cut_by_the_deadline(client: Client) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as server:
        problem = await failure(client, server.url, timeout=0.05)
    assert (problem.kind, problem.sent) == ("timeout", True)


async def test_a_connection_that_never_comes_about_sent_nothing(client: Client) -> None:
    """The TLS handshake is never answered."""
    async with serving(b"") as server:
        problem = await failure(client, server.url.replace("http:", "https:"), timeout=0.05)
    assert (problem.kind, problem.sent) == ("timeout", False)


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (None, "closed the connection"),
        (b"220 mail.example ESMTP\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", "cut short"),
        (answer(gzip.compress(b"x" * 1000, mtime=0)[:-9], "Content-Encoding: gzip"), "cut short"),
        (answer(b"not gzip", "Content-Encoding: gzip"), "damaged"),
        (answer(b"x", "Content-Encoding: br"), "not asked for (br)"),
        (answer(b"x", "Content-Encoding: gzip, gzip"), "not asked for"),
    ],
)
async def test_a_broken_answer_is_told_in_words(client: Client, raw: bytes | None, word: str) -> None:
    async with serving(raw, closing=True) as server:
        problem = await failure(client, server.url + "?secret")
    assert (problem.kind, problem.sent) == ("broken", True)
    assert word in problem.why
    assert problem.__cause__ is None and problem.__context__ is None


# --- Size and encoding ---------------------------------------------------------------------------------------------


def deflated(body: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(body) + packer.flush()


TEXT = b"".join(b"line %d\n" % number for number in range(40_000))


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT[:1000], mtime=0) + gzip.compress(TEXT[1000:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0" * 100),
        ("deflate", deflated(TEXT, 15)),
        ("deflate", deflated(TEXT, -15)),
        ("identity", TEXT),
    ],
)
async def test_an_encoded_answer_is_decoded(client: Client, encoding: str, packed: bytes) -> None:
    async with serving(answer(packed, f"Content-Encoding: {encoding}")) as server:
        response = await get(client, server.url)
    assert response.content == TEXT
    assert response.text.startswith("line 0")


async def test_an_empty_answer_may_claim_to_be_encoded(client: Client) -> None:
    async with serving(answer(b"", "Content-Encoding: gzip", status="304 Not Modified")) as server:
        assert (await get(client, server.url)).content == b""
        head = httpx.Request("HEAD", server.url)
        assert (await client.send(head, private_host=HERE)).content == b""


CHUNKED_GZIP = (
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0\r\n"
)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"x" * 1001),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        CHUNKED,
        answer(gzip.compress(b"x" * 1001, mtime=0), "Content-Encoding: gzip"),
        CHUNKED_GZIP + b"400\r\n" + b"endless name".ljust(1024) + b"\r\n",
    ],
)
async def test_an_answer_that_is_too_large_is_refused(client: Client, raw: bytes) -> None:
    async with serving(raw) as server:
        problem = await failure(client, server.url, limit=1000)
    assert (problem.kind, problem.sent) == ("too_large", True)
    assert problem.why == f"the answer of {HERE} is larger than 0.001 MB"


async def test_an_answer_of_exactly_the_limit_is_taken(client: Client) -> None:
    packed = gzip.compress(b"x" * 1000, mtime=0)
    async with serving(answer(packed, "Content-Encoding: gzip")) as server:
        assert len((await get(client, server.url, limit=1000)).content) == 1000


async def test_a_gzip_bomb_never_unfolds(client: Client) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000, mtime=0)
    async with serving(answer(bomb, "Content-Encoding: gzip")) as server:
        tracemalloc.start()
        try:
            problem = await failure(client, server.url, limit=1_000_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert problem.kind == "too_large"
    assert peak < 5_000_000


# --- Never twice ---------------------------------------------------------------------------------------------------


async def test_a_get_on_a_connection_that_was_closed_is_asked_again(client: Client) -> None:
    async with serving(answer(b"one"), None, answer(b"two")) as server:
        assert (await get(client, server.url)).content == b"one"
        assert (await get(client, server.url)).content == b"two"
    assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"once"])
async def test_nothing_else_is_ever_sent_twice(client: Client, method: str, body: bytes) -> None:
    async with serving(answer(b"one"), None, answer(b"two")) as server:
        await get(client, server.url)
        problem = await failure(client, httpx.Request(method, server.url, content=body), private_host=HERE)
    assert (problem.kind, problem.sent) == ("broken", True)
    assert len(server.requests) == 2


# --- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client whose system trusts our own authority, through SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with Client(user_agent="x", lookup=lookup) as client:
        yield client


def secured(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


async def test_a_certificate_of_an_authority_in_ssl_cert_file_is_trusted(
    trusting: Client, authority: trustme.CA
) -> None:
    async with serving(answer(), tls=secured(authority.issue_cert("feed.example"))) as server:
        response = await get(trusting, f"https://feed.example:{server.port}/")
    assert response.status_code == 200


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
BAD: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "expired": (
        lambda ca: ca.issue_cert("feed.example", not_before=YESTERDAY - timedelta(days=9), not_after=YESTERDAY),
        "the certificate of feed.example has expired",
    ),
    "wrong host": (
        lambda ca: ca.issue_cert("else.example"),
        "the certificate of feed.example is made out to another name",
    ),
    "other authority": (
        lambda _: trustme.CA().issue_cert("feed.example"),
        "the certificate of feed.example comes from an unknown authority",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_certificate_is_refused_unsent(trusting: Client, authority: trustme.CA, name: str) -> None:
    issue, why = BAD[name]
    async with serving(answer(), tls=secured(issue(authority))) as server:
        problem = await failure(trusting, f"https://feed.example:{server.port}/secret")
    assert (problem.kind, problem.sent, problem.why) == ("tls", False, why)
    assert problem.remedy
    assert server.requests == []


async def test_a_self_signed_certificate_is_called_so(client: Client, tmp_path: Path) -> None:
    key, certificate = self_signed("feed.example")
    (tmp_path / "own.pem").write_bytes(key + certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "own.pem")
    async with serving(answer(), tls=context) as server:
        problem = await failure(client, f"https://feed.example:{server.port}/")
    assert problem.why == "the certificate of feed.example is self-signed"
    assert "SSL_CERT_FILE" in problem.remedy


def self_signed(name: str) -> tuple[bytes, bytes]:
    """A private key and a certificate signed by itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(YESTERDAY).not_valid_after(YESTERDAY + timedelta(days=9))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return private, builder.sign(key, hashes.SHA256()).public_bytes(pem)


async def test_tls_to_a_server_without_it_says_so(client: Client) -> None:
    listener = await asyncio.start_server(plain_spoken, HERE, 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        problem = await failure(client, f"https://feed.example:{port}/")
    assert (problem.kind, problem.sent, problem.why) == ("tls", False, "feed.example does not speak TLS at this port")


async def plain_spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(answer(status="400 Bad Request"))
    await writer.drain()
    writer.close()


# --- A proxy -------------------------------------------------------------------------------------------------------


async def test_everything_goes_through_the_proxy() -> None:
    async with serving(answer(b"by proxy")) as proxy:
        address = f"http://me:secret@{HERE}:{proxy.port}"
        async with Client(user_agent="x", proxy=address, lookup=lookup) as proxied:
            response = await proxied.send(httpx.Request("GET", "http://far.example/feed?x=1"))
    assert response.content == b"by proxy"
    assert proxy.requests[0].startswith(b"GET http://far.example/feed?x=1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.requests[0]


async def test_a_proxy_that_refuses_or_is_away_is_named() -> None:
    async with (
        serving(answer(status="407 Proxy Authentication Required")) as proxy,
        Client(user_agent="x", proxy=f"http://me:secret@{HERE}:{proxy.port}", lookup=lookup) as proxied,
    ):
        problem = await failure(proxied, httpx.Request("POST", "https://far.example/secret"))
    assert (problem.sent, problem.why) == (False, "the proxy refused to connect to far.example (407)")
    assert proxy.requests[0].startswith(b"CONNECT far.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.requests[0]
    async with Client(user_agent="x", proxy=f"http://me:secret@{HERE}:{proxy.port}", lookup=lookup) as proxied:
        problem = await failure(proxied, httpx.Request("POST", "https://far.example/secret"))
    assert (problem.kind, problem.sent) == ("connect", False)
    assert problem.why == f"the connection to the proxy {HERE}, port {proxy.port}, was refused"


def test_a_proxy_of_another_kind_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="PROXY"):
        Client(user_agent="x", proxy="socks5://me:secret@proxy.example")
