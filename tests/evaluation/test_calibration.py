"""Reliability and calibration error."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from perennial.evaluation.calibration import bin_scores, reliability_table
from perennial.evaluation.metrics import METRICS

RNG = np.random.default_rng(0)
SCORE = RNG.random(20_000)
TRUTH = (RNG.random(20_000) < SCORE).astype(float)


def error(truth: np.ndarray, score: np.ndarray, name: str = "calibration_error") -> float:
    return METRICS[name].function(truth, score)


def test_the_table_is_the_curve_of_scikit_learn() -> None:
    rates, scores = calibration_curve(TRUTH, SCORE, n_bins=10, strategy="quantile")
    table = reliability_table(TRUTH, SCORE)
    assert [row["rate"] for row in table] == pytest.approx(rates)
    assert [row["score"] for row in table] == pytest.approx(scores)
    assert sum(row["rows"] for row in table) == 20_000


def test_equal_scores_share_a_bin() -> None:
    bins = bin_scores(np.array([0.2] * 60 + [0.3] * 30 + [0.7] * 10))
    assert [len(set(bins[part])) for part in (slice(0, 60), slice(60, 90), slice(90, 100))] == [1, 1, 1]
    assert len(set(bins)) == 3
    assert len(reliability_table(np.ones(5), np.full(5, 0.3))) == 1


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        pytest.param(SCORE, 0.0, id="honest"),
        pytest.param(np.clip(SCORE + 0.1, 0, 1), 0.095, id="a tenth too high"),
        pytest.param(np.full(20_000, 0.5), 0.0, id="constant at the base rate"),
        pytest.param(np.full(20_000, 0.8), 0.3, id="constant elsewhere"),
    ],
)
def test_error_is_the_mean_gap(score: np.ndarray, expected: float) -> None:
    assert error(TRUTH, score) == pytest.approx(expected, abs=0.012)


def test_error_of_classes_is_the_mean_over_them() -> None:
    both = np.column_stack([1 - SCORE, SCORE])
    assert error(TRUTH, both) == pytest.approx(error(TRUTH, SCORE), abs=2e-3)


def test_error_of_a_regression_is_in_standard_deviations_of_the_truth() -> None:
    truth = RNG.normal(50, 4, 5000)
    assert error(truth, truth + 2.0, "scaled_calibration_error") == pytest.approx(0.5, abs=0.02)
    assert error(truth * 1000, truth * 1000 + 2000, "scaled_calibration_error") == pytest.approx(0.5, abs=0.02)
