"""examples.sql, run on what was known: once on everything, and again at each cut of the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from perennial.data.audit import Difference, Instants, compare_features
from perennial.data.contract import Column, Contract, Source, is_static
from perennial.data.point_in_time import mask_sql, quote
from perennial.data.typed import sql_type
from perennial.io.engine import Engine
from perennial.io.warehouse import open_warehouse, read_folder_sql
from perennial.refusal import Refusal

DAY = np.timedelta64(1, "D")
AHEAD = DAY
BATCH = 131_072  # rows
TOGETHER = 5  # cuts that share a database: more spare opening it, fewer keep every worker busy to the end


@dataclass(frozen=True)
class Replay:
    """How time is replayed: each cut compares the decisions of the `window_hours` before it.

    Both runs see the rows from `lookback_days` before the cut until a day after it: a shorter memory hides no peek,
    since it is the future that the runs differ in.
    """

    contract: Contract
    folder: str
    query: str
    window_hours: int
    lookback_days: int
    memory_gb: float


def create_sources(connection: duckdb.DuckDBPyConnection, contract: Contract, folder: str) -> None:
    """Create a view of each source's partitions in `folder`, in the schema `known`."""
    connection.execute("CREATE SCHEMA known")
    for name in contract.sources:
        connection.execute(f"CREATE VIEW known.{quote(name)} AS SELECT * FROM {read_folder_sql(f'{folder}/{name}')}")


def _examples_sql(query: str, columns: Sequence[Column], condition: str) -> str:
    cells = ", ".join(f"CAST({quote(c.name)} AS {sql_type(c.dtype)}) AS {quote(c.name)}" for c in columns)
    order = ", ".join(quote(c.name) for role in ("time", "key") for c in columns if c.role == role)
    body = query.strip().rstrip(";")
    return f"SELECT {cells} FROM ({body}\n) WHERE {condition} ORDER BY {order or 'ALL'}"


def _refuse_query(error: Exception) -> Refusal:
    words = " ".join(str(error).split("LINE 1")[0].split())[:400]
    return Refusal(f"data/examples.sql does not run: {words}")


def _read_on(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except OSError as error:  # what a value that cannot be computed becomes on its way through Arrow
        raise _refuse_query(error) from None


def run_examples(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    query: str,
    columns: Sequence[Column],
    condition: str,
    as_of: str,
) -> pa.RecordBatchReader:
    """Return the examples that `query` yields over the sources of `schema`, typed and ordered as the contract says.

    Raises Refusal with DuckDB's words when the query does not run or lacks a column of the contract.
    """
    connection.execute(f"USE {schema}")
    connection.execute(f"SET VARIABLE as_of = TIMESTAMP '{as_of}'")
    try:
        reader = connection.sql(_examples_sql(query, columns, condition)).to_arrow_reader(BATCH)
    except duckdb.Error as error:
        raise _refuse_query(error) from None
    return pa.RecordBatchReader.from_batches(reader.schema, _read_on(reader))


def _create_empty(connection: duckdb.DuckDBPyConnection, schema: str, sources: Sequence[Source]) -> None:
    connection.execute(f"CREATE SCHEMA {schema}")
    for source in sources:
        name = quote(source.name)
        connection.execute(f"CREATE TABLE {schema}.{name} AS SELECT * FROM known.{name} LIMIT 0")


def _fill(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], low: str, high: str, cut: str) -> None:
    for source in sources:
        name, time = quote(source.name), quote(source.time or "")
        if is_static(source) and connection.execute(f"SELECT 1 FROM span.{name} LIMIT 1").fetchone():
            continue
        where = f" WHERE {time} >= TIMESTAMP '{low}' AND {time} < TIMESTAMP '{high}'" if source.time else ""
        connection.execute(f"DELETE FROM span.{name}")
        connection.execute(f"INSERT INTO span.{name} SELECT * FROM known.{name}{where}")
        connection.execute(f"DELETE FROM cut.{name}")
        masked = mask_sql(source, f"TIMESTAMP '{cut}'", f"span.{name}")
        connection.execute(f"INSERT INTO cut.{name} {masked}")


def _compare_at(
    connection: duckdb.DuckDBPyConnection, replay: Replay, cut: np.datetime64
) -> tuple[int, list[Difference]]:
    columns, sources = replay.contract.examples, list(replay.contract.sources.values())
    time, key = (next(c.name for c in columns if c.role == role) for role in ("time", "key"))
    low, high = cut - replay.lookback_days * DAY, cut + AHEAD
    _fill(connection, sources, str(low), str(high), str(cut))
    since = cut - np.timedelta64(replay.window_hours, "h")
    condition = f"{quote(time)} > TIMESTAMP '{since}' AND {quote(time)} <= TIMESTAMP '{cut}'"
    full, masked = (
        run_examples(connection, schema, replay.query, columns, condition, str(cut)).read_pandas()
        for schema in ("span", "cut")
    )
    inputs = [c.name for c in columns if c.role == "input"]
    return len(full), compare_features(full, masked, key=key, columns=inputs, cut=str(cut)[:16])


def replay_piece(piece: tuple[Replay, Sequence[np.datetime64]]) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared at some cuts, and what differed; what the engine maps in the audit."""
    replay, cuts = piece
    with open_warehouse(replay.memory_gb, 1) as connection:
        create_sources(connection, replay.contract, replay.folder)
        for schema in ("span", "cut"):
            _create_empty(connection, schema, list(replay.contract.sources.values()))
        results = [_compare_at(connection, replay, cut) for cut in cuts]
    return sum(rows for rows, _ in results), [one for _, found in results for one in found]


def replay_cuts(engine: Engine, replay: Replay, cuts: Sequence[np.datetime64]) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared, and what differed between the full run and the masked ones."""
    pieces = [(replay, cuts[place : place + TOGETHER]) for place in range(0, len(cuts), TOGETHER)]
    results = engine.map(replay_piece, pieces, label="point-in-time audit")
    return sum(rows for rows, _ in results), [one for _, found in results for one in found]


def read_instants(connection: duckdb.DuckDBPyConnection, contract: Contract, schema: str) -> dict[str, Instants]:
    """Return every value of the columns that are themselves instants at which something becomes known, by name."""
    found: dict[str, Instants] = {}
    for source in contract.sources.values():
        every = (*source.columns, *source.derived)
        named = {column.known_at for column in every}
        for column in every:
            if column.dtype == "datetime" and column.name in named:
                table = f"{schema}.{quote(source.name)}"
                query = f"SELECT {quote(column.name)} AS v FROM {table} WHERE v IS NOT NULL ORDER BY v"
                values = connection.sql(query).to_arrow_table()["v"].to_numpy()
                found[f"{source.name}.{column.name}"] = values.astype("datetime64[us]")
    return found
