"""The tables of the engine: made once, and brought on without taking anything from an older version at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.store.database import Store, open_store
from bot.wake import engine
from bot.wake.engine import STEPS, bring_up, clean_up, missing, steps

OLDER = "03.04"  # The steps before this are those of an older version.
NEW = "SELECT count(*) FROM pg_proc WHERE proname = 'procrastinate_retry_job_v2'"
TRIGGER = "SELECT prosrc LIKE '%%retried%%' FROM pg_proc WHERE proname LIKE '%%status_events_update_v1'"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    with closing(open_store(tmp_path, database_url)) as made:
        yield made


def made_by_an_older_version(connection: Connection) -> None:
    connection.exec_driver_sql(STEPS)
    older = [step for step in steps() if step.name < OLDER]
    for step in older:
        engine._execute(connection, step.read_text("utf-8"))
    engine._remember(connection, older)


def has(connection: Connection, what: str) -> bool:
    return bool(connection.exec_driver_sql(what).scalar())


def test_a_new_database_needs_no_steps(store: Store) -> None:
    store.write_now(bring_up)
    store.write_now(bring_up)
    assert store.read_now(has, NEW) and store.read_now(missing) == []


def test_what_a_newer_version_needs_is_added_and_what_the_older_needs_stays_until_it_is_gone(store: Store) -> None:
    store.write_now(made_by_an_older_version)
    assert not store.read_now(has, NEW)
    store.write_now(bring_up)
    assert store.read_now(has, NEW) and not store.read_now(has, TRIGGER)
    assert [step.name for step in store.read_now(missing)] == [s.name for s in steps() if s.name > f"{OLDER}.00_50"]
    store.write_now(clean_up)
    assert store.read_now(has, TRIGGER) and store.read_now(missing) == []
