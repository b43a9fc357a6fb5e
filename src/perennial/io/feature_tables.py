"""The tables of materialized features, the same in SQLite and PostgreSQL; `feature_migrations` makes them."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

FEATURES = Table(
    "features",
    METADATA,
    Column("key", String(200), primary_key=True),
    Column("decision_at", DateTime(timezone=True)),  # null where the examples have no time
    # What was known then is in the row; null while the last run confirms it: no time, or a decision still to come.
    Column("known_at", DateTime(timezone=True)),
    Column("inputs", Text, nullable=False),  # JSON, as a request would send them
    Column("written_at", DateTime(timezone=True), nullable=False),
    Index("features_decision_at", "decision_at"),
    Index("features_known_at", "known_at"),
)
FEATURE_RUNS = Table(
    "feature_runs",
    METADATA,
    Column("number", _NUMBER, Identity(), primary_key=True),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("written", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
)
