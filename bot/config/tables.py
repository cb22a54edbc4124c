"""What the documentation says of each kind, made from what the kinds declare: the tables, and the facts of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module

from bot import kinds
from bot.kinds import FOREVER, Kind
from bot.settings import ChannelSettings

BEGINS, ENDS = "<!-- made by `make generated` from the kinds themselves -->", "<!-- end of what is made -->"


def about(kind: Kind) -> tuple[str, str]:
    """The platform and the way to it, and the address of its documentation: the first line of the kind's file."""
    first = (import_module(kind.publish.__module__).__doc__ or "").strip().splitlines()[0]
    words, _, address = first.rpartition(": ")
    return words or first, address


def has_two_ways(kind: Kind) -> bool:
    """Whether a channel is either a webhook, of which nothing more can be asked, or has a token."""
    url = kind.settings.model_fields.get("url")
    return url is not None and not url.is_required()


def can(kind: Kind, verb: object) -> str:
    return "no" if verb is None else "yes, with a token" if has_two_ways(kind) else "yes"


def corrected(kind: Kind) -> str:
    return can(kind, kind.revise)


def taken_back(kind: Kind) -> str:
    return can(kind, kind.retract)


def lost(kind: Kind) -> str:
    """What happens when nobody knows whether a post arrived."""
    looked = "the platform is asked whether it is there"
    at_last = looked if kind.look_up else "it is shown to you, not repeated"
    if has_two_ways(kind):
        known = "it is repeated under the same key" if kind.repeatable else looked
        return f"with a token {known}; else it is shown to you, not repeated"
    if kind.repeatable is None or callable(kind.repeatable):
        return at_last
    if kind.repeatable >= FOREVER:
        return "it is repeated under the same key, which the platform knows again"
    return f"it is repeated under the same key for up to {_length(kind.repeatable)}; after that {at_last}"


def _length(length: timedelta) -> str:
    days, minutes = length.days, length // timedelta(minutes=1)
    number, unit = (days, "day") if days else (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def pictures(kind: Kind) -> str:
    takes = kind.limits.pictures
    if takes is None:
        return "no"
    return "uploaded, made to fit" if takes.upload else "by its address"


def share_links(kind: Kind) -> str:
    return {"words": "none beside its own"}.get(kind.limits.share, kind.limits.share)


def hashtags(kind: Kind) -> str:
    most = kind.limits.hashtags
    return f"up to {most}" if most else "none, unless TAGS asks"


def checked(kind: Kind) -> str:
    return can(kind, kind.verify)


FACTS = (
    ("can a post be corrected?", corrected),
    ("can it be taken back?", taken_back),
    ("what if the answer gets lost?", lost),
    ("picture", pictures),
    ("share links", share_links),
    ("hashtags", hashtags),
    ("are the credentials checked?", checked),
    ("proved by", lambda kind: str(kind.proof.value)),
)


def table(facts: Iterable[int], folder: str) -> str:
    """A row for each kind with some of the facts; `folder` is where the pages are, as seen from the table."""
    chosen = [FACTS[index] for index in facts]
    head = ["kind", "platform", *(name for name, _ in chosen)]
    rows = [
        [f"[`{name}`]({folder}{name}.md)", about(kind)[0], *(fact(kind) for _, fact in chosen)]
        for name in kinds.names()
        for kind in [kinds.load(name)]
    ]
    return "\n".join(_row(cells) for cells in (head, ["---"] * len(head), *rows))


def facts_of(kind: Kind) -> str:
    """What a kind's own page says at its end."""
    rows = ([name, fact(kind)] for name, fact in FACTS)
    return "\n".join(_row(cells) for cells in (["", ""], ["---", "---"], *rows))


def page_of(kind: Kind) -> str:
    """A page for a kind that has none yet: its keys, and room for what only a person can tell."""
    words, address = about(kind)
    own = kind.settings.model_fields.items()
    keys = [_row([f"`{name.upper()}`", info.description or ""]) for name, info in own if name not in COMMON]
    copied = f"Copy `config/channels/{kind.name}.env.example` to `config/channels/{kind.name}.env`"
    parts = (
        f"# {words}\n\nThe platform's own documentation: {address}",
        f"## Set it up\n\n{copied}, let nobody but you read it (`chmod 600`), and fill in:",
        "\n".join((_row(["key", "what it is"]), _row(["---", "---"]), *keys)),
        "`delebot check` then says whether all is right.",
        f"## At a glance\n\n{BEGINS}\n{ENDS}\n",
    )
    return "\n\n".join(parts)


COMMON = ChannelSettings.model_fields.keys()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def renewed(text: str, made: str) -> str:
    """The text with what is made between its marks."""
    return re.sub(
        f"{re.escape(BEGINS)}\n.*?{re.escape(ENDS)}", lambda _: f"{BEGINS}\n{made}\n{ENDS}", text, flags=re.DOTALL
    )
