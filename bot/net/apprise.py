"""Has the Apprise library send a message, in its own way: past no guard of ours, and without a receipt.

A message is an httpx request to `apprise:`: POST with JSON as its content, or VERIFY, which only reads the address. The
address is `request.extensions["apprise"]`. The JSON has a `title`, a `body`, and as `shorter` the bodies for services
that take less, the longest first. The answer is 200 with the service's name, 404 for an address that the library doesn't
know, 413 if not even the shortest fits, or 424 if the library does not say that all was sent; its text says more.
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

if TYPE_CHECKING:
    from apprise import AppriseResult
    from apprise.plugins import NotifyBase

NOBODY = logging.NullHandler()
STATUS = re.compile(r"\berror=([3-5]\d\d)\b")
ADDRESS = re.compile(r"(https?://[^\s<>]+)")


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
    from apprise import Apprise, AppriseAsset, NotifyFormat

    _keep_quiet()
    # Redirected, a message would become a mere visit; and nothing is to be shown or kept of Apprise itself.
    looks = {"app_id": "Delebot", "app_desc": "Delebot", "image_url_mask": "", "image_url_logo": ""}
    asset = AppriseAsset(storage_mode="memory", http_redirects=False, async_mode=False, **looks)
    service = Apprise.instantiate(request.extensions["apprise"], asset=asset)
    if service is None:
        return httpx.Response(404, text="there is no such service", request=request)
    if request.method == "VERIFY":
        return httpx.Response(200, text=str(service.service_name), request=request)
    found = fitting(service, json.loads(request.content))
    if found is None:
        return httpx.Response(413, text="it is too long", request=request)
    title, body = found
    form = NotifyFormat.TEXT
    if service.resolve_format(form) == NotifyFormat.MARKDOWN:
        form, body = NotifyFormat.MARKDOWN, in_markdown(body)
        title = title if service.title_maxlen > 0 else in_markdown(title)
    services = Apprise(asset=asset)
    services.add(service)
    result = services.notify(body=body, title=title, body_format=form)
    return httpx.Response(200 if result else 424, text=_outcome(result), request=request)


def _keep_quiet() -> None:
    """Let nobody see what the library logs, for that may hold the address, which is a secret."""
    log = logging.getLogger("apprise")
    log.propagate = False
    log.addHandler(NOBODY)


def fitting(service: NotifyBase, message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The title and the longest body that the service takes, so that the library never cuts a link; None if none is."""
    bodies = [message["body"], *message.get("shorter", ())]
    for title in dict.fromkeys((message["title"], "")):
        for body in bodies:
            if _fits(service, title, body):
                return title, body
    return None


def _fits(service: NotifyBase, title: str, body: str) -> bool:
    own_line = 0 < service.title_maxlen
    whole = body if own_line or not title else f"{title}\r\n{body}"
    lines = service.body_max_line_count
    return (
        len(whole) <= service.body_maxlen
        and (lines <= 0 or whole.count("\n") < lines)
        and (not own_line or len(title) <= service.title_maxlen)
    )


def in_markdown(words: str) -> str:
    """Plain words as Markdown, with their addresses marked as such: the library would escape the signs within."""
    from apprise import NotifyFormat
    from apprise.conversion import convert_between

    pieces = ADDRESS.split(words)
    pieces[::2] = [convert_between(NotifyFormat.TEXT, NotifyFormat.MARKDOWN, piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<{address}>" for address in pieces[1::2]]
    return "".join(pieces)


def _outcome(result: AppriseResult) -> str:
    """What came of it. Of all that the library logged, only the status of the service's answer surely holds no secret."""
    statuses = STATUS.findall("\n".join(entry.message for entry in result.logs()))
    return "it was sent" if result else f"the service answered {statuses[-1]}" if statuses else "it did not work"
