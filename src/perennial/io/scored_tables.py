"""Rows of a database to be scored, and the answers as tables of a database."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from perennial.data.fetching import Fetch
from perennial.io.databases import begin_writing, describe, open_database, parse_url, refuse_memory
from perennial.io.fetch import Patience, guarded, may_be_database
from perennial.io.fetch_server import DRIVERS
from perennial.io.fetch_sql import keep_sql
from perennial.refusal import Refusal

PIECE = 10_000
_LOCK = 7_203_114
_KINDS: tuple[tuple[Callable[[pa.DataType], bool], type[sa.types.TypeEngine[Any]]], ...] = (
    (pa.types.is_floating, sa.Double),
    (pa.types.is_boolean, sa.Boolean),
    (pa.types.is_integer, sa.BigInteger),
    (pa.types.is_timestamp, sa.DateTime),
)


def keep_rows(asked: Fetch, path: Path, *, as_of: datetime, patience: Patience) -> None:
    """Write the rows of a query as text cells to a Parquet file.

    Raises Refusal when the address is no database or does not take the query, Down when it does not answer.
    """

    def keep(filled: Fetch) -> None:
        if not may_be_database(filled.url):
            raise Refusal(f"{filled.url.split('://')[0]}:// takes no query: give a file, or the url of a database.")
        patience.again(partial(keep_sql, filled, path, as_of=as_of, seconds=patience.seconds))

    guarded(asked, patience, keep)


def refuse_tables(names: Iterable[str], place: Fetch, patience: Patience) -> None:
    """Raise Refusal when one of the tables is there already, or the database cannot be written."""
    guarded(place, patience, lambda filled: _write(filled.url, patience, lambda it: _refuse_tables(it, names)))


def insert_files(files: Mapping[str, Path], place: Fetch, patience: Patience) -> None:
    """Make a table of each {name: Parquet file} in SQLite or PostgreSQL, all of them or none.

    Raises Refusal when a table of that name is there, or the database cannot be written.
    """

    def insert(connection: sa.Connection) -> None:
        _refuse_tables(connection, files)
        for name, file in files.items():
            _insert_file(connection, name, file)

    guarded(place, patience, lambda filled: _write(filled.url, patience, insert))


def _write(url: str, patience: Patience, work: Callable[[sa.Connection], None]) -> None:
    engine = _open(url, patience.deadline)
    try:
        with begin_writing(engine, _LOCK) as connection:
            work(connection)
    except sa.exc.SQLAlchemyError as error:
        raise Refusal(f"the answers cannot be written ({describe(error):.200}): nothing is.") from None
    finally:
        engine.dispose()


def _refuse_tables(connection: sa.Connection, names: Iterable[str]) -> None:
    there = [name for name in names if sa.inspect(connection).has_table(name)]
    if there:
        raise Refusal(f"the table {there[0]} is there already: name another with --table.")


def _open(url: str, seconds: float) -> sa.Engine:
    parsed = parse_url(url, "the table of answers")
    if parsed.get_backend_name() == "sqlite":
        refuse_memory(parsed, "the table of answers")
        return sa.create_engine(parsed, hide_parameters=True)  # somebody's file, whose settings stay as they are
    parsed = parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
    return open_database(parsed.render_as_string(hide_password=False), "the table of answers", seconds)


def _insert_file(connection: sa.Connection, name: str, file: Path) -> None:
    with pq.ParquetFile(file) as parquet:
        fields = list(parquet.schema_arrow)
        table = sa.Table(name, sa.MetaData(), *(sa.Column(each.name, _kind(each.type)) for each in fields))
        table.create(connection)
        for batch in parquet.iter_batches(PIECE):
            connection.execute(sa.insert(table), batch.to_pylist())


def _kind(stored: pa.DataType) -> sa.types.TypeEngine[Any]:
    return next((kind() for holds, kind in _KINDS if holds(stored)), sa.Text())
