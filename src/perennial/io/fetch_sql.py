"""Rows of a database: SQLite and DuckDB files, and servers through SQLAlchemy; only ever read."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from perennial.data.fetching import Fetch
from perennial.data.point_in_time import quote
from perennial.io.cells import frame_of_rows, frames_of_rows
from perennial.io.deadline import interrupted_in_time
from perennial.io.fetch_server import LATE, ask_server
from perennial.io.retry import Transient
from perennial.refusal import Refusal

SCHEMES = ("sqlite", "duckdb", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql")
BUSY = ("locked", "busy", "Could not set lock")


def read_sql(fetch: Fetch, *, as_of: datetime, since: Any, seconds: float) -> pd.DataFrame:
    """Return the rows of the query as text cells; those from `since` on where the source has a watermark.

    Raises Transient when the database is away or busy, Refusal when it does not take the query.
    """
    query = _plain_query(fetch)
    if fetch.watermark and since is not None and ":since" not in query:
        query = f"SELECT * FROM ({query}\n) AS asked WHERE {_quoted(fetch, fetch.watermark)} >= :since"
    values = dict(fetch.parameters) | {"as_of": as_of, "since": since}
    with _rows(fetch, query, values, seconds) as (names, rows):
        return frame_of_rows(names, rows)


def keep_sql(fetch: Fetch, path: Path, *, as_of: datetime, seconds: float) -> None:
    """Write the rows of the query as text cells to a Parquet file, piece by piece; raises as `read_sql`."""
    values = dict(fetch.parameters) | {"as_of": as_of}
    with _rows(fetch, _plain_query(fetch), values, seconds) as (names, rows):
        schema = pa.schema([(name, pa.string()) for name in names])
        with pq.ParquetWriter(path, schema) as writer:
            for frame in frames_of_rows(names, rows):
                writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def count_sql(fetch: Fetch, *, as_of: datetime, since: Any, seconds: float) -> int:
    """Return how many rows the query has now; raises as `read_sql`."""
    query = f"SELECT count(*) FROM ({_plain_query(fetch)}\n) AS asked"
    with _rows(fetch, query, dict(fetch.parameters) | {"as_of": as_of, "since": since}, seconds) as (_, rows):
        return int(next(iter(rows))[0])


def _plain_query(fetch: Fetch) -> str:
    if not fetch.query:
        raise Refusal(f"{fetch.url.split('://')[0]}:// needs a query: give `query` (--query 'SELECT …').")
    return fetch.query.strip().rstrip(";")


def _quoted(fetch: Fetch, name: str) -> str:
    return f"`{name}`" if fetch.url.startswith(("mysql", "mariadb")) else quote(name)


@contextmanager
def _rows(
    fetch: Fetch, query: str, values: Mapping[str, Any], seconds: float
) -> Iterator[tuple[list[str], Iterator[Any]]]:
    asked = sa.text(query)
    wanted = {str(name): values.get(str(name)) for name in asked.compile(dialect=DefaultDialect()).params}
    absent = [name for name in wanted if name not in values]
    if absent:
        raise Refusal(f"the query names :{absent[0]}, which is no parameter: add it to `parameters`.")
    scheme = fetch.url.split("://")[0]
    reader = {"sqlite": _sqlite, "duckdb": _duckdb}.get(scheme)
    with (
        reader(fetch.url, asked, wanted, seconds) if reader else ask_server(fetch.url, asked, wanted, seconds) as found
    ):
        yield found


def _file_of(url: str) -> Path:
    path = Path(url.split(":///", 1)[-1])
    if not path.is_file():
        raise Refusal(f"{path} is not there: {url.split(':')[0]}:///FILE names a database file.")
    return path


def _positional(asked: sa.TextClause, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    made: Any = asked.compile(dialect=DefaultDialect(paramstyle="qmark"))
    return str(made), [values[name] for name in made.positiontup or ()]


@contextmanager
def _sqlite(
    url: str, asked: sa.TextClause, values: Mapping[str, Any], seconds: float
) -> Iterator[tuple[list[str], Iterator[Any]]]:
    path = _file_of(url)
    query, given = _positional(asked, values)
    # SQLite has no instants: as text, they sort like those that SQLite's own functions write.
    given = [str(value) if isinstance(value, datetime) else value for value in given]
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        opened = sqlite3.connect(address, uri=True, timeout=seconds, check_same_thread=False)
        with closing(opened) as database, interrupted_in_time(database.interrupt):
            done = database.execute(query, given)
            yield [str(column[0]) for column in done.description or ()], iter(done)
    except sqlite3.Error as error:
        if "interrupted" in str(error):
            raise Refusal(LATE.format(path=path)) from None
        if any(word in str(error) for word in BUSY):
            raise Transient(f"{path} is busy ({error})") from None
        raise Refusal(f"sqlite:///{path} does not answer the query ({error}): correct --query.") from None


@contextmanager
def _duckdb(
    url: str, asked: sa.TextClause, values: Mapping[str, Any], seconds: float
) -> Iterator[tuple[list[str], Iterator[Any]]]:
    path = _file_of(url)
    query, given = _positional(asked, values)
    try:
        with duckdb.connect(str(path), read_only=True) as database, interrupted_in_time(database.interrupt):
            database.execute("SET TimeZone = 'UTC'")
            done = database.execute(query, given)
            yield [str(column[0]) for column in done.description or ()], iter(done.fetchone, None)
    except (duckdb.Error, RuntimeError) as error:
        words = " ".join(str(error).split())[:300]
        if "interrupted" in words.lower():
            raise Refusal(LATE.format(path=path)) from None
        if any(word in words for word in BUSY):
            raise Transient(f"{path} is busy ({words})") from None
        raise Refusal(f"duckdb:///{path} does not answer the query ({words}): correct --query.") from None
