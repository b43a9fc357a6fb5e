"""Somebody's table read as text cells, and what is written when it is adopted."""

import csv
import io
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import requests
from ruamel.yaml import YAML

from perennial.adoption.dialect import find_delimiter, find_encoding
from perennial.data.point_in_time import quote
from perennial.io.files import replace_folder, write_text
from perennial.io.git import list_changed
from perennial.io.scratch import scratch_folder
from perennial.io.sources import read_packed
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal

SOURCE = Path("data/source")
PARQUET, LINES, SHEETS = (".parquet", ".pq"), (".jsonl", ".ndjson"), (".xlsx", ".xls", ".ods")
DOWNLOAD_SECONDS = 60


def read_cells_of(address: str, query: str | None) -> pd.DataFrame:
    """Return a table as a frame of text cells, missing ones empty: a file, a folder of files, https or a database.

    Raises Refusal when the address cannot be read or does not hold one table.
    """
    if address.startswith("sqlite:///"):
        return read_sqlite(Path(address.removeprefix("sqlite:///")), query)
    with located(address) as files:
        frames = [read_file(file) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if list(frame.columns) != list(frames[0].columns):
            raise Refusal(f"{file} has other columns than {files[0]}: adopt files of one table.")
    return pd.concat(frames, ignore_index=True)


@contextmanager
def located(address: str) -> Iterator[list[Path]]:
    """Yield the files of an address, in order of their names; those of https are fetched for as long as it takes."""
    if address.startswith(("https://", "http://")):
        with scratch_folder("fetched") as folder:
            yield [download(address, folder)]
    elif "://" in address:
        raise Refusal(f"{address.split('://')[0]}:// is not read: give a file, a folder, https:// or sqlite:///FILE.")
    else:
        path = Path(address)
        files = sorted(each for each in path.iterdir() if each.name[0] != ".") if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise Refusal(f"{address} is not a file or a folder of files.")
        yield files


def download(address: str, folder: Path) -> Path:
    """Fetch a file over HTTP; raises Refusal when it does not come whole."""
    place = folder / (address.split("?")[0].rstrip("/").split("/")[-1] or "table.csv")
    try:
        with requests.get(address, stream=True, timeout=DOWNLOAD_SECONDS) as answer, place.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(2**20):
                file.write(chunk)
    except requests.RequestException as error:
        raise Refusal(f"{address} did not answer with a file ({error}): try again, or fetch it by hand.") from None
    return place


def read_file(path: Path) -> pd.DataFrame:
    """Return one file as a frame of text cells; raises Refusal when it is damaged or no table."""
    suffix = Path(path.name.removesuffix(".gz").removesuffix(".zip")).suffix.lower()
    if suffix in SHEETS:
        raise Refusal(f"{path} is a workbook: save its sheet as CSV.")
    with open_warehouse(2.0) as database, scratch_folder("adopt") as scratch:
        if suffix in PARQUET:
            relation = f"read_parquet({_literal(path)})"
        elif suffix in LINES:
            relation = f"read_json({_literal(path)}, format = 'newline_delimited')"
        else:
            relation = csv_relation(path, scratch)
        return _as_text(database, relation, path)


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def csv_relation(path: Path, scratch: Path) -> str:
    """Return the SQL that reads a CSV of any encoding and delimiter; its text lies in `scratch` meanwhile."""
    data = read_packed(path)
    try:
        encoding = find_encoding(data)
    except Refusal as refusal:
        raise Refusal(f"{path}: {refusal}") from None
    text = data.decode(encoding)
    if not text.strip():
        raise Refusal(f"{path} is empty: a table needs at least a header.")
    mark = find_delimiter(text[: 1 << 20])
    header = next(csv.reader(io.StringIO(text[: 1 << 20], newline=""), delimiter=mark))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Refusal(f"{path} has the column {twice[0]!r} twice: rename one of them.")
    plain = scratch / "plain.csv"
    plain.write_text(text, encoding="utf-8", newline="")
    types = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{plain}', header = true, auto_detect = false, delim = '{mark}', quote = '\"', escape = '\"', "
        f"columns = {{{types}}}, nullstr = '\x01', strict_mode = true, null_padding = false)"
    )


def _as_text(database: duckdb.DuckDBPyConnection, relation: str, path: Path) -> pd.DataFrame:
    try:
        names = [str(row[0]) for row in database.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
        cells = ", ".join(f"coalesce(CAST({quote(name)} AS VARCHAR), '') AS {quote(name)}" for name in names)
        return database.execute(f"SELECT {cells} FROM {relation}").df().astype("str")
    except duckdb.Error as error:
        words = " ".join(str(error).split())
        raise Refusal(f"{path} does not read as a table ({words[:200]}): correct that line.") from None


def read_sqlite(path: Path, query: str | None) -> pd.DataFrame:
    """Return the rows of a query as text cells; the database is only read."""
    if query is None:
        raise Refusal(f"sqlite:///{path} needs --query 'SELECT …'.")
    if not path.is_file():
        raise Refusal(f"{path} is not there: sqlite:///FILE names a database file.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            asked = database.execute(query)
            names = [str(column[0]) for column in asked.description or ()]
            rows = [["" if cell is None else str(cell) for cell in row] for row in asked.fetchall()]
    except sqlite3.Error as error:
        raise Refusal(f"sqlite:///{path} does not answer the query ({error}): correct --query.") from None
    return pd.DataFrame(rows, columns=names, dtype="str")


def refuse_dirty_tree() -> None:
    """Raise Refusal unless everything here is committed, so that `git diff` shows what adopting changed."""
    changed = list_changed()
    if changed:
        raise Refusal(f"{changed[0]} is not committed: commit your changes first, so that `git diff` tells.")


def write_snapshot(name: str, cells: pd.DataFrame) -> str:
    """Write the plain cells as data/source/NAME.csv, alone in that folder, version it with DVC, return its path."""
    with replace_folder(SOURCE) as folder:
        cells.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    version_folder()
    return f"{SOURCE.as_posix()}/{name}.csv"


def version_folder() -> None:
    """Put data/source under DVC; raises Refusal when DVC does not take it."""
    done = subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", str(SOURCE)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refusal(f"DVC did not take {SOURCE} ({done.stderr.strip()[-200:]}): run `dvc add {SOURCE}`.")


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
