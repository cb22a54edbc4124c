"""What happened, as values and in words: told on the terminal, in the log and to whoever asked for the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

What = Literal[
    "baseline",
    "polled",
    "unchanged",
    "feed failed",
    "would share",
    "delivered",
    "waits",
    "recovered",
    "idle",
    "trouble",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `ok` is False when a person should look."""

    what: What
    feed: str = ""
    channel: str = ""
    id: int | None = None
    title: str = ""
    state: str = ""
    why: str = ""
    count: int = 0
    ok: bool = True

    def as_json(self) -> dict[str, Any]:
        """Only what is said: defaults are left out."""
        return {"what": self.what, "ok": self.ok, **{k: v for k, v in asdict(self).items() if v not in ("", None, 0)}}


Listener = Callable[[Event], None]


def words(event: Event) -> str:
    """The event as one line for a person."""
    title = f" «{event.title}»" if event.title else ""
    why = f": {event.why}" if event.why else ""
    match event.what:
        case "baseline":
            return f"{event.feed}: {event.why}"
        case "polled":
            news = {0: "no new articles", 1: "1 new article"}.get(event.count, f"{event.count} new articles")
            return f"{event.feed}: {news}{why}"
        case "unchanged":
            return f"{event.feed}: unchanged"
        case "feed failed":
            return f"{event.feed}: could not be read{why}"
        case "would share":
            return f"{event.channel}: would get{title}{why}"
        case "delivered":
            number = f" #{event.id}" if event.id is not None and not event.ok else ""
            return f"{event.channel}: {SAID.get(event.state, event.state)}{number}{title}{why}"
        case "waits":
            return f"{event.channel}: waits{why}"
        case "recovered":
            return f"{event.count} interrupted deliveries are settled"
        case _:
            return event.why or event.what


class Listeners:
    """Everybody who hears what happens: the log or the terminal, and whoever asked for some work while it is done."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = list(listeners)

    def __call__(self, event: Event) -> None:
        for listener in list(self._listeners):
            with suppress(OSError):  # A terminal that is gone, or a log on a full disk, must not stop the work.
                listener(event)

    @contextmanager
    def heard_by(self, listener: Listener) -> Iterator[None]:
        """Let one more listen for a while."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)


SAID = {
    "sent": "sent",
    "corrected": "corrected",
    "due": "later",
    "held": "held for a person",
    "unknown": "may or may not have arrived",
    "refused": "refused",
    "stopped": "the channel is stopped, it keeps",
    "skipped": "skipped",
}
