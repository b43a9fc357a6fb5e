"""ingest: every source as the contract says it looks, cut at problem.as_of, in monthly partitions."""

from pathlib import Path

import duckdb
import numpy as np
from tqdm import tqdm

from perennial.data.contract import Contract, Source, is_static, order_sources
from perennial.data.point_in_time import mask_sql, quote, undatable_sql
from perennial.data.roles import refuse_other_roles
from perennial.data.typed import UNPARSED, derived_sql, typed_sql
from perennial.io.contract import read_contract
from perennial.io.files import replace_folder, sha256_file, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.io.sources import locate
from perennial.io.tables import write_table
from perennial.io.warehouse import check_expressions, create_table, load_text, open_warehouse

PARAMS = (
    *("engine.memory_gb", "engine.workers", "problem.as_of"),
    *("problem.key", "problem.time", "problem.target", "problem.label_known_at"),
)
RAW = "data/raw"


def load_source(
    connection: duckdb.DuckDBPyConnection, source: Source, as_of: str, scratch: Path, low: np.datetime64 | None = None
) -> int | None:
    """Create the table `source.name`: typed, with derived columns, as known at `as_of`, ordered.

    With `low`, rows before it are left out; then how many are known in all is returned, where a rule asks for it.
    """
    text = load_text(connection, source, locate(source.path), scratch)
    typed = derived_sql(source, f"({typed_sql(source, text)})")
    # A row that cannot be dated because it is broken must reach the quarantine, not vanish.
    keep = undatable_sql(source, f"{UNPARSED} IS NOT NULL")
    limited = f"({since_sql(source, f'({typed})', low)})"
    known = mask_sql(source, f"TIMESTAMP '{as_of}'", limited, extra=(UNPARSED,), keep=keep)
    create_table(connection, source, f"{known} ORDER BY {row_order(source)}")
    whole = mask_sql(source, f"TIMESTAMP '{as_of}'", f"({typed})", extra=(UNPARSED,), keep=keep)
    rows = None if low is None or source.rows is None else _count_doubted(connection, source, text, whole)
    connection.execute(f"DROP TABLE {text}")
    return rows


def since_sql(source: Source, relation: str, low: np.datetime64 | None) -> str:
    """Return the query of a relation's rows from `low` on; undated ones stay, for they may be broken."""
    if low is None or source.time is None or is_static(source):
        return f"SELECT * FROM {relation}"
    time = quote(source.time)
    return f"SELECT * FROM {relation} WHERE {time} >= TIMESTAMP '{low}' OR {time} IS NULL"


def _count_doubted(connection: duckdb.DuckDBPyConnection, source: Source, text: str, whole: str) -> int | None:
    """Return how many rows are known in all, None where what was loaded and the file hold the rule `rows` already."""
    low, high = source.rows or (0, 0)
    [(loaded, most)] = connection.execute(
        f"SELECT (SELECT count(*) FROM {quote(source.name)}), (SELECT count(*) FROM {text})"
    ).fetchall()
    if low <= loaded and most <= high:
        return None
    [(rows,)] = connection.execute(f"SELECT count(*) FROM ({whole})").fetchall()
    return int(rows)


def row_order(source: Source) -> str:
    """Return the order of a source's rows: by time, then by key."""
    names = ([source.time] if source.time else []) + [name for name in source.key if name != source.time]
    return ", ".join(f"{quote(name)} NULLS LAST" for name in names)


def month_filters(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Return {partition: the condition of its rows}: each month that has rows, `none` without a time, or `all`."""
    if source.time is None:
        return {"all": "true"}
    time = quote(source.time)
    months = connection.execute(
        f"SELECT DISTINCT date_trunc('month', {time})::TIMESTAMP AS m FROM {quote(source.name)} ORDER BY m NULLS LAST"
    ).fetchall()
    # Ranges, so that a month is found in the ordered table without reading all of it.
    ranges = {
        f"{month:%Y-%m}": f"{time} >= TIMESTAMP '{month}' AND {time} < TIMESTAMP '{month}' + INTERVAL 1 MONTH"
        for (month,) in months
        if month
    }
    return ranges | ({"none": f"{time} IS NULL"} if (None,) in months else {}) or {"all": "true"}


def write_partitions(connection: duckdb.DuckDBPyConnection, source: Source, folder: Path) -> dict[str, object]:
    """Write a source's table as one Parquet file a month (or `all`); return its manifest entry."""
    files: dict[str, dict[str, object]] = {}
    for name, condition in month_filters(connection, source).items():
        query = f"SELECT * FROM {quote(source.name)} WHERE {condition} ORDER BY {row_order(source)}"
        rows = connection.sql(query).to_arrow_table()
        path = folder / source.name / f"{name}.parquet"
        write_table(path, rows)
        files[name] = {"rows": rows.num_rows, "sha256": sha256_file(path)}
    instant = quote(source.time) if source.time else "NULL"
    query = f"SELECT count(*), min({instant}), max({instant}) FROM {quote(source.name)}"
    [(rows_in_all, first, last)] = connection.execute(query).fetchall()
    return {"rows": rows_in_all, "span": [str(first), str(last)] if first else None, "files": files}


def write_sources(
    database: duckdb.DuckDBPyConnection,
    contract: Contract,
    as_of: str,
    folder: Path,
    scratch: Path,
    low: np.datetime64 | None = None,
) -> dict[str, dict[str, object]]:
    """Write every source as known at `as_of` below `folder`, from `low` on; return the manifest's entries."""
    manifest = {}
    check_expressions(database, contract)
    for source in tqdm(order_sources(contract), desc="ingest", disable=None):
        rows = load_source(database, source, as_of, scratch, low)
        manifest[source.name] = write_partitions(database, source, folder)
        if rows is not None:
            manifest[source.name]["rows_in_all"] = rows
    return manifest


def ingest(contract: Contract, as_of: str, memory_gb: float, workers: int) -> None:
    """Write data/raw, whole or not at all; `as_of` is ISO 8601 in UTC."""
    with (
        replace_folder(RAW) as folder,
        scratch_folder("ingest") as scratch,
        open_warehouse(memory_gb, workers) as database,
    ):
        manifest = write_sources(database, contract, as_of, folder, scratch)
        write_json(folder / "manifest.json", {"as_of": as_of, "sources": manifest})


def main() -> None:
    """Run the stage."""
    params, contract = read_params(PARAMS), read_contract()
    refuse_other_roles(
        contract,
        {
            "key": params["problem.key"],
            "time": params["problem.time"],
            "target": params["problem.target"],
            "label_time": params["problem.label_known_at"],
        },
    )
    ingest(contract, params["problem.as_of"], params["engine.memory_gb"], params["engine.workers"])


if __name__ == "__main__":
    run_stage(main)
