from typing import Any

import pytest

from perennial.report.blocks import Figures, Table, Text
from perennial.report.division import as_date, tell_split
from tests.report.example import binary_facts, empty_facts, multiclass_facts


def test_split_leaves_out_empty_roles() -> None:
    figures, table = tell_split(binary_facts()).blocks[1:]
    assert isinstance(figures, Figures)
    assert "train from 2013-01-01 to 2013-05-31".capitalize() in figures.drawings[0].caption
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["train", "valid", "test", "unlabelled"]


def test_split_of_classes_without_time() -> None:
    roles = {"train": {"rows": 5, "target_shares": {"a": 0.7, "b": 0.3}}}
    section = tell_split(multiclass_facts() | {"split": {"roles": roles}})
    assert isinstance(section.blocks[-1], Table)
    assert section.blocks[-1].rows[0][-1].replace("\u00a0", " ") == "a 70.0 %"


@pytest.mark.parametrize(
    ("value", "year"), [("2013-08-31T23:59:00", 2013), ("2013-08-31 23:59", 2013), (None, None), ("?", None)]
)
def test_as_date(value: Any, year: int | None) -> None:
    found = as_date(value)
    assert (found.year if found else None) == year


def test_no_split_still_reads() -> None:
    assert len(tell_split(empty_facts()).blocks) == 1


def test_rows_that_judge_in_turn_are_told() -> None:
    split = {"roles": {"train": {"rows": 300}}, "fold_rows": [60] * 5, "repeats": 3}
    said = tell_split(multiclass_facts() | {"split": split}).blocks[0]
    assert isinstance(said, Text)
    assert "each judges in turn: 3 times the rows are dealt into 5 folds" in said.text.replace("\u00a0", " ")
