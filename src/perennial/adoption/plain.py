"""Cells fetched again, written as plainly as those that were adopted: by what the contract says, not by a guess."""

import re
from collections.abc import Mapping
from hashlib import md5

import pandas as pd

from perennial.adoption.cells import find_missing, read_cells
from perennial.adoption.numerals import DECIMAL_COMMA, write_number
from perennial.data.contract import Column
from perennial.refusal import Refusal

_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def plain_cells(frame: pd.DataFrame, columns: tuple[Column, ...], formats: Mapping[str, str]) -> pd.DataFrame:
    """Return the contract's columns of a frame of text cells, written plainly; a cell that does not fit stays."""
    return pd.DataFrame({c.name: plain_column(frame[c.name], c.dtype, formats.get(c.name, "")) for c in columns})


def plain_column(cells: pd.Series, dtype: str, form: str = "") -> pd.Series:
    """Return text cells of a contract dtype written plainly, missing ones as the empty text."""
    cells = cells.astype("str").str.strip()
    cells = cells.mask(cells.isin(find_missing(cells, dtype)), "")
    if dtype == "boolean":
        return cells.str.lower()
    if dtype not in ("numeric", "datetime"):
        return cells
    cells = cells.map(write_number) if dtype == "numeric" else cells
    plain = read_form(cells, form) if form else cells
    odd = plain[(plain != "") & ~plain.str.fullmatch(_PLAIN)] if dtype == "numeric" else plain[plain != ""]
    reading = read_cells(odd)
    if len(odd) and reading.dtype == dtype:
        plain = plain.mask(plain.index.isin(odd.index), reading.cells.reindex(plain.index))
    return shorten_instants(plain) if dtype == "datetime" else plain


def read_form(cells: pd.Series, form: str) -> pd.Series:
    """Return cells of a declared form plainly: a format of dates, `s` or `ms` since 1970, or `decimal comma`."""
    if form == DECIMAL_COMMA:
        fits = cells.str.fullmatch(r"\D?\s*[+-]?\d+(\.\d{3})*(,\d+)?\s*\D?")
        return cells.mask(fits, cells.str.replace(".", "").str.replace(",", "."))
    if form in ("s", "ms"):
        numbers = pd.to_numeric(cells.where(cells.str.fullmatch(r"\d{9,13}")), errors="coerce")
        instants = pd.to_datetime(numbers * (1 if form == "ms" else 1000), unit="ms", errors="coerce")
    elif "%" in form:
        instants = pd.to_datetime(cells, format=form, errors="coerce")
    else:
        raise Refusal(
            f"data/contract.yaml: {form!r} is no form of cells: give a format of dates, s, ms or decimal comma."
        )
    return cells.mask(instants.notna(), instants.dt.strftime("%Y-%m-%d %H:%M:%S.%f"))


def shorten_instants(cells: pd.Series) -> pd.Series:
    """Return instants each written in one way, whatever stands beside them: no empty fraction, no midnight."""
    distinct = {value: _shorten(value) for value in cells.unique()}
    return cells.map(distinct)


def _shorten(value: str) -> str:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?", value)
    if not found:
        return value
    day, clock, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    return day if clock == "00:00:00" and not fraction else f"{day} {clock}" + (f".{fraction}" if fraction else "")


def fit_columns(frame: pd.DataFrame, columns: tuple[Column, ...], *, sparse: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return a fetched frame with exactly these columns, and the names of those it has beside them.

    Where a frame is `sparse` an absent column is a missing one; elsewhere raises Refusal.
    """
    names = [column.name for column in columns]
    absent = [name for name in names if name not in frame.columns]
    if absent and not sparse:
        raise Refusal(f"it has no column {absent[0]!r} any more: correct the source, or data/contract.yaml.")
    beside = [str(name) for name in frame.columns if name not in names]
    return frame.assign(**dict.fromkeys(absent, ""))[names], beside


def name_rows(cells: pd.DataFrame) -> pd.Series:
    """Return an identifier for each row of a table without a key: of what stands in it, so that others may come and go.

    Copies of a row are counted.
    """
    joined = ("\x1f".join(row) for row in cells.itertuples(index=False, name=None))
    names = pd.Series([md5(row.encode(), usedforsecurity=False).hexdigest()[:20] for row in joined], dtype="str")
    copies = names.groupby(names).cumcount()
    return names.mask(copies > 0, names + "-" + copies.astype("str")).set_axis(cells.index)
