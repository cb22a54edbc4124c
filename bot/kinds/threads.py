"""Threads, by its API: https://developers.facebook.com/docs/threads/posts"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from httpx import Request, Response
from pydantic import Field, SecretStr

from bot.graph import ends, meant_by_graph, meant_for_a_post, seen_of
from bot.kinds import Limits, kind
from bot.model import Attempt, Busy, Credentials, Flow, Kept, Post, Prepared, Problem, Receipt, Refused
from bot.posts.characters import one_line
from bot.posts.links import safe
from bot.posts.markups.plain import THREADS, alone, known_again, told
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, held, later, said

A_MOMENT, A_DAY, A_WEEK = timedelta(seconds=30), timedelta(hours=25), timedelta(days=7)
LIMITS = Limits(share="words", title=150, lead=400, hashtags=1, pictures=None)
URLS = r"https://graph\.threads\.(?:net|com)/(?:v\d+\.\d+/)?(?P<user_id>\d+|me)(?:[/?].*)?"
LOOKED_AT = "id,text,permalink,timestamp,link_attachment_url"
LOST: dict[object, Meaning] = {4279009: later("it can't find yet what was made ready", A_MOMENT, of_channel=False)}


class Settings(Values):
    """The token of the account, which is kept fresh from then on."""

    token: SecretStr = Field(description="A long-lived access token with threads_basic and threads_content_publish.")
    user_id: str = Field("me", description="The account's number; default: the token's own.", pattern=r"^(me|[0-9]+)$")


# A repeat shows the same container, which Threads publishes once, however often it is asked to.
@kind(Settings, repeatable=timedelta(hours=23), limits=LIMITS, target=("user_id",), urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show what `prepare` has made ready, unless that found it shown already."""
    ready, way = attempt.prepared, f"{to.user_id}/threads_publish"
    if "shown" in ready:
        return Receipt(ready["shown"], ready["url"])
    if "container" not in ready:
        raise Busy("it is not made ready yet", of_channel=False)
    try:
        answer = yield from _ask("POST", way, attempt, to, showing=True, creation_id=ready["container"])
    except Refused:
        if found := (yield from look_up(post, attempt, to)):
            return found
        raise
    id = held(answer, "id", "Threads")
    with suppress(Problem, KeyError):
        return Receipt(id, str(said((yield from _ask("GET", id, attempt, to, fields="permalink")))["permalink"]))
    return Receipt(id)


def prepare(post: Post, attempt: Attempt, to: Settings) -> Flow[Prepared]:
    """Make the container that is then published; another only for one that was never published and can't be now."""
    container, state = attempt.prepared.get("container", ""), ""
    if container:
        if found := (yield from look_up(post, attempt, to)):
            return {"container": container, "shown": found.id, "url": found.url}
        state = yield from _state(container, attempt, to)
    if state not in ("FINISHED", "IN_PROGRESS"):
        container = yield from _contain(post, attempt, to)
        state = yield from _state(container, attempt, to)
    if state == "FINISHED":
        return {"container": container}
    raise Busy("Threads makes it ready", after=A_MOMENT, of_channel=False, so_far={"container": container})


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Delete the post, unless a person has done so already."""
    try:
        yield from _ask("DELETE", receipt.id, attempt, to)
    except Problem as problem:
        if trouble := meant_for_a_post(problem):
            raise trouble from None


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Ask whether the container was published; where Threads does not know it any more, look at the posts."""
    container = attempt.prepared.get("container", "")
    state = (yield from _state(container, attempt, to)) if container else ""
    if state not in ("PUBLISHED", ""):
        return None
    posts = yield from _ask("GET", f"{to.user_id}/threads", attempt, to, fields=LOOKED_AT, limit="50")
    return known_again(post, THREADS, seen_of(posts)) or (Receipt() if state else None)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the token is; when it ends is known once it was refreshed, and until then it is asked."""
    name = one_line(str(said((yield from _ask("GET", to.user_id, attempt, to, fields="username"))).get("username")))
    until = datetime.fromisoformat(attempt.kept["until"]) if "until" in attempt.kept else None
    try:
        until = until or ends((yield from _ask("GET", "debug_token", attempt, to, input_token=_token(attempt, to))))
    except Problem:
        until = None  # Only a token of somebody with a role in the app may be asked about.
    return Credentials(f"@{name}", until)


def renew(attempt: Attempt, to: Settings) -> Flow[Kept]:
    """Refresh the token each week, for one that has lapsed can't be. The old one stays until there is a new one."""
    kept, tomorrow = attempt.kept, {"next": (attempt.at + A_DAY).isoformat()}
    if not kept:
        return tomorrow  # It may have been made just now, and one younger than a day can't be refreshed.
    if attempt.at < datetime.fromisoformat(kept["next"]) <= attempt.at + A_WEEK:  # Else the clock was set back since.
        return kept
    try:
        fresh = said((yield from _ask("GET", "refresh_access_token", attempt, to, grant_type="th_refresh_token")))
        until = attempt.at + timedelta(seconds=fresh["expires_in"])
        return {"token": fresh["access_token"], "until": until.isoformat(), "next": (attempt.at + A_WEEK).isoformat()}
    except (Problem, KeyError, TypeError):
        return {**kept, **tomorrow}


def _contain(post: Post, attempt: Attempt, to: Settings, *, with_lead: bool = True) -> Flow[str]:
    """Make a container; without the lead if that has more addresses in it than Threads takes."""
    entry, words = alone(post), told(post, THREADS, with_lead=with_lead)
    card = given({"link_attachment": safe(entry.link), "topic_tag": "".join(entry.hashtags[:1])}) if entry else {}
    try:
        answer = yield from _ask("POST", f"{to.user_id}/threads", attempt, to, media_type="TEXT", text=words, **card)
    except Refused as refused:
        if not with_lead or "LINK_LIMIT_EXCEEDED" not in getattr(refused.response, "text", ""):
            raise
        return (yield from _contain(post, attempt, to, with_lead=False))
    return str(said(answer)["id"])


def _state(container: str, attempt: Attempt, to: Settings) -> Flow[str]:
    """How a container is; nothing where Threads does not know it."""
    try:
        return str(said((yield from _ask("GET", container, attempt, to, fields="status"))).get("status", ""))
    except Problem as problem:
        if isinstance(problem, Refused) or meant_for_a_post(problem) is None:
            return ""
        raise


def _token(attempt: Attempt, to: Settings) -> str:
    return attempt.kept.get("token") or to.token.get_secret_value()


def _ask(method: str, path: str, attempt: Attempt, to: Settings, *, showing: bool = False, **of: str) -> Flow[Response]:
    """Ask Threads, which takes the token in the query; what is said goes there too, unless it is sent."""
    address = f"https://graph.threads.net/{path if path.endswith('_token') else f'v1.0/{path}'}"
    token, sent = {"access_token": _token(attempt, to)}, of if method == "POST" else {}
    try:
        return (yield Request(method, address, params=token if sent else {**of, **token}, data=sent or None))
    except Problem as problem:
        raise meant_by_graph(problem, "Threads", LOST, showing=showing) from None
