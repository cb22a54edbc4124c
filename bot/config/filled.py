"""Settings filled with what a file gives; what doesn't fit is found, and no secret is repeated in saying so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.config.entries import Entries, Findings, Given
from bot.config.values import holds_secret, read
from bot.config.wrong import Wrong, public, quoted
from bot.settings import FeedSettings

M = TypeVar("M", bound=BaseModel)
BOUNDS = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be more than"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be less than"),
}


def fill(model: type[M], entries: Entries, findings: Findings, extra: Mapping[str, Any] | None = None) -> M | None:
    """The settings, or None when something was found wrong; `extra` are values that the file needn't give."""
    values: dict[str, Any] = dict(extra or {})
    bad = set(entries.tried) - set(entries.given)
    for name, info in model.model_fields.items():
        given = entries.given.get(name)
        if given and name not in values:
            try:
                values[name] = read(name, info, given.text)
            except Wrong as wrong:
                bad.add(name)
                findings.wrong(*entries.at(name), *_told(given, _shown(given, name, info, model), wrong))
    filled = _validated(model, values, bad, entries, findings)
    return None if bad & set(model.model_fields) else filled


def _shown(given: Given, name: str, info: FieldInfo, model: type[BaseModel]) -> str:
    """How the value is called in a message: itself where that gives nothing away."""
    if not given.shown:
        return ""
    if model is FeedSettings and name == "url":
        return public(given.text) if "://" in given.text else public(given.text).removeprefix("https://")
    return "" if holds_secret(info) else quoted(given.text)


def _told(given: Given, shown: str, wrong: Wrong) -> tuple[str, str]:
    remedy = " ".join(filter(None, (wrong.remedy, wrong.hint if shown else "")))
    return f"{given.key}: {shown or 'the value'} {wrong.what}", remedy


def _validated(
    model: type[M], values: Mapping[str, Any], bad: set[str], entries: Entries, findings: Findings
) -> M | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            missing_for_another_reason = problem["type"] == "missing" and entries.doubtful
            if name not in bad and not (name == "" and bad) and not missing_for_another_reason:
                findings.wrong(*entries.at(name), *_translated(problem, name, model, entries))
        return None


def _translated(problem: ErrorDetails, name: str, model: type[BaseModel], entries: Entries) -> tuple[str, str]:
    """What pydantic found, in our words."""
    info = model.model_fields.get(name)
    key = name.upper()
    about = (info.description or "") if info else ""
    context = problem.get("ctx", {})
    if problem["type"] == "missing":
        return f"{key} is missing", about
    if problem["type"] in BOUNDS:
        bound, words = BOUNDS[problem["type"]]
        return f"{key} {words} {context[bound]}", ""
    error = context.get("error")
    if isinstance(error, Wrong):
        return f"{key}: the value {error.what}" if key else error.what, error.remedy
    message = str(error or "")
    given_away = any(given.text in message for given in entries.given.values())
    if not message or given_away:
        return f"{key or 'the file'} does not hold what is expected", about
    return (f"{key}: {message}" if key else message), ""
