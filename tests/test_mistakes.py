"""The mistakes that people make: each is told in one clear line with its remedy, and shows no secret."""

from __future__ import annotations

import os
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.installation import Installation
from tests.servers import Answer, Receiver, Site, rss

SECRET = "secretsecretsecret"
PAGE = b"""<!doctype html><html><head><title>Klyngen</title>
<link rel="alternate" type="application/rss+xml" href="/feed/"></head><body>Nyheter</body></html>"""


class Scene:
    def __init__(self, folder: Path) -> None:
        self.site, self.hook = Site(rss((1, "Sak"))), Receiver()
        self.it = Installation(folder)
        self.it.write("bot.env", "ALERTS=hook\n")
        self.it.feed(self.site.feed)
        self.it.channel("hook", "webhook", self.hook.hook)

    def said(self, *arguments: str) -> tuple[int, list[str]]:
        """The exit code and what was said on standard error."""
        done = self.it.run(*arguments)
        assert "Traceback" not in done.stderr and SECRET not in done.stdout + done.stderr
        return done.returncode, done.stderr.splitlines()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.it.end()
    for server in (made.site, made.hook):
        server.end()


def hook(scene: Scene, more: str, encoding: str = "utf-8", mode: int = 0o600) -> None:
    text = f"URL={scene.hook.hook}\nALLOW_PRIVATE=yes\n{more}"
    scene.it.write("channels/hook.env", text.encode(encoding), mode)


FILES: dict[str, tuple[Callable[[Scene], object], list[str]]] = {
    "an unknown key": (lambda s: hook(s, "KIND=webhook\nHUORS=08:00-16:00\n"), ["hook.env line 4", "HOURS"]),
    "a misspelt kind": (lambda s: hook(s, "KIND=webhok\n"), ["hook.env", "KIND", "webhook"]),
    "a missing address": (lambda s: s.it.write("channels/hook.env", "KIND=webhook\n"), ["hook.env", "URL"]),
    "a doubled key": (lambda s: hook(s, "KIND=webhook\nKIND=slack\n"), ["hook.env line 4", "KIND", "lines 3 and 4"]),
    "smart quotes": (lambda s: hook(s, "KIND=webhook\nLANGUAGE=“nb”\n"), ["hook.env", "LANGUAGE", "quot"]),
    "a lost comment": (lambda s: hook(s, "KIND=webhook\nINCLUDE=abc #def\n"), ["hook.env", "INCLUDE", "#"]),
    "UTF-16": (lambda s: hook(s, "KIND=webhook\n", "utf-16"), ["hook.env", "UTF-16", "UTF-8"]),
    "a byte order mark": (lambda s: hook(s, "KIND=webhook\n", "utf-8-sig"), ["hook.env", "UTF-8"]),
    "a wrong time zone": (lambda s: s.it.write("bot.env", "TIMEZONE=Europe/Olso\n"), ["bot.env", "Europe/Oslo"]),
    "a bad duration": (lambda s: s.it.feed(s.site.feed, more="EVERY=15 min\n"), ["klyngen.env", "EVERY", "15m"]),
    "a file that others can read": (lambda s: hook(s, "KIND=webhook\n", mode=0o644), ["hook.env", "chmod 600"]),
}


@pytest.mark.parametrize("mistake", FILES)
def test_a_mistake_in_the_files_is_one_line(mistake: str, scene: Scene) -> None:
    make, words = FILES[mistake]
    make(scene)
    code, lines = scene.said("check")
    assert code in (1, 2) and len(lines) == 1, lines
    assert all(word in lines[0] for word in words), lines[0]


def feed(scene: Scene, url: str, more: str = "ALLOW_PRIVATE=yes\n") -> None:
    scene.it.write("feeds/klyngen.env", f"URL={url}\n{more}")


def answers(scene: Scene, answer: Answer) -> None:
    scene.site.answer = answer


def html(body: bytes) -> Answer:
    return Answer(body=body, headers={"Content-Type": "text/html"})


SITES: dict[str, tuple[Callable[[Scene], object], list[str]]] = {
    "a page instead of the feed": (lambda s: answers(s, html(PAGE)), ["web page", "/feed/"]),
    "a feed behind 403": (lambda s: answers(s, Answer(403)), ["403"]),
    "HTML instead of a feed": (lambda s: answers(s, html(b"<html><body>Hei</body></html>")), ["web page"]),
    "a host that does not exist": (lambda s: feed(s, "https://finnes-ikke.invalid/feed/"), ["finnes-ikke.invalid"]),
    "a private address": (lambda s: feed(s, s.site.feed, ""), ["private address", "ALLOW_PRIVATE=yes"]),
}


@pytest.mark.parametrize("command", ["check", "trigger"])
@pytest.mark.parametrize("mistake", SITES)
def test_a_mistake_about_the_site_is_one_line(mistake: str, command: str, scene: Scene) -> None:
    make, words = SITES[mistake]
    make(scene)
    code, lines = scene.said(command)
    assert code == 1 and len(lines) == 1, lines
    assert all(word in lines[0] for word in words), lines[0]


def test_an_expired_certificate_is_one_line(scene: Scene, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=datetime.now(UTC) - timedelta(days=2)).configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    feed(scene, f"https://localhost:{server.server_address[1]}/feed/")
    os.environ["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
    try:
        code, lines = scene.said("check")
    finally:
        del os.environ["SSL_CERT_FILE"]
        server.shutdown()
        server.server_close()
    assert code == 1 and len(lines) == 1 and "expired" in lines[0] and "localhost" in lines[0], lines


# Root may write everywhere, so as root the process gives up that right first.
WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@pytest.mark.skipif(bool(WITHOUT_PRIVILEGE) and not shutil.which("setpriv"), reason="root, and no setpriv (util-linux)")
def test_a_state_directory_that_cannot_be_written_is_one_line(scene: Scene) -> None:
    scene.it.state.mkdir(mode=0o555)
    process = scene.it.start("trigger", before=WITHOUT_PRIVILEGE)
    _, err = process.communicate(timeout=60)
    lines = err.splitlines()
    assert process.returncode == 1 and len(lines) == 1, err
    assert "can't be written" in lines[0] and "DELEBOT_STATE" in lines[0]


def test_a_full_state_directory_is_one_line(scene: Scene) -> None:
    scene.it.run("trigger")
    scene.site.body = rss(*((n, f"Sak {n} " + "lang " * 200) for n in range(2, 40)))
    process = scene.it.start("trigger", preexec_fn=no_room)
    _, err = process.communicate(timeout=60)
    lines = err.splitlines()
    assert process.returncode == 1 and lines and all("disk" in line for line in lines), err


def no_room() -> None:
    """Let files grow no further than a few pages, as on a full disk."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_wrong_names_are_one_line(scene: Scene) -> None:
    for arguments, words in (
        (("trigger", "--channel", "hok"), ["no channel «hok»", "hook"]),
        (("trigger", "--feed", "klynge"), ["no feed «klynge»", "klyngen"]),
        (("pause", "hok"), ["no channel «hok»"]),
        (("pause", "--for", "to timer"), ["--for"]),
        (("trigger", "--again"), ["--item"]),
        (("backup", "/nowhere/at/all.sqlite3"), ["nothing to copy", "no state"][1:]),
        (("restore", "/nowhere.sqlite3"), ["no such file"]),
    ):
        code, lines = scene.said(*arguments)
        assert code in (1, 2) and len(lines) == 1 and all(word in lines[0] for word in words), (arguments, lines)


def test_several_mistakes_are_shown_together(scene: Scene) -> None:
    hook(scene, "KIND=webhok\nHUORS=1\n")
    scene.it.feed(scene.site.feed, more="EVERY=15 min\nFLOOD=mange\n")
    code, lines = scene.said("check")
    assert code == 2 and len(lines) == 4
