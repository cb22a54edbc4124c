"""Keeps quiet about secrets: what of a configuration is one, and words that hold none of it.

Nothing here is the first line of defence: errors are made of our own words. But platforms and sites may repeat what
they were sent, and some of their words are told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, SecretStr

from bot.model import Credentials, FeedProblem, Problem, Receipt

T = TypeVar("T")

SHORTEST = 6
# What stands in everybody's address, and may stand in words that are told.
PUBLIC = {
    "automations", "conversations", "direct", "incoming", "incomingwebhook", "invoke", "manual", "messages", "paths",
    "powerautomate", "services", "spaces", "triggers", "webhook", "webhookb2", "webhooks", "workflows",
}  # fmt: skip
SESSION = ("access", "refresh", "token")


def secrets_of(settings: BaseModel) -> set[str]:
    """Every piece of the secrets in these settings that could be repeated by itself."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    texts = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    return {piece for text in texts for piece in (*_pieces(text), text) if len(piece) >= SHORTEST}


def secrets_of_address(url: str) -> set[str]:
    """The same of an address whose host and path are told: user, password and what follows the ?."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return {url}
    pieces = {parts.query, parts.netloc.rpartition("@")[0], *_credentials(url)}
    # A word that stands in the host or the path as well, such as «news», is no secret.
    public = f"{parts.hostname}{parts.path}"
    return {piece for piece in pieces if len(piece) >= SHORTEST and piece not in public}


def secrets_of_session(kept: Mapping[str, str]) -> set[str]:
    return {kept[name] for name in SESSION if len(kept.get(name, "")) >= SHORTEST}


def secrets_of_request(headers: Mapping[str, str]) -> set[str]:
    """What a request is allowed by, in the form in which it is sent: a token, or user and password as Base64."""
    sent = headers.get("authorization", "").rpartition(" ")[2]
    return {sent} if len(sent) >= SHORTEST else set()


def _pieces(text: str) -> Iterator[str]:
    """The parts of an address, as they stand and decoded; a token is its own only part."""
    if "://" not in text:
        return
    yield from _credentials(text)
    for part in re.split(r"[/?&=#]", text.partition("://")[2].partition("/")[2]):
        yield from (piece for piece in {part, unquote(part)} if piece.casefold() not in PUBLIC)


def _credentials(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for value in (parts.password, *(value for _, value in parse_qsl(parts.query))):
        yield from {value, unquote(value)} if value else ()


def without(text: str, secrets: Collection[str]) -> str:
    """The text with … for each secret in it, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def hushed(value: T, secrets: Collection[str]) -> T:
    """The same value with no secret in it: words, a receipt, whose the credentials are, what is prepared."""
    hidden: object = value
    if isinstance(value, str):
        hidden = without(value, secrets)
    elif isinstance(value, Mapping):
        hidden = {name: hushed(text, secrets) for name, text in value.items()}
    elif isinstance(value, Credentials):
        hidden = replace(value, whose=without(value.whose, secrets))
    elif isinstance(value, Receipt):
        id, url = without(value.id, secrets), without(value.url, secrets)
        hidden = replace(value, id=id, url=url, data=hushed(value.data, secrets))
    return hidden  # type: ignore[return-value]


def hush(problem: Problem, secrets: Collection[str]) -> None:
    """Leave no secret in what a problem tells and keeps."""
    problem.why = without(problem.why, secrets)
    problem.args = (problem.why,)
    if (so_far := getattr(problem, "so_far", None)) is not None:
        problem.so_far = hushed(so_far, secrets)  # type: ignore[attr-defined]


def hush_feed(problem: FeedProblem, url: str) -> None:
    """The same for why a feed at this address could not be read."""
    secrets = secrets_of_address(url)
    problem.why, problem.remedy = without(problem.why, secrets), without(problem.remedy, secrets)
    problem.args = (problem.why,)
