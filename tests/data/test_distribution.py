import numpy as np
import pandas as pd
import pytest

from perennial.data.distribution import (
    as_numbers,
    drift_of_levels,
    drift_of_numbers,
    even_positions,
    histogram,
    mean_by_code,
    month_codes,
    monthly_share,
    summarise_numbers,
    tidy,
    top_levels,
)


@pytest.mark.parametrize(
    ("value", "tidied"),
    [
        (1 / 3, 0.333333),
        (float("nan"), None),
        (np.float64("inf"), None),
        ({"a": [1 / 3, (1, "x")]}, {"a": [0.333333, [1, "x"]]}),
        (np.int64(3), 3),
        (True, True),
        (None, None),
    ],
)
def test_tidy(value: object, tidied: object) -> None:
    assert tidy(value) == tidied


@pytest.mark.parametrize(
    ("values", "dtype", "numbers"),
    [
        ([1.0, None, np.inf], "numeric", [1.0, np.nan, np.nan]),
        ([pd.Timestamp("1970-01-02T12:00"), pd.NaT], "datetime", [1.5, np.nan]),
        (["ab", None, "ünï"], "text", [2.0, np.nan, 3.0]),
    ],
)
def test_as_numbers(values: list[object], dtype: str, numbers: list[float]) -> None:
    found = as_numbers(pd.Series(values), dtype)
    assert found is not None
    np.testing.assert_array_equal(found, numbers)


def test_levels_are_no_numbers() -> None:
    assert as_numbers(pd.Series(["a"]), "category") is None


def test_a_mean_of_few_rows_is_not_shown() -> None:
    codes, outcome = np.array([0] * 40 + [1] * 10), np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 10)
    assert mean_by_code(codes, 2, outcome) == [0.5, None]


def test_few_values_get_a_bar_each() -> None:
    shape = histogram(np.array([1.0, 2.0, 2.0, np.nan]), None, bins=24)
    assert shape == {"values": [1.0, 2.0], "counts": [1, 2], "target": [None, None]}


def test_many_values_are_binned_and_nothing_is_lost() -> None:
    numbers = np.append(np.random.default_rng(0).normal(size=5000), [1000.0, np.nan])
    shape = histogram(numbers, None, bins=10)
    assert shape is not None
    assert sum(shape["counts"]) + shape["below"] + shape["above"] == 5001
    assert shape["edges"][-1] < 10


def test_a_spike_with_rare_values_is_binned() -> None:
    numbers = np.append(np.zeros(100_000), np.arange(1.0, 101.0))
    shape = histogram(numbers, None, bins=10)
    assert shape is not None
    assert shape["counts"][0] == 100_009


def test_all_missing_has_no_shape() -> None:
    assert histogram(np.array([np.nan]), None, bins=10) is None
    assert summarise_numbers(np.array([np.nan])) is None


def test_far_out_values_are_counted() -> None:
    summary = summarise_numbers(np.append(np.arange(99.0), 10_000.0))
    assert summary is not None
    assert summary["outliers"] == 0.01
    assert summary["max"] == 10_000.0


def test_a_column_of_one_value_has_nothing_far_out() -> None:
    summary = summarise_numbers(np.append(np.zeros(99), 1.0))
    assert summary is not None
    assert summary["outliers"] == 0.0


def test_top_levels_are_ordered_and_the_rest_is_counted() -> None:
    found = top_levels(pd.Series(["b", "a", "c", "b", None, "a"]), None, limit=2)
    assert [(level["value"], level["rows"]) for level in found["top"]] == [("a", 2), ("b", 2)]
    assert (found["other_rows"], found["other_levels"]) == (1, 1)


def test_a_moving_mean_drifts() -> None:
    months = np.repeat([0, 1], 100)
    still, moving = np.tile([0.0, 1.0], 100), months + np.tile([0.0, 0.1], 100)
    assert drift_of_numbers(still, months, 2)["shift"] == 0.0
    assert drift_of_numbers(moving, months, 2)["shift"] > 0.9


def test_a_moving_share_drifts() -> None:
    months = np.repeat([0, 1], 100)
    assert drift_of_levels(np.tile([1, 2], 100), months, 2)["shift"] == 0.0
    assert drift_of_levels(months + 1, months, 2)["shift"] == 0.5


def test_months() -> None:
    names, codes = month_codes(pd.Series(pd.to_datetime(["2013-02-01", "2013-01-31", "2013-02-28"])), 3)
    assert names == ["2013-01", "2013-02"]
    assert codes.tolist() == [1, 0, 1]
    assert month_codes(None, 2)[0] == ["all"]
    assert monthly_share(np.array([True, False, False]), codes, 2) == [0.0, 0.5]


@pytest.mark.parametrize(
    ("rows", "limit", "positions"), [(3, 5, [0, 1, 2]), (10, 4, [0, 3, 6, 9]), (0, 4, []), (5, 1, [0])]
)
def test_even_positions(rows: int, limit: int, positions: list[int]) -> None:
    assert even_positions(rows, limit).tolist() == positions
