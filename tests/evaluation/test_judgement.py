"""The whole evaluation, for each kind of task."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.evaluation.constant import predict_constant
from perennial.evaluation.intervals import Array, round_numbers
from perennial.evaluation.judgement import SliceRules, block_values, flat_scores, judge
from perennial.evaluation.sample import score, take_sample
from perennial.refusal import Refusal
from tests.evaluation.world import COSTS, evaluate_world, predict_honestly, simulate_days

RULES = SliceRules(rows=50, blocks=5, bands=3)


def world_of(task: str) -> tuple[pd.DataFrame, Array, dict[str, Array], list[str]]:
    """Inputs, truth and predictions of 2,000 rows that `x` explains."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=2000), "c": rng.choice(["a", "b"], 2000)})
    if task == "regression":
        truth = 10 * frame["x"].to_numpy() + rng.normal(size=2000)
        return frame, truth, {"model": 10 * frame["x"].to_numpy(), "linear": 9 * frame["x"].to_numpy()}, []
    logits = np.outer(frame["x"], [-2.0, 0.0, 2.0])
    score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((2000, 1)) > score.cumsum(axis=1)).sum(axis=1).astype(float)
    return frame, truth, {"model": score, "linear": 0.5 * score + 0.5 / 3}, ["l", "m", "h"]


def judge_task(task: str) -> dict[str, Any]:
    frame, truth, predictions, names = world_of(task)
    sample = take_sample(
        task=task,
        metric="rmse" if task == "regression" else "log_loss",
        truth=truth,
        blocks=block_values("row", None, None, 2000),
        replicates=200,
        confidence=0.95,
        seed=0,
    )
    predictions["constant"] = predict_constant(task, truth, len(names), 2000)
    dtypes = {"x": "numeric", "c": "category"}
    return judge(sample, predictions, frame, dtypes=dtypes, names=names, threshold=None, costs=COSTS, rules=RULES)


@pytest.mark.parametrize(("task", "metric"), [("multiclass", "macro_f1"), ("regression", "r2")])
def test_other_tasks_are_judged_the_same_way(task: str, metric: str) -> None:
    judged = judge_task(task)
    assert judged["metrics"][metric]["value"] > 0.4
    assert judged["improvement"]["over_constant"]["interval"][0] > 0.1
    assert judged["improvement"]["over_linear"]["interval"][0] > 0
    assert judged["calibration"]["interval"][0] < 0.05
    assert {one["column"] for one in judged["slices"]} == {"x", "c"}
    assert judged["cost"] is None
    assert judged["sensitive"] == []
    assert (judged["confusion"] is None) is (task == "regression")
    json.dumps(round_numbers(judged), allow_nan=False)


def test_a_regression_that_is_always_too_high_is_badly_calibrated() -> None:
    _, truth, predictions, _ = world_of("regression")
    sample = take_sample(
        task="regression",
        metric="rmse",
        truth=truth,
        blocks=np.arange(2000),
        replicates=200,
        confidence=0.95,
        seed=0,
    )
    shifted = score(sample, predictions["model"] + 2.0, None)["scaled_calibration_error"]
    assert shifted["value"] == pytest.approx(2.0 / truth.std(), abs=0.02)
    assert shifted["interval"][0] > 0.15


def test_a_binary_task_has_cost_gaps_and_confusion() -> None:
    rows = simulate_days(3)
    evaluation = evaluate_world(rows, predict_honestly(rows))
    assert evaluation["cost"]["model"] < min(evaluation["cost"]["always"], evaluation["cost"]["never"])
    assert {one["value"] for one in evaluation["sensitive"]} == {"AA", "B6", "DL", "UA"}
    assert sum(map(sum, evaluation["confusion"]["counts"])) == len(rows) == evaluation["rows"]
    assert (evaluation["blocks"], evaluation["unpredicted_rows"]) == (60, 0)


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = simulate_days(3)
    one, other = (json.dumps(evaluate_world(rows, predict_honestly(rows)), sort_keys=True) for _ in range(2))
    assert one == other


def test_flat_scores_are_plain_numbers() -> None:
    rows = simulate_days(3)
    evaluation = evaluate_world(rows, predict_honestly(rows))
    flat = flat_scores(evaluation)
    assert {"log_loss", "auc", "brier", "calibration_error", "cost", "improvement_over_constant"} <= set(flat)
    assert all(isinstance(value, float) for value in flat.values())
    assert "cost" not in flat_scores({**evaluation, "cost": None})


TIME = pd.Series(pd.to_datetime(["2013-07-01 23:59", "2013-07-02 00:00", "2013-07-02 12:00"]))


@pytest.mark.parametrize(
    ("block", "values"),
    [("day", [15887, 15888, 15888]), ("group", [1, 0, 1]), ("row", [0, 1, 2])],
)
def test_blocks(block: str, values: list[int]) -> None:
    assert block_values(block, TIME, pd.Series(["b", "a", "b"]), 3).tolist() == values


@pytest.mark.parametrize("block", ["day", "group", "week"])
def test_a_block_without_its_column_is_refused(block: str) -> None:
    with pytest.raises(Refusal, match=f"`problem.block` is '{block}'"):
        block_values(block, None, None, 3)
