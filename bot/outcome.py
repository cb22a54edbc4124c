"""What an answer or a problem leads to: the one table of answers and the one rule of retries.

Pure: `now` is an argument, and nothing here sends, waits or stores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from bot.model import Busy, Problem, Refused, Stopped, Unknown

if TYPE_CHECKING:
    import httpx

LONGEST_WAIT = timedelta(hours=24)
BACK_OFF = tuple(timedelta(seconds=s) for s in (10, 30, 60, 120, 300, 600, 1200, 1800, 3600))
TRIES_IN_ORDER = 3  # A post with a problem of its own holds up the others for so many tries, then steps aside.
TRIES_OF_A_POST = 12  # After so many a person is asked.
SET_BACK = timedelta(minutes=1)  # By less than this a clock is put right all the time, and nothing comes of it.
LOOK_AFTER = timedelta(minutes=1)  # A post whose answer was lost is looked for when the platform has surely shown it.

BUSY = {408, 425, 429, 503}
BUSY_OF_CHANNEL = {429, 503}
PHRASES = {
    301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 426: "Upgrade Required", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
REFUSED = {400, 406, 409, 411, 413, 414, 415, 418, 422, 431, 451}


class State(StrEnum):
    """Where a delivery stands. Times are not states: what waits for its hour is `due` with a `due_at`."""

    DUE = "due"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SKIPPED = "skipped"
    RETRACTED = "retracted"


# --- From an answer to a problem -----------------------------------------------------------------------------------


def retry_after(value: str, now: datetime) -> timedelta | None:
    """How long a Retry-After asks to wait, from either of its forms; None when it says nothing sensible."""
    value = value.strip()
    try:
        if value.replace(".", "", 1).isascii() and value.replace(".", "", 1).isdigit():
            asked = timedelta(seconds=min(float(value), LONGEST_WAIT.total_seconds()))
        else:
            moment = parsedate_to_datetime(value)
            asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, timedelta(0)), LONGEST_WAIT)


def phrase(status: int) -> str:
    """A status as people write it: «404 Not Found». The server's own words for it are not repeated."""
    return f"{status} {PHRASES[status]}" if status in PHRASES else str(status)


# What a flow is for decides what an answer means. `publish` shows something, so that a lost answer leaves a doubt;
# `prepare` and `ask` may be repeated at will, and in `prepare` a missing picture must not stop a channel.
Doing = Literal["publish", "prepare", "ask"]


def problem_of(response: httpx.Response, *, doing: Doing, now: datetime | None = None) -> Problem | None:
    """The problem that an answer means when its kind knows nothing better; None for a success."""
    status = response.status_code
    why = f"the answer was {phrase(status)}"
    if 200 <= status < 300:
        return None
    if status in BUSY:
        after = retry_after(response.headers.get("retry-after", ""), now) if now else None
        return Busy(why, after=after, of_channel=status in BUSY_OF_CHANNEL, response=response)
    if status >= 500:
        return Unknown(why, response=response) if doing == "publish" else Busy(why, of_channel=False, response=response)
    if status in REFUSED or doing == "prepare":
        return Refused(why, response=response)
    return Stopped(why, response=response)


# --- From a problem to what happens next ---------------------------------------------------------------------------


Act = Literal["publish", "revise", "retract", "look_up"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a delivery stood when the attempt ended.

    `tries` counts this attempt. `doubted_at` is when an attempt of which nobody knows whether it was shown began, and
    None while all is known. `repeatable` is how long the platform remembers our key, and `can_look_up` says that it
    can be asked whether the post is there.
    """

    doing: Act
    tries: int
    doubted_at: datetime | None = None
    repeatable: timedelta | None = None
    on_unknown: Literal["hold", "repeat"] = "hold"
    can_look_up: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the delivery and its channel.

    `block` makes the whole channel wait until `due_at`; `firm` says that the platform asked for it, so that not even
    a person's impatience goes against it. `stop` ends work on the channel until a person acts. `in_doubt` says that
    the post may be there already.
    """

    state: State
    why: str
    due_at: datetime
    block: bool = False
    firm: bool = False
    stop: bool = False
    in_doubt: bool = False


def may_repeat(standing: Standing, now: datetime) -> bool:
    """Whether a delivery in doubt may be attempted again: under a key that is remembered, or by the owner's wish."""
    if standing.doubted_at is None or standing.on_unknown == "repeat":
        return True
    # Since a moment that lies ahead, for the clock was set back, nobody knows how much time has passed.
    return standing.repeatable is not None and -SET_BACK < now - standing.doubted_at < standing.repeatable


def back_off(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return BACK_OFF[min(max(tries, 1), len(BACK_OFF)) - 1]


def verdict(problem: Problem, standing: Standing, now: datetime) -> Verdict:
    """What a problem leads to. Never a blind repeat, never a silent loss."""
    if standing.doing in ("revise", "retract"):
        return _of_revision(problem, standing, now)
    if standing.doing == "look_up" and not isinstance(problem, Busy | Stopped):
        return Verdict(State.UNKNOWN, f"it could not be looked up: {problem.why}", now, in_doubt=True)
    doubt = standing.doubted_at is not None
    match problem:
        case Stopped():
            return Verdict(State.DUE, problem.why, now, stop=True, in_doubt=doubt)
        case Refused():
            return Verdict(State.UNKNOWN if doubt else State.REFUSED, problem.why, now, in_doubt=doubt)
        case Busy():
            return _later(problem, standing, now, in_doubt=doubt)
        case _ if may_repeat(replace(standing, doubted_at=standing.doubted_at or now), now):
            return _later(Busy(problem.why, of_channel=False), standing, now, in_doubt=True)
        case _ if standing.can_look_up and standing.tries < TRIES_OF_A_POST:
            return Verdict(State.DUE, problem.why, now + LOOK_AFTER, in_doubt=True)
        case _:
            return Verdict(State.UNKNOWN, problem.why, now, in_doubt=True)


def not_there(now: datetime) -> Verdict:
    """What it leads to that a post in doubt was looked up and is not there: it is due again, without any doubt."""
    return Verdict(State.DUE, "it was looked up and is not there", now)


def _later(busy: Busy, standing: Standing, now: datetime, *, in_doubt: bool) -> Verdict:
    """Wait, at least as long as asked. A problem of the post alone steps aside, and at last asks a person."""
    if not busy.of_channel and standing.tries >= TRIES_OF_A_POST:
        state = State.UNKNOWN if in_doubt else State.HELD
        return Verdict(state, f"{busy.why}, {standing.tries} times", now, in_doubt=in_doubt)
    wait = max(busy.after or timedelta(0), timedelta(0) if busy.after else back_off(standing.tries))
    block = busy.of_channel or standing.tries < TRIES_IN_ORDER
    return Verdict(State.DUE, busy.why, now + wait, block=block, firm=busy.after is not None, in_doubt=in_doubt)


def _of_revision(problem: Problem, standing: Standing, now: datetime) -> Verdict:
    """A correction may be repeated at will, for it shows the same words again; the post itself stays sent."""
    if isinstance(problem, Stopped):
        return Verdict(State.SENT, problem.why, now, stop=True)
    if isinstance(problem, Refused) or standing.tries >= TRIES_OF_A_POST:
        what = "corrected" if standing.doing == "revise" else "taken back"
        return Verdict(State.REFUSED, f"not {what}: {problem.why}", now)
    busy = problem if isinstance(problem, Busy) else Busy(problem.why, of_channel=False)
    later = _later(busy, standing, now, in_doubt=False)
    return Verdict(State.SENT, later.why, later.due_at, block=later.block, firm=later.firm)
