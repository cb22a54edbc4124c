"""What is wrong is remembered until it is well, and what is known of credentials and of sites."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("well", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alarms")),
    )
    op.add_column("feeds", sa.Column("site", sa.JSON(), nullable=True))
    op.add_column("channels", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("verify_why", sa.Text(), nullable=False, server_default=""))
    op.add_column("channels", sa.Column("good_until", sa.DateTime(timezone=True), nullable=True))
