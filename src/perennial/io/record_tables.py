"""The tables of the prediction record, the same in SQLite and PostgreSQL; `migrations` makes them."""

from sqlalchemy import BigInteger, Column, DateTime, Double, Identity, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("id", String(48), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("route", String(16), nullable=False),
    Column("model", String(12), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("key", String(200)),
    Column("inputs", Text, nullable=False),  # JSON, without personal data
    Column("score", Double, nullable=False),
    Column("scores", Text),  # JSON, where there are several classes
    Column("decision", Text, nullable=False),  # JSON
    Column("latency_ms", Double, nullable=False),
    Column("shadow_of", String(48)),  # the answer beside which a challenger scored the same row; its inputs are there
    Column("scoring_ms", Double),  # of one row, without what is around it
    Index("predictions_at", "at"),
    Index("predictions_key", "key"),
)
LABELS = Table(
    "labels",
    METADATA,
    Column("number", _NUMBER, Identity(), primary_key=True),
    Column("prediction", String(48)),
    Column("key", String(200)),
    Column("label", Text, nullable=False),  # JSON
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("labels_prediction", "prediction"),
    Index("labels_key", "key"),
)
