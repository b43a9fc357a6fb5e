from typing import Any

import pytest

from perennial.data.contract import Column
from perennial.model.example import example_value, make_example, withhold_values
from perennial.model.schema import describe_inputs
from perennial.serving.schema import check_row, parse_fields

COLUMNS = [
    Column("x", "numeric", low=0.0, high=5.0),
    Column("free", "numeric"),
    Column("c", "category", allowed=("b", "a")),
    Column("d", "category"),
    Column("flag", "boolean", nullable=False),
    Column("at", "datetime", low=0.0, high=86400.0),
    Column("name", "text", nullable=False, pii=True),
    Column("age", "numeric", low=18.0, pii=True),
]
INPUTS = describe_inputs(COLUMNS)


def test_an_example_is_made_from_the_schema_and_taken_by_it() -> None:
    row = make_example(INPUTS, {"d": {"v", "u"}, "name": {"Ada"}})
    assert row == {
        **{"x": 2.5, "free": 0.0, "c": "b", "d": "u", "flag": False},
        **{"at": "1970-01-01T12:00:00", "name": "text", "age": 18.0},
    }
    assert check_row(parse_fields({"inputs": INPUTS}), row) == []


def test_an_example_is_usual_where_the_training_rows_tell_what_is() -> None:
    reference = {
        "x": {"counts": [10, 20, 30], "edges": [0.0, 1.5, 2.0, 5.0]},
        "free": {"counts": [], "edges": []},
        "c": {"shares": {"a": 0.9, "b": 0.1}},
        "d": {"shares": {"v": 0.5, "u": 0.3}},
        "age": {"counts": [5], "edges": [44.0, 45.0]},
    }
    row = make_example(INPUTS, {"d": {"v", "u"}}, reference)
    assert row | {"at": None} == {
        **{"x": 1.5, "free": 0.0, "c": "a", "d": "v", "flag": False, "at": None, "name": "text", "age": 18.0}
    }
    assert check_row(parse_fields({"inputs": INPUTS}), row) == []


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [
        (None, None, "2000-01-01T00:00:00"),
        (86400.0, None, "1970-01-02T00:00:00"),
        (None, -86400.0, "1969-12-31T00:00:00"),
    ],
)
def test_an_instant_with_an_open_range(low: float | None, high: float | None, value: Any) -> None:
    [column] = describe_inputs([Column("at", "datetime", low=low, high=high)])
    assert example_value(column) == value


def test_personal_data_is_null_or_an_example() -> None:
    assert withhold_values(INPUTS) == {"name": "text", "age": None}
