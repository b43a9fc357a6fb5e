"""Every score equals scikit-learn's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from perennial.evaluation.intervals import Array
from perennial.evaluation.metrics import METRICS, metrics_for

RNG = np.random.default_rng(0)
TRUTH = (RNG.random(500) < 0.3).astype(float)
# Rounded, so that there are ties.
SCORE = np.round(np.clip(0.3 * TRUTH + RNG.random(500) * 0.7, 0.01, 0.99), 2)
DECISION = (SCORE >= 0.4).astype(float)
CLASS = RNG.integers(0, 4, 500).astype(float)
CLASS_SCORE = RNG.dirichlet(np.ones(4), 500) * 0.6 + 0.4 * np.eye(4)[CLASS.astype(int)]
CLASS_DECISION = CLASS_SCORE.argmax(axis=1).astype(float)
VALUE = RNG.normal(100, 20, 500)
GUESS = VALUE + RNG.normal(0, 10, 500)


def macro(score: Callable[..., float]) -> Callable[..., float]:
    return lambda truth, decision: score(truth, decision, average="macro", zero_division=0)


SAME: dict[str, list[tuple[Callable[..., Any], Array, Array]]] = {
    "log_loss": [(reference.log_loss, TRUTH, SCORE), (reference.log_loss, CLASS, CLASS_SCORE)],
    "brier": [
        (reference.brier_score_loss, TRUTH, SCORE),
        (lambda t, p: ((np.eye(4)[t.astype(int)] - p) ** 2).sum(axis=1).mean(), CLASS, CLASS_SCORE),
    ],
    "auc": [(reference.roc_auc_score, TRUTH, SCORE)],
    "average_precision": [(reference.average_precision_score, TRUTH, SCORE)],
    "macro_auc": [(lambda t, p: reference.roc_auc_score(t, p, multi_class="ovr"), CLASS, CLASS_SCORE)],
    "accuracy": [(reference.accuracy_score, TRUTH, DECISION), (reference.accuracy_score, CLASS, CLASS_DECISION)],
    "f1": [(reference.f1_score, TRUTH, DECISION)],
    "precision": [(reference.precision_score, TRUTH, DECISION)],
    "recall": [(reference.recall_score, TRUTH, DECISION)],
    "macro_f1": [(macro(reference.f1_score), CLASS, CLASS_DECISION)],
    "macro_precision": [(macro(reference.precision_score), CLASS, CLASS_DECISION)],
    "macro_recall": [(macro(reference.recall_score), CLASS, CLASS_DECISION)],
    "rmse": [(reference.root_mean_squared_error, VALUE, GUESS)],
    "mae": [(reference.mean_absolute_error, VALUE, GUESS)],
    "r2": [(reference.r2_score, VALUE, GUESS)],
}


@pytest.mark.parametrize("name", sorted(SAME))
def test_score_equals_the_reference(name: str) -> None:
    for function, truth, prediction in SAME[name]:
        assert METRICS[name].function(truth, prediction) == pytest.approx(function(truth, prediction), abs=1e-12)


def test_every_score_has_a_reference() -> None:
    assert set(METRICS) - set(SAME) == {"calibration_error", "scaled_calibration_error"}  # see test_calibration.py


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.parts is not None])
def test_sums_per_block_give_the_score(name: str) -> None:
    metric, codes = METRICS[name], np.arange(500) % 7
    truth, prediction = {
        "binary": (TRUTH, SCORE if metric.uses == "score" else DECISION),
        "multiclass": (CLASS, CLASS_SCORE if metric.uses == "score" else CLASS_DECISION),
        "regression": (VALUE, GUESS),
    }[metric.tasks[0]]
    sums = metric.tally_blocks(truth, prediction, np.ones(500), codes, 7)
    assert sums is not None
    assert metric.finish is not None
    assert sums.shape[0] == 7
    assert float(metric.finish(sums.sum(axis=0))) == pytest.approx(metric.function(truth, prediction), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "expected"),
    [
        ("log_loss", [1, 0], [0.0, 1.0], -np.log(1e-15)),  # certain and wrong costs much, not everything
        ("precision", [1, 0], [0, 0], 0.0),  # nothing claimed
        ("recall", [0, 0], [1, 0], 0.0),  # nothing to find
        ("f1", [0, 0], [0, 0], 0.0),
        ("auc", [1, 1], [0.2, 0.3], np.nan),  # one class only
        ("r2", [3, 3], [3, 2], np.nan),  # nothing varies
        ("macro_recall", [0, 0, 2], [0, 2, 2], 0.75),  # class 1 neither occurs nor is claimed
    ],
)
def test_edges(name: str, truth: list[float], prediction: list[float], expected: float) -> None:
    got = METRICS[name].function(np.array(truth, float), np.array(prediction, float))
    assert got == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("task", "proper", "absent"),
    [("binary", "log_loss", "rmse"), ("multiclass", "log_loss", "f1"), ("regression", "rmse", "auc")],
)
def test_each_task_has_its_scores(task: str, proper: str, absent: str) -> None:
    assert proper in metrics_for(task)
    assert absent not in metrics_for(task)


WEIGHTS = np.random.default_rng(1).integers(0, 4, 500).astype(float)


@pytest.mark.parametrize("name", sorted(SAME))
def test_weighted_score_equals_that_of_rows_repeated(name: str) -> None:
    times = WEIGHTS.astype(int)
    for _, truth, prediction in SAME[name]:
        repeated = METRICS[name].function(truth.repeat(times), prediction.repeat(times, axis=0))
        assert METRICS[name].function(truth, prediction, WEIGHTS) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("name", ["auc", "average_precision", "log_loss", "f1"])
def test_weighted_sums_per_block_give_the_weighted_score(name: str) -> None:
    metric = METRICS[name]
    prediction = SCORE if metric.uses == "score" else DECISION
    sums = metric.tally_blocks(TRUTH, prediction, WEIGHTS, np.arange(500) % 7, 7)
    assert sums is not None
    assert metric.finish is not None
    assert float(metric.finish(sums.sum(axis=0))) == pytest.approx(
        metric.function(TRUTH, prediction, WEIGHTS), abs=2e-3
    )
