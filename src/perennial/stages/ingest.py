"""ingest: every source as the contract says it looks, cut at problem.as_of, in monthly partitions."""

from pathlib import Path

import duckdb
from tqdm import tqdm

from perennial.data.contract import Contract, Source, order_sources
from perennial.data.point_in_time import mask_sql, quote
from perennial.data.typed import UNPARSED, derived_sql, typed_sql
from perennial.io.contract import read_contract
from perennial.io.files import replace_folder, scratch_folder, sha256_file, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.sources import locate
from perennial.io.tables import write_table
from perennial.io.warehouse import load_text, open_warehouse

PARAMS = ("engine.memory_gb", "engine.workers", "problem.as_of")
RAW = "data/raw"


def load_source(connection: duckdb.DuckDBPyConnection, source: Source, as_of: str, scratch: Path) -> None:
    """Create the table `source.name`: typed, with derived columns, as known at `as_of`, ordered."""
    text = load_text(connection, source, locate(source.path), scratch)
    typed = derived_sql(source, f"({typed_sql(source, text)})")
    known = mask_sql(source, f"TIMESTAMP '{as_of}'", f"({typed})", extra=(UNPARSED,))
    order = ", ".join(quote(name) for name in ([source.time] if source.time else []) + list(source.key))
    connection.execute(f"CREATE TABLE {quote(source.name)} AS {known} ORDER BY {order} NULLS LAST")
    connection.execute(f"DROP TABLE {text}")


def write_partitions(connection: duckdb.DuckDBPyConnection, source: Source, folder: Path) -> dict[str, object]:
    """Write a source's table as one Parquet file a month (or `all`); return its manifest entry."""
    month = f"coalesce(strftime({quote(source.time)}, '%Y-%m'), 'none')" if source.time else "'all'"
    table, order = quote(source.name), ", ".join(quote(name) for name in source.key)
    order = f"{quote(source.time)}, {order}" if source.time else order
    names = connection.execute(f"SELECT DISTINCT {month} AS m FROM {table} ORDER BY m").fetchall()
    files: dict[str, dict[str, object]] = {}
    for (name,) in names or [("all",)]:
        query = f"SELECT * FROM {table} WHERE {month} = '{name}' ORDER BY {order} NULLS LAST"
        rows = connection.sql(query).to_arrow_table()
        path = folder / source.name / f"{name}.parquet"
        write_table(path, rows)
        files[name] = {"rows": rows.num_rows, "sha256": sha256_file(path)}
    span: tuple[object, ...] | None = None
    if source.time:
        span = connection.execute(
            f"SELECT min({quote(source.time)}), max({quote(source.time)}) FROM {table}"
        ).fetchone()
    total = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return {"rows": total[0] if total else 0, "span": [str(each) for each in span] if span else None, "files": files}


def ingest(contract: Contract, as_of: str, memory_gb: float, workers: int) -> None:
    """Write data/raw, whole or not at all."""
    manifest = {}
    with (
        replace_folder(RAW) as folder,
        scratch_folder("ingest") as scratch,
        open_warehouse(memory_gb, workers) as database,
    ):
        for source in tqdm(order_sources(contract), desc="ingest", disable=None):
            load_source(database, source, as_of, scratch)
            manifest[source.name] = write_partitions(database, source, folder)
        write_json(folder / "manifest.json", {"as_of": as_of, "sources": manifest})


def main() -> None:
    """Run the stage."""
    params = read_params(PARAMS)
    ingest(read_contract(), str(params["problem.as_of"]), params["engine.memory_gb"], params["engine.workers"])


if __name__ == "__main__":
    run_stage(main)
