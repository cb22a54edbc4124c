"""Canary secrets: whatever happens, they are in no byte that is printed and in no file outside the configuration."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.installation import Installation, until
from tests.servers import Answer, Receiver, Site, rss

CANARIES = ("kanarifugl-sti", "kanarifugl-passord", "kanarifugl-spor", "a2FuYXJpZnVnbC1uw7hra2VsLWZvci1zaWduYXR1cmVu")


def test_no_secret_leaves_the_configuration(tmp_path: Path) -> None:
    with Site(rss((1, "Sak"))) as site, Receiver() as hook, Receiver() as slack:
        it = Installation(tmp_path)
        it.write("bot.env", "LOG_FORMAT=json\nALERTS=hook\n")
        address = site.address.replace("http://", f"http://leser:{CANARIES[1]}@")
        it.feed(f"{address}/feed/?token={CANARIES[2]}")
        it.channel("hook", "webhook", f"{hook.address}/{CANARIES[0]}", f"SECRET=whsec_{CANARIES[3]}\n")
        it.channel("room", "slack", f"{slack.address}/services/T/B/{CANARIES[0]}")
        said = []
        troubles = [Answer(404), Answer(drop=True), Answer(302, headers={"Location": f"/{CANARIES[0]}"}), Answer(500)]
        for number, trouble in enumerate(troubles, 2):
            hook.answers.append(trouble)
            slack.answers.append(trouble)
            site.body = rss(*((n, f"Sak {n}") for n in range(number, 0, -1)))
            for command in (("check",), ("trigger",), ("status", "--json"), ("status",), ("resume",)):
                done = it.run(*command)
                said.append(done.stdout + done.stderr)
        moved = Answer(301, headers={"Location": f"/ny/feed/?token={CANARIES[2]}"})
        for broken in (Answer(403), Answer(drop=True), moved):
            site.answer = broken
            done = it.run("trigger", "--json")
            said.append(done.stdout + done.stderr)
        site.end()
        said.append(it.run("check").stderr)
        daemon = it.start("run")
        until(lambda: bool(it.status()["running"]), "the daemon's start")
        daemon.send_signal(signal.SIGTERM)
        said.append("".join(daemon.communicate(timeout=30)))
        it.run("backup", str(tmp_path / "state" / "copy.sqlite3"))
        site.begin()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    for canary in CANARIES:
        assert canary not in "".join(said)
        assert canary.encode() not in kept
    assert hook.taken and slack.taken and len("".join(said)) > 1000
