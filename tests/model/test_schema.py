from typing import Any

import pytest

from perennial.data.contract import Column, inputs_of, parse_contract
from perennial.model.schema import describe_inputs
from perennial.serving.schema import check_row, parse_fields


def test_inputs_carry_their_rules() -> None:
    columns = [
        Column("x", "numeric", low=0.0, high=5.0, unit="miles"),
        Column("c", "category", nullable=False, allowed=("a",)),
    ]
    x, c = describe_inputs(columns)
    assert (x["name"], x["dtype"], x["nullable"], x["range"], x["allowed"]) == ("x", "numeric", True, [0.0, 5.0], None)
    assert (c["name"], c["dtype"], c["nullable"], c["range"], c["allowed"]) == ("c", "category", False, None, ["a"])


@pytest.mark.parametrize(
    ("bounds", "value", "problems"),
    [
        (["2013-01-01", "2013-12-31"], "2013-07-01T12:00:00Z", []),
        (["2013-01-01", "2013-12-31"], "2012-12-31T23:59:59", ["row.at is before 2013-01-01T00:00:00"]),
        ([None, "2013-12-31T02:00+02:00"], "2013-12-31T00:00:01", ["row.at is after 2013-12-31T00:00:00"]),
        (["1969-12-31", None], "1970-01-01T00:00:00", []),
    ],
)
def test_the_range_of_a_datetime_reaches_the_service(bounds: list[Any], value: str, problems: list[str]) -> None:
    column = {"dtype": "datetime", "role": "input", "range": bounds}
    source = {"path": "x.csv", "key": ["k"], "columns": {"k": {"dtype": "id", "known_at": "static"}}}
    contract = parse_contract({"sources": {"s": source}, "examples": {"at": column}})
    fields = parse_fields({"inputs": describe_inputs(inputs_of(contract))})
    assert check_row(fields, {"at": value}) == problems
