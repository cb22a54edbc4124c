"""Several may work on one state: runs have a lease, hold their lanes, and share the sessions of channels."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("host", sa.Text(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("version", sa.String(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("config", sa.String(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("alive_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "holds",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job", "name", name=op.f("pk_holds")),
    )
    op.create_index(op.f("ix_holds_run"), "holds", ["run"])
    op.create_table(
        "sessions",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("made_from", sa.String(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_deliveries_subject"), "deliveries", ["subject"])
    working = sa.text(f"state = 'due' OR state = 'sent' AND shown IS {differs()} wanted")
    op.create_index("ix_deliveries_working", "deliveries", ["channel"], sqlite_where=working, postgresql_where=working)


def differs() -> str:
    return "DISTINCT FROM" if op.get_bind().dialect.name == "postgresql" else "NOT"
