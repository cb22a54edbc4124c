"""What Facebook and Threads share, Meta's Graph API: what the codes of its errors mean, and when it takes more.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.model import Busy, Problem, Receipt, Refused, Unknown
from bot.outcome import LONGEST_WAIT
from bot.posts.markups.plain import Seen
from bot.wire import Meaning, later, meant, never, said, stop

NEW = "Make a new token and put it into TOKEN"
PERMISSION = f"a permission is missing, or the person's role. {NEW}, with all permissions"
TOO_MANY = later("it has had too many requests", timedelta(hours=1))
USAGE = ("x-business-use-case-usage", "x-page-usage", "x-app-usage")
TROUBLE_THERE, FORBIDDEN, NOT_THERE = (1, 2), (10, 200), (33, 4279009)

# Of the subcodes, those that say more than their code does.
MEANINGS: dict[object, Meaning] = {
    **dict.fromkeys(range(200, 300), stop(PERMISSION)),
    **dict.fromkeys((4, 17, 32, 341, 613, 1390008), TOO_MANY),
    3: stop(PERMISSION),
    10: stop(PERMISSION),
    100: never("something in the post is not as it has to be"),
    102: stop(f"the token is not valid any more. {NEW}"),
    190: stop(f"the token is not valid any more. {NEW}"),
    368: later("posts are blocked for now, because of what it takes for a breach of its rules", timedelta(hours=6)),
    458: stop(f"the person has removed the app. {NEW}"),
    460: stop(f"the person's password was changed, which ends the token. {NEW}"),
    463: stop(f"the token has ended. {NEW}"),
    467: stop(f"the token was revoked. {NEW}"),
    1404078: stop(PERMISSION),
}


def codes_of(answer: httpx.Response | None) -> tuple[object, object]:
    """The subcode and the code of the error that an answer tells of; None for none."""
    error = _error(answer)
    return error.get("error_subcode"), error.get("code")


def meant_by_graph(problem: Problem, platform: str, more: Mapping[object, Meaning], *, showing: bool) -> Problem:
    """What a problem means by the code of the error, whatever the status; `more` is what only this platform says.

    Trouble of Meta's own while something is being shown leaves a doubt, for it may have been shown all the same.
    """
    table = MEANINGS | dict(more)
    subcode, code = codes_of(problem.response)
    if code in TROUBLE_THERE or (_error(problem.response).get("is_transient") is True and code not in table):
        why = f"{platform} says code {code}: something went wrong there"
        known: Problem = Unknown(why) if showing else Busy(why, of_channel=False)
        known.response = problem.response
    else:
        named = [] if code is None else [f"code {code}", subcode if subcode in table else None, code]
        known = meant(problem, platform, table, *named)
    if isinstance(known, Busy) and (after := _regained(problem.response)):
        known.after = after
    return known


def meant_for_a_post(problem: Problem) -> Problem | None:
    """What trouble with one post to correct or delete means: None that it is gone, and it may be another app's."""
    subcode, code = codes_of(problem.response)
    if code in FORBIDDEN:
        return Refused(f"{problem.why}; or the post is not this app's to change", response=problem.response)
    return None if subcode in NOT_THERE else problem


def _error(answer: httpx.Response | None) -> dict[str, Any]:
    error = said(answer).get("error")
    return error if isinstance(error, dict) else {}


def _regained(answer: httpx.Response | None) -> timedelta | None:
    """When more is taken, by the headers that tell the usage; their unit is the minute."""
    told = " ".join(answer.headers.get(name, "") for name in USAGE) if answer is not None else ""
    minutes = [int(found) for found in re.findall(r'"estimated_time_to_regain_access":\s*(\d{1,6})', told)]
    return min(timedelta(minutes=max(minutes)), LONGEST_WAIT) if any(minutes) else None


def ends(answer: httpx.Response) -> datetime | None:
    """When a token that Meta was asked about ends: by itself, or with the app's leave to see the person's data."""
    data = said(answer).get("data")
    moments = [data.get(name) for name in ("expires_at", "data_access_expires_at")] if isinstance(data, dict) else []
    return min((datetime.fromtimestamp(at, UTC) for at in moments if isinstance(at, int) and at > 0), default=None)


def seen_of(answer: httpx.Response) -> list[Seen]:
    """The posts that an answer lists, as both name what is in them."""
    return [
        Seen(
            Receipt(str(one["id"]), str(one.get("permalink_url") or one.get("permalink") or "")),
            str(one.get("message") or one.get("text") or ""),
            one,
            datetime.fromisoformat(one.get("created_time") or one["timestamp"]).timestamp(),
        )
        for one in said(answer)["data"]
    ]
