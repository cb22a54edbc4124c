"""The database: its schema, its upgrades, its copies, and what it says when it can't be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from bot.model import Mistake
from bot.store.copies import check_copy, copy
from bot.store.database import open_store, schema_version
from bot.store.files import FILE, HEAD, KNOWN
from bot.store.migrations import upgrade
from bot.store.schema import metadata


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_migrations_lead_to_the_schema_of_a_new_state(tmp_path: Path) -> None:
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.sqlite3'}")
    with migrated.begin() as connection:
        upgrade(connection)
        assert differences(connection) == [] and schema_version(connection) == HEAD
    migrated.dispose()
    fresh = open_store(tmp_path / "state")
    assert fresh.read_now(differences) == [] and fresh.read_now(schema_version) == HEAD
    fresh.close()
    assert KNOWN[-1] == HEAD


def test_the_state_is_for_its_owner_only_and_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600

    def pragma(connection: Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert [store.read_now(pragma, name) for name in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    store.close()


def test_a_newer_state_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Mistake, match="newer Delebot"):
        open_store(tmp_path)


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be read as one" * 20])
def test_a_file_that_is_no_state_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(Mistake, match="no Delebot state"):
        open_store(tmp_path)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(Mistake, match="no directory"):
        open_store(tmp_path / "state")


def test_a_copy_is_whole_private_and_can_be_checked(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    target = tmp_path / "copy.sqlite3"
    copy(tmp_path / FILE, target)
    check_copy(target)
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_what_is_no_copy_is_not_brought_back(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(Mistake):
        check_copy(tmp_path / "wrong")
