"""Whatever a feed, a site or a platform sends ends in one clear line or a clean document, and takes little memory.

The cases are tables in `hostile/`, which run in a process of their own: `python -m tests.hostile` shows them all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.fuzz.__main__ import run
from tests.fuzz.mutate import made
from tests.hostile.__main__ import all_cases
from tests.hostile.words import alive
from tests.installation import ROOT
from tests.servers import Answer, Site, rss
from tests.test_pipeline import ONE, TWO, Bench, bench, titles
from tests.values import a_feed

__all__ = ["bench"]

FEWEST = 300
MOST_MEMORY = 200  # MB, of the whole process that meets all of them.


def test_every_case_ends_as_its_table_says_within_little_memory() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile", "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not ran.stderr, ran.stderr
    found = json.loads(ran.stdout)
    wrong = [f"{row['name']}: {row['came']} instead of {row['expected']}" for row in found["cases"]]
    assert [line for line, row in zip(wrong, found["cases"], strict=True) if row["came"] != row["expected"]] == []
    assert len(found["cases"]) >= FEWEST
    assert found["peak"] < MOST_MEMORY


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in all_cases()]
    assert len(names) == len(set(names))


# --- What is looked for is found when it is there ------------------------------------------------------------------

EVIL = "http://evil.example/"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("slack", {"text": "<!channel>", "blocks": []}),
        ("slack", {"text": f"<{EVIL}|Sak>", "blocks": []}),
        ("discord", {"embeds": [{"title": f"[Sak]({EVIL})"}], "allowed_mentions": {"parse": []}}),
        ("discord", {"embeds": [{"title": "Sak"}], "allowed_mentions": {"parse": ["everyone"]}}),
        ("discord", {"embeds": [{"title": "Sak", "url": EVIL}], "allowed_mentions": {"parse": []}}),
        ("teams", {"body": [{"type": "TextBlock", "text": f"[Sak]({EVIL})"}]}),
        ("mattermost", {"attachments": [{"text": "@all"}]}),
        ("rocketchat", {"text": f"[Sak]({EVIL})"}),
        ("mastodon", {"status": "@kari@evil.example"}),
        ("facebook", {"message": "@[102030405060708]"}),
        ("linkedin", {"commentary": "{hashtag|\\#|x}"}),
        ("telegram", {"rich_message": {"html": "<script>"}}),
        ("matrix", {"formatted_body": f'<a href="{EVIL}">Sak</a>'}),
        ("googlechat", {"cardsV2": [{"text": f'<a href="{EVIL}">Sak</a>'}]}),
        ("webhook", {"data": {"title": "\u202eSak"}}),
        ("apprise", {"title": "@everyone"}),
    ],
)
def test_what_is_alive_is_seen(kind: str, body: object) -> None:
    assert alive(kind, httpx.Request("POST", "https://x.example", json=body))


# --- The others go on ------------------------------------------------------------------------------------------------

FEEDS = {
    "bombe": b"<!DOCTYPE rss [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><rss><channel><item><a>&b;</item></channel></rss>",
    "dyp": b"<rss>" * 5_000,
    "side": b"<html><body>Logg inn</body></html>",
    "json": b"[" * 5_000 + b"]",
    "tom": b"",
    "brutt": b"<rss><channel><item>",
    "bilde": b"\x89PNG\r\n\x1a\n",
}
ANSWERS = {
    "videre": Answer(302, headers={"Location": "http://[/"}),
    "inne": Answer(302, headers={"Location": "http://169.254.169.254/"}),
    "pakket": Answer(body=b"nothing of it", headers={"Content-Encoding": "gzip"}),
    "lukket": Answer(drop=True),
    **{name: Answer(body=body) for name, body in FEEDS.items()},
}


async def test_beside_hostile_feeds_the_good_one_arrives_and_each_of_them_is_told(bench: Bench) -> None:
    sites = {name: Site(b"") for name in ANSWERS}
    for name, site in sites.items():
        site.answer = ANSWERS[name]
    hostile = {name: a_feed(name, url=SecretStr(site.feed), allow_private=True) for name, site in sites.items()}
    bench.config = bench.config.model_copy(update={"feeds": {**bench.config.feeds, **hostile}})
    try:
        await bench.trigger()
        bench.site.body = rss(TWO, ONE)
        await bench.trigger()
    finally:
        for site in sites.values():
            site.end()
    assert titles(bench.hook) == ["item.published Andre sak"]
    assert len(bench.slack.taken) == 1
    failed = {event.feed: event.why for event in bench.told if event.what == "feed failed"}
    assert set(failed) == set(ANSWERS)
    assert all(why.isprintable() for why in failed.values())
    assert not [event.why for event in bench.told if event.what == "trouble"]


# --- Inputs that nobody thought of ---------------------------------------------------------------------------------


def test_nothing_is_found_in_made_up_inputs_which_are_the_same_each_time(tmp_path: Path) -> None:
    wanted = argparse.Namespace(seed=5, inputs=40, seconds=float("inf"), only=None, slowest=10, save=str(tmp_path))
    assert run(wanted).findings == {}
    assert run(argparse.Namespace(**{**vars(wanted), "only": 17})).outcomes.total() == 1
    assert made("5/17") == made("5/17") != made("5/18")


def test_what_is_found_is_saved_with_the_words_that_make_it_happen_again(tmp_path: Path) -> None:
    wanted = argparse.Namespace(seed=5, inputs=1, seconds=float("inf"), only=17, save=str(tmp_path), slowest=-1)
    assert set(run(wanted).findings) == {17}
    assert (tmp_path / "5-17.input").read_bytes() == made("5/17")[0]
    assert "python -m tests.fuzz --seed 5 --only 17" in (tmp_path / "5-17.txt").read_text()
