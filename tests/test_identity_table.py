"""The identity table, played from the bytes of documents to the posts that two channels show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.database import open_store
from tests.identity.cases import Case, cases
from tests.identity.stage import Stage
from tests.postgres import Server

CASES = cases(Path(__file__).parent / "identity")


# What was asked for by name. The table has more of its own finding.
NAMED = (
    # One article.
    "the guid of one item changes",
    "every guid and link goes from http to https",
    "the site moves to www",
    "guids that are permalinks change with the site's permalink structure",
    "the link changes and the guid stays",
    "the date is bumped",
    "a slip in the title is mended",
    "title and text are rewritten and the guid stays",
    "tracking parameters differ per fetch",
    "a trailing slash goes",
    "the feed flaps between two caches, one of which lacks the newest article",
    "the feed flaps between the words before and after a correction",
    "an item leaves and comes back",
    "an item leaves and comes back after months",
    "an item comes back after its history was pruned",
    "items come by pages",
    "items come one at a time",
    "the guid's case changes",
    "the guid's white space changes",
    # Two articles.
    "two articles have one title on one day",
    "an old address is used again next year",
    "titles are empty",
    "every link is the home page",
    "every link is the podcast page",
    "plain permalinks differ in their number",
    "guid 1 in two feeds",
    "an article is translated under another address",
    "a weekly series has one title",
    "a reused guid with another link, title and text",
    "a corrected article and its follow-up",
    "two feeds list one article",
    # What lies.
    "no guids, no dates, and each title its own",
    "dates vanish",
    "a date lies in the future and comes nearer",
    "all dates become the same",
    "an eternal 304 hides an article for no longer than until everything is asked for",
    "the ETag is that of another address",
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with closing(open_store(tmp_path_factory.mktemp("state"))) as store:
        yield Stage(store)


@pytest.fixture(scope="module")
def replicated(tmp_path_factory: pytest.TempPathFactory, postgres: Server, made_ready: str) -> Iterator[Stage]:
    url = postgres.create(like=made_ready)
    with closing(open_store(tmp_path_factory.mktemp("state"), url)) as store:
        yield Stage(store)
    postgres.drop(url)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_table(case: Case, alone: Stage) -> None:
    await comes_out_right(case, alone)


@pytest.mark.parametrize("name", NAMED)
async def test_the_table_on_postgresql(name: str, replicated: Stage) -> None:
    await comes_out_right(CASES[name], replicated)


async def comes_out_right(case: Case, stage: Stage) -> None:
    shown = await stage.play(case)
    assert (shown.posts, shown.edits, shown.held) == (case.posts, case.edits, case.held)
    assert len(shown.slack) == len(shown.posts)
    assert all(title in words for title, words in zip(shown.posts, shown.slack, strict=True))


def test_the_table_has_all_that_was_asked_for_and_more() -> None:
    assert set(NAMED) <= set(CASES) and len(CASES) >= 150
    assert all(case.posts or case.held for case in CASES.values())
