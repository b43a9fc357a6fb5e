"""examples.sql, run over the valid sources: on everything at once, or on pieces of time that fit in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import duckdb
import numpy as np
import pyarrow as pa

from perennial.data.contract import Column, Contract, Source, is_static
from perennial.data.point_in_time import quote
from perennial.data.query import refuse_escape
from perennial.data.typed import sql_type
from perennial.io.warehouse import parse_sql, read_folder_sql, refuse_no_room, unstable_functions
from perennial.refusal import Refusal

DAY = np.timedelta64(1, "D")
BATCH = 131_072  # rows


@dataclass(frozen=True)
class Span:
    """Decisions after `since` until `until`, and the rows of the sources from `low` to before `high`; None is open."""

    since: np.datetime64 | None
    until: np.datetime64
    low: np.datetime64 | None = None
    high: np.datetime64 | None = None


def plan_spans(
    first: np.datetime64, as_of: np.datetime64, *, piece_days: int | None, history_days: int, ahead_days: int
) -> list[Span]:
    """Return the spans that together hold every decision until `as_of`, none longer than `piece_days` (None: one).

    Each sees the sources from `history_days` before its first decision until `ahead_days` after its last.
    """
    count = 1 if piece_days is None else max(1, int(np.ceil((as_of - first) / (piece_days * DAY))))
    if piece_days is None or count == 1:
        return [Span(None, as_of)]
    edges = [as_of - number * piece_days * DAY for number in reversed(range(count))]
    starts = [None, *edges[:-1]]
    history, ahead = history_days * DAY, ahead_days * DAY
    return [
        Span(since, until, None if since is None else since - history, until + ahead)
        for since, until in zip(starts, edges, strict=True)
    ]


def create_sources(connection: duckdb.DuckDBPyConnection, contract: Contract, folder: str) -> None:
    """Create a view of each source's partitions in `folder`, in the schema `known`; Refusal where one has none."""
    connection.execute("CREATE SCHEMA known")
    for name in contract.sources:
        place = f"{folder}/{name}"
        try:
            connection.execute(f"CREATE VIEW known.{quote(name)} AS SELECT * FROM {read_folder_sql(place)}")
        except duckdb.IOException:
            raise Refusal(f"{place} holds no Parquet that can be read: run `dvc checkout` or `dvc repro`.") from None


def limit_sql(source: Source, low: np.datetime64 | None, high: np.datetime64 | None) -> str:
    """Return the query of a known source's rows whose time lies in [low, high); static rows are always there."""
    time = quote(source.time or "")
    bounds = [] if low is None else [f"{time} >= TIMESTAMP '{low}'"]
    bounds += [] if high is None else [f"{time} < TIMESTAMP '{high}'"]
    limited = bounds and source.time and not is_static(source)
    return f"SELECT * FROM known.{quote(source.name)}" + (f" WHERE {' AND '.join(bounds)}" if limited else "")


def create_span(connection: duckdb.DuckDBPyConnection, contract: Contract, span: Span) -> None:
    """Make the schema `span` show what a span sees of the known sources."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS span")
    for source in contract.sources.values():
        limited = limit_sql(source, span.low, span.high)
        connection.execute(f"CREATE OR REPLACE VIEW span.{quote(source.name)} AS {limited}")


def find_first(connection: duckdb.DuckDBPyConnection, contract: Contract) -> np.datetime64 | None:
    """Return the earliest time of any source, None where no source has one."""
    found: list[np.datetime64] = []
    for source in contract.sources.values():
        if source.time:
            query = f"SELECT min({quote(source.time)}) AS v FROM known.{quote(source.name)}"
            [value] = connection.sql(query).to_arrow_table()["v"].to_numpy()
            found += [] if np.isnat(value) else [value.astype("datetime64[us]")]
    return min(found, default=None)


def check_query(connection: duckdb.DuckDBPyConnection, contract: Contract, query: str) -> None:
    """Raise Refusal unless `query` is one SELECT over the contract's sources that always says the same."""
    tree = parse_sql(connection, query.strip().rstrip(";"))
    if tree.get("error"):
        raise _refuse_query(tree["error_message"])
    columns = {each.name for source in contract.sources.values() for each in (*source.columns, *source.derived)}
    refuse_escape(tree["statements"], contract.sources, unstable_functions(connection), columns)


def refuse_undeclared(connection: duckdb.DuckDBPyConnection, contract: Contract, query: str, as_of: str) -> None:
    """Raise Refusal when `query` yields a column that the contract's examples do not describe."""
    connection.execute("USE known")
    connection.execute(f"SET VARIABLE as_of = TIMESTAMP '{as_of}'")
    try:
        names = connection.sql(query.strip().rstrip(";")).columns
    except duckdb.Error as error:
        raise _refuse_query(error) from None
    known = {column.name.lower() for column in contract.examples}
    other = [name for name in names if name.lower() not in known]
    if other:
        raise Refusal(
            f"data/examples.sql yields {other[0]!r}, which data/contract.yaml does not describe: add its line to the "
            "section examples (the role `ignored` keeps it from the model)."
        )


def between_sql(time: str, since: np.datetime64 | None, until: np.datetime64) -> str:
    """Return the condition that a decision lies after `since` and not after `until`."""
    after = "" if since is None else f"{quote(time)} > TIMESTAMP '{since}' AND "
    return f"{after}{quote(time)} <= TIMESTAMP '{until}'"


def _examples_sql(query: str, columns: Sequence[Column], condition: str) -> str:
    cells = ", ".join(f"CAST({quote(c.name)} AS {sql_type(c.dtype)}) AS {quote(c.name)}" for c in columns)
    order = ", ".join(quote(c.name) for role in ("time", "key") for c in columns if c.role == role)
    body = query.strip().rstrip(";")
    return f"SELECT {cells} FROM ({body}\n) WHERE {condition} ORDER BY {order or 'ALL'}"


def _refuse_query(error: Exception | str) -> Refusal:
    if isinstance(error, Exception):
        refuse_no_room(error)
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


def run_span(
    connection: duckdb.DuckDBPyConnection, contract: Contract, query: str, span: Span, as_of: str
) -> pa.RecordBatchReader:
    """Return the examples of one span; a table without time has one span and no condition."""
    time = next((c.name for c in contract.examples if c.role == "time"), None)
    condition = between_sql(time, span.since, span.until) if time else "true"
    create_span(connection, contract, span)
    return run_examples(connection, "span", query, contract.examples, condition, as_of)


def run_spans(
    connection: duckdb.DuckDBPyConnection, contract: Contract, query: str, spans: Sequence[Span], as_of: str
) -> pa.RecordBatchReader:
    """Return the examples of consecutive spans, one after the other; a span is run when the last is used up."""
    first = run_span(connection, contract, query, spans[0], as_of)
    rest = (batch for span in spans[1:] for batch in run_span(connection, contract, query, span, as_of))
    return pa.RecordBatchReader.from_batches(first.schema, chain(first, rest))
