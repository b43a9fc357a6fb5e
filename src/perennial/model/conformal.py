"""How far the truth may lie from a predicted number: bounds that held out of fold as often as is promised."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from perennial.model.encoder import Array
from perennial.refusal import Refusal

Bounds = Mapping[str, Any]  # {"kind": "shift" or "scale", "coverage", "low", "high"}: plain numbers


def fit_bounds(
    scores: Array, y: Array, coverage: float, *, scaled: bool = False, weights: Array | None = None
) -> dict[str, Any]:
    """Return the bounds between which the share `coverage` of out-of-fold truths lies, half of the rest on each side.

    Quantiles of the errors at the ranks of split conformal prediction, (n + 1)(1 - a/2) of n (Vovk et al. 2005; Lei et
    al. 2018), the errors being out of fold (Barber et al. 2021). Errors are differences, or where `scaled` ratios of
    1 + truth to 1 + score, for targets from 0 up whose errors grow with their size. Rows count by their weights.
    """
    errors = (1.0 + y) / (1.0 + scores) if scaled else y - scores
    order = np.argsort(errors, kind="stable")
    mass = np.ones(len(y)) if weights is None else weights / weights.mean()
    # The row that is asked about counts as one more; with too few rows for the tail the outermost error is the bound.
    rank = (1.0 + coverage) / 2.0 * (len(y) + 1.0) - 1e-9
    low, high = (_outermost(errors[way], mass[way], rank) for way in (order[::-1], order))
    return {"kind": "scale" if scaled else "shift", "coverage": coverage, "low": low, "high": high}


def _outermost(errors: Array, mass: Array, rank: float) -> float:
    place = min(int(np.searchsorted(np.cumsum(mass), rank)), len(errors) - 1)
    return float(f"{errors[place]:.12g}")


def choose_bounds(scores: Array, y: Array, coverage: float, weights: Array | None = None) -> dict[str, Any]:
    """Return the bounds as differences or, for truths from 0 up, as ratios: whichever are narrower on average."""
    plain = fit_bounds(scores, y, coverage, weights=weights)
    if y.min() < 0 or scores.min() <= -1.0:
        return plain
    scaled = fit_bounds(scores, y, coverage, scaled=True, weights=weights)
    return min(plain, scaled, key=lambda bounds: _mean_width(bounds, scores, weights))


def _mean_width(bounds: Bounds, scores: Array, weights: Array | None) -> float:
    lower, upper = bound_scores(bounds, scores)
    return float(np.average(upper - lower, weights=weights))


def bound_scores(bounds: Bounds, scores: Array) -> tuple[Array, Array]:
    """Return the lower and the upper bound of each score, both (n,)."""
    if bounds["kind"] == "scale":
        return (1.0 + scores) * bounds["low"] - 1.0, (1.0 + scores) * bounds["high"] - 1.0
    return scores + bounds["low"], scores + bounds["high"]


def with_bounds(bounds: Bounds | None, scores: Array) -> Array:
    """Return scores as they are served: themselves, or score, lower and upper, (n, 3), where there are bounds."""
    return scores if bounds is None else np.column_stack([scores, *bound_scores(bounds, scores)])


def refuse_certainty(coverage: float) -> None:
    """Raise Refusal for a coverage that no bounds can have."""
    if not 0.0 < coverage < 1.0:
        raise Refusal(f"train.coverage is {coverage:g}: give a share between 0 and 1, such as 0.9.")
