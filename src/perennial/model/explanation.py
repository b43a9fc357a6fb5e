"""What each input of a row adds to its score: exact, for trees and linear models alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from perennial.model.calibration import apply_calibration
from perennial.model.encoder import Array
from perennial.model.linear import mark_missing, number_slots, standardise
from perennial.model.link import is_linked
from perennial.model.predictor import Linked, Model, Scorer, name_kind, predict_raw
from perennial.model.trees import Trees


def split_linear(linear: Mapping[str, Any], X: Array) -> Array:
    """Return what each feature adds to the raw score of a linear model, shape (rows, outputs, features + 1).

    The last is the intercept; `linear` comes from `read_linear`.
    """
    scaling = linear["scaling"]
    dense = np.hstack([standardise(scaling, X), mark_missing(scaling, X)])
    features = np.concatenate([scaling["numeric"], scaling["indicators"]])
    slots = number_slots(scaling, X)
    parts = np.zeros((len(X), len(linear["intercept"]), X.shape[1] + 1))
    for output, (weights, table) in enumerate(zip(linear["dense"], linear["one_hot"], strict=True)):
        np.add.at(parts[:, output].T, features, (dense * weights).T)
        np.add.at(parts[:, output].T, scaling["categorical"], table[slots].T)
    parts[:, :, -1] = linear["intercept"]
    return parts


def adds_up(model: Model) -> bool:
    """Return whether the score is a sum over inputs: that of trees and linear models is, none that was linked."""
    return all(not is_linked(one) and name_kind(one) in ("lightgbm", "linear") for one in model.members)


def split_member(scorer: Scorer, X: Array) -> Array:
    """Return what each feature adds to one member's raw score, shape (rows, outputs, features + 1); last the base."""
    assert not isinstance(scorer, Linked)
    return scorer.predict_contributions(X) if isinstance(scorer, Trees) else split_linear(scorer, X)


def calibrate_parts(calibration: Mapping[str, Any], parts: Array) -> Array:
    """Return the parts of a calibrated raw score; every calibration is a straight line, so they still add up."""
    if calibration["kind"] == "platt":
        scaled = parts * calibration["slope"]
        scaled[..., -1] += calibration["intercept"]
        return np.asarray(scaled)
    return parts / calibration["temperature"] if calibration["kind"] == "temperature" else parts


def raw_scores(model: Model, X: Array) -> Array:
    """Return the calibrated raw scores, shape (rows, outputs), as the answers are made from them."""
    return apply_calibration(model.calibration, predict_raw(model, X)).reshape(len(X), -1)


def split_scores(model: Model, X: Array) -> Array:
    """Return what each input adds to the calibrated raw score, shape (rows, outputs, inputs + 1); the last is the base.

    Raw scores are log-odds for binary, one per class for multiclass, the value for regression; the sum of a row is
    exactly the raw score that its answer is made from.
    """
    found = [weight * split_member(one, X) for one, weight in zip(model.scorers, model.weights, strict=True)]
    parts = calibrate_parts(model.calibration, np.asarray(sum(found)))
    inputs = len(model.inputs)
    joined = np.zeros((*parts.shape[:2], inputs + 1))
    places = [*model.owners, inputs]
    np.add.at(joined.transpose(2, 0, 1), places, parts.transpose(2, 0, 1))
    return joined


def prepare_splitting(model: Model) -> None:
    """Make what `split_scores` looks up before the first row waits for it, where the score is a sum."""
    if adds_up(model):
        split_scores(model, np.full((1, len(model.encoder["features"])), np.nan))


def name_parts(names: Sequence[str], classes: Sequence[Any], raw: Array, parts: Array) -> dict[str, Any]:
    """Return one row's raw score of shape (outputs,) and its parts (outputs, inputs + 1) by input name, largest first.

    Each is a number, or {class: number} where there are several.
    """
    order = np.argsort(-np.abs(parts[:, :-1]).max(axis=0), kind="stable").tolist()
    *inputs, base = parts.T.tolist()

    def tell(values: list[float]) -> Any:
        return values[0] if len(values) == 1 else dict(zip(map(str, classes), values, strict=True))

    return {
        "raw": tell(raw.tolist()),
        "base": tell(base),
        "contributions": {names[place]: tell(inputs[place]) for place in order},
    }
