from typing import Any

import pytest

from perennial.report.words import (
    axis_number,
    humanise,
    interval,
    listed,
    number,
    percent,
    percent_interval,
    pick,
    plain,
    plural,
    short,
    signed,
    value_of,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4938, "0.494"),
        (0.03, "0.030"),
        (0.0004, "0.0004"),
        (-0.25, "−0.250"),
        (12.345, "12.3"),
        (57000, "57,000"),
        (1234.6, "1,235"),
        (0, "0"),
        (None, "–"),
        (float("nan"), "nan"),
        (True, "True"),
        ("lightgbm", "lightgbm"),
    ],
)
def test_number(value: Any, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (0.25, "0.25"), (0.123456, "0.1235"), (-1.0, "−1"), (None, "–")]
)
def test_plain(value: Any, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.155, "15.5 %"), (0.0, "0.0 %"), (0.0001, "under 0.1 %"), (-0.02, "−2.0 %"), (None, "–"), (1.0, "100.0 %")],
)
def test_percent(value: Any, text: str) -> None:
    assert percent(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.25"), (12_000, "12k"), (2.5e6, "2.5M"), (-3.0, "−3"), (9999, "9999")]
)
def test_axis_number(value: float, text: str) -> None:
    assert axis_number(value) == text


def test_intervals() -> None:
    assert interval([0.47, 0.517]) == "0.470 to 0.517"
    assert percent_interval([0.13, 0.18]).replace("\u00a0", " ") == "13.0 to 18.0 %"
    assert interval(None) == percent_interval([None, 0.1]) == "–"


def test_sentences() -> None:
    assert (plural(1, "row"), plural(2000, "row"), plural(2, "day", "days")) == ("1 row", "2,000 rows", "2 days")
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), most=6) == "a, b, c, d, e, f and 2 more"
    assert (signed(0.1), signed(-0.1), signed(0)) == ("+0.100", "−0.100", "0")
    assert (humanise("log_loss"), humanise("auc"), humanise("macro_auc")) == ("Log loss", "AUC", "Macro AUC")
    assert short("abcdef", 4) == "abc…"


def test_pick_stops_where_the_path_ends() -> None:
    facts = {"a": [{"b": 1}], "n": None}
    assert pick(facts, "a", 0, "b") == 1
    assert pick(facts, "a", 1, "b") is None
    assert pick(facts, "n", "b", default=7) == pick(None, "x", default=7) == 7
    assert (value_of({"value": 3}), value_of(4), value_of(None)) == (3, 4, None)
