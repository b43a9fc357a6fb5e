"""Somebody's table read as text cells, and what is written when it is adopted."""

import glob
import io
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from ruamel.yaml import YAML

from perennial.data.point_in_time import quote
from perennial.io.cache import track
from perennial.io.csv_text import UNNAMED, csv_relation
from perennial.io.files import replace_folder, write_text
from perennial.io.git import list_changed
from perennial.io.json_rows import dig, find_records, frame_of_records, parse_json
from perennial.io.scratch import scratch_folder
from perennial.io.snapshot import FOLDER, LOG
from perennial.io.unpacking import unpack
from perennial.io.warehouse import open_warehouse
from perennial.io.workbook import SHEETS, read_workbook
from perennial.refusal import Refusal

PARQUET, LINES = (".parquet", ".pq"), (".jsonl", ".ndjson")


def read_cells_of(address: str, sheet: str | None = None, encoding: str | None = None) -> pd.DataFrame:
    """Return the table in a file or a folder of files as a frame of text cells, missing ones empty.

    Raises Refusal when the path cannot be read or does not hold one table.
    """
    return read_files(local_files(address), sheet, encoding)


def read_files(files: Sequence[Path], sheet: str | None = None, encoding: str | None = None) -> pd.DataFrame:
    """Return the files of one table as a frame of text cells; raises Refusal when they are of several tables."""
    frames = [read_file(file, sheet, encoding) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if list(frame.columns) != list(frames[0].columns):
            raise Refusal(f"{file} has other columns than {files[0]}: adopt files of one table.")
    return pd.concat(frames, ignore_index=True)


def local_files(address: str) -> list[Path]:
    """Return the files of a path, in order of their names; raises Refusal when there is none."""
    path = Path(address)
    files = sorted(each for each in path.iterdir() if each.name[0] != ".") if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise Refusal(f"{address} is not a file or a folder of files.")
    return files


def read_file(path: Path, sheet: str | None = None, encoding: str | None = None) -> pd.DataFrame:
    """Return one file, packed or not, as a frame of text cells; raises Refusal when it is damaged or no table."""
    if path.suffix.lower() in SHEETS:
        return read_workbook(path, sheet)
    with scratch_folder("adopt") as scratch:
        try:
            return read_plain(unpack(path, scratch), scratch, sheet, encoding)
        except Refusal as refusal:
            # What was unpacked is called after the file that was given.
            raise Refusal(re.sub(rf"{re.escape(str(scratch))}/unpacked[.\w]*", str(path), str(refusal))) from None


def read_plain(path: Path, scratch: Path, sheet: str | None, encoding: str | None) -> pd.DataFrame:
    """Return one file that is not packed as a frame of text cells; raises Refusal when it is damaged or no table."""
    suffix = path.suffix.lower()
    if suffix in SHEETS:
        return read_workbook(path, sheet)
    if suffix == ".json" and not holds_lines(path):
        body = parse_json(path.read_bytes(), str(path))
        return frame_of_records(dig(body, find_records(body) or "", str(path)))
    with open_warehouse(2.0) as database:
        if suffix in PARQUET:
            relation = f"read_parquet({_literal(path)})"
        elif suffix in (*LINES, ".json"):
            relation = f"read_json({_literal(path)}, format = 'newline_delimited')"
        else:
            relation = csv_relation(path, scratch, encoding)
        return leave_out_numbers(_as_text(database, relation, path))


def holds_lines(path: Path) -> bool:
    """Tell whether a JSON file holds an object a line rather than one document."""
    with path.open("rb") as file:
        first = [line.strip() for line in islice(file, 2)]
    return len(first) == 2 and all(line[:1] == b"{" and line[-1:] == b"}" for line in first)


def _literal(path: Path) -> str:
    return "'" + glob.escape(str(path)).replace("'", "''") + "'"


def leave_out_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without a first column that has no name and numbers the rows, as pandas writes one."""
    if list(frame.columns[:1]) != [UNNAMED.format(1)] or len(frame.columns) < 2:
        return frame
    cells = frame.iloc[:, 0].tolist()
    counted = any(cells == [str(number) for number in range(first, first + len(cells))] for first in (0, 1))
    return frame.iloc[:, 1:] if counted else frame


def _as_text(database: duckdb.DuckDBPyConnection, relation: str, path: Path) -> pd.DataFrame:
    try:
        names = [str(row[0]) for row in database.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
        cells = ", ".join(f"coalesce(CAST({quote(name)} AS VARCHAR), '') AS {quote(name)}" for name in names)
        # By Arrow: a Python object for each cell takes several times the memory of its text.
        frame: pd.DataFrame = database.sql(f"SELECT {cells} FROM {relation}").to_arrow_table().to_pandas()
        return frame.astype("str")
    except duckdb.Error as error:
        words = " ".join(str(error).split())
        raise Refusal(f"{path} does not read as a table ({words[:200]}): correct that line.") from None


def refuse_dirty_tree() -> None:
    """Raise Refusal unless everything here is committed, so that `git diff` shows what adopting changed."""
    changed = list_changed()
    if changed:
        raise Refusal(f"{changed[0]} is not committed: commit your changes first, so that `git diff` tells.")


def write_snapshot(name: str, cells: pd.DataFrame) -> str:
    """Write the plain cells as data/source/NAME.csv, alone in that folder, version it with DVC, return its path."""
    with replace_folder(FOLDER) as folder:
        cells.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    version_folder()
    LOG.unlink(missing_ok=True)
    return f"{FOLDER.as_posix()}/{name}.csv"


def version_folder() -> None:
    """Put data/source under DVC; raises Refusal when DVC does not take it."""
    track(FOLDER.as_posix())


def set_params(changes: dict[str, Any], path: str = "params.yaml") -> None:
    """Write leaves of params.yaml by dotted name; comments and the order of keys stay."""
    yaml = YAML()
    yaml.width = 120
    document = yaml.load(Path(path).read_text(encoding="utf-8"))
    for name, value in changes.items():
        *sections, leaf = name.split(".")
        place = document
        for section in sections:
            place = place[section]
        place[leaf] = value
    stream = io.StringIO()
    yaml.dump(document, stream)
    write_text(path, stream.getvalue())
