"""A sheet of a workbook as text cells."""

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from perennial.io.cells import frame_of_rows, write_cell
from perennial.io.unpacking import most_bytes
from perennial.refusal import Refusal

SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_workbook(path: Path, sheet: str | None) -> pd.DataFrame:
    """Return the named sheet, or the only one that holds anything; its first row names the columns.

    Raises Refusal when the file is no workbook, has several sheets and none is named, or has no header.
    """
    _refuse_bomb(path)
    try:
        found = pd.read_excel(path, sheet_name=None, header=None, engine="calamine", na_filter=False, dtype=object)
    except Exception as error:  # the reader has no one error of its own
        words = " ".join(str(error).split())[:200]
        raise Refusal(f"{path} does not read as a workbook ({words}): save it anew, or its sheet as CSV.") from None
    sheets = {str(name): _trim(frame) for name, frame in found.items()}
    filled = [name for name, frame in sheets.items() if len(frame)]
    if sheet is not None and sheet not in sheets:
        raise Refusal(f"{path} has no sheet {sheet!r}; it has {', '.join(map(repr, sheets))}.")
    if sheet is None and len(filled) > 1:
        raise Refusal(f"{path} has the sheets {', '.join(map(repr, filled))}: say which with --sheet.")
    if not filled:
        raise Refusal(f"{path} is empty: a table needs at least a header.")
    return _with_header(sheets[sheet or filled[0]], path)


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    if size > most_bytes(path):
        raise Refusal(f"{path} unpacks to {size >> 20} MB from {path.stat().st_size >> 10} KB: that is not a table.")


def _trim(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a sheet without rows and columns in which nothing stands."""
    present = frame.map(lambda value: write_cell(value) != "")
    return frame.loc[present.any(axis=1), present.any(axis=0)]


def _with_header(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    rows: list[list[Any]] = frame.to_numpy(dtype=object).tolist()
    names = [write_cell(value).strip() for value in rows[0]]
    if "" in names:
        raise Refusal(f"{path}: column {names.index('') + 1} has no name in the first row: give the sheet one header.")
    try:
        return frame_of_rows(names, ([_whole(value) for value in row] for row in rows[1:]))
    except Refusal as refusal:
        raise Refusal(f"{path}: {refusal}") from None


def _whole(value: Any) -> Any:
    """Return a number without its fraction where it has none: workbooks know no whole numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
