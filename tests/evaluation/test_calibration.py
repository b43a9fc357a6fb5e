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


def test_a_few_rows_with_a_score_of_their_own_keep_their_bin() -> None:
    score, truth = np.repeat([0.01, 0.95], [9600, 400]), np.zeros(10_000)
    truth[:350] = 1.0  # of the many .0365 happen, of the few .30: together as often as was said
    truth[9600:9720] = 1.0
    assert [row["rows"] for row in reliability_table(truth, score)] == [9600, 400]
    assert error(truth, score) == pytest.approx(0.96 * (350 / 9600 - 0.01) + 0.04 * 0.65)


@pytest.mark.parametrize("classes", [2, 10, 20, 45])
def test_error_of_classes_does_not_shrink_with_their_number(classes: int) -> None:
    truth = np.arange(9000) % classes
    wrong = np.eye(classes)[(truth + 1) % classes]
    assert error(truth.astype(float), wrong) == 1.0
    assert error(truth.astype(float), np.eye(classes)[truth]) == 0.0


@pytest.mark.parametrize("classes", [3, 45])
def test_error_of_honest_classes_is_small_and_of_harmed_ones_is_not(classes: int) -> None:
    rng = np.random.default_rng(1)
    score = rng.dirichlet(np.full(classes, 0.3), 3000)
    truth = (rng.random((3000, 1)) > score.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1).astype(float)
    sure, shifted = score**3, score * np.linspace(0.2, 1.8, classes)
    assert error(truth, score) < 0.05
    assert error(truth, sure / sure.sum(axis=1, keepdims=True)) > 0.1
    assert error(truth, shifted / shifted.sum(axis=1, keepdims=True)) > 0.1


def test_error_of_two_classes_sees_what_the_likeliest_alone_hides() -> None:
    truth = np.concatenate([np.arange(1000) < 300, np.arange(1000) < 900]).astype(float)
    score = np.repeat([0.2, 0.8], 1000)  # .3 and .9 happen: the likeliest class is right as often as said
    assert error(truth, np.column_stack([1 - score, score])) == pytest.approx(0.1)


def test_rows_count_by_their_weights() -> None:
    truth, score = np.array([0.0, 1.0] * 50), np.full(100, 0.5)
    weights = np.where(truth > 0, 3.0, 1.0)
    assert METRICS["calibration_error"].function(truth, score, weights) == pytest.approx(0.25)
    (row,) = reliability_table(truth, score, weights)
    assert row == {"score": 0.5, "rate": 0.75, "rows": 100}


def test_error_of_a_regression_is_in_standard_deviations_of_the_truth() -> None:
    truth = RNG.normal(50, 4, 5000)
    assert error(truth, truth + 2.0, "scaled_calibration_error") == pytest.approx(0.5, abs=0.02)
    assert error(truth * 1000, truth * 1000 + 2000, "scaled_calibration_error") == pytest.approx(0.5, abs=0.02)
