"""The prediction record: where it is, its tables brought up to date, rows in, rows out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perennial.io import databases
from perennial.io.databases import Kept, migrate, open_database
from perennial.io.record_tables import LABELS, PREDICTIONS

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0002"
"""The revision that this code reads and writes; the newest of `migrations/versions`."""
AT_ONCE = 1000
READ_AT_ONCE = 5000

Row = Mapping[str, Any]
KEPT = Kept("the log", MIGRATIONS, HEAD, "alembic_version", 1919247214)


def open_log(url: str) -> sa.Engine:
    """Return an engine for the log; nothing is connected yet. Raises Refusal at an address that cannot be meant."""
    return open_database(url, KEPT.name)


def read_revision(engine: sa.Engine) -> str | None:
    """Return the revision of the tables that are there, None before the first."""
    return databases.read_revision(engine, KEPT.version_table)


def migrate_log(engine: sa.Engine) -> None:
    """Bring the tables to this code's revision.

    Raises Refusal when they are a newer release's, out of reach, or may not be written.
    """
    migrate(engine, KEPT)


def insert_predictions(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add predictions, each with every column of the table."""
    connection.execute(sa.insert(PREDICTIONS), rows)


def find_unknown(connection: sa.Connection, column: str, values: Sequence[str]) -> list[str]:
    """Return those of `values` that no recorded prediction has in a column (`id` or `key`), in their order."""
    place = PREDICTIONS.c[column]
    known: set[str] = set()
    for start in range(0, len(values), AT_ONCE):
        piece = values[start : start + AT_ONCE]
        answered = sa.select(place).where(place.in_(piece), PREDICTIONS.c.shadow_of.is_(None))
        known |= set(connection.scalars(answered.distinct()))
    return [value for value in values if value not in known]


def insert_labels(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add labels, each with every column but its number; the newest of a prediction counts."""
    connection.execute(sa.insert(LABELS), rows)


def prune_log(engine: sa.Engine, days: float, now: datetime | None = None) -> int:
    """Remove predictions and labels older than so many days, in small steps; return how many predictions went."""
    before, removed = (now or datetime.now(UTC)) - timedelta(days=days), 0
    for table, age in ((PREDICTIONS, PREDICTIONS.c.at), (LABELS, LABELS.c.received_at)):
        key = table.primary_key.columns[0]
        old = sa.select(key).where(age < before).limit(AT_ONCE)
        gone = AT_ONCE
        while gone == AT_ONCE:
            with engine.begin() as connection:
                gone = connection.execute(sa.delete(table).where(key.in_(old))).rowcount
            removed += gone if table is PREDICTIONS else 0
    return removed


def count_predictions(engine: sa.Engine) -> int:
    """Return how many predictions are recorded."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(PREDICTIONS)) or 0


def list_lanes(engine: sa.Engine) -> list[dict[str, str]]:
    """Return per model and lane how many predictions are recorded, from when to when."""
    names, at = (PREDICTIONS.c.model, PREDICTIONS.c.lane), PREDICTIONS.c.at
    query = sa.select(
        *names, sa.func.count().label("rows"), sa.func.min(at).label("first"), sa.func.max(at).label("last")
    )
    with engine.connect() as connection:
        found = connection.execute(query.group_by(*names).order_by(sa.func.min(at), *names)).mappings()
        return [
            {**row, "rows": f"{row['rows']:,}"} | {n: f"{row[n]:%Y-%m-%d %H:%M}" for n in ("first", "last")}
            for row in found
        ]


def _newest_label(column: str) -> sa.Subquery:
    place = LABELS.c[column]
    rank = sa.func.row_number().over(partition_by=place, order_by=LABELS.c.number.desc())
    ranked = sa.select(place.label("name"), LABELS.c.label, LABELS.c.known_at, rank.label("rank"))
    found = ranked.where(place.is_not(None)).subquery()
    return sa.select(found).where(found.c.rank == 1).subquery()


def _select_predictions(with_inputs: bool) -> sa.Select[Any]:
    by_id, by_key = _newest_label("prediction"), _newest_label("key")
    answered = PREDICTIONS.alias("answered")
    inputs = sa.func.coalesce(answered.c.inputs, PREDICTIONS.c.inputs) if with_inputs else sa.literal("{}")
    query = (
        sa.select(
            *[column for column in PREDICTIONS.c if column.name != "inputs"],
            inputs.label("inputs"),
            sa.func.coalesce(by_id.c.label, by_key.c.label).label("label"),
            sa.func.coalesce(by_id.c.known_at, by_key.c.known_at).label("label_known_at"),
        )
        .select_from(PREDICTIONS)
        .outerjoin(by_id, by_id.c.name == sa.func.coalesce(PREDICTIONS.c.shadow_of, PREDICTIONS.c.id))
        .outerjoin(by_key, by_key.c.name == PREDICTIONS.c.key)
        .order_by(PREDICTIONS.c.id)
    )
    return query.outerjoin(answered, answered.c.id == PREDICTIONS.c.shadow_of) if with_inputs else query


def read_predictions(
    engine: sa.Engine, since: datetime | None = None, until: datetime | None = None, *, with_inputs: bool = True
) -> Iterator[list[dict[str, Any]]]:
    """Yield predictions in pieces by id, with `label` and `label_known_at` where one is known, JSON parsed.

    What a shadow scored comes with the inputs and the label of the answer that it stood beside. Without inputs, which
    are most of a log, they are empty.
    """
    query = _select_predictions(with_inputs)
    if since is not None:
        query = query.where(PREDICTIONS.c.at >= since)
    if until is not None:
        query = query.where(PREDICTIONS.c.at < until)
    with engine.connect().execution_options(yield_per=READ_AT_ONCE) as connection:
        for piece in connection.execute(query).mappings().partitions():
            yield [_parse_prediction(dict(row)) for row in piece]


def _parse_prediction(row: Row) -> dict[str, Any]:
    parsed = {name: json.loads(row[name]) if row[name] else None for name in ("inputs", "scores", "decision", "label")}
    return {**row, **parsed}
