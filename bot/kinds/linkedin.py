"""LinkedIn, by its API: https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from httpx import Request, Response
from pydantic import Field, SecretStr

from bot.kinds import Limits, Pictures, kind
from bot.model import Attempt, Busy, Credentials, Flow, Post, Prepared, Problem, Receipt, Refused, Unknown
from bot.posts.characters import one_line
from bot.posts.links import safe
from bot.posts.markups.plain import CARD, LINKEDIN, Seen, alone, known_again, told
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, asking, meant, said, stop, uploading

POSTS, IMAGES, PAGES = (f"https://api.linkedin.com/rest/{part}" for part in ("posts", "images", "organizations"))
PAGE = r"(?:https://(?:www\.)?linkedin\.com/(?:company|showcase|school)/|urn:li:organization:)"
DUPLICATE = re.compile(r"duplicate of (urn:li:(?:share|ugcPost|activity):\d+)", re.IGNORECASE)
TITLE, ALT, ABOUT, LOOKED_AT = 400, 4000, 250, 50
PATIENCE, A_MOMENT = timedelta(minutes=10), timedelta(seconds=5)  # While LinkedIn makes a picture ready.
MEANINGS: dict[object, Meaning] = {
    401: stop("the token is not valid any more. Make a new one in LinkedIn's developer portal and put it into TOKEN"),
    403: stop("the token needs w_organization_social, and its owner a role on the page, such as content admin"),
    426: stop("this version of its interface is switched off. Set VERSION to a later month, such as the last one"),
}
WHICH = "The page's number, which its address shows when you administer it."
PICTURES = Pictures(upload=True, bytes=5_000_000, pixels=36_000_000)
LIMITS = Limits(200, 1200, share="words", hashtags=3, pictures=PICTURES)
WHERE = {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []}
PUBLIC = {"visibility": "PUBLIC", "lifecycleState": "PUBLISHED", "isReshareDisabledByAuthor": False}


class Settings(Values):
    """The organization, the token of a person who may post for it, and the month of LinkedIn's interface."""

    organization: str = Field(description=WHICH, pattern=r"^(urn:li:organization:)?[0-9]{1,20}$", examples=["5583111"])
    token: SecretStr = Field(description="An access token with w_organization_social; it lives for 60 days.")
    token_until: date | None = Field(None, description="The day on which it ends.", examples=["2027-01-19"])
    version: str = Field("202609", description="The month of LinkedIn's interface.", pattern=r"^20\d\d(0[1-9]|1[0-2])$")


@kind(Settings, limits=LIMITS, target=("organization",), urls=rf"{PAGE}(?P<organization>[^/?#:]+)(?:[/?#].*)?")
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post; if that is refused, without its picture. What it would be a duplicate of is the post itself."""
    image = attempt.prepared.get("image", "")
    try:
        answer = yield from _ask(asking("POST", POSTS, _body(post, image, to)), attempt, to)
    except Refused as refused:
        found = DUPLICATE.search(str(said(refused.response).get("message")))
        if not found and not image:
            raise
        return _receipt(found[1]) if found else (yield from publish(post, Attempt(attempt.at), to))
    if not (urn := answer.headers.get("x-restli-id")):
        raise Unknown("LinkedIn answered, but not with the post", response=answer)
    return _receipt(urn)


def prepare(post: Post, attempt: Attempt, to: Settings) -> Flow[Prepared]:
    """Upload the card's picture, and wait until it can be shown: a post made before that may stay invisible."""
    so_far, entry = attempt.prepared, alone(post)
    image = attempt.images.get(entry.picture.url) if entry and entry.picture and entry.link else None
    if "ready" in so_far or not (so_far or image):
        return so_far
    try:
        if image and not so_far:
            wish = {"initializeUploadRequest": {"owner": _author(to)}}
            begun = yield from _ask(asking("POST", f"{IMAGES}?action=initializeUpload", wish), attempt, to, fine=403)
            place = said(begun)["value"]
            yield from _ask(uploading("PUT", place["uploadUrl"], image), attempt, to)
            so_far = {"image": place["image"], "made": attempt.at.isoformat()}
        answer = yield from _ask(asking("GET", f"{IMAGES}/{quote(so_far['image'], '')}"), attempt, to)
    except (Refused, KeyError, TypeError):
        return {}
    slow = attempt.at - datetime.fromisoformat(so_far["made"]) > PATIENCE
    if said(answer).get("status") in ("PROCESSING", "WAITING_UPLOAD") and not slow:
        raise Busy("LinkedIn makes the picture ready", after=A_MOMENT, of_channel=False, so_far=so_far)
    return {**so_far, "ready": "yes"} if said(answer).get("status") == "AVAILABLE" else {}


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Correct the words; the card stays as it was. If a person has deleted the post, it stays away."""
    patch = {"patch": {"$set": {"commentary": told(post, LINKEDIN)}}}
    yield from _ask(asking("POST", f"{POSTS}/{quote(receipt.id, '')}", patch), attempt, to, "PARTIAL_UPDATE", 404)
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Delete the post, unless a person has done so already."""
    yield from _ask(asking("DELETE", f"{POSTS}/{quote(receipt.id, '')}"), attempt, to, "DELETE", 404)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Look among what the page has posted lately."""
    lately = f"{POSTS}?author={quote(_author(to), '')}&q=author&count={LOOKED_AT}&sortBy=CREATED"
    answer = yield from _ask(asking("GET", lately), attempt, to, "FINDER", 403)
    if answer.status_code == 403:
        raise Refused("LinkedIn does not tell what was posted: the token needs r_organization_social for that")
    shown = said(answer)["elements"]
    seen = (Seen(_receipt(a["id"]), a["commentary"], a.get("content"), a["createdAt"] / 1000) for a in shown)
    return known_again(post, LINKEDIN, seen)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask for the page's name. The token ends on the day that was told, and LinkedIn's interface after a year."""
    number, ends = _author(to).rpartition(":")[2], datetime(int(to.version[:4]) + 1, int(to.version[4:]), 1, tzinfo=UTC)
    answer = yield from _ask(asking("GET", f"{PAGES}/{number}"), attempt, to, fine=403)
    until = min(datetime(*to.token_until.timetuple()[:3], tzinfo=UTC), ends) if to.token_until else None
    advice = "" if until else ". Write into TOKEN_UNTIL when the token ends, so that you are told in time"
    return Credentials(f"the page «{one_line(str(said(answer).get('localizedName', number)))}»{advice}", until)


def _ask(request: Request, attempt: Attempt, to: Settings, method: str = "", fine: int = 0) -> Flow[Response]:
    """Ask LinkedIn; an answer of the status that is `fine` is as good as a success."""
    versions = {"linkedin-version": to.version, "x-restli-protocol-version": "2.0.0", "x-restli-method": method}
    request.headers.update(given({"authorization": f"Bearer {to.token.get_secret_value()}", **versions}))
    try:
        return (yield request)
    except Problem as problem:
        answer, error = problem.response, said(problem.response)
        if answer is not None and answer.status_code == fine:
            return answer
        if isinstance(problem, Busy) and " DAY " in str(error.get("message")):  # All quotas begin anew at midnight UTC.
            problem.after = timedelta(days=1) - timedelta(hours=attempt.at.hour, minutes=attempt.at.minute)
        raise meant(problem, "LinkedIn", MEANINGS, error.get("code")) from None


def _body(post: Post, image: str, to: Settings) -> dict[str, object]:
    """The words, and the article's card; LinkedIn doesn't read the page itself."""
    entry, content = alone(post), dict[str, object]()
    if entry and entry.link:
        title, about = CARD.line(entry.title or entry.link, TITLE), one_line(CARD.text(entry.text, ABOUT))
        card = {"source": safe(entry.link), "title": title, "description": about}
        alt = CARD.line(entry.picture.alt, ALT) if image and entry.picture else ""
        content["content"] = {"article": given({**card, "thumbnail": image, "thumbnailAltText": alt})}
    return {"author": _author(to), "commentary": told(post, LINKEDIN), "distribution": WHERE, **content, **PUBLIC}


def _author(to: Settings) -> str:
    return f"urn:li:organization:{to.organization.rpartition(':')[2]}"


def _receipt(urn: str) -> Receipt:
    return Receipt(urn, f"https://www.linkedin.com/feed/update/{urn}/")
