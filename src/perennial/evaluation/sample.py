"""The test rows as they are judged, and the plain scores of predictions on them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from perennial.evaluation.intervals import (
    Array,
    Codes,
    Finish,
    draw_blocks,
    number_blocks,
    percentile_interval,
    pivotal_interval,
    replicate,
    share_of_evidence,
    sum_blocks,
)
from perennial.evaluation.metrics import METRICS, Metric, metrics_for
from perennial.refusal import Refusal

Threshold = float | Array | None  # one for all rows, or that of the model that judges the row

CALIBRATION = {
    "binary": "calibration_error",
    "multiclass": "calibration_error",
    "regression": "scaled_calibration_error",
}


@dataclass(frozen=True)
class Sample:
    """The truth of the test rows (class numbers or values), their weights, blocks and the draws of the bootstrap.

    Under cross-validation every row is there once per repeat, repeat after repeat, in the same block.
    """

    task: str
    metric: str
    truth: Array
    weights: Array
    codes: Codes
    blocks: int
    draws: Array
    confidence: float
    repeats: int = 1

    @property
    def primary(self) -> Metric:
        """The proper score that decides."""
        return METRICS[self.metric]


def take_sample(
    *,
    task: str,
    metric: str,
    truth: Array,
    blocks: npt.ArrayLike,
    replicates: int,
    confidence: float,
    seed: int,
    weights: Array | None = None,
) -> Sample:
    """Return the test rows with `replicates` draws of their blocks; `weights` (n,) or None for rows that count alike.

    Raises Refusal when there is no row, when a weight is not a number from 0 up or none is above 0, or when the metric
    is not an additive loss of the task.
    """
    if len(truth) == 0:
        raise Refusal("The test has no labelled row: make `split.test_days` or `split.test_share` larger.")
    allowed = [name for name, known in metrics_for(task).items() if known.direction == "lower" and known.parts]
    allowed = [name for name in allowed if name != CALIBRATION[task]]
    if metric not in allowed:
        raise Refusal(f"`problem.metric` is {metric!r}; a {task} task is judged by one of {', '.join(allowed)}.")
    counted = np.ones(len(truth)) if weights is None else check_weights(weights)
    codes, count = number_blocks(blocks)
    draws = draw_blocks(int(codes.max()) + 1, replicates, seed)
    return Sample(task, metric, truth.astype(np.float64), counted, codes, count, draws, confidence)


def stack_sample(sample: Sample, repeats: int, folds: int, seed: int) -> Sample:
    """Return a sample whose rows were judged by cross-validation: there `repeats` times, and with fewer draws."""
    replicates, blocks = sample.draws.shape
    draws = draw_blocks(blocks, replicates, seed, share_of_evidence(folds))
    return replace(sample, draws=draws, repeats=repeats)


def check_weights(weights: Array) -> Array:
    """Return weights (n,); raises Refusal when one is not a number from 0 up, or none is above 0."""
    wrong = int((~(np.isfinite(weights) & (weights >= 0))).sum())
    if wrong or (len(weights) and not weights.any()):
        found = f"{wrong} are no number from 0 up" if wrong else "none is above 0"
        raise Refusal(f"Of the {len(weights)} weights that `problem.weight` names {found}: mend them in examples.sql.")
    return weights.astype(np.float64)


def decide_numbers(task: str, prediction: Array, threshold: Threshold) -> Array:
    """Return the number of the decided class of each row, by the rule by which the service answers with the class.

    A regression decides nothing and gives its prediction back.
    """
    if task == "binary":
        return np.asarray(prediction >= (0.5 if threshold is None else threshold), dtype=np.float64)
    return prediction.argmax(axis=1).astype(np.float64) if task == "multiclass" else prediction


def score_one(sample: Sample, metric: Metric, used: Array) -> tuple[float, tuple[float, float] | None]:
    """Return the exact value and its block-bootstrap interval; binned replicates are centred on the value."""
    value = metric.function(sample.truth, used, sample.weights)
    sums = metric.tally_blocks(sample.truth, used, sample.weights, sample.codes, sample.draws.shape[1])
    if sums is None or metric.finish is None:
        return value, None
    replicates = replicate(sample.draws, sums, metric.finish) + (value - float(metric.finish(sums.sum(axis=0))))
    if metric is METRICS[CALIBRATION[sample.task]]:
        return value, pivotal_interval(value, replicates, sample.confidence)
    return value, percentile_interval(replicates, sample.confidence)


def score(sample: Sample, prediction: Array, threshold: Threshold) -> dict[str, dict[str, Any]]:
    """Return every score of the task by name as {"value", "interval", "direction"}."""
    decided = decide_numbers(sample.task, prediction, threshold)
    scores: dict[str, dict[str, Any]] = {}
    for name, metric in metrics_for(sample.task).items():
        value, interval = score_one(sample, metric, decided if metric.uses == "decision" else prediction)
        scores[name] = {"value": value, "interval": interval, "direction": metric.direction}
    return scores


def point_scores(sample: Sample, prediction: Array, threshold: Threshold) -> dict[str, float]:
    """Return the values alone, for the baselines."""
    decided = decide_numbers(sample.task, prediction, threshold)
    return {
        name: metric.function(sample.truth, decided if metric.uses == "decision" else prediction, sample.weights)
        for name, metric in metrics_for(sample.task).items()
    }


def loss_sums(sample: Sample, prediction: Array) -> Array:
    """Return the primary loss summed per block, and the weight of the rows, (blocks, 2)."""
    return sum_blocks(loss_parts(sample, prediction), sample.codes, sample.draws.shape[1])


def loss_parts(sample: Sample, prediction: Array, rows: Codes | slice = slice(None)) -> Array:
    """Return the weighted parts (n, 2) of the primary loss; `prediction` is of the row numbers `rows` of the sample."""
    return sample.primary.weigh_rows(sample.truth[rows], prediction, sample.weights[rows])


def improvement(sample: Sample, prediction: Array, baseline: Array) -> dict[str, Any]:
    """Return by which share of the baseline's loss the prediction is better, with its paired interval.

    Both are resampled with the same draws, so what a day does to both cancels. `difference` is in the metric's unit.
    """
    ours, theirs = loss_sums(sample, prediction), loss_sums(sample, baseline)
    return {**compare(sample, ours, theirs), "difference": _difference(sample.primary.finish, ours, theirs)}


def _difference(finish: Finish | None, ours: Array, theirs: Array) -> float:
    assert finish is not None
    return float(finish(theirs.sum(axis=0)) - finish(ours.sum(axis=0)))


def share_saved(ours: Array, theirs: Array) -> Array:
    """Return 1 - ours / theirs; 0 where both are 0, minus infinity where only theirs is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 - ours / theirs
    return np.where((ours == 0) & (theirs == 0), 0.0, share)


def compare(sample: Sample, ours: Array, theirs: Array) -> dict[str, Any]:
    """Return {"value", "interval"} of the share saved, from sums per block of the primary loss."""
    finish = sample.primary.finish
    assert finish is not None
    value = share_saved(finish(ours.sum(axis=0)), finish(theirs.sum(axis=0)))
    replicates = share_saved(replicate(sample.draws, ours, finish), replicate(sample.draws, theirs, finish))
    return {"value": float(value), "interval": percentile_interval(replicates, sample.confidence)}
