import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import parse_contract
from perennial.io.feature_rows import compare_rows, read_rows, refuse_repeated, refuse_skew
from perennial.io.tables import write_table
from perennial.refusal import Refusal
from tests.io.features import START, hour

SOURCE = {"path": "a.csv", "key": ["id"], "columns": {"id": {"dtype": "id", "known_at": "static"}}}
CONTRACT = parse_contract(
    {
        "sources": {"a": SOURCE},
        "examples": {
            "id": {"dtype": "id", "role": "key"},
            "at": {"dtype": "datetime", "role": "time", "nullable": False},
            "x": {"dtype": "numeric", "role": "input", "range": [0, 10]},
            "name": {"dtype": "category", "role": "input"},
            "hidden": {"dtype": "numeric", "role": "ignored"},
            "late": {"dtype": "boolean", "role": "target"},
        },
    }
)
EXAMPLES = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "at": pd.to_datetime([START.replace(tzinfo=None)] * 4) + pd.to_timedelta([0, 1, 2, 3], unit="h"),
        "x": [0.1 + 0.2, np.nan, 11.0, 5.0],
        "name": ["é", None, "z", "z"],
        "hidden": 1.0,
        "late": pd.array([True, None, None, None], dtype="boolean"),
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_table(tmp_path / "examples.parquet", EXAMPLES)
    return tmp_path / "examples.parquet"


def test_examples_become_rows_with_what_the_service_would_refuse_left_out(path: Path) -> None:
    left_out = Counter[str]()
    [rows] = read_rows(path, CONTRACT, hour(2), left_out)
    assert left_out == {"x: above 10": 1}
    assert [(row["key"], row["decision_at"], row["known_at"], row["open"]) for row in rows] == [
        ("a", hour(0), hour(0), False),
        ("b", hour(1), hour(1), True),
        ("d", hour(3), None, True),
    ]
    assert [json.loads(row["inputs"]) for row in rows] == [
        {"x": 0.1 + 0.2, "name": "é"},
        {"x": None, "name": None},
        {"x": 5.0, "name": "z"},
    ]


def test_who_has_no_key_cannot_be_asked_for(tmp_path: Path) -> None:
    write_table(tmp_path / "examples.parquet", EXAMPLES.assign(id=["a", None, None, "d"], x=1.0))
    refuse_repeated(tmp_path / "examples.parquet", CONTRACT)
    left_out = Counter[str]()
    [rows] = read_rows(tmp_path / "examples.parquet", CONTRACT, hour(2), left_out)
    assert ([row["key"] for row in rows], left_out) == (["a", "d"], {"id: missing": 2})


def test_rows_that_are_decided_are_compared_to_the_last_bit(path: Path) -> None:
    [rows] = read_rows(path, CONTRACT, hour(2), Counter())
    assert compare_rows(iter([rows]), path, CONTRACT) == (2, [])
    harmed = [{**row, "inputs": row["inputs"].replace("0.30000000000000004", "0.3")} for row in rows]
    compared, [skew] = compare_rows(iter([harmed]), path, CONTRACT)
    assert (compared, skew.column, skew.rows, skew.key, skew.stored) == (2, "x", 1, "a", 0.3)
    with pytest.raises(Refusal, match=r"x \(1 rows; of a it is 0\.3 stored, 0\.30000000000000004 in training\)"):
        refuse_skew(compared, [skew])


def test_a_key_that_comes_twice_or_is_too_long_is_refused(tmp_path: Path) -> None:
    for keys, words in ((["a", "b", "a", "c"], "yields id a 2 times"), (["a" * 201, "b", "c", "d"], "more than 200")):
        write_table(tmp_path / "examples.parquet", EXAMPLES.assign(id=keys))
        with pytest.raises(Refusal, match=words):
            refuse_repeated(tmp_path / "examples.parquet", CONTRACT)
