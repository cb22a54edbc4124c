"""The tables of Procrastinate, the engine that spreads jobs over replicas: made, and brought to its newest version.

It comes with its schema, and with a file for each step from one version to the next. What a new version needs is added
before it works (`pre`); what only older versions need is removed once none of them works any more (`post`).
https://procrastinate.readthedocs.io/en/stable/howto/production/migrations.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

STEPS = "CREATE TABLE IF NOT EXISTS engine_steps (name text PRIMARY KEY)"


def bring_up(connection: Connection) -> None:
    """Make the engine's tables, or add what its installed version needs. The caller is alone at it."""
    connection.exec_driver_sql(STEPS)
    if connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar() is None:
        from procrastinate.schema import SchemaManager

        _execute(connection, SchemaManager.get_schema())
        _remember(connection, steps())
        return
    for step in missing(connection):
        if "_post_" not in step.name:
            _execute(connection, step.read_text("utf-8"))
            _remember(connection, [step])


def clean_up(connection: Connection) -> None:
    """Remove what only older versions of the engine need. The caller knows that none of them works any more."""
    for step in missing(connection):
        _execute(connection, step.read_text("utf-8"))
        _remember(connection, [step])


def steps() -> list[Path]:
    from procrastinate.schema import SchemaManager

    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def missing(connection: Connection) -> list[Path]:
    """The steps of the installed version that were not made, in their order."""
    made = set(connection.exec_driver_sql("SELECT name FROM engine_steps").scalars())
    return [step for step in steps() if step.name not in made]


def _execute(connection: Connection, statements: str) -> None:
    """Several statements at once, which only the driver itself takes."""
    driver: Any = connection.connection.driver_connection
    driver.execute(statements)


def _remember(connection: Connection, made: list[Path]) -> None:
    for step in made:
        connection.exec_driver_sql("INSERT INTO engine_steps VALUES (%s)", (step.name,))
