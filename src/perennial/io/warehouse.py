"""DuckDB, set so that the same query gives the same rows on any machine and writes nothing outside the repository."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.data.contract import Source
from perennial.data.point_in_time import quote
from perennial.io.files import scratch_folder
from perennial.io.sources import is_parquet, refuse_wrong_header, unpack_csv
from perennial.refusal import Refusal


@contextmanager
def open_warehouse(memory_gb: float, workers: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a scratch database; `memory_gb` bounds its memory, `workers` 0 means every core."""
    with scratch_folder("warehouse") as folder, duckdb.connect(str(folder / "scratch.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET temp_directory = '{folder}'")
        connection.execute(f"SET memory_limit = '{memory_gb}GB'")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET autoinstall_known_extensions = false")
        if workers:
            connection.execute(f"SET threads = {workers}")
        yield connection


def read_folder_sql(folder: str | Path) -> str:
    """Return the SQL that reads every partition of a folder."""
    return f"read_parquet('{Path(folder).as_posix()}/*.parquet')"


def _csv_header(path: Path, plain: Path) -> list[str]:
    with plain.open("rb") as file:
        line = file.readline(1 << 20)
    try:
        return next(csv.reader([line.decode("utf-8-sig")]))
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not UTF-8 (its header begins {line[:40]!r}): save it as UTF-8.") from None


def _csv_relation(path: Path, expected: list[str], scratch: Path) -> str:
    plain = scratch / "plain.csv"
    unpack_csv(path, plain)
    header = _csv_header(path, plain)
    refuse_wrong_header(path, header, expected)
    types = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{plain}', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"columns = {{{types}}}, nullstr = '\x01', strict_mode = true, null_padding = false)"
    )


def _parquet_relation(path: Path, expected: list[str]) -> str:
    try:
        refuse_wrong_header(path, pq.ParquetFile(path).schema_arrow.names, expected)
    except (pa.ArrowInvalid, OSError) as error:
        raise Refusal(f"{path} is not whole Parquet ({error}): fetch it again.") from None
    return f"read_parquet('{path}')"


def load_text(connection: duckdb.DuckDBPyConnection, source: Source, files: list[Path], scratch: Path) -> str:
    """Load a source's files into a table of text cells; return the table's quoted name.

    Raises Refusal when a file is damaged, ragged, not UTF-8, or has other columns than the contract.
    """
    expected, table = [column.name for column in source.columns], quote(f"{source.name}~text")
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{quote(name)} VARCHAR' for name in expected)})")
    cells = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in expected)
    for path in files:
        relation = _parquet_relation(path, expected) if is_parquet(path) else _csv_relation(path, expected, scratch)
        try:
            connection.execute(f"INSERT INTO {table} SELECT {cells} FROM {relation}")
        except duckdb.Error as error:
            words = " ".join(str(error).split())[:240].replace(str(scratch / "plain.csv"), path.name)
            raise Refusal(f"{path} is not the table the contract describes: {words}") from None
    return table


def duplicate_keys(
    connection: duckdb.DuckDBPyConnection, source: Source, folder: str | Path
) -> tuple[int, list[tuple[object, ...]]]:
    """Return how many keys of a source occur more than once, and three of them with their counts."""
    key = ", ".join(quote(name) for name in source.key)
    groups = f"SELECT {key}, count(*) AS times FROM {read_folder_sql(folder)} GROUP BY {key} HAVING count(*) > 1"
    total = connection.execute(f"SELECT count(*) FROM ({groups})").fetchone()
    samples = connection.execute(f"{groups} ORDER BY {key} LIMIT 3").fetchall()
    return (total[0] if total else 0), samples
