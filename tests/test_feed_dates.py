"""Dates as feeds write them: the standards, and what people write instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds.dates import FIRST_YEAR, read_date

NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 20, tzinfo=UTC)
FAR = datetime(9998, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment", "certain"),
    [
        ("Fri, 20 Nov 2026 12:30:00 +0000", NOON, True),
        ("Fri, 20 Nov 2026 13:30:00 +0100", NOON, True),
        ("Fri, 20 Nov 2026 13:30 CET", NOON, True),
        ("20 Nov 26 07:30:00 EST", NOON, True),
        ("Fri, 20 Nov 2026 12:30:00", NOON, False),
        ("Fri, 20 Nov 2026 12:30:00 XYZ", NOON, False),
        ("Friday, 20-Nov-26 12:30:00 GMT", NOON, True),
        ("Fri Nov 20 12:30:00 2026", NOON, False),
        ("Fri Nov 20 12:30:00 UTC 2026", NOON, True),
        ("Fri Nov 20 2026 13:30:00 GMT+0100 (Central European Standard Time)", NOON, True),
        ("November 20, 2026 12:30 PM", NOON, False),
        ("Nov 20th, 2026, 12:30 p.m. UTC", NOON, True),
        ("20 Nov 2026 12:30 AM GMT", NOON - timedelta(hours=12), True),
        ("2026-11-20T12:30:00Z", NOON, True),
        ("2026-11-20T12:30:00.999Z", NOON, True),
        ("2026-11-20T13:30+01:00", NOON, True),
        ("2026-11-20T13:30:00+01", NOON, True),
        ("2026-11-20 12:30:00", NOON, False),
        ("2026-11-20 12:30:00 UTC", NOON, True),
        ("2026-11-20 13:30:00 +0100", NOON, True),
        ("20261120T123000Z", NOON, True),
        ("2026-11-20", DAY, False),
        ("20 Nov 2026", DAY, False),
        ("20.11.2026", DAY, False),
        ("20.11.2026 12:30", NOON, False),
        ("20/11/2026 12.30", NOON, False),
        ("11/20/2026 12:30", NOON, False),
        ("2026/11/20 12:30:00", NOON, False),
        ("fredag 20. november 2026 kl. 12.30", NOON, False),
        ("20. NOVEMBER 2026", DAY, False),
        ("Fr., 20. November 2026 13:30 MEZ", NOON, True),
        ("ven. 20 novembre 2026 12:30", NOON, False),
        ("20 de noviembre de 2026", DAY, False),
        ("20 mars 2026", datetime(2026, 3, 20, tzinfo=UTC), False),
        ("20 März 2026", datetime(2026, 3, 20, tzinfo=UTC), False),
        ("20 juin 2026", datetime(2026, 6, 20, tzinfo=UTC), False),
        ("20 juillet 2026", datetime(2026, 7, 20, tzinfo=UTC), False),
        ("20 okt 2026", datetime(2026, 10, 20, tzinfo=UTC), False),
        ("1795177800", NOON, True),
        ("1795177800000", NOON, True),
        ("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), True),
    ],
)
def test_a_date_is_read_however_it_is_written(written: str, moment: datetime, certain: bool) -> None:
    assert read_date(written) == (moment, certain)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "i går", "32 Nov 2026", "31 Feb 2026 10:00 GMT", "2026-02-30", "2026-13-01", "20.13.2026"),
        *(
            "0001-01-01T00:00:00Z",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "0000000000",
            "9999-12-31T23:59:59-14:00",
            "0000-00-00",
        ),
        *(
            "2026-11-20T25:00:00Z",
            "20 Nov 2026 12:30:00 +9999",
            "20 Xyz 2026",
            "2026",
            "1" * 79,
            "1" * 200,
            "\u0662\u0660\u0662\u0666-11-20",
        ),
    ],
)
def test_an_impossible_date_is_none(written: str) -> None:
    assert read_date(written) is None


seconds = st.integers(int(datetime(FIRST_YEAR, 1, 3, tzinfo=UTC).timestamp()), int(FAR.timestamp()))
moments = seconds.map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments, zones)
def test_any_proper_date_is_read_exactly(moment: datetime, zone: timezone) -> None:
    local = moment.astimezone(zone)
    assert read_date(format_datetime(local)) == (local, True)
    assert read_date(local.isoformat()) == (local, True)


@given(st.text(max_size=100) | st.from_regex(r"[0-9TZ:./+\- a-z]{1,40}", fullmatch=True))
def test_any_text_is_a_date_or_none(written: str) -> None:
    read = read_date(written)
    assert read is None or read[0].utcoffset() == timedelta(0)
