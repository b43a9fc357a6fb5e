import zipfile
from pathlib import Path

import pytest

from perennial.io.workbook import read_workbook
from perennial.refusal import Refusal
from tests.io.sheets import Day, write_workbook

ROWS = [
    ["id", "code", "size", "when", "paid", "note"],
    [1, "007", 1.5, Day(45292.0), True, "a, \n b"],
    [2, "012", None, Day(45293.75), False, "#N/A"],
]
CELLS = [
    ["1", "007", "1.5", "2024-01-01 00:00:00", "true", "a, \n b"],
    ["2", "012", "", "2024-01-02 18:00:00", "false", ""],
]


def read(path: Path, sheet: str | None = None) -> list[list[str]]:
    return read_workbook(path, sheet).to_numpy().tolist()


def test_numbers_words_dates_and_flags(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"data": ROWS})
    assert read_workbook(path, None).columns.tolist() == ROWS[0]
    assert read(path) == CELLS


def test_what_stands_around_the_table_is_nothing(tmp_path: Path) -> None:
    around = [[None] * 8, *([None, *row, None] for row in ROWS), [None] * 8]
    assert read(write_workbook(tmp_path / "t.xlsx", {"data": around, "empty": []})) == CELLS


def test_of_several_sheets_one_is_named(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"May": ROWS, "June": ROWS[:2]})
    assert read(path, "June") == CELLS[:1]
    with pytest.raises(Refusal, match=r"has the sheets 'May', 'June': say which with --sheet"):
        read(path)
    with pytest.raises(Refusal, match=r"has no sheet 'july'; it has 'May', 'June'"):
        read(path, "july")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "is empty"),
        ([["a", "a"], [1, 2]], "there are two columns 'a'"),
        ([["Sales of May", None], ["a", "b"], [1, 2]], "column 2 has no name in the first row"),
    ],
)
def test_a_sheet_that_is_no_table(tmp_path: Path, rows: list[list[object]], said: str) -> None:
    with pytest.raises(Refusal, match=f"t.xlsx.*{said}"):
        read(write_workbook(tmp_path / "t.xlsx", {"data": rows}))


def test_a_bomb_and_a_file_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (80 << 20))
    with pytest.raises(Refusal, match="unpacks to 80 MB"):
        read(tmp_path / "bomb.xlsx")
    (tmp_path / "t.xls").write_bytes(b"no workbook")
    with pytest.raises(Refusal, match="does not read as a workbook"):
        read(tmp_path / "t.xls")
