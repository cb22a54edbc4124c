"""PostgreSQL: how it is reached, made, brought to the newest schema, and what is wrong with it, in words.

Everything of ours is in a schema of its own, so that the database may hold other things too. What several replicas do
at once is kept apart by locks (`dialects.alone`), at PostgreSQL's usual level of isolation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.model import Mistake
from bot.store.database import Store, create, schema_version, upgrade
from bot.store.dialects import alone
from bot.store.files import HEAD, KNOWN, StoreTrouble

SCHEMA = "delebot"
EXTRA = "pip install 'delebot[postgres]'"
WRITERS, READERS = 6, 3  # Connections that are used at once, at most.
PATIENCE_FOR_THE_SCHEMA = "20s"
# What is said when a connection is made: who is there, and after how many milliseconds PostgreSQL gives us up. What
# is stopped in the middle of something holds up the others no longer than that.
SET_UP = f"""
SET application_name = 'delebot';
SET search_path = {SCHEMA};
SET timezone = 'UTC';
SET statement_timeout = 30000;
SET lock_timeout = 15000;
SET idle_in_transaction_session_timeout = 15000;
"""
# A server that vanished without a word is noticed within about fifteen seconds.
REACH = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2,
    "client_encoding": "utf8",
}  # fmt: skip
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
LOOK = "Look whether PostgreSQL runs and DATABASE_URL names it"
# By the code that PostgreSQL gives (https://www.postgresql.org/docs/current/errcodes-appendix.html): what is wrong, and
# what to do about it.
TROUBLES = {
    "28": ("the database lets nobody in by this name and password", "Look at the user and password in DATABASE_URL"),
    "3D": ("there is no such database", "Make it with createdb, or name another one in DATABASE_URL"),
    "42501": ("the database doesn't let us do that", "Make our user the owner of the database"),
    "53100": ("the disk of the database is full, so nothing can be remembered and nothing is sent", "Free some space"),
    "53300": ("the database has no connection left for us", "Raise its max_connections, or run fewer replicas"),
    "25006": ("the database can only be read", "Name the server in DATABASE_URL that may be written to"),
    "55P03": ("another program holds what we need in the database", "Wait, and try again"),
    "57014": ("the database took too long", "Look how it is doing, and try again"),
    "57": ("the database is just being started or ended", "Wait, and try again"),
}


# --- Reaching it ---------------------------------------------------------------------------------------------------


def address(url: str) -> URL:
    """The address as the driver wants it; Mistake when it is none of PostgreSQL."""
    try:
        made = make_url(url)
    except ArgumentError:
        raise wrong_address() from None
    if made.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return made.set(drivername="postgresql+psycopg")
    raise wrong_address()


def wrong_address() -> Mistake:
    remedy = "Write postgresql+psycopg://user:password@host/database, or leave it out for SQLite"
    return Mistake("this is no address of a PostgreSQL database", where="DATABASE_URL", remedy=remedy)


def shown(url: URL) -> str:
    """Where the database is, without what would let somebody in."""
    host = url.host or url.query.get("host") or "this machine"
    return f"{host if isinstance(host, str) else host[0]}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def store_at(directory: Path, url: URL) -> Store:
    """The database at this address, as it is."""
    return Store(_engine(url), directory, partial(told, shown(url)), writers=WRITERS, shared=True)


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url, connect_args={**REACH, **url.query}, pool_pre_ping=True, pool_size=READERS,
            max_overflow=WRITERS, pool_timeout=15, hide_parameters=True, json_serializer=as_json,
        )  # fmt: skip
    except (ImportError, NoSuchModuleError):
        raise Mistake(
            "for PostgreSQL a part of Delebot is missing", where="DATABASE_URL", remedy=f"Install it: {EXTRA}"
        ) from None

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.autocommit = True
        connection.execute(SET_UP)
        connection.autocommit = False

    return engine


def as_json(value: Any) -> str:
    """JSON without the NUL that PostgreSQL takes, but can't look at any more."""
    return NUL.sub(r"\1", json.dumps(value))


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what a database says into what a person can act on, without what it was asked."""
    import psycopg

    try:
        yield
    except PoolTimeout:
        raise StoreTrouble("the database doesn't keep up", where=where, remedy="Look how it is doing", code=1) from None
    except (DBAPIError, psycopg.Error) as error:  # The latter is of what the driver was asked itself.
        said = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(said, "sqlstate", None) or ""
        for sign, (what, remedy) in TROUBLES.items():
            if code.startswith(sign):
                raise StoreTrouble(what, where=where, remedy=remedy, code=1) from None
        if isinstance(said, psycopg.OperationalError | psycopg.InterfaceError):
            what, remedy = _unreachable(str(said))
            raise StoreTrouble(what, where=where, remedy=remedy, code=1) from None
        raise


def _unreachable(said: str) -> tuple[str, str]:
    """Why no connection is had: before there is one, the library has no code for it but words."""
    for signs, sign in (
        (("authentication failed", "no password supplied", "no pg_hba.conf entry", 'role "'), "28"),
        (("does not exist",), "3D"),
        (("too many clients", "remaining connection slots"), "53300"),
        (("starting up", "shutting down"), "57"),
    ):
        if any(each in said for each in signs):
            return TROUBLES[sign]
    return "the database can't be reached", LOOK


# --- Schema --------------------------------------------------------------------------------------------------------


def open_store(directory: Path, url: str) -> Store:
    """Open the database, made ready when it is new and brought to the newest schema when it is older.

    Replicas of the version before may work on it meanwhile: what a version adds, the one before does not see.
    """
    store = store_at(directory, address(url))
    try:
        version = store.read_now(version_of)
        if not version or (version in KNOWN and version != HEAD):
            store.write_now(_bring_up)
    except BaseException:
        store.close()
        raise
    return store


def exists(directory: Path, url: str) -> bool:
    """Whether there is a state in the database. Looking leaves no trace."""
    store = store_at(directory, address(url))
    try:
        return bool(store.read_now(version_of))
    finally:
        store.close()


def version_of(connection: Connection) -> str:
    """The version of the schema; empty when there is none."""
    # What another one has just made is in the catalogue at once; `to_regclass` may know it only a transaction later.
    asked = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'alembic_version'"
    there = connection.exec_driver_sql(asked, (SCHEMA,)).scalar()
    return schema_version(connection) if there else ""


def refuse_newer(connection: Connection) -> None:
    """Refuse to begin to work where a newer version does. Those that work go on, and looking does no harm."""
    version = version_of(connection)
    if version and version not in KNOWN:
        raise Mistake(
            f"this state was written by a newer Delebot (schema {version}; this one knows {HEAD})",
            where="DATABASE_URL",
            remedy="Install the newer version here too",
            code=1,
        )


def _bring_up(connection: Connection) -> None:
    """Make or upgrade the schema, all of it or nothing: one process does it, and the others wait."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    alone(connection, "schema")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_FOR_THE_SCHEMA}'")
    version = version_of(connection)
    if not version:
        if (encoding := connection.exec_driver_sql("SHOW server_encoding").scalar()) != "UTF8":
            remedy = "Make one that can: createdb --encoding=UTF8 --template=template0"
            raise Mistake(
                f"the database can't hold every sign ({encoding})", where="DATABASE_URL", remedy=remedy, code=1
            )
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        create(connection)
    elif version in KNOWN and version != HEAD:
        upgrade(connection)
