"""figures that are dear to count, kept by whoever counted them last

Revision: 0011
Before: 0010
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from app import migration_steps as steps

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "counted_figures",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counted_figures")),
    )


def downgrade() -> None:
    steps.drop_tables("counted_figures")
