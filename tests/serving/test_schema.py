"""The tables are the specification of what a row may hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.serving.schema import (
    Field,
    check_row,
    check_value,
    compile_check,
    find_unseen,
    parse_fields,
)

DISTANCE = Field("distance", "numeric", nullable=True, low=0, high=5000)
SPEED = Field("speed", "numeric", nullable=False)
HOLIDAY = Field("holiday", "boolean", nullable=False)
CARRIER = Field("carrier", "category", nullable=True)
ORIGIN = Field("origin", "category", nullable=False, allowed=("EWR", "JFK"))
AT = Field("at", "datetime", nullable=False, low="2013-01-01", high="2014-01-01T00:00:00Z")
FIELDS = (DISTANCE, HOLIDAY, CARRIER)
GOOD: dict[str, Any] = {"distance": 100, "holiday": True, "carrier": "UA"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (DISTANCE, 0),
        (DISTANCE, 5000.0),
        (DISTANCE, -0.0),
        (DISTANCE, 5e-324),
        (DISTANCE, None),
        (SPEED, -(2.0**53)),
        (HOLIDAY, False),
        (CARRIER, ""),
        (CARRIER, "\ud800 ✈ Ж"),
        (CARRIER, None),
        (ORIGIN, "JFK"),
        (AT, "2013-01-01"),
        (AT, "2013-07-01T12:00:00Z"),
        (AT, "2013-07-01T12:00:00.5+02:00"),
    ],
)
def test_good_values(field: Field, value: Any) -> None:
    assert check_value(field, value) is None


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (SPEED, None, "is null: this column always has a value"),
        (SPEED, "1.5", "is text: send a number"),
        (SPEED, True, "is a boolean: send a number"),
        (SPEED, [1.5], "is a list: send a number"),
        (SPEED, {}, "is an object: send a number"),
        (SPEED, float("nan"), "is not finite: send null for a missing number"),
        (SPEED, float("inf"), "is not finite: send null for a missing number"),
        (SPEED, 1e308, "is out of range: send -9007199254740992 to 9007199254740992"),
        (SPEED, 10**400, "is out of range: send -9007199254740992 to 9007199254740992"),
        (DISTANCE, -1, "is out of range: send 0 to 5000"),
        (DISTANCE, 5000.000001, "is out of range: send 0 to 5000"),
        (HOLIDAY, 1, "is a number: send true or false"),
        (HOLIDAY, "true", "is text: send true or false"),
        (CARRIER, 7, "is a number: send text"),
        (CARRIER, False, "is a boolean: send text"),
        (ORIGIN, "LGA", "is not one of the 2 allowed values: see GET /schema"),
        (AT, 1372680000, "is a number: send an ISO-8601 date and time such as 2013-07-01T12:00:00Z"),
        (AT, "01/02/2013", "is not an ISO-8601 date and time: send one such as 2013-07-01T12:00:00Z"),
        (AT, "2013-02-29", "is not an ISO-8601 date and time: send one such as 2013-07-01T12:00:00Z"),
        (AT, "2012-12-31T23:59:59", "is before 2013-01-01"),
        (AT, "2014-01-01T00:00:01", "is after 2014-01-01T00:00:00Z"),
    ],
)
def test_bad_values_are_named_and_never_repeated(field: Field, value: Any, problem: str) -> None:
    assert check_value(field, value) == problem


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        (GOOD, []),
        (GOOD | {"carrier": None, "distance": None}, []),
        ([], ["rows[3] is a list: send an object with one value per column"]),
        (None, ["rows[3] is null: send an object with one value per column"]),
        (
            {"carrier": "UA"},
            ["rows[3].distance is not there: send it, null when missing", "rows[3].holiday is not there"],
        ),
        (GOOD | {"carier": "UA"}, ["rows[3].carier is not a column of this model"]),
        (
            GOOD | {"distance": "1", "holiday": None},
            ["rows[3].distance is text: send a number", "rows[3].holiday is null: this column always has a value"],
        ),
    ],
)
def test_every_problem_of_a_row_has_its_place(row: Any, problems: list[str]) -> None:
    assert check_row(FIELDS, row, "rows[3]") == problems


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"carrier": "UA"}, []),
        ({"carrier": None}, []),
        ({"carrier": "XX"}, ["carrier"]),
        ({"carrier": ""}, ["carrier"]),
    ],
)
def test_an_unseen_category_is_a_warning(row: dict[str, Any], columns: list[str]) -> None:
    warnings = find_unseen({"carrier": frozenset({"UA"})}, row)
    assert warnings == [f"{name} was rare or never seen in training: scored as missing" for name in columns]


VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 5000, 5000.5, 2**53 + 2, 10**400, float("nan"), float("inf"), "", "EWR", "2013-07-01"]
)
NAMES = ("distance", "speed", "holiday", "carrier", "origin", "at")


@given(st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES | st.lists(VALUES, max_size=1)) | VALUES)
def test_the_quick_check_takes_exactly_what_the_slow_one_takes(row: Any) -> None:
    fields = (DISTANCE, SPEED, HOLIDAY, CARRIER, ORIGIN, AT)
    assert compile_check(fields)(row) == (check_row(fields, row) == [])


def test_the_quick_check_takes_a_good_row() -> None:
    row = {"distance": 1, "speed": 2.5, "holiday": True, "carrier": None, "origin": "JFK", "at": "2013-07-01"}
    assert compile_check((DISTANCE, SPEED, HOLIDAY, CARRIER, ORIGIN, AT))(row)


def test_fields_come_from_the_schema_of_the_bundle() -> None:
    described = {"name": "x", "dtype": "numeric", "nullable": True, "range": [None, 3], "allowed": None, "unit": "m"}
    assert parse_fields({"inputs": [described]}) == (Field("x", "numeric", nullable=True, high=3),)
