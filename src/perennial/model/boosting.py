"""Fits LightGBM so that the same rows give the same bytes on any number of threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from perennial.model.encoder import Array
from perennial.refusal import Refusal

_FIXED = {"deterministic": True, "force_row_wise": True, "verbosity": -1}
_NO_STOP = {"metric": "None"}


@dataclass(frozen=True)
class Rows:
    """Encoded rows (rows, features) with their labels (class numbers or values) and, perhaps, their weights."""

    X: Array
    y: Array
    weights: Array | None = None


class _Patience:
    """Ends boosting when no watched rows were predicted better for so many rounds; knows the best round of each."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.best: dict[str, tuple[float, int]] = {}

    def __call__(self, state: Any) -> None:
        done = state.iteration + 1
        for name, _, loss, *_ in state.evaluation_result_list:
            if name not in self.best or loss < self.best[name][0]:
                self.best[name] = (loss, done)
        if done - max(at for _, at in self.best.values()) >= self.rounds:
            raise lightgbm.EarlyStopException(state.iteration, state.evaluation_result_list)


def fit_boosting(
    X: Array,
    y: Array,
    categorical: Sequence[int],
    params: Mapping[str, Any],
    num_threads: int = 1,
    weights: Array | None = None,
    classes: int = 2,
) -> str:
    """Return the trees as normalised LightGBM text.

    `X` is the encoded matrix (rows, features), `y` class numbers or values, `params` LightGBM's own names
    (`num_iterations`, `learning_rate`, ...), `classes` how many there are, 0 for regression. Raises Refusal when `y`
    holds one class only.
    """
    learned = Rows(X, y, weights)
    return fit_watched_boosting(learned, (), categorical, params, num_threads, classes)[0]


def fit_watched_boosting(
    learned: Rows,
    watched: Sequence[Rows],
    categorical: Sequence[int],
    params: Mapping[str, Any],
    num_threads: int = 1,
    classes: int = 2,
) -> list[str]:
    """Return for each of the `watched` the trees up to the round where it is predicted best; all trees without any.

    Boosting ends after `early_stopping_round` rounds in which none of them is predicted better.
    """
    settings = {**params, **_FIXED, **_objective(classes), "num_threads": num_threads}
    rounds, patience = int(settings.pop("num_iterations", 100)), int(settings.pop("early_stopping_round", 0))
    if classes and len(np.unique(learned.y)) < 2:
        raise Refusal("the training rows of the boosted model hold one class only: widen the training span.")
    data = _dataset(learned, categorical_feature=list(categorical), params=dict(settings))
    if not watched or not patience:
        booster = lightgbm.train({**settings, **_NO_STOP}, data, rounds)
        return [strip_parameters(booster.model_to_string())] * max(1, len(watched))
    names, stop = [str(place) for place in range(len(watched))], _Patience(patience)
    sets = [_dataset(one, reference=data) for one in watched]
    booster = lightgbm.train(settings, data, rounds, valid_sets=sets, valid_names=names, callbacks=[stop])
    return [strip_parameters(booster.model_to_string(num_iteration=stop.best[name][1])) for name in names]


def _dataset(rows: Rows, **options: Any) -> lightgbm.Dataset:
    return lightgbm.Dataset(rows.X, rows.y, weight=rows.weights, **options)


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
