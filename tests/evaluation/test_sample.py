"""The test rows: what they refuse, and paired improvements."""

import numpy as np
import pytest

from perennial.evaluation.sample import (
    Sample,
    decide_numbers,
    improvement,
    point_scores,
    score,
    share_saved,
    take_sample,
)
from perennial.model.calibration import IDENTITY
from perennial.model.predictor import Model, decide
from perennial.refusal import Refusal

RNG = np.random.default_rng(0)
DAY = np.repeat(np.arange(40), 25)


def sample_of(truth: np.ndarray, task: str = "binary", metric: str = "log_loss") -> Sample:
    return take_sample(task=task, metric=metric, truth=truth, blocks=DAY, replicates=400, confidence=0.95, seed=0)


@pytest.mark.parametrize(
    ("task", "metric", "words"),
    [
        ("binary", "auc", "one of log_loss, brier"),
        ("binary", "rmse", "one of log_loss, brier"),
        ("binary", "calibration_error", "one of log_loss, brier"),
        ("regression", "r2", "one of rmse, mae"),
        ("multiclass", "guess", "one of log_loss, brier"),
    ],
)
def test_only_a_proper_loss_of_the_task_may_judge(task: str, metric: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        sample_of(np.ones(1000), task, metric)


def test_no_test_row_is_refused() -> None:
    with pytest.raises(Refusal, match="no labelled row"):
        take_sample(
            task="binary", metric="log_loss", truth=np.ones(0), blocks=[], replicates=9, confidence=0.95, seed=0
        )


@pytest.mark.parametrize(
    ("task", "prediction", "threshold", "decided"),
    [
        ("binary", [0.2, 0.5, 0.7], 0.5, [0, 1, 1]),
        ("binary", [0.2, 0.5, 0.7], None, [0, 1, 1]),
        ("binary", [0.2, 0.5, 0.7], 0.1, [1, 1, 1]),
        ("multiclass", [[0.1, 0.9], [0.6, 0.4]], None, [1, 0]),
        ("regression", [3.5, 4.0], None, [3.5, 4.0]),
    ],
)
def test_decisions(task: str, prediction: list[float], threshold: float | None, decided: list[float]) -> None:
    assert decide_numbers(task, np.array(prediction), threshold).tolist() == decided


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_score_lies_in_its_interval(task: str) -> None:
    classes = RNG.integers(0, 3, 1000)
    truth, prediction = {
        "binary": ((classes == 1) * 1.0, np.clip(0.3 + 0.4 * (classes == 1) + RNG.normal(0, 0.2, 1000), 0.01, 0.99)),
        "multiclass": (classes * 1.0, RNG.dirichlet(np.ones(3), 1000) * 0.6 + 0.4 * np.eye(3)[classes]),
        "regression": (RNG.normal(size=1000), RNG.normal(size=1000)),
    }[task]
    sample = sample_of(truth, task, "rmse" if task == "regression" else "log_loss")
    for name, one in score(sample, prediction, 0.5).items():
        if one["interval"] is None:
            assert name == "macro_auc"
        elif "calibration" not in name:  # its interval takes the upward bias off the value
            assert one["interval"][0] <= one["value"] <= one["interval"][1], name
    assert point_scores(sample, prediction, 0.5) == {n: s["value"] for n, s in score(sample, prediction, 0.5).items()}


def test_improvement_is_the_share_of_the_baseline_loss_that_is_saved() -> None:
    truth = RNG.normal(size=1000)
    found = improvement(sample_of(truth, "regression", "rmse"), truth + 1.0, truth + 4.0)
    assert found["value"] == pytest.approx(0.75)
    assert found["difference"] == pytest.approx(3.0)
    assert found["interval"] == pytest.approx((0.75, 0.75))


def test_the_same_predictions_do_not_improve_at_all() -> None:
    truth = (RNG.random(1000) < 0.3) * 1.0
    found = improvement(sample_of(truth), np.full(1000, 0.4), np.full(1000, 0.4))
    assert (found["value"], found["interval"]) == (0.0, (0.0, 0.0))


def test_what_a_day_does_to_both_cancels() -> None:
    luck = RNG.normal(size=40)[DAY]
    truth = (RNG.random(1000) < 1 / (1 + np.exp(-luck))) * 1.0
    low, high = improvement(sample_of(truth), np.full(1000, 0.500), np.full(1000, 0.501))["interval"]
    assert high - low < 0.01


@pytest.mark.parametrize(("ours", "theirs", "share"), [(1.0, 2.0, 0.5), (0.0, 0.0, 0.0), (1.0, 0.0, -np.inf)])
def test_share_saved(ours: float, theirs: float, share: float) -> None:
    assert share_saved(np.array(ours), np.array(theirs)) == share


def weighted(truth: np.ndarray, weights: np.ndarray) -> Sample:
    return take_sample(
        task="binary",
        metric="log_loss",
        truth=truth,
        weights=weights,
        blocks=np.arange(len(truth)) % 20,
        replicates=100,
        confidence=0.95,
        seed=0,
    )


def test_rows_count_by_their_weights() -> None:
    truth, score_ = (RNG.random(400) < 0.3) * 1.0, np.clip(RNG.random(400), 0.1, 0.9)
    times = np.arange(400) % 3
    sample = weighted(truth, times.astype(float))
    many = take_sample(
        task="binary",
        metric="log_loss",
        truth=truth.repeat(times),
        blocks=(np.arange(400) % 20).repeat(times),
        replicates=100,
        confidence=0.95,
        seed=0,
    )
    one, other = score(sample, score_, 0.4), score(many, score_.repeat(times), 0.4)
    for name in ("log_loss", "brier", "accuracy", "f1", "precision", "recall"):
        assert one[name]["value"] == pytest.approx(other[name]["value"])
        assert one[name]["interval"] == pytest.approx(other[name]["interval"])
    gain = (
        improvement(sample, score_, np.full(400, 0.3)),
        improvement(many, score_.repeat(times), np.full(times.sum(), 0.3)),
    )
    assert gain[0]["interval"] == pytest.approx(gain[1]["interval"])


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(Refusal, match=r"Of the 3 weights .* 1 are no number from 0 up"):
        weighted(np.ones(3), np.array([1.0, value, 1.0]))
    with pytest.raises(Refusal, match="none is above 0"):
        weighted(np.ones(3), np.zeros(3))


@pytest.mark.parametrize(
    ("task", "scores"),
    [("binary", [0.1, 0.25, 0.3]), ("multiclass", [[0.2, 0.8], [0.5, 0.5]]), ("regression", [3.5])],
)
def test_decisions_are_those_of_the_service(task: str, scores: list[float]) -> None:
    encoder = {"columns": [], "features": [], "categorical": []}
    classes, threshold = (() if task == "regression" else (0.0, 1.0)), 0.25 if task == "binary" else None
    model = Model(task, "late", encoder, (), classes=classes, calibration=IDENTITY, threshold=threshold)
    assert decide_numbers(task, np.array(scores), threshold).tolist() == decide(model, np.array(scores))
