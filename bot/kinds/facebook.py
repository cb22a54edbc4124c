"""A page on Facebook, by the Graph API: https://developers.facebook.com/docs/pages-api/posts"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from httpx import URL, Response
from pydantic import Field, SecretStr

from bot.graph import codes_of, ends, meant_by_graph, meant_for_a_post, seen_of
from bot.kinds import Limits, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt, Refused, Stopped
from bot.posts.characters import one_line
from bot.posts.links import safe
from bot.posts.markups.plain import FACEBOOK, alone, known_again, told
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, asking, held, never, said, stop

LIMITS = Limits(share="words", title=200, lead=700, pictures=None)
URLS = r"https://graph\.facebook\.com/(?:v\d+\.\d+/)?(?P<page_id>\d+)/feed(?:\?.*)?"
LOOKED_AT = "id,message,permalink_url,created_time,attachments{unshimmed_url}"
DUPLICATE, UNREADABLE = 506, 1609005
VERSIONS_END = {"v26.0": datetime(2028, 7, 29, tzinfo=UTC)}  # About two years after Meta has released it.
MEANINGS: dict[object, Meaning] = {
    33: stop("there is no such page, or the token may not see it. Copy the page's number once more into PAGE_ID"),
    DUPLICATE: never("the same was posted just before"),
    UNREADABLE: never("it can't read the page that the link leads to"),
}


class Settings(Values):
    """The page and its token; the app's secret where the app demands a proof that we have it."""

    page_id: str = Field(description="The page's number.", examples=["102030405060708"], pattern=r"^[0-9]{5,20}$")
    token: SecretStr = Field(description="The page's own access token, made from a long-lived token of a person.")
    app_secret: SecretStr | None = Field(None, description="The app's secret, where the app demands a proof of it.")
    version: str = Field("v26.0", description="The version of the Graph API.", pattern=r"^v[0-9]{2}\.[0-9]$")


@kind(Settings, limits=LIMITS, target=("page_id",), urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post with the article's card; with the bare link if Facebook can't read its page just now."""
    entry, words = alone(post), told(post, FACEBOOK)
    link, bare = safe(entry.link) if entry else "", ""
    try:
        answer = yield from _show(given({"message": words, "link": link}), to)
    except Refused as refused:
        if DUPLICATE in codes_of(refused.response):
            return (yield from _twin(post, attempt, to))
        if UNREADABLE not in codes_of(refused.response) or not link:
            raise
        bare = link
        answer = yield from _show({"message": f"{words}\n\n{link}"}, to)
    address = str(said(answer).get("permalink_url", ""))
    return Receipt(held(answer, "id", "Facebook"), address, given({"bare": bare}))


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Correct the words; the card stays with its link. If a person has deleted the post, it stays away."""
    message = "\n\n".join((told(post, FACEBOOK), *receipt.data.values()))
    yield from _change("POST", receipt, to, {"message": message})
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the post, unless a person has done so already."""
    yield from _change("DELETE", receipt, to)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:  # noqa: ARG001
    """Look among what the page has posted lately."""
    posts = yield from _ask("GET", f"{to.page_id}/feed", to, fields=LOOKED_AT, limit="50")
    return known_again(post, FACEBOOK, seen_of(posts))


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Ask whose the token is, which must be the page itself, and when it or the interface's version ends."""
    me = said((yield from _ask("GET", "me", to, fields="name,id")))
    name = one_line(str(me.get("name", "")))
    if me.get("id") != to.page_id:
        raise Stopped(f"TOKEN is that of «{name}», and not of the page that PAGE_ID names. Put the page's own into it")
    try:
        until = ends((yield from _ask("GET", "debug_token", to, input_token=to.token.get_secret_value())))
    except Problem:
        until = None  # Not every app lets a page's token be asked about.
    return Credentials(f"the page «{name}»", min(filter(None, (until, VERSIONS_END.get(to.version))), default=None))


def _show(body: object, to: Settings) -> Flow[Response]:
    return _ask("POST", f"{to.page_id}/feed", to, body, showing=True, fields="id,permalink_url")


def _twin(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """The post that ours would be a duplicate of; that it is there is known, even where it can't be found."""
    try:
        return (yield from look_up(post, attempt, to)) or Receipt()
    except Problem:
        return Receipt()


def _change(method: str, receipt: Receipt, to: Settings, body: object = None) -> Flow[None]:
    """Correct or delete a post; that it is gone is no trouble."""
    if not receipt.id:
        raise Refused("Facebook did not tell which post it is")
    try:
        answer = yield from _ask(method, receipt.id, to, body)
    except Problem as problem:
        if trouble := meant_for_a_post(problem):
            raise trouble from None
        return
    if said(answer).get("success") is False:
        raise Refused("Facebook did not do it, and does not say why")


def _ask(
    method: str, path: str, to: Settings, body: object = None, *, showing: bool = False, **query: str
) -> Flow[Response]:
    """Ask with the page's token, and with the proof that we have the app's secret if that is known."""
    token = to.token.get_secret_value()
    if to.app_secret:
        query["appsecret_proof"] = hmac.digest(
            to.app_secret.get_secret_value().encode(), token.encode(), "sha256"
        ).hex()
    address = URL(f"https://graph.facebook.com/{to.version}/{path}").copy_merge_params(query)
    try:
        return (yield asking(method, address, body, {"authorization": f"Bearer {token}"}))
    except Problem as problem:
        raise meant_by_graph(problem, "Facebook", MEANINGS, showing=showing) from None
