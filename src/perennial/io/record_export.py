"""The prediction record as one Parquet file, for whoever monitors: a column per input, in two passes over the log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from perennial.io.files import replace_file
from perennial.io.records import read_predictions

INSTANT = pa.timestamp("us", "UTC")
FIXED = {
    "id": pa.string(),
    "at": INSTANT,
    "route": pa.string(),
    "model": pa.string(),
    "lane": pa.string(),
    "key": pa.string(),
    "score": pa.float64(),
    "decision": pa.string(),
    "latency_ms": pa.float64(),
    "shadow_of": pa.string(),
    "scoring_ms": pa.float64(),
    "label": pa.string(),
    "label_known_at": INSTANT,
}
PREFIX = "input."
_TYPES = {bool: pa.bool_(), int: pa.float64(), float: pa.float64(), str: pa.string()}


def find_types(pieces: Iterator[Sequence[Mapping[str, Any]]]) -> dict[str, pa.DataType]:
    """Return the type of each input over all rows; text where models have disagreed, or where it was always null."""
    found: dict[str, pa.DataType | None] = {}
    for piece in pieces:
        for row in piece:
            for name, value in row["inputs"].items():
                kind, known = _TYPES.get(type(value)), found.setdefault(name, None)
                if kind is not None and kind != known:
                    found[name] = kind if known is None else pa.string()
    return {name: kind or pa.string() for name, kind in found.items()}


def _cell(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if kind == INSTANT:
        return value if value.tzinfo else value.replace(tzinfo=UTC)  # SQLite keeps no zone; all is UTC
    if kind == pa.string():
        return value if isinstance(value, str) else str(value)
    return float(value) if kind == pa.float64() else value


def make_table(piece: Sequence[Mapping[str, Any]], inputs: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows of `read_predictions` as a table: what is fixed, then `input.NAME` of each input."""
    columns = {name: pa.array([_cell(row[name], kind) for row in piece], kind) for name, kind in FIXED.items()}
    for name, kind in inputs.items():
        columns[PREFIX + name] = pa.array([_cell(row["inputs"].get(name), kind) for row in piece], kind)
    return pa.table(columns)


def export_predictions(engine: sa.Engine, target: str | Path, since: datetime | None = None) -> int:
    """Write the predictions from `since` on into a Parquet file, whole or not at all, and return how many."""
    inputs, rows = find_types(read_predictions(engine, since)), 0
    schema = make_table([], inputs).schema
    with replace_file(target) as place, pq.ParquetWriter(place, schema) as writer:
        for piece in read_predictions(engine, since):
            # What came in since the first pass may have brought inputs that have no column.
            writer.write_table(make_table(piece, inputs))
            rows += len(piece)
    return rows
