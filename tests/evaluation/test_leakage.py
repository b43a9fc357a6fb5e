"""Suspects and repeats."""

import numpy as np
import pandas as pd
import pytest

from perennial.evaluation.leakage import find_leaks, rank_suspects

RNG = np.random.default_rng(0)
ROWS = 4000
TRUTH = (RNG.random(ROWS) < 0.3).astype(float)
CLASSES = RNG.integers(0, 3, ROWS).astype(float)
VALUES = RNG.gamma(2.0, 10.0, ROWS)


def strength(column: pd.Series, truth: np.ndarray, task: str = "binary") -> float:
    frame, half = pd.DataFrame({"column": column}), ROWS // 2
    (found,) = rank_suspects(task, frame[:half], truth[:half], frame[half:], truth[half:])
    return found["strength"]


@pytest.mark.parametrize(
    ("column", "truth", "task", "low", "high"),
    [
        pytest.param(pd.Series(TRUTH), TRUTH, "binary", 1.0, 1.0, id="copy"),
        pytest.param(pd.Series(1 - TRUTH), TRUTH, "binary", 1.0, 1.0, id="copy, upside down"),
        pytest.param(pd.Series(TRUTH * 5 + RNG.random(ROWS)), TRUTH, "binary", 0.999, 1.0, id="many numbers"),
        pytest.param(pd.Series(TRUTH).map({0.0: "no", 1.0: "yes"}), TRUTH, "binary", 1.0, 1.0, id="words"),
        pytest.param(pd.Series(TRUTH > 0).astype("boolean"), TRUTH, "binary", 1.0, 1.0, id="boolean"),
        pytest.param(
            pd.Series(pd.Timestamp("2013-01-01") + pd.to_timedelta(TRUTH, "D")), TRUTH, "binary", 1, 1, id="date"
        ),
        pytest.param(pd.Series(np.abs(TRUTH - 0.5) + TRUTH), TRUTH, "binary", 1.0, 1.0, id="not monotone"),
        pytest.param(pd.Series(RNG.random(ROWS)), TRUTH, "binary", 0.45, 0.55, id="noise"),
        pytest.param(pd.Series(np.arange(ROWS)).astype(str), TRUTH, "binary", 0.5, 0.5, id="names of rows"),
        pytest.param(pd.Series(CLASSES), CLASSES, "multiclass", 1.0, 1.0, id="copy of classes"),
        pytest.param(pd.Series(RNG.random(ROWS)), CLASSES, "multiclass", 0.45, 0.55, id="noise of classes"),
        pytest.param(pd.Series(VALUES), VALUES, "regression", 0.995, 1.0, id="copy of values"),
        pytest.param(pd.Series(-np.log(VALUES)), VALUES, "regression", 0.995, 1.0, id="function of values"),
        pytest.param(pd.Series(np.full(ROWS, 3.0)), VALUES, "regression", 0.0, 0.0, id="constant"),
    ],
)
def test_strength(column: pd.Series, truth: np.ndarray, task: str, low: float, high: float) -> None:
    assert low <= strength(column, truth, task) <= high


def test_missing_is_a_value_that_may_answer() -> None:
    assert strength(pd.Series(np.where(TRUTH > 0, np.nan, RNG.random(ROWS))), TRUTH) > 0.99


def test_the_strongest_comes_first() -> None:
    frame = pd.DataFrame({"a": RNG.random(ROWS), "b": TRUTH})
    assert [one["column"] for one in rank_suspects("binary", frame, TRUTH, frame, TRUTH)] == ["b", "a"]


def test_a_gap_of_an_input_may_be_the_suspect() -> None:
    truth = np.array([0.0, 1.0] * 500)
    frame = pd.DataFrame({"x": np.where(truth > 0, np.nan, np.arange(1000.0))})
    suspects = find_leaks("binary", (frame, truth), (frame, truth))["suspects"]
    assert {one["column"]: one["strength"] for one in suspects} == {"x": 1.0, "x is missing": 1.0}
