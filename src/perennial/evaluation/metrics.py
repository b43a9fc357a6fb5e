"""The scores by name: what each is, which way is better, and the sums per block that its interval needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from perennial.evaluation.calibration import calibration_of_sums, calibration_parts, scaled_parts
from perennial.evaluation.intervals import Array, Codes, Finish, sum_blocks
from perennial.evaluation.ranking import (
    auc,
    auc_of_tally,
    average_precision,
    average_precision_of_tally,
    macro_auc,
    tally_ranks,
)
from perennial.extensions import add_extensions, load_extensions

Parts = Callable[[Array, Array], Array]
Tally = Callable[[Array, Array, Codes, int, Array], Array]

# The smallest probability that is scored: a certain and wrong prediction costs much, not everything.
SMALLEST = 1e-15


class Function(Protocol):
    """The exact score of all rows."""

    def __call__(self, truth: Array, prediction: Array, weights: Array | None = None, /) -> float:
        """Return the score; every row counts by its weight (n,), None for one each."""


@dataclass(frozen=True)
class Metric:
    """A score: exact function, better direction, tasks; from which rows' parts and sums it can be resampled."""

    function: Function
    direction: Literal["lower", "higher"]
    tasks: tuple[str, ...]
    uses: Literal["score", "decision"] = "score"
    parts: Parts | None = None
    finish: Finish | None = None
    tally: Tally | None = None

    def weigh_rows(self, truth: Array, prediction: Array, weights: Array) -> Array:
        """Return the parts of each row times its weight, (n, m); of a score that is a sum over rows only."""
        assert self.parts is not None
        return np.asarray(self.parts(truth, prediction) * weights[:, None])

    def tally_blocks(self, truth: Array, prediction: Array, weights: Array, codes: Codes, blocks: int) -> Array | None:
        """Return the sums per block (blocks, m) that `finish` turns into this score; None without an interval."""
        if self.parts is not None:
            return sum_blocks(self.weigh_rows(truth, prediction, weights), codes, blocks)
        return None if self.tally is None else self.tally(truth, prediction, codes, blocks, weights)


def with_count(loss: Array) -> Array:
    """Return the losses of rows (n,) beside ones, (n, 2): the parts of a mean."""
    return np.column_stack([loss, np.ones(len(loss))])


def mean_of_sums(sums: Array) -> Array:
    """Return the mean of `with_count`."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def _root_mean(sums: Array) -> Array:
    return np.sqrt(mean_of_sums(sums))


def _ratio(top: Array, bottom: Array) -> Array:
    """Return top / bottom, and 0 where the bottom is 0: no row was claimed, so none was found."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def log_loss_parts(truth: Array, score: Array) -> Array:
    """Return (n, 2): minus the log of the probability given to what happened, and 1."""
    if score.ndim == 2:
        given = score[np.arange(len(truth)), truth.astype(np.int64)]
    else:
        given = np.where(truth > 0, score, 1.0 - score)
    return with_count(-np.log(np.clip(given, SMALLEST, 1.0)))


def brier_parts(truth: Array, score: Array) -> Array:
    """Return (n, 2): the squared distance to what happened (summed over classes when there are k), and 1."""
    if score.ndim == 2:
        happened = np.eye(score.shape[1])[truth.astype(np.int64)]
        return with_count(((score - happened) ** 2).sum(axis=1))
    return with_count((score - truth) ** 2)


def variance_parts(truth: Array, prediction: Array) -> Array:
    """Return (n, 4): squared error, truth, squared truth, 1; the truth is centred so that nothing cancels."""
    centred = truth - truth.mean()
    return np.column_stack([(prediction - truth) ** 2, centred, centred**2, np.ones(len(truth))])


def r2_of_sums(sums: Array) -> Array:
    """Return the share of the variance that is explained; NaN for a constant truth."""
    spread = sums[..., 2] - sums[..., 1] ** 2 / sums[..., 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 0, 1.0 - sums[..., 0] / spread, np.nan))


def hit_parts(truth: Array, decision: Array) -> Array:
    """Return (n, 3): hit, claimed, actual of the positive class."""
    return np.column_stack([truth * decision, decision, truth])


def class_parts(truth: Array, decision: Array) -> Array:
    """Return (n, 3 k): hit, claimed, actual of each of k classes."""
    classes = np.eye(int(max(truth.max(), decision.max())) + 1)
    actual, claimed = classes[truth.astype(np.int64)], classes[decision.astype(np.int64)]
    return np.column_stack([actual * claimed, claimed, actual])


def precision_of_sums(sums: Array) -> Array:
    """Return hits / claimed."""
    return _ratio(sums[..., 0], sums[..., 1])


def recall_of_sums(sums: Array) -> Array:
    """Return hits / actual."""
    return _ratio(sums[..., 0], sums[..., 2])


def f1_of_sums(sums: Array) -> Array:
    """Return 2 hits / (claimed + actual)."""
    return _ratio(2.0 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _macro(finish: Finish) -> Finish:
    """Return the mean over classes that are claimed or actual of a score of three sums."""

    def finish_classes(sums: Array) -> Array:
        hit, claimed, actual = np.split(sums, 3, axis=-1)
        present = (claimed + actual) > 0
        each = np.where(present, finish(np.stack([hit, claimed, actual], axis=-1)), 0.0)
        return np.asarray(each.sum(-1) / present.sum(-1))

    return finish_classes


def additive(
    parts: Parts,
    finish: Finish,
    direction: Literal["lower", "higher"],
    *tasks: str,
    uses: Literal["score", "decision"] = "score",
) -> Metric:
    """Return the score that `finish` makes of the sums over rows of `parts`, which may so be resampled."""

    def function(truth: Array, prediction: Array, weights: Array | None = None, /) -> float:
        rows = parts(truth, prediction)
        return float(finish((rows if weights is None else rows * weights[:, None]).sum(axis=0)))

    return Metric(function, direction, tasks, uses, parts, finish)


def _ranked(function: Function, finish: Finish) -> Metric:
    return Metric(function, "higher", ("binary",), finish=finish, tally=tally_ranks)


def _correct(truth: Array, decision: Array) -> Array:
    return with_count((truth == decision).astype(float))


METRICS: dict[str, Metric] = {
    "log_loss": additive(log_loss_parts, mean_of_sums, "lower", "binary", "multiclass"),
    "brier": additive(brier_parts, mean_of_sums, "lower", "binary", "multiclass"),
    "auc": _ranked(auc, auc_of_tally),
    "average_precision": _ranked(average_precision, average_precision_of_tally),
    "macro_auc": Metric(macro_auc, "higher", ("multiclass",)),
    "accuracy": additive(_correct, mean_of_sums, "higher", "binary", "multiclass", uses="decision"),
    "f1": additive(hit_parts, f1_of_sums, "higher", "binary", uses="decision"),
    "precision": additive(hit_parts, precision_of_sums, "higher", "binary", uses="decision"),
    "recall": additive(hit_parts, recall_of_sums, "higher", "binary", uses="decision"),
    "macro_f1": additive(class_parts, _macro(f1_of_sums), "higher", "multiclass", uses="decision"),
    "macro_precision": additive(class_parts, _macro(precision_of_sums), "higher", "multiclass", uses="decision"),
    "macro_recall": additive(class_parts, _macro(recall_of_sums), "higher", "multiclass", uses="decision"),
    "rmse": additive(lambda t, p: with_count((p - t) ** 2), _root_mean, "lower", "regression"),
    "mae": additive(lambda t, p: with_count(np.abs(p - t)), mean_of_sums, "lower", "regression"),
    "r2": additive(variance_parts, r2_of_sums, "higher", "regression"),
    "calibration_error": additive(calibration_parts, calibration_of_sums, "lower", "binary", "multiclass"),
    "scaled_calibration_error": additive(scaled_parts, calibration_of_sums, "lower", "regression"),
}


def metrics_for(task: str) -> dict[str, Metric]:
    """Return the scores that a task has by name, the added ones last."""
    metrics: dict[str, Metric] = add_extensions(METRICS, load_extensions("metrics"), "metrics")
    return {name: metric for name, metric in metrics.items() if task in metric.tasks}
