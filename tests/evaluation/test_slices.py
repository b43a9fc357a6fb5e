"""Slices: how they are cut, and how few of an honest model's are accused."""

import numpy as np
import pytest

from perennial.evaluation.cuts import cut_slices
from perennial.evaluation.sample import take_sample
from perennial.evaluation.slices import bound_shift, judge_slices, slice_table
from tests.evaluation.world import DTYPES, know_logit, predict_honestly, sigmoid, simulate_days


def judged_of(seed: int, prediction: np.ndarray | None = None, blocks: int = 10) -> list[dict]:
    rows = simulate_days(seed)
    prediction = predict_honestly(rows) if prediction is None else prediction
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=rows["late"].to_numpy(),
        blocks=rows["day"],
        replicates=300,
        confidence=0.95,
        seed=0,
    )
    slices = list(cut_slices(rows, DTYPES, rows=150, bands=8))
    return judge_slices(sample, {"model": prediction, "constant": np.full(len(rows), 0.3)}, slices, blocks=blocks)


def test_a_slice_is_judged_on_its_own_rows() -> None:
    rows = simulate_days(1)
    (one,) = [s for s in judged_of(1) if s["value"] == "DL"]
    inside = (rows["carrier"] == "DL").to_numpy()
    truth, score = rows["late"].to_numpy()[inside], predict_honestly(rows)[inside]
    assert one["rows"] == inside.sum()
    assert one["blocks"] == 60
    assert one["loss"] == pytest.approx(-np.log(np.where(truth > 0, score, 1 - score)).mean())
    assert one["over_constant"]["lower"] < one["over_constant"]["value"] < one["over_constant"]["upper"]


def test_a_slice_is_held_against_the_constant_of_its_own_mean() -> None:
    rows = simulate_days(1)
    inside = (rows["carrier"] == "DL").to_numpy()
    rate = rows["late"].to_numpy()[inside].mean()
    (one,) = [s for s in judged_of(1, np.full(len(rows), rate)) if s["value"] == "DL"]
    assert one["over_own"]["value"] == pytest.approx(0.0, abs=1e-3)
    assert one["over_own"]["lower"] <= one["over_own"]["value"] <= one["over_own"]["upper"]


def judge_one(task: str, truth: np.ndarray, model: np.ndarray, constant: float) -> dict:
    sample = take_sample(
        task=task,
        metric="rmse" if task == "regression" else "log_loss",
        truth=truth,
        blocks=np.arange(len(truth)) % 40,
        replicates=300,
        confidence=0.95,
        seed=0,
    )
    predictions = {"model": model, "constant": np.full(len(truth), constant)}
    return judge_slices(sample, predictions, [("a", "x", np.arange(300))], blocks=10)[0]


def test_a_level_as_wrong_as_the_learned_constant_is_seen() -> None:
    truth = (np.random.default_rng(0).random(600) < 0.8) * 1.0  # where .2 is said
    found = judge_one("binary", truth, np.full(600, 0.2), constant=0.2)
    assert found["over_constant"]["upper"] == pytest.approx(0.0)
    assert found["over_own"]["upper"] < -0.5


@pytest.mark.parametrize(("said", "clear"), [(0.005, False), (0.2, True)])
def test_what_never_happened_may_be_chance_where_little_was_said(said: float, clear: bool) -> None:
    truth = np.zeros(600)
    truth[300:] = np.arange(300) % 100 == 0
    found = judge_one("binary", truth, np.full(600, said), constant=0.005)
    assert (found["over_own"]["upper"] < -0.25) is clear


def test_a_regression_is_held_against_its_own_mean_where_something_varies() -> None:
    values = np.random.default_rng(0).normal(50.0, 2.0, 600)
    found = judge_one("regression", values, np.full(600, 10.0), constant=10.0)
    assert found["over_own"]["upper"] < -1.0
    assert "over_own" not in judge_one("regression", np.full(600, 3.0), values, constant=10.0)


def test_a_slice_in_few_days_is_not_judged() -> None:
    assert judged_of(1, blocks=61) == []


def test_a_bound_for_many_slices_is_wider_than_for_one() -> None:
    assert bound_shift(1.0, 1000, 1, 0.975) == pytest.approx(1.96, abs=0.01)
    assert bound_shift(1.0, 1000, 500, 0.95) == pytest.approx(3.73, abs=0.02)
    assert bound_shift(1.0, 5, 1, 0.975) == pytest.approx(2.78, abs=0.01)


def test_correction_keeps_a_model_as_good_as_the_constant_from_being_accused() -> None:
    accused = 0
    for seed in range(20):
        rows = simulate_days(seed)
        # Shaken a little around the constant: no slice is truly better or much worse.
        guess = sigmoid(np.log(0.3 / 0.7) + np.random.default_rng(seed).normal(scale=0.01, size=len(rows)))
        accused += any(one["over_constant"]["upper"] < 0 for one in judged_of(seed, guess))
    assert accused <= 2


def test_the_table_begins_with_the_worst() -> None:
    rows = simulate_days(1)
    table = slice_table(judged_of(1, sigmoid(know_logit(rows))), most=3)
    assert list(table.columns) == ["slice", "improvement", "low", "high", "rows"]
    assert len(table) == 3
    assert table["improvement"].is_monotonic_increasing
    assert slice_table([]).empty
