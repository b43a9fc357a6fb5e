"""A linear model on the encoded matrix, as JSON coefficients: its design and its prediction, in numpy alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.encoder import Array

_INTEGERS = ("numeric", "indicators", "categorical", "sizes")


def read_scaling(scaling: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the lists of a scaling as arrays: positions as int64, the rest as float64."""
    return {name: np.array(part, dtype=np.int64 if name in _INTEGERS else float) for name, part in scaling.items()}


def read_linear(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of a linear model with its lists as arrays, for `predict_linear`."""
    arrays = {name: np.array(content[name], dtype=float) for name in ("intercept", "dense", "one_hot")}
    return {"scaling": read_scaling(content["scaling"]), **arrays}


def standardise(scaling: Mapping[str, Any], X: Array) -> Array:
    """Return numeric features clipped to the training range, centred, scaled; missing becomes 0, the mean."""
    values = X[:, scaling["numeric"]]
    centred = (np.clip(values, scaling["low"], scaling["high"]) - scaling["mean"]) / scaling["scale"]
    return np.where(np.isnan(values), 0.0, centred)


def mark_missing(scaling: Mapping[str, Any], X: Array) -> Array:
    """Return 1 where a numeric feature that had missing values in training is missing, else 0."""
    return np.isnan(X[:, scaling["indicators"]]).astype(np.float64)


def number_slots(scaling: Mapping[str, Any], X: Array) -> NDArray[np.int64]:
    """Return, per row and categorical feature, its position among all one-hot columns; each last one is "missing"."""
    sizes = scaling["sizes"]
    codes = X[:, scaling["categorical"]]
    starts = np.cumsum(sizes + 1) - (sizes + 1)
    return np.asarray(starts + np.where(np.isnan(codes), sizes, codes).astype(np.int64))


def predict_linear(linear: Mapping[str, Any], X: Array) -> Array:
    """Return raw scores of shape (rows,) for one set of coefficients, else (rows, classes).

    `linear` comes from `read_linear`. Sums run along each row, never through a matrix product, which would round one
    row differently from the same row among many.
    """
    scaling = linear["scaling"]
    dense = np.ascontiguousarray(np.hstack([standardise(scaling, X), mark_missing(scaling, X)]))
    slots = number_slots(scaling, X)
    scores = [
        intercept + (dense * weights).sum(axis=1) + table[slots].sum(axis=1)
        for intercept, weights, table in zip(linear["intercept"], linear["dense"], linear["one_hot"], strict=True)
    ]
    return np.asarray(scores[0]) if len(scores) == 1 else np.column_stack(scores)
