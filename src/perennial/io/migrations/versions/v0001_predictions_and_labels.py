"""Predictions as they were answered, and labels as they came in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(48), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("route", sa.String(16), nullable=False),
        sa.Column("model", sa.String(12), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("key", sa.String(200)),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("scores", sa.Text),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("latency_ms", sa.Double, nullable=False),
    )
    op.create_index("predictions_at", "predictions", ["at"])
    op.create_index("predictions_key", "predictions", ["key"])
    op.create_table(
        "labels",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("prediction", sa.String(48)),
        sa.Column("key", sa.String(200)),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("labels_prediction", "labels", ["prediction"])
    op.create_index("labels_key", "labels", ["key"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("labels")
    op.drop_table("predictions")
