"""Cells fetched again are written as those that were adopted, also when only a few of them come."""

import pandas as pd
import pytest

from perennial.adoption.cells import read_cells
from perennial.adoption.plain import fit_columns, name_rows, plain_column, shorten_instants
from perennial.data.contract import Column
from perennial.refusal import Refusal

COLUMNS = (Column("a", "id"), Column("b", "numeric"))


def plain(dtype: str, *cells: str, form: str = "") -> list[str]:
    return plain_column(pd.Series(cells, dtype="str"), dtype, form).tolist()


@pytest.mark.parametrize(
    ("dtype", "cells"),
    [
        ("numeric", ["1,5", "2", "1.234,5", "-3,25"]),
        ("numeric", ["1 234,5", "2", "(3,25)"]),
        ("datetime", ["29-Feb-24", "01-Mar-24"]),
        ("datetime", ["20240229235900", "20240301000000", "20240302000001"]),
        ("datetime", ["13/02/2024", "01/02/2024", "28/12/2023"]),
        ("datetime", ["20240102", "20240203", "20240304"]),
        ("datetime", ["1704067200", "1706745600", "1709251201"]),
        ("datetime", ["1704067200000", "1706745600000", "1709251200500"]),
    ],
)
def test_one_cell_reads_as_it_did_among_all(dtype: str, cells: list[str]) -> None:
    reading = read_cells(pd.Series(cells, dtype="str"))
    assert reading.dtype == dtype
    alone = [plain(dtype, cell, form=reading.form)[0] for cell in cells]
    assert alone == plain(dtype, *cells, form=reading.form)
    adopted = reading.cells if dtype == "numeric" else shorten_instants(reading.cells)
    assert alone == adopted.tolist()


def test_a_cell_that_does_not_fit_stays_for_the_quarantine() -> None:
    assert plain("numeric", "1,5", "much", form="decimal comma") == ["1.5", "much"]
    assert plain("datetime", "13/02/2024", "soon", form="%d/%m/%Y") == ["2024-02-13", "soon"]
    assert plain("numeric", "1", "much") == ["1", "much"]


def test_words_stay_and_missing_cells_are_empty() -> None:
    assert plain("category", " a ", "NA", "007") == ["a", "", "007"]
    assert plain("boolean", "True", "FALSE", "") == ["true", "false", ""]
    assert plain("numeric", "-") == plain("datetime", "unknown") == [""]
    assert plain("numeric", "$1,234", "$5") == ["1234", "5"]


def test_an_instant_is_written_in_one_way() -> None:
    cells = ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00+00:00", "2024-01-01T01:00:00+01:00")
    assert plain("datetime", *cells) == ["2024-01-01"] * 3
    assert plain("datetime", "2024-01-01 10:00:00.500", "2024-01-02") == ["2024-01-01 10:00:00.5", "2024-01-02"]


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(Refusal, match="'day first' is no form of cells"):
        plain("datetime", "01/02/2024", form="day first")


def test_columns_are_the_contracts() -> None:
    frame = pd.DataFrame({"c": ["x"], "b": ["1"], "a": ["k"]}, dtype="str")
    fitted, beside = fit_columns(frame, COLUMNS, sparse=False)
    assert (fitted.columns.tolist(), beside) == (["a", "b"], ["c"])
    with pytest.raises(Refusal, match="no column 'b' any more"):
        fit_columns(frame[["a"]], COLUMNS, sparse=False)
    assert fit_columns(frame[["a"]], COLUMNS, sparse=True)[0]["b"].tolist() == [""]


def test_rows_without_a_key_are_named_by_what_stands_in_them() -> None:
    frame = pd.DataFrame({"a": ["x", "y", "x"], "b": ["1", "2", "1"]}, dtype="str")
    first, second, copy = name_rows(frame).tolist()
    assert copy == f"{first}-1" != second
    assert name_rows(frame.iloc[[1]]).tolist() == [second], "whatever stands before it"
