"""Fits LightGBM so that the same rows give the same bytes on any number of threads."""

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np

from perennial.model.encoder import Array
from perennial.refusal import Refusal

_FIXED = {"deterministic": True, "force_row_wise": True, "verbosity": -1}
_NO_STOP = {"metric": "None"}


def fit_boosting(
    X: Array,
    y: Array,
    categorical: Sequence[int],
    params: Mapping[str, Any],
    num_threads: int = 1,
    weights: Array | None = None,
    valid: tuple[Array, Array] | None = None,
    classes: int = 2,
) -> str:
    """Return the trees as normalised LightGBM text.

    `X` is the encoded matrix (rows, features), `y` class numbers or values, `params` LightGBM's own names
    (`num_iterations`, `learning_rate`, ...), `classes` how many there are, 0 for regression. With `valid`, an encoded
    matrix and its labels, boosting stops after `early_stopping_round` iterations without a gain and keeps the best.
    Raises Refusal when `y` holds one class only.
    """
    settings = {**params, **_FIXED, **_objective(classes), "num_threads": num_threads}
    rounds, patience = int(settings.pop("num_iterations", 100)), int(settings.pop("early_stopping_round", 0))
    if classes and len(np.unique(y)) < 2:
        raise Refusal("the training rows of the boosted model hold one class only: widen the training span.")
    data = lightgbm.Dataset(X, y, weight=weights, categorical_feature=list(categorical), params=dict(settings))
    if valid is None or not patience:
        booster = lightgbm.train({**settings, **_NO_STOP}, data, rounds)
    else:
        watched = lightgbm.Dataset(*valid, reference=data)
        stop = lightgbm.early_stopping(patience, verbose=False)
        booster = lightgbm.train(settings, data, rounds, valid_sets=[watched], callbacks=[stop])
    return strip_parameters(booster.model_to_string(num_iteration=booster.best_iteration))


def _objective(classes: int) -> dict[str, Any]:
    if classes == 0:
        return {"objective": "regression", "metric": "rmse"}
    if classes == 2:
        return {"objective": "binary", "metric": "binary_logloss"}
    return {"objective": "multiclass", "metric": "multi_logloss", "num_class": classes}


def strip_parameters(text: str) -> str:
    """Return LightGBM's text without its `parameters:` section, which holds the number of threads."""
    return text.split("\nparameters:")[0].rstrip("\n") + "\n"


def count_iterations(text: str) -> int:
    """Return how many boosting iterations a LightGBM text holds: its trees divided by its outputs."""
    outputs = int(text.split("\nnum_tree_per_iteration=")[1].split("\n")[0])
    return text.count("\nTree=") // outputs
