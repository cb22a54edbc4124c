"""Every answer by which a platform says stop, never or later, or leaves a doubt, has its case in a golden file."""

from __future__ import annotations

import pytest

from bot import kinds
from tests.goldens import cases_of

# What the platforms' documentation names, as it stands in the answers; `lost` and `not connected` are everybody's.
NAMED: dict[str, str] = {
    "apprise": "404; 413; 424; lost",
    "bluesky": "ExpiredToken; InvalidToken; AuthenticationRequired; AuthFactorTokenRequired; AccountTakedown; "
    "AccountDeactivated; InvalidRequest; 429; ratelimit-reset; retry-after; 500 ; 502; 503; lost; not connected",
    "discord": "10003; 10008; 10015; 30046; 40067; 50006; 50027; 50035; 50083; 160005; 220001; 220003; 401; 404; 429; "
    "retry_after; retry-after; 500; 504; lost; not connected",
    "email": "421; 450; 451; 452; 535; 550; 552; 554; 5.1.1; 5.7.; lost; not connected",
    "facebook": '"code": 190,; 463; 460; 467; "code": 10,; "code": 200,; "code": 100,; "code": 368,; "code": 506,; '
    '1609005; "code": 1,; "code": 2,; "code": 4,; "code": 17,; "code": 32,; "code": 341,; "code": 613,; is_transient; '
    "estimated_time_to_regain_access; lost",
    "googlechat": "INVALID_ARGUMENT; 401; 403; 404; ALREADY_EXISTS; 429; 500; 503; lost; not connected",
    "linkedin": "422; duplicate; 429; EXPIRED_ACCESS_TOKEN; REVOKED_ACCESS_TOKEN; 403; 426; NONEXISTENT_VERSION; 500; "
    "lost",
    "mastodon": "401; 403; 404; 410; 422; 429; x-ratelimit-reset; 500; 503; 206; lost; not connected",
    "matrix": "M_TOO_LARGE; M_BAD_JSON; M_UNKNOWN_TOKEN; soft_logout; M_LIMIT_EXCEEDED; retry_after_ms; retry-after; "
    "M_FORBIDDEN; 404; 500; 502; lost; not connected",
    "mattermost": "web.incoming_webhook.invalid.app_error; 403; 404; 413; 429; x-ratelimit-reset; 500; 501; lost",
    "ntfy": "40101; 40301; 40009; 40010; 42901; 42908; 42909; 41301; 41303; 507; 500; lost; not connected",
    "rocketchat": "Invalid integration id or token provided.; invalid-channel; error-running-script; 503; "
    "error-too-many-requests; x-ratelimit-reset; 500; lost; not connected",
    "slack": "invalid_payload; invalid_blocks; invalid_blocks_format; no_text; too_many_attachments; user_not_found; "
    "invalid_token; action_prohibited; posting_to_general_channel_denied; channel_not_found; no_service; "
    "no_active_hooks; no_team; channel_is_archived; rollup_error; msg_blocks_too_long; 429; retry-after; lost",
    "teams": "TriggerInputSchemaMismatch; WorkflowTriggerIsNotEnabled; 401; 403; 404; 413; 429; retry-after; 502; 504; "
    "lost",
    "telegram": "401; 404; kicked; blocked; not a member; chat not found; migrate_to_chat_id; can't parse entities; "
    "wrong type of the web page content; failed to get HTTP URL content; not modified; retry_after; retry-after; 500; "
    "lost",
    "threads": "THREADS_API__LINK_LIMIT_EXCEEDED; IN_PROGRESS; ERROR; EXPIRED; PUBLISHED; 190; "
    '"code": 4; "code": 2; lost; not connected',
    "webhook": "301; 400; 404; 410; 429; retry-after; 500; 502; 504; lost; not connected",
    "zulip": "BAD_REQUEST; STREAM_DOES_NOT_EXIST; UNAUTHORIZED; INVALID_API_KEY; USER_DEACTIVATED; REALM_DEACTIVATED; "
    "RATE_LIMIT_HIT; retry-after; 500; lost; not connected",
}


@pytest.mark.parametrize("kind", NAMED)
def test_every_answer_that_decides_something_has_its_case(kind: str) -> None:
    answers = "\n".join(answer for case in cases_of(kind)[1] for answer in case.answers)
    assert [named for named in NAMED[kind].split("; ") if named.casefold() not in answers.casefold()] == []


def test_no_kind_but_the_terminal_is_left_out() -> None:
    assert {*NAMED, "console"} == set(kinds.names())
