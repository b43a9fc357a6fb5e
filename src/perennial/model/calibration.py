"""Raw scores to honest probabilities, and the threshold that costs least; both from out-of-fold predictions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.encoder import Array

IDENTITY: dict[str, Any] = {"kind": "identity"}
_TINY = 1e-15


def inverse_link(task: str, raw: Array) -> Array:
    """Return probabilities of raw scores: logistic for binary, softmax for multiclass, themselves for regression."""
    if task == "regression":
        return raw
    if task == "binary":
        small = np.exp(-np.abs(raw))
        return np.where(raw >= 0, 1.0, small) / (1.0 + small)
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def apply_calibration(calibration: Mapping[str, Any], raw: Array) -> Array:
    """Return calibrated raw scores, of the same shape."""
    kind = calibration["kind"]
    if kind == "platt":
        return np.asarray(calibration["slope"] * raw + calibration["intercept"])
    return raw / calibration["temperature"] if kind == "temperature" else raw


def mean_loss(task: str, raw: Array, y: Array, weights: Array | None = None) -> float:
    """Return the weighted mean log loss of raw scores, or the mean squared error for regression."""
    if task == "binary":
        losses = np.logaddexp(0.0, np.where(y > 0.5, -raw, raw))
    elif task == "multiclass":
        chosen = inverse_link(task, raw)[np.arange(len(y)), y.astype(np.int64)]
        losses = -np.log(np.maximum(chosen, _TINY))
    else:
        losses = (raw - y) ** 2
    return float(np.average(losses, weights=weights))


def fit_calibration(
    task: str, raw: Array, y: Array, folds: NDArray[Any], weights: Array | None = None, *, min_gain: float = 1e-4
) -> dict[str, Any]:
    """Return the calibration that out-of-fold raw scores ask for: identity, platt or temperature.

    A map is kept only when, fitted on the earlier folds, it lowers the mean loss of the later ones by the relative
    `min_gain`: a map that does not help tomorrow is noise. Raises nothing: too little to judge means identity.
    """
    fit = {"binary": fit_platt, "multiclass": fit_temperature}.get(task)
    order = np.unique(folds)
    if fit is None or len(order) < 2:
        return dict(IDENTITY)
    moved, scored = raw.copy(), np.zeros(len(y), dtype=bool)
    for fold in order[1:]:
        before, here = folds < fold, folds == fold
        moved[here] = apply_calibration(fit(raw[before], y[before], _some(weights, before)), raw[here])
        scored |= here
    kept = _some(weights, scored)
    plain = mean_loss(task, raw[scored], y[scored], kept)
    better = mean_loss(task, moved[scored], y[scored], kept)
    return fit(raw, y, weights) if better < plain * (1.0 - min_gain) else dict(IDENTITY)


def _some(weights: Array | None, mask: NDArray[np.bool_]) -> Array | None:
    return None if weights is None else weights[mask]


def fit_platt(raw: Array, y: Array, weights: Array | None = None, *, steps: int = 50) -> dict[str, Any]:
    """Return slope and intercept on raw scores that minimise log loss (Platt 1999, by Newton's method)."""
    mass = np.ones(len(y)) if weights is None else weights / weights.mean()
    design = np.column_stack([raw, np.ones(len(y))])
    beta, loss = np.array([1.0, 0.0]), mean_loss("binary", raw, y, mass)
    for _ in range(steps):
        p = inverse_link("binary", design @ beta)
        gradient = design.T @ (mass * (p - y)) + 1e-6 * (beta - (1.0, 0.0))
        hessian = (design * (mass * p * (1.0 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while (trial := mean_loss("binary", design @ (beta - step), y, mass)) > loss and np.abs(step).max() > 1e-12:
            step = step / 2
        if np.abs(step).max() <= 1e-12:
            break
        beta, loss = beta - step, trial
    slope, intercept = (float(f"{value:.12g}") for value in beta)
    # A falling map would turn the ranking round: that is a broken model, not a calibration.
    return {"kind": "platt", "slope": slope, "intercept": intercept} if slope > 0 else dict(IDENTITY)


def fit_temperature(raw: Array, y: Array, weights: Array | None = None) -> dict[str, Any]:
    """Return the temperature in [1/20, 20] that minimises log loss (Guo et al. 2017, golden section on its log)."""
    ratio = (5.0**0.5 - 1.0) / 2.0
    low, high = -np.log(20.0), np.log(20.0)
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if mean_loss("multiclass", raw / np.exp(left), y, weights) < mean_loss(
            "multiclass", raw / np.exp(right), y, weights
        ):
            high = right
        else:
            low = left
    return {"kind": "temperature", "temperature": float(f"{np.exp((low + high) / 2):.9g}")}


def choose_threshold(
    probability: Array, y: Array, *, false_positive: float, false_negative: float, weights: Array | None = None
) -> float:
    """Return the threshold t at which "yes when probability >= t" costs least on these rows.

    Costs are per row, in any one unit. Among equal costs the one nearest to the theoretical
    false_positive / (false_positive + false_negative) wins (Elkan 2001).
    """
    order = np.argsort(probability, kind="stable")
    scores, labels = probability[order], y[order] > 0.5
    mass = np.ones(len(y)) if weights is None else weights[order]
    missed = np.concatenate([[0.0], np.cumsum(np.where(labels, mass, 0.0))]) * false_negative
    warned = np.concatenate([np.cumsum(np.where(labels, 0.0, mass)[::-1])[::-1], [0.0]]) * false_positive
    edges = np.concatenate([[0.0], (scores[1:] + scores[:-1]) / 2, [1.0]])
    allowed = np.concatenate([[True], scores[1:] > scores[:-1], [True]])
    cost = np.where(allowed, missed + warned, np.inf)
    ties = np.flatnonzero(cost <= cost.min() * (1.0 + 1e-12))
    theory = false_positive / (false_positive + false_negative)
    return float(edges[ties[np.argmin(np.abs(edges[ties] - theory))]])
