"""How Alembic reaches the database: through the connection it is given."""

from typing import Any, Literal

from alembic import context

from bot.store.schema import Moment, metadata


def render_item(kind: str, thing: Any, _: Any) -> str | Literal[False]:
    """Write our own type as what it is in the database, so that a migration stays true when the code changes."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    transactional_ddl=False,
)
context.run_migrations()
