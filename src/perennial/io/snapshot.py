"""What was fetched: Parquet of text cells in data/source/NAME, a file a month where that is declared, under DVC."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.data.contract import Source
from perennial.data.fetching import SNAPSHOTS, Fetch
from perennial.data.point_in_time import quote
from perennial.io.cache import list_changed_outs, run_dvc, track
from perennial.io.files import read_json, replace_folder, sha256_file, write_json
from perennial.io.tables import write_table
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal

FOLDER, POINTER, LOG = Path(SNAPSHOTS), Path(f"{SNAPSHOTS}.dvc"), Path("data/fetched.json")
WHOLE, UNDATED = "all", "none"
EARLIEST: dict[str, Any] = {"datetime": datetime(1900, 1, 1), "numeric": -(2**53)}


@dataclass(frozen=True)
class Held:
    """What a snapshot holds: rows, and {part: the hash of its file}; a part is a month, `none` or `all`."""

    rows: int
    parts: Mapping[str, str]


def describe_held(folder: Path) -> Held:
    """Return what lies in a folder of a snapshot; nothing when it is absent."""
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    rows = sum(int(pq.read_metadata(file).num_rows) for file in files)
    return Held(rows, {file.stem: sha256_file(file) for file in files})


def restore_snapshots() -> None:
    """Bring data/source to what data/source.dvc names; raises Refusal when it was changed by hand."""
    if not POINTER.is_file():
        return
    state = list_changed_outs(POINTER.as_posix()).get(FOLDER.as_posix())
    if state == "deleted":
        run_dvc("checkout", "--quiet", POINTER.as_posix())
    elif state == "modified":
        raise Refusal(f"{FOLDER} is not what {POINTER} names: `dvc checkout {POINTER}` brings that back.")


def known_until(source: Source, fetch: Fetch, folder: Path, memory_gb: float) -> Any:
    """Return from where on an incremental fetch must ask, None when nothing is held or the source has no watermark."""
    if fetch.watermark is None or not describe_held(folder).rows:
        return None
    dtype, name = dtype_of(source, fetch.watermark), quote(fetch.watermark)
    value = {"datetime": _instant(name), "numeric": f"TRY_CAST({name} AS DOUBLE)"}.get(dtype, f"nullif({name}, '')")
    with open_warehouse(memory_gb) as database:
        [(newest,)] = database.execute(f"SELECT max({value}) FROM read_parquet('{folder}/*.parquet')").fetchall()
    if isinstance(newest, datetime):
        return newest - timedelta(days=fetch.overlap_days)
    return int(newest) if isinstance(newest, float) and newest.is_integer() else newest


def dtype_of(source: Source, name: str) -> str:
    """Return the dtype of a column of a source."""
    return next(column.dtype for column in source.columns if column.name == name)


def _instant(name: str) -> str:
    return f"CAST(TRY_CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"


def build_snapshot(
    source: Source, cells: pd.DataFrame, target: Path, *, held: Path | None, months: str | None, memory_gb: float
) -> None:
    """Write plain cells into the empty folder `target`, as parts whose bytes depend on their rows alone.

    With `held`, the parts there are kept but for the rows of the keys in `cells`; those without any are linked.
    """
    with open_warehouse(memory_gb) as database:
        database.register("cells", pa.Table.from_pandas(cells, preserve_index=False))
        part = f"coalesce(strftime({_instant(quote(months))}, '%Y-%m'), '{UNDATED}')" if months else f"'{WHOLE}'"
        database.execute(f"CREATE TABLE fresh AS SELECT *, {part} AS {_PART} FROM cells")
        found = database.execute(f"SELECT DISTINCT {_PART} FROM fresh").fetchall()
        fresh = {str(name) for (name,) in found}
        old = {file.stem: file for file in sorted(held.glob("*.parquet"))} if held else {}
        for name in sorted(fresh | old.keys()):
            if name not in fresh and not _is_touched(database, source, old[name]):
                link_file(old[name], target / f"{name}.parquet")
            else:
                _write_part(database, source, name, old.get(name), target)


_PART = '"~part"'


def link_file(source: str | Path, target: str | Path) -> None:
    """Give a file, which nobody changes, a second name; copy it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _same_key(source: Source) -> str:
    return " AND ".join(f"fresh.{quote(name)} = old.{quote(name)}" for name in source.key)


def _is_touched(database: duckdb.DuckDBPyConnection, source: Source, file: Path) -> bool:
    query = f"SELECT 1 FROM read_parquet('{file}') AS old SEMI JOIN fresh ON {_same_key(source)} LIMIT 1"
    return bool(database.execute(query).fetchall())


def _write_part(database: duckdb.DuckDBPyConnection, source: Source, name: str, old: Path | None, target: Path) -> None:
    columns = ", ".join(quote(column.name) for column in source.columns)
    rows = f"SELECT {columns} FROM fresh WHERE {_PART} = '{name}'"
    if old is not None:
        kept = f"SELECT {columns} FROM read_parquet('{old}') AS old ANTI JOIN fresh ON {_same_key(source)}"
        rows = f"{rows} UNION ALL {kept}"
    order = ", ".join([*(quote(key) for key in source.key), f"md5(concat_ws(chr(31), {columns}))"])
    table = database.sql(f"SELECT {columns} FROM ({rows}) ORDER BY {order}").to_arrow_table()
    if table.num_rows:
        write_table(
            target / f"{name}.parquet", table.cast(pa.schema([(each, pa.string()) for each in table.column_names]))
        )


def put_snapshots(built: Mapping[str, Path], *, alone: bool = False) -> None:
    """Put built folders, by the name of their source, into data/source in one step, and the whole under DVC.

    The snapshots of other sources stay, unless these shall be `alone`.
    """
    with replace_folder(FOLDER) as folder:
        for child in [] if alone or not FOLDER.is_dir() else FOLDER.iterdir():
            if child.is_dir() and child.name not in built:
                shutil.copytree(child, folder / child.name, copy_function=link_file)
            elif child.is_file() and child.name[0] != ".":
                link_file(child, folder / child.name)
        for name, place in built.items():
            shutil.move(place, folder / name)
    track(FOLDER.as_posix())


def read_log() -> dict[str, Any]:
    """Return {source: when it was last fetched, and what it had then}; empty before the first fetch."""
    log: dict[str, Any] = read_json(LOG) if LOG.is_file() else {}
    return log


def note_fetched(held: Mapping[str, Held], *, alone: bool = False) -> None:
    """Write down that these sources were fetched now, and `alone` forget the others."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    noted = {name: {"at": now, "rows": each.rows, "parts": sorted(each.parts)} for name, each in held.items()}
    write_json(LOG, noted if alone else read_log() | noted)
