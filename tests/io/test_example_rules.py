from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.io import tables
from perennial.io.example_rules import check_examples, count_broken
from perennial.io.tables import write_table
from perennial.refusal import Refusal

COLUMNS = [
    Column("x", "numeric", low=0.0, high=10.0),
    Column("c", "category", allowed=("a", "b"), nullable=False),
    Column("flag", "boolean", nullable=False),
    Column("at", "datetime", high=86400.0),
]
GOOD: dict[str, list[Any]] = {
    "x": [0.0, 10.0, None],
    "c": ["a", "b", "a"],
    "flag": [True, False, True],
    "at": [pd.Timestamp("1970-01-01"), pd.Timestamp("1970-01-02"), None],
    "target": [None, None, None],
}


def written(folder: Path, **changes: list[Any]) -> Path:
    write_table(folder / "examples.parquet", pd.DataFrame(GOOD | changes))
    return folder / "examples.parquet"


def test_examples_that_keep_the_contract_pass(tmp_path: Path) -> None:
    check_examples(written(tmp_path), COLUMNS)
    check_examples(written(tmp_path, x=[], c=[], flag=[], at=[], target=[]), COLUMNS)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x": [-1.0, 11.0, 12.0]}, r"x: above 10.0 \(2 rows\), x: below 0.0 \(1 rows\): correct the query"),
        ({"c": ["a", "z", None]}, r"c: missing \(1 rows\), c: not allowed \(1 rows\)"),
        ({"flag": [None, True, None]}, r"flag: missing \(2 rows\)"),
        ({"at": [pd.Timestamp("1970-01-03"), None, None]}, r"at: above 1970-01-02T00:00:00 \(1 rows\)"),
        ({"x": [-1.0, 11.0, 12.0], "c": ["a", "z", None], "flag": [None, True, None]}, "and 2 more: correct"),
    ],
)
def test_values_that_the_service_would_refuse_are_refused(
    tmp_path: Path, changes: dict[str, list[Any]], sentence: str
) -> None:
    with pytest.raises(Refusal, match=f"data/examples.sql yields rows that the service would refuse, .*{sentence}"):
        check_examples(written(tmp_path, **changes), COLUMNS)


def test_every_row_group_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", 1)
    assert count_broken(written(tmp_path, x=[-1.0, 5.0, -1.0]), COLUMNS) == {"x: below 0.0": 2}
