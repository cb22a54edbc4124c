"""Whose address it is: by its kind where there is one, by the platform's name elsewhere."""

from __future__ import annotations

import pytest

from bot import kinds
from bot.config.platforms import platform_of

TOKEN = "a1B2c3D4" * 8


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.slack.com/services/T0123/B0123/abcDEF123", "slack"),
        ("https://hooks.slack-gov.com/services/T0123/B0123/abcDEF123", "slack"),
        (f"https://discord.com/api/webhooks/123456789012345678/{TOKEN}", "discord"),
        (f"https://canary.discord.com/api/v10/webhooks/123456789012345678/{TOKEN}", "discord"),
        (f"https://discordapp.com/api/webhooks/123456789012345678/{TOKEN}?thread_id=1", "discord"),
        (
            (
                "https://prod-01.westeurope.logic.azure.com:443/workflows/0123456789abcdef/triggers/manual/paths/invoke"
                "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abc"
            ),
            "teams",
        ),
        (
            (
                "https://abc.01.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0123/"
                "triggers/manual/paths/invoke?api-version=1&sp=x&sv=1.0&sig=abc"
            ),
            "teams",
        ),
        ("https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t", "googlechat"),
        (f"https://api.telegram.org/bot123456:{'a1' * 18}/sendMessage", "telegram"),
        (f"https://chat.example.org/hooks/{'A' * 17}/{'b' * 64}", "rocketchat"),
        (f"https://chat.example.org/hooks/{'a1' * 13}", "mattermost"),
        ("https://matrix.to/#/!abc:example.org", "matrix"),
        ("https://ntfy.sh/klyngen", "ntfy"),
        ("https://bsky.app/profile/klyngen.example", "bluesky"),
        ("https://www.linkedin.com/company/klyngen/", "linkedin"),
        ("https://graph.facebook.com/v25.0/123/feed", "facebook"),
        ("https://graph.threads.net/v1.0/123/threads", "threads"),
        ("pover://user@token", "apprise"),
    ],
)
def test_a_kind_is_told_by_its_address(url: str, expected: str) -> None:
    assert kinds.recognise(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.slack.com/triggers/T1/2/abc", "Slack workflow"),
        ("https://klynge.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d", "retired Teams connector"),
        ("https://klynge.zulipchat.com/api/v1/external/slack_incoming?api_key=k", "KIND=zulip"),
        ("https://matrix.example.org/_matrix/client/v3/rooms/!abc:example.org/send/m.room.message/1", "KIND=matrix"),
        ("https://hooks.example.org/webhook/01234567-89ab-cdef-0123-456789abcdef", "hookshot"),
        ("https://www.facebook.com/klyngen", "KIND=facebook"),
        ("https://www.threads.net/@klyngen", "KIND=threads"),
        ("https://x.com/klyngen", "X"),
        ("https://snabelen.example/@klyngen", "KIND=mastodon"),
        ("mailto:post@klynge.example", "KIND=email"),
    ],
)
def test_a_platform_without_a_kind_is_named(url: str, expected: str) -> None:
    assert kinds.recognise(url) is None and expected in platform_of(url)


@pytest.mark.parametrize("url", ["https://www.klynge.example/nyhet", "http://127.0.0.1:8080/services/T/B/x", ""])
def test_an_address_that_could_be_anybodys_is_nobodys(url: str) -> None:
    assert kinds.recognise(url) is None and platform_of(url) == ""
