"""The best constant: of what was learned, and of what a slice itself holds."""

import numpy as np

from perennial.evaluation.intervals import Array


def predict_constant(task: str, truth: Array, classes: int, rows: int, weights: Array | None = None) -> Array:
    """Return the best constant prediction of a truth (n,): rate of True, rates of k classes, or mean.

    The rows of the truth count by their `weights` (n,); the prediction is (rows,), or (rows, classes) for multiclass.
    """
    if task != "multiclass":
        return np.full(rows, np.average(truth, weights=weights))
    mass = np.bincount(truth.astype(np.int64), weights=weights, minlength=classes)
    return np.tile(mass / mass.sum(), (rows, 1))


def predict_own(task: str, truth: Array, classes: int, weights: Array, *, doubt: float) -> Array:
    """Return the constant that knows the mean of these very rows, as `predict_constant` gives it.

    `doubt` is the number of rows of a class that may be absent by chance: that share is given to all classes alike,
    since a class that happened never to occur cannot be known to be impossible.
    """
    own = predict_constant(task, truth, classes, len(truth), weights)
    if task == "regression":
        return own
    share = min(1.0, 2.0 * doubt / len(truth))
    return (1.0 - share) * own + share / max(classes, 2)
