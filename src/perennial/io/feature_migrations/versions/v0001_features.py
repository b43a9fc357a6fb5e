"""Model inputs by the key of their decision, and the runs that wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "features",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("decision_at", sa.DateTime(timezone=True)),
        sa.Column("known_at", sa.DateTime(timezone=True)),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("features_decision_at", "features", ["decision_at"])
    op.create_index("features_known_at", "features", ["known_at"])
    op.create_table(
        "feature_runs",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("feature_runs")
    op.drop_table("features")
