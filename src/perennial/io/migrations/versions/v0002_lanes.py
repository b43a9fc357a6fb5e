"""What a challenger in the shadow scored beside the answer, and how long scoring alone took."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both columns; predictions from before have neither."""
    op.add_column("predictions", sa.Column("shadow_of", sa.String(48)))
    op.add_column("predictions", sa.Column("scoring_ms", sa.Double))


def downgrade() -> None:
    """Drop both columns, and the rows that would be taken for answers."""
    op.execute("DELETE FROM predictions WHERE shadow_of IS NOT NULL")
    op.drop_column("predictions", "scoring_ms")
    op.drop_column("predictions", "shadow_of")
