"""A Synapse of one's own: a real server for Matrix in a folder, on a free port of this machine.

`.ci/servers synapse` installs it. It can be killed and begun again, and its accounts are made with its shared secret.
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import sqlite3
import subprocess
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pytest

PLACE = Path(__file__).parent.parent.parent / ".servers" / "synapse"
PATIENCE = 60  # Seconds for a start on a busy machine; it takes four.
SECRET = "only for tests"
NO_LIMIT = {"per_second": 1_000_000, "burst_count": 1_000_000}


def require() -> None:
    """Skip a test where the server is not installed, or fail it where that was asked for."""
    if not (PLACE / ".ready").is_file():
        why = "Synapse is not installed: .ci/servers synapse"
        pytest.fail(why) if os.environ.get("DELEBOT_REAL") else pytest.skip(why)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Synapse:
    """A server and its folder; `url` is its address, and `wishes` are settings of its file."""

    def __init__(self, folder: Path, **wishes: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)
        (folder / "signing.key").write_text(f"ed25519 a_test {b64encode(bytes(range(32))).decode().rstrip('=')}\n")
        (folder / "log.json").write_text(json.dumps({"version": 1, "root": {"level": "WARNING"}}))
        (folder / "homeserver.yaml").write_text(json.dumps(self._settings() | wishes))  # JSON is YAML.
        self.begin()

    def _settings(self) -> dict[str, Any]:
        listener = {"port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False}
        limits = ("message", "registration", "admin_redaction", "joins_per_room", "media_create")
        return {
            "server_name": "localhost",
            "listeners": [{**listener, "resources": [{"names": ["client"]}]}],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "log_config": str(self.folder / "log.json"),
            "registration_shared_secret": SECRET,
            "macaroon_secret_key": SECRET,
            "form_secret": SECRET,
            "report_stats": False,
            "trusted_key_servers": [],
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            "max_upload_size": "200K",
            "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), NO_LIMIT),
            "rc_joins": dict.fromkeys(("local", "remote"), NO_LIMIT),
            "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), NO_LIMIT),
            **{f"rc_{name}": NO_LIMIT for name in limits},
        }

    # --- Its life ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the server and wait until it says, as it does to systemd, that it listens."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        command = [str(PLACE / "bin" / "python"), "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, (self.folder / "output").open("ab") as output:
            told.bind(str(ready))
            told.settimeout(PATIENCE)
            self._process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, "NOTIFY_SOCKET": str(ready)},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
            try:
                told.recv(100)
            except TimeoutError:
                self.kill()
                pytest.fail(f"Synapse did not start:\n{(self.folder / 'output').read_text()[-3000:]}")

    def begin_anew(self, *expired: str) -> None:
        """Kill it and start it again; the sessions of these accounts have ended by their time meanwhile."""
        self.kill()
        with closing(sqlite3.connect(self.folder / "homeserver.db")) as database, database:
            ended = [(id,) for id in expired]
            database.executemany("UPDATE access_tokens SET valid_until_ms = 1 WHERE user_id = ?", ended)
        self.begin()

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.kill()

    # --- What its administrator does ---------------------------------------------------------------------------------

    def account(self, name: str, *, admin: bool = False) -> Person:
        """A new account with a session of its own; its password is «hemmelig»."""
        nonce = self.http.get("/_synapse/admin/v1/register").json()["nonce"]
        said = "\0".join((nonce, name, "hemmelig", "admin" if admin else "notadmin")).encode()
        body = {"nonce": nonce, "username": name, "password": "hemmelig", "admin": admin}
        mac = hmac.new(SECRET.encode(), said, "sha1").hexdigest()
        made = self.http.post("/_synapse/admin/v1/register", json={**body, "mac": mac}).raise_for_status().json()
        return Person(self.http, made["user_id"], made["access_token"])


class Person:
    """Somebody with an account, who asks the server directly: what they see, and what they do in rooms."""

    def __init__(self, http: httpx.Client, id: str, token: str) -> None:
        self.http, self.id, self.token = http, id, token

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """The JSON of an answer; an error for a refusal."""
        answer = self.answer(method, path, body, **query)
        return answer.raise_for_status().json()

    def answer(self, method: str, path: str, body: object = None, **query: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        url = path if path.startswith("/_") else f"/_matrix/client/v3/{path}"
        return self.http.request(method, url, params=query, json=body, headers=headers)

    def room(self, *guests: Person, **wishes: Any) -> str:
        """A new room that the guests have joined."""
        asked = {"preset": "private_chat", "invite": [guest.id for guest in guests], **wishes}
        room: str = self.ask("POST", "createRoom", asked)["room_id"]
        for guest in guests:
            guest.ask("POST", f"join/{quote(room)}", {})
        return room

    def event(self, room: str, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"rooms/{quote(room)}/event/{quote(id, safe='')}")
        return found

    def messages(self, room: str) -> list[dict[str, Any]]:
        """The messages of a room, the newest first; a correction is one, too."""
        asked = {"dir": "b", "limit": "100", "filter": '{"types":["m.room.message"]}'}
        chunk: list[dict[str, Any]] = self.ask("GET", f"rooms/{quote(room)}/messages", **asked)["chunk"]
        return chunk
