"""Has the Apprise library send a message, in its own way: past no guard of ours, and without a receipt.

A message is an httpx request to `apprise:`: POST with JSON as its content, or VERIFY, which only reads the address. The
address is `request.extensions["apprise"]`. The JSON has a `title`, a `body`, and as `shorter` the bodies for services
that take less, the longest first. The answer is 200, for VERIFY with the service's name; 404 for an address that the
library doesn't know; 413 if not even the shortest fits; 424 if the library does not say that all was sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

from bot.net.trouble import NetProblem
from bot.posts.clip import clip_line

if TYPE_CHECKING:
    from apprise import AppriseAsset, AppriseResult
    from apprise.plugins import NotifyBase

NOBODY = logging.NullHandler()
SHORT_TITLE = 60
STATUS = re.compile(r"\berror=([3-5]\d\d)\b")
ADDRESS = re.compile(r"(https?://[^\s<>\[\]\u200b]+)")


async def send(request: httpx.Request) -> httpx.Response:
    """Have the library act in a thread, since it waits; NetProblem when it isn't there or breaks."""
    try:
        return await asyncio.to_thread(_told, request)
    except ImportError:
        remedy = "Install it: pip install 'delebot[apprise]'"
        problem = NetProblem("the Apprise library is not installed", kind="guard", remedy=remedy)
    except Exception:  # noqa: BLE001 - a plugin may raise anything, in words that may hold the address
        problem = NetProblem("the Apprise library failed", kind="broken", sent=request.method == "POST")
    # Raised out here so that the original error is not chained to it.
    raise problem


def _told(request: httpx.Request) -> httpx.Response:
    from apprise import Apprise

    _keep_quiet()
    asset = _asset()
    service = Apprise.instantiate(request.extensions["apprise"], asset=asset)
    if service is None:
        return httpx.Response(404, text="there is no such service", request=request)
    if request.method == "VERIFY":
        return httpx.Response(200, text=str(service.service_name), request=request)
    message = fitting(service, json.loads(request.content))
    if message is None:
        return httpx.Response(413, text="it is too long", request=request)
    services = Apprise(asset=asset)
    services.add(service)
    result = services.notify(**_written(service, *message))
    return httpx.Response(200 if result else 424, text=_reason(result), request=request)


def _keep_quiet() -> None:
    """Let nobody see what the library, and what it sends with, log: that may hold the address, which is a secret."""
    for name in ("apprise", "urllib3"):
        log = logging.getLogger(name)
        log.propagate = False
        log.addHandler(NOBODY)


def _asset() -> AppriseAsset:
    """How the library is to act: under our name, without a logo of its own, and without writing to the disk."""
    from apprise import AppriseAsset

    looks: dict[str, Any] = {"app_id": "Delebot", "app_desc": "Delebot", "image_url_mask": "", "image_url_logo": ""}
    # A message that is redirected becomes a visit to a page, which would count as sent.
    return AppriseAsset(storage_mode="memory", http_redirects=False, async_mode=False, **looks)


def fitting(service: NotifyBase, message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The title and the longest body that the service takes, so that the library never cuts a link; None if none is."""
    title = message["title"]
    whole = clip_line(title, service.title_maxlen) if service.title_maxlen > 0 else title
    for shown in dict.fromkeys((whole, clip_line(title, SHORT_TITLE), "")):
        for body in (message["body"], *message.get("shorter", ())):
            if _fits(service, shown, body):
                return shown, body
    return None


def _fits(service: NotifyBase, title: str, body: str) -> bool:
    """Whether the service takes so much; one that knows no titles is sent the title above the body."""
    words = body if service.title_maxlen > 0 or not title else f"{title}\r\n{body}"
    lines = service.body_max_line_count
    return len(words) <= service.body_maxlen and (lines <= 0 or words.count("\n") < lines)


def _written(service: NotifyBase, title: str, body: str) -> dict[str, Any]:
    """The words as plain text, or as Markdown for a service that takes nothing else."""
    from apprise import NotifyFormat

    if service.resolve_format(NotifyFormat.TEXT) != NotifyFormat.MARKDOWN:
        return {"title": title, "body": body, "body_format": NotifyFormat.TEXT}
    title = title if service.title_maxlen > 0 else in_markdown(title)
    return {"title": title, "body": in_markdown(body), "body_format": NotifyFormat.MARKDOWN}


def in_markdown(words: str) -> str:
    """Plain words as Markdown, with their addresses marked as such: the library would escape the signs within."""
    from apprise.conversion import text_to_markdown

    pieces = ADDRESS.split(words)
    pieces[::2] = map(text_to_markdown, pieces[::2])
    pieces[1::2] = [f"<{address}>" for address in pieces[1::2]]
    return "".join(pieces)


def _reason(result: AppriseResult) -> str:
    """Why it was not sent. Of all that the library tells, only the status of an answer surely holds no secret."""
    statuses = STATUS.findall("\n".join(entry.message for entry in result.logs()))
    return f"the service answered {statuses[-1]}" if statuses else "it did not work"
