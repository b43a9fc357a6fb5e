import json
from typing import Any

import pytest

from perennial.report.facts import METRICS, nest, read_cell, read_curve, thin
from tests.report.example import binary_facts, empty_facts


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", 3),
        ("0.12345678", 0.123457),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
        ("late", "late"),
        ("2.0", 2.0),
    ],
)
def test_read_cell(cell: Any, value: Any) -> None:
    found = read_cell(cell)
    assert found == value
    assert type(found) is type(value)


def test_every_class_is_thinned_by_itself() -> None:
    rows = [{"x": str(i), "class": name} for name in ("a", "b") for i in range(1000)]
    points = read_curve(rows)
    assert len(points) == 400
    assert [point["x"] for point in points if point["class"] == "b"][::199] == [0, 999]


def test_thin_keeps_the_ends() -> None:
    rows = [{"x": str(i)} for i in range(10)]
    assert [row["x"] for row in thin(rows, most=4)] == ["0", "3", "6", "9"]
    assert thin(rows, most=10) == rows


def test_nest() -> None:
    assert nest({"a.b": 1, "a.c.d": 2, "e": None}) == {"a": {"b": 1, "c": {"d": 2}}, "e": None}


def test_absent_metrics_are_none() -> None:
    facts = empty_facts()
    assert [facts[name] for name in METRICS] == [None] * len(METRICS)


def test_facts_are_plain_json() -> None:
    facts = binary_facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["problem"]["costs"] == {"false_positive": 1.0, "false_negative": 3.0}
