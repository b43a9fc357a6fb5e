import numpy as np
import pytest

from perennial.model.calibration import (
    apply_calibration,
    choose_threshold,
    fit_calibration,
    fit_platt,
    fit_temperature,
    inverse_link,
    mean_loss,
)

RNG = np.random.default_rng(0)
TRUE = RNG.normal(-1.0, 1.5, 4000)
LABELS = (RNG.random(4000) < 1 / (1 + np.exp(-TRUE))).astype(float)
FOLDS = np.repeat(np.arange(4), 1000)
MANY = RNG.normal(size=(4000, 3)) * 2
MANY_LABELS = (MANY + RNG.gumbel(size=(4000, 3))).argmax(axis=1).astype(float)


def test_honest_scores_are_left_alone() -> None:
    assert fit_calibration("binary", TRUE, LABELS, FOLDS) == {"kind": "identity"}
    assert fit_calibration("multiclass", MANY, MANY_LABELS, FOLDS) == {"kind": "identity"}


def test_bold_scores_are_tamed() -> None:
    calibration = fit_calibration("binary", TRUE * 3 + 1, LABELS, FOLDS)
    assert calibration["kind"] == "platt"
    assert calibration["slope"] == pytest.approx(1 / 3, abs=0.03)
    assert calibration["intercept"] == pytest.approx(-1 / 3, abs=0.08)
    bold = fit_calibration("multiclass", MANY * 3, MANY_LABELS, FOLDS)
    assert bold["kind"] == "temperature"
    assert bold["temperature"] == pytest.approx(3.0, rel=0.08)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_nothing_to_judge_means_identity(task: str) -> None:
    folds = np.zeros(4000) if task == "binary" else FOLDS
    assert fit_calibration(task, TRUE * 3, LABELS, folds) == {"kind": "identity"}


def test_a_map_that_helped_only_yesterday_is_not_kept() -> None:
    drifting = np.where(FOLDS < 2, TRUE * 3, TRUE / 3)
    assert fit_calibration("binary", drifting, LABELS, np.minimum(FOLDS // 2, 1)) == {"kind": "identity"}


def test_platt_never_turns_the_ranking_round() -> None:
    assert fit_platt(-TRUE, LABELS) == {"kind": "identity"}


@pytest.mark.parametrize("labels", [np.zeros(50), np.ones(50), (np.arange(50) > 25).astype(float)])
def test_platt_survives_what_can_be_told_apart_entirely(labels: np.ndarray) -> None:
    found = fit_platt(np.arange(50.0) - 25.5, labels)
    assert all(np.isfinite(value) for name, value in found.items() if name != "kind")


def test_weights_count() -> None:
    twice = np.concatenate([TRUE, TRUE[:1000]]) * 2, np.concatenate([LABELS, LABELS[:1000]])
    weights = np.where(np.arange(4000) < 1000, 2.0, 1.0)
    weighted, doubled = fit_platt(TRUE * 2, LABELS, weights), fit_platt(*twice)
    assert weighted["slope"] == pytest.approx(doubled["slope"], rel=1e-5)
    assert fit_temperature(MANY * 2, MANY_LABELS, weights) != fit_temperature(MANY * 2, MANY_LABELS)


@pytest.mark.parametrize(
    ("task", "raw", "wanted"),
    [
        ("binary", [-800.0, 0.0, 800.0], [0.0, 0.5, 1.0]),
        ("multiclass", [[800.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0], [1 / 3] * 3]),
        ("regression", [3.5], [3.5]),
    ],
)
def test_links(task: str, raw: list, wanted: list) -> None:
    np.testing.assert_allclose(inverse_link(task, np.array(raw)), wanted, atol=1e-15)


@pytest.mark.parametrize(
    ("task", "raw", "y", "wanted"),
    [
        ("binary", [0.0, 0.0], [0, 1], np.log(2)),
        ("binary", [1000.0], [0], 1000.0),
        ("multiclass", [[0.0, 0.0, 0.0]], [2], np.log(3)),
        ("regression", [1.0, 3.0], [1, 1], 2.0),
    ],
)
def test_losses(task: str, raw: list, y: list, wanted: float) -> None:
    assert mean_loss(task, np.array(raw), np.array(y, dtype=float)) == pytest.approx(wanted)


def test_apply_calibration() -> None:
    raw = np.array([2.0, -1.0])
    assert apply_calibration({"kind": "identity"}, raw).tolist() == [2.0, -1.0]
    assert apply_calibration({"kind": "platt", "slope": 0.5, "intercept": 1.0}, raw).tolist() == [2.0, 0.5]
    assert apply_calibration({"kind": "temperature", "temperature": 2.0}, raw).tolist() == [1.0, -0.5]


@pytest.mark.parametrize(
    ("probability", "labels", "costs", "threshold"),
    [
        ([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1], (1, 1), 0.4),
        ([0.1, 0.2, 0.6, 0.9], [0, 1, 0, 1], (1, 9), 0.15),
        ([0.1, 0.2, 0.6, 0.9], [0, 1, 0, 1], (9, 1), 0.75),
        ([0.3, 0.4], [1, 1], (1, 3), 0.0),
        ([0.3, 0.4], [0, 0], (1, 1), 1.0),
        ([0.5, 0.5, 0.5], [0, 1, 1], (1, 1), 0.0),
    ],
)
def test_the_cheapest_threshold(probability: list, labels: list, costs: tuple, threshold: float) -> None:
    p, y = np.array(probability), np.array(labels, dtype=float)
    found = choose_threshold(p, y, false_positive=costs[0], false_negative=costs[1])
    assert found == pytest.approx(threshold)


def test_on_honest_scores_the_threshold_is_the_theoretical_one() -> None:
    p = inverse_link("binary", TRUE)
    assert choose_threshold(p, LABELS, false_positive=1.0, false_negative=3.0) == pytest.approx(0.25, abs=0.06)
