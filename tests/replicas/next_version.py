"""The next version of Delebot, whose schema has more: a step of its own is added before anything else is imported.

python -m tests.replicas.next_version FOLDER LOG ARGUMENT…

Its steps are in the folder, where `prepare` has put them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import bot
from bot.store import files, migrations

VERSION = "9999"
PLACE = "next_version"
STEP = f'''
import sqlalchemy as sa
from alembic import op

revision = "{VERSION}"
down_revision = "{files.HEAD}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("mood", sa.Text(), nullable=False, server_default=""))
    op.add_column("feeds", sa.Column("editor", sa.Text(), nullable=True))
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))
    op.create_index("ix_items_last_seen", "items", ["last_seen"])
'''


def prepare(folder: Path) -> None:
    """Put all steps there: those of this version, and the one more."""
    steps = folder / PLACE
    shutil.copytree(migrations.HERE, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / f"versions/m{VERSION}_moods.py").write_text(STEP)


def become_the_next(folder: Path) -> None:
    """Know one version of the schema more."""
    known: tuple[str, ...] = files.KNOWN
    files.KNOWN, files.HEAD = (*known, VERSION), VERSION  # type: ignore[assignment]
    migrations.HERE = folder / PLACE
    bot.__version__ = f"{bot.__version__}.next"


if __name__ == "__main__":
    become_the_next(Path(sys.argv[1]))

    from tests.replicas.started import start

    start(*sys.argv[2:])
