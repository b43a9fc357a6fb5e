"""DuckDB, set so that the same query gives the same rows on any machine and writes nothing outside the repository."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.data.contract import STATIC, Contract, Source, is_static
from perennial.data.point_in_time import quote
from perennial.data.query import refuse_beyond_row
from perennial.io.scratch import scratch_folder
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


def parse_sql(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Return DuckDB's JSON of a query: `statements`, or `error` with an `error_message`."""
    row = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {}
    return tree


def unstable_functions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of DuckDB's functions whose value may differ between two calls, the variable as_of excepted."""
    query = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    return {str(name) for (name,) in connection.execute(query).fetchall()} - {"getvariable"}


def check_expressions(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Raise Refusal unless every `sql` and `known_at` of a contract looks at its own row and static sources alone."""
    static = [source.name for source in contract.sources.values() if is_static(source)]
    unstable = unstable_functions(connection)
    for source in contract.sources.values():
        names = [column.name for column in (*source.columns, *source.derived)]
        for column in (*source.columns, *source.derived):
            for text in filter(None, {column.sql, None if column.known_at == STATIC else column.known_at}):
                tree = parse_sql(connection, f"SELECT {text}")
                place = f"{source.name}.{column.name}"
                if not tree.get("error"):  # what does not parse is refused where it is run, in DuckDB's words
                    refuse_beyond_row(tree["statements"], static, unstable, place, names)


def read_folder_sql(folder: str | Path) -> str:
    """Return the SQL that reads every partition of a folder."""
    return f"read_parquet('{Path(folder).as_posix()}/*.parquet')"


def _csv_header(path: Path, plain: Path) -> list[str]:
    with plain.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(1 << 20)
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise Refusal(f"{path} has no header that reads as CSV ({error}): correct its first line.") from None


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


def refuse_no_room(error: Exception) -> None:
    """Raise Refusal when DuckDB stopped for want of disk or memory, whatever it was doing."""
    words = str(error)
    if "No space left" in words:
        raise Refusal("the disk is full: make room where the repository lies, then run again.") from None
    if "Out of Memory" in words or "out of memory" in words:
        raise Refusal("engine.memory_gb is too small for this step: raise it, or set assemble.piece_days.") from None


def _load_csv(
    connection: duckdb.DuckDBPyConnection, insert: str, path: Path, expected: list[str], scratch: Path
) -> None:
    try:
        connection.execute(f"{insert} FROM {_csv_relation(path, expected, scratch)}")
    except duckdb.Error as error:
        refuse_no_room(error)
        # The rest of its message is the line itself and advice on DuckDB's own options.
        words = re.split(r"\bPossible |This can happen", " ".join(str(error).split()))[0]
        words = re.sub(r"Original Line: .*?(?=Expected Number|Value with|Maximum line|$)", "", words).strip(" :.")
        raise Refusal(
            f"{path} is not the table the contract describes ({words}): correct that line or fetch the file again."
        ) from None
    finally:
        (scratch / "plain.csv").unlink(missing_ok=True)


def _load_parquet(connection: duckdb.DuckDBPyConnection, insert: str, path: Path, expected: list[str]) -> None:
    # pyarrow reads it because DuckDB does not verify the pages' checksums.
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        refuse_wrong_header(path, file.schema_arrow.names, expected)
        for batch in file.iter_batches():
            connection.register("batch", pa.Table.from_batches([batch]))
            connection.execute(f"{insert} FROM batch")
    except (pa.ArrowException, OSError) as error:
        raise Refusal(f"{path} is not whole Parquet ({error}): fetch it again.") from None


def load_text(connection: duckdb.DuckDBPyConnection, source: Source, files: list[Path], scratch: Path) -> str:
    """Load a source's files into a table of text cells; return the table's quoted name.

    Raises Refusal when a file is damaged, ragged, not UTF-8, or has other columns than the contract.
    """
    expected, table = [column.name for column in source.columns], quote(f"{source.name}~text")
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{quote(name)} VARCHAR' for name in expected)})")
    cells = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in expected)
    insert = f"INSERT INTO {table} SELECT {cells}"
    for path in files:
        if is_parquet(path):
            _load_parquet(connection, insert, path, expected)
        else:
            _load_csv(connection, insert, path, expected, scratch)
    return table


def create_table(connection: duckdb.DuckDBPyConnection, source: Source, query: str) -> None:
    """Create the table of a source from a query that holds its contract's expressions; Refusal when one is wrong."""
    try:
        connection.execute(f"CREATE TABLE {quote(source.name)} AS {query}")
    except duckdb.Error as error:
        refuse_no_room(error)
        words = " ".join(str(error).split("LINE 1")[0].split())[:300]
        raise Refusal(
            f"source {source.name}: a `sql` or `known_at` of its contract does not compute ({words}): correct it."
        ) from None


def duplicate_keys(
    connection: duckdb.DuckDBPyConnection, source: Source, folder: str | Path
) -> tuple[int, list[tuple[object, ...]]]:
    """Return how many keys of a source occur more than once, and three of them with their counts.

    A key with a missing part is none: two of them are not the same.
    """
    key = ", ".join(quote(name) for name in source.key)
    whole = " AND ".join(f"{quote(name)} IS NOT NULL" for name in source.key)
    rows = f"SELECT {key}, count(*) AS times FROM {read_folder_sql(folder)} WHERE {whole}"
    groups = f"{rows} GROUP BY {key} HAVING count(*) > 1"
    total = connection.execute(f"SELECT count(*) FROM ({groups})").fetchone()
    samples = connection.execute(f"{groups} ORDER BY {key} LIMIT 3").fetchall()
    return (total[0] if total else 0), samples
