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
    ("Google Chat", r"https://chat\.googleapis\.com/v1/spaces/.+"),
    ("Telegram", r"https://(api\.telegram\.org/bot\d+:|t\.me/).+"),
    ("Zulip", r"https?://[^/]+/api/v1/(messages|external/)\S*"),
    ("Rocket.Chat", r"https?://.+/hooks/[A-Za-z0-9]{17,24}/([A-Za-z0-9]{17}/)?[A-Za-z0-9]{40,64}/?"),
    ("Mattermost", r"https?://.+/hooks/[a-z0-9]{26}/?"),
    ("Matrix", r"https?://([^/]+/_matrix/client/|matrix\.to/#/|webhooks\.t2bot\.io/).+|matrix:.+"),
    ("a Matrix bridge (hookshot)", rf"https?://.+/webhook/{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}/?"),
    ("ntfy", r"(https://ntfy\.sh/|ntfys?://).+"),
    ("Bluesky", r"https://bsky\.app/profile/.+|at://.+"),
    ("LinkedIn", r"https://(www\.)?linkedin\.com/.+|urn:li:organization:\d+"),
    ("Facebook", r"https://(graph|www)\.facebook\.com/.+"),
    ("Threads", r"https://(graph|www)?\.?threads\.(net|com)/.+"),
    ("X", r"https://((www|api)\.)?(x|twitter)\.com/.+"),
    ("Mastodon", r"https://[^/]+/(api/v1/statuses|@[\w.]+)/?"),
    ("e-mail", r"(mailto:|smtps?://).+"),
    ("Apprise", r"(?!https?:)[a-z][a-z0-9+.-]*://.+"),
)


def platform_of(url: str) -> str:
    """The platform that an address belongs to, in words; empty when it could be anybody's."""
    return next((name for name, pattern in PLATFORMS if re.fullmatch(pattern, url)), "")
