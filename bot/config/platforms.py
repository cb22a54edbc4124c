"""Which platform an address belongs to where there is no kind for it, so that a person is told by its name."""

from __future__ import annotations

import re

HEX = "[0-9a-f]"
# Tried from top to bottom: what only one platform's addresses can look like comes before what is a good guess.
PLATFORMS: tuple[tuple[str, str], ...] = (
    (
        "a Slack workflow, which can't show posts: make an incoming webhook",
        r"https://hooks\.slack(-gov)?\.com/(workflows|triggers)/.+",
    ),
    (
        "a retired Teams connector: make a workflow",
        r"https://([\w-]+\.webhook\.office\.com/webhookb2|outlook\.office(365)?\.com/webhook)/.+",
    ),
    (
        "a Matrix bridge (hookshot): use a room with a token, KIND=matrix",
        rf"https?://.+/webhook/{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}/?",
    ),
    ("a Matrix bridge (t2bot): use a room with a token, KIND=matrix", r"https://webhooks\.t2bot\.io/.+"),
    ("a Matrix room: KIND=matrix", r"https?://([^/]+/_matrix/client/|matrix\.to/#/).+|matrix:.+"),
    ("LinkedIn: KIND=linkedin", r"https://(www\.)?linkedin\.com/.+|urn:li:organization:\d+"),
    ("Facebook: KIND=facebook", r"https://(graph|www)\.facebook\.com/.+"),
    ("Threads: KIND=threads", r"https://(graph|www)?\.?threads\.(net|com)/.+"),
    ("X", r"https://((www|api)\.)?(x|twitter)\.com/.+"),
    ("Telegram: KIND=telegram", r"https://(api\.telegram\.org|t\.me)/.+"),
    ("Zulip: KIND=zulip", r"https?://[^/]+/api/v1/(messages|external/)\S*"),
    ("Mastodon: KIND=mastodon", r"https://[^/]+/(api/v1/statuses|@[\w.]+)/?"),
    ("e-mail: KIND=email", r"(mailto:|smtps?://).+"),
)


def platform_of(url: str) -> str:
    """The platform that an address belongs to, in words; empty when it could be anybody's."""
    return next((name for name, pattern in PLATFORMS if re.fullmatch(pattern, url)), "")
