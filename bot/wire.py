"""What kinds share of asking and being answered: JSON out, JSON in, and a table of what a platform's codes mean.

Pure functions of values; the flows that use them are the kinds' own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, SecretStr

from bot.config.wrong import Wrong
from bot.model import Busy, Image, Problem, Refused, Stopped, Unknown
from bot.outcome import LONGEST_WAIT
from bot.posts.characters import one_line
from bot.posts.values import compact

M = TypeVar("M", bound=BaseModel)
PLAIN_CODE = re.compile(r"[A-Za-z0-9_. -]{2,60}")

# --- Asking --------------------------------------------------------------------------------------------------------


def asking(
    method: str, url: str | httpx.URL, body: object = None, headers: Mapping[str, str] | None = None
) -> httpx.Request:
    """A request whose body is this value as JSON; None is no body."""
    kind = {"content-type": "application/json"} if body is not None else {}
    content = compact(body) if body is not None else None
    return httpx.Request(method, url, content=content, headers={**kind, **(headers or {})})


def uploading(
    method: str, url: str | httpx.URL, image: Image, headers: Mapping[str, str] | None = None
) -> httpx.Request:
    """A request whose body is the picture itself."""
    return httpx.Request(method, url, content=image.content, headers={"content-type": image.type, **(headers or {})})


def formed(form: str, what: str, remedy: str) -> AfterValidator:
    """What checks that a setting, also a secret one, has this form as a whole."""

    def check(value: Any) -> Any:
        if not re.fullmatch(form, value.get_secret_value() if isinstance(value, SecretStr) else value, re.ASCII):
            raise Wrong(what, remedy)
        return value

    return AfterValidator(check)


def check_ways(settings: M, form: str) -> M:
    """The settings, in which either URL alone is given, the address of a webhook of this form, or all but URL."""
    url = getattr(settings, "url", None)
    *most, last = names = [name for name in type(settings).model_fields if name != "url"]
    given_too = [name for name in names if getattr(settings, name)]
    if given_too if url else given_too != names:
        ways = f"{', '.join(map(str.upper, most))} and {last.upper()}"
        raise Wrong(f"either URL is needed, for a webhook, or {ways}, for a token", "Leave the others out.")
    if isinstance(url, SecretStr) and not re.fullmatch(form, url.get_secret_value()):
        raise Wrong("URL: the value is not the whole address of an incoming webhook", "Copy it once more.")
    return settings


# --- Being answered ------------------------------------------------------------------------------------------------


def said(answer: httpx.Response | None) -> dict[str, Any]:
    """The JSON object of an answer; empty if it is something else, such as a page of a proxy's."""
    try:
        found = answer.json() if answer is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def held(answer: httpx.Response, name: str, platform: str) -> str:
    """What an answer must hold where something was shown; without it nobody knows whether it was."""
    found = said(answer).get(name)
    if not isinstance(found, str | int) or not found:
        raise Unknown(f"{platform} answered, but not with the message", response=answer)
    return one_line(str(found))


def asked_to_wait(value: object) -> timedelta | None:
    """How long an answer asks to wait, in seconds, a day at most; None where it says nothing sensible."""
    number = float(value) if isinstance(value, int | float) and value > 0 else 0
    return timedelta(seconds=min(number, LONGEST_WAIT.total_seconds())) or None


def waiting(problem: Problem, value: object) -> Problem:
    """A problem that also waits as long as its answer's body asks, in seconds; the longer of two wishes counts."""
    if isinstance(problem, Busy) and (asked := asked_to_wait(value)):
        problem.after = max(asked, problem.after or asked)
    return problem


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code of a platform's leads to, and what a person is told of it."""

    problem: type[Problem]
    why: str
    after: timedelta | None = None
    of_channel: bool = True
    session_ended: bool = False


def stop(why: str) -> Meaning:
    """Nothing more to this channel until a person acts; `why` says how."""
    return Meaning(Stopped, why)


def never(why: str) -> Meaning:
    """Never this post."""
    return Meaning(Refused, why)


def later(why: str, after: timedelta | None = None, *, of_channel: bool = True, session_ended: bool = False) -> Meaning:
    """Nothing was shown, try again: the whole channel waits, or this post alone."""
    return Meaning(Busy, why, after, of_channel, session_ended)


def doubt(why: str) -> Meaning:
    """Nobody knows whether it was shown."""
    return Meaning(Unknown, why)


def meant(problem: Problem, platform: str, table: Mapping[object, Meaning], *codes: object) -> Problem:
    """What a problem means by the first of its codes that the table knows, the status of the answer being the last.

    A refusal with a code that the table doesn't know is told with it. How long to wait, where the answer says so, is
    kept.
    """
    answer = problem.response
    status = answer.status_code if answer is not None else None
    codes = tuple(code for code in codes if isinstance(code, str | int))  # An answer may hold anything in its place.
    known = next((code for code in (*codes, status) if code is not None and code in table), None)
    code = next((code for code in codes if code and PLAIN_CODE.fullmatch(str(code))), None)
    if known is None:
        told = isinstance(problem, Refused) and code is not None
        return Refused(f"{platform} says {code}", response=answer) if told else problem
    meaning = table[known]
    why = f"{platform} says {code if code is not None else status}: {meaning.why}"
    if meaning.problem is not Busy:
        return meaning.problem(why, response=answer)
    after = problem.after if isinstance(problem, Busy) and problem.after is not None else meaning.after
    return Busy(why, after=after, of_channel=meaning.of_channel, session_ended=meaning.session_ended, response=answer)


def not_before(problem: Problem, header: str, now: datetime, *, per_second: int = 1) -> Problem:
    """A refusal for being too many, with how long to wait by a header of the answer: seconds of the epoch, or parts."""
    answer = problem.response
    moment = answer.headers.get(header, "") if answer is not None and answer.status_code == 429 else ""
    if isinstance(problem, Busy) and problem.after is None and re.fullmatch(r"[0-9]{1,15}", moment):
        seconds = max(int(moment) / per_second - now.timestamp(), 0)
        problem.after = min(timedelta(seconds=seconds), LONGEST_WAIT)
    return problem


def not_before_moment(problem: Problem, header: str, now: datetime) -> Problem:
    """The same where the header holds an ISO time in UTC, as Mastodon's does."""
    answer = problem.response
    moment = answer.headers.get(header, "") if answer is not None and answer.status_code == 429 else ""
    if isinstance(problem, Busy) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", moment):
        with suppress(ValueError):  # What looks like a time may still be none.
            problem.after = min(max(datetime.fromisoformat(moment) - now, timedelta(0)), LONGEST_WAIT)
    return problem
