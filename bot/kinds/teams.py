"""Microsoft Teams, by a workflow with a webhook that posts an Adaptive Card: https://adaptivecards.io/explorer/"""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Flow, Post, Problem, Receipt, Unknown
from bot.posts.markups.cards import card_teams
from bot.settings import Values
from bot.wire import Meaning, meant, stop

URLS = (
    r"https://(?:[\w-]+\.[\w-]+\.logic\.azure\.(?:com|us)"
    r"|(?:[\w-]+\.)+environment\.api\.(?:gov\.|high\.)?powerplatform\.(?:com|us))(?::443)?"
    r"/(?:powerautomate/automations/direct/(?:cu/\d+/)?)?workflows/[\w-]+/triggers/[\w-]+/paths/invoke/?"
    r"\?(?=.*\bsig=[^&]).*"
)
NEW = "In Teams, make the workflow «Send webhook alerts to a channel» and put its address into URL"
HERE = ("127.0.0.1", "::1", "localhost")

MEANINGS: dict[object, Meaning] = {
    "TriggerInputSchemaMismatch": stop(f"the workflow expects something else than a card. {NEW}"),
    "WorkflowTriggerIsNotEnabled": stop("the workflow is switched off. Switch it on in Teams, under Workflows"),
    "DirectApiAuthorizationRequired": stop("the workflow asks for a sign-in. Let anyone trigger it and copy it anew"),
    401: stop("the workflow does not accept the address. Copy it whole into URL, and let anyone trigger the workflow"),
    403: stop("the organisation or the workflow does not allow it. Let anyone trigger it, or ask an administrator"),
    404: stop(f"the workflow is not there any more. {NEW}"),
}
PICTURES = Pictures(bytes=1_000_000)


class Settings(Values):
    """The workflow's address, which is all that is needed to post."""

    url: SecretStr = Field(description="The address of a workflow with a webhook, as Teams shows it, with sig= in it.")

    @field_validator("url")
    @classmethod
    def _is_a_workflow(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        host = parts.hostname or ""
        if re.search(r"(^|\.)webhook\.office\.com$|^outlook\.office(365)?\.com$", host):
            raise Wrong("is that of an Office 365 connector, and Microsoft has switched those off", f"{NEW}.")
        if host not in HERE and not re.search(r"(^|&)sig=[^&]", parts.query):
            raise Wrong("has no sig= in it, so that Teams would ask for a sign-in", f"Copy it whole, or: {NEW}.")
        return url


@kind(
    Settings,
    spacing=timedelta(seconds=1),
    limits=Limits(title=300, lead=700, share="buttons", pictures=PICTURES),
    urls=URLS,
    proof=Proof.SCHEMA,
)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Start the workflow with a card; what it does then, nobody is told."""
    headers = {"content-type": "application/json"}
    try:
        answer = yield httpx.Request("POST", to.url.get_secret_value(), content=card_teams(post), headers=headers)
    except Problem as problem:
        found = re.search(r'"code"\s*:\s*"([A-Za-z]{3,60})"', problem.response.text) if problem.response else None
        raise meant(problem, "Teams", MEANINGS, found[1] if found else None) from None
    if answer.status_code not in (200, 202) or answer.text.lstrip().startswith("<"):
        raise Unknown("Teams answered, but not that it has taken the post", response=answer)
    return Receipt()
