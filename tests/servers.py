"""Real servers on loopback: a site that serves a feed, and a receiver that takes posts and misbehaves when told to."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Taken:
    """One request that a receiver took: its path, its headers in lower case, its body, its method, and whose it is.

    `host` and `port` are where it came from, which tells the connection, and so the process.
    """

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = ""
    host: str = ""
    port: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What a server says. `drop` closes the connection after taking the request and says nothing."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


class Server:
    """A server in a thread. It can be ended and begun again on the same port."""

    def __init__(self, answer: Callable[[Taken], Answer], host: str = "127.0.0.1") -> None:
        self._answer = answer
        self.host, self.port = host, 0
        self.begin()

    def begin(self) -> None:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {k.lower(): v for k, v in self.headers.items()}
                said = answer(Taken(self.path, headers, self.rfile.read(length), self.command, *self.client_address))
                if said.drop:
                    self.close_connection = True
                    return
                self.send_response(said.status)
                for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """A client that was killed in the middle is what these tests are about."""

        self._server = Quiet((self.host, self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def end(self) -> None:
        """From now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Site(Server):
    """A site whose feed is `body`; `answer` says something else instead."""

    def __init__(self, body: bytes = b"", content_type: str = "application/rss+xml; charset=UTF-8") -> None:
        self.body, self.content_type = body, content_type
        self.answer: Answer | None = None
        self.asked: list[Taken] = []
        super().__init__(self._say)

    def _say(self, taken: Taken) -> Answer:
        self.asked.append(taken)
        return self.answer or Answer(body=self.body, headers={"Content-Type": self.content_type})

    @property
    def feed(self) -> str:
        return f"{self.address}/feed/"


class Receiver(Server):
    """A platform: what it took is in `taken`, what it answers next in `answers`, and else it says ok."""

    def __init__(self, *answers: Answer) -> None:
        self.taken: list[Taken] = []
        self.answers = deque(answers)
        self.always: Answer | None = None
        super().__init__(self._say)

    def _say(self, taken: Taken) -> Answer:
        self.taken.append(taken)
        return self.answers.popleft() if self.answers else self.always or Answer()

    @property
    def hook(self) -> str:
        return f"{self.address}/services/T0000/B0000/secretsecretsecret"


def rss(*entries: tuple[int, str], host: str = "klynge.example") -> bytes:
    """A feed in WordPress's shape, one entry a number and title, the newest first."""
    items = "".join(_entry(number, title, host) for number, title in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Teknologiklyngen</title><link>https://{host}</link><language>nb-NO</language>{items}</channel></rss>"
    ).encode()


def _entry(number: int, title: str, host: str) -> str:
    link = f"https://{host}/sak-{number}/"
    return (
        f'<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">https://{host}/?p={number}</guid>'
        f"<content:encoded><![CDATA[<p>Innledning til sak {number}, med «sitat» og blåbær.</p>"
        '<div class="fusion-sharing-box"><h4>Glem ikke å dele dette!</h4></div>]]></content:encoded></item>'
    )
