"""Fits the linear model with scikit-learn and keeps its coefficients as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from perennial.model.encoder import Array
from perennial.model.linear import mark_missing, number_slots, read_scaling, standardise
from perennial.refusal import Refusal

_NEWTON_COLUMNS = 2000
_TAIL = 0.001  # beyond these quantiles a value counts as its quantile: one typing error must not bend the line


def fit_linear(
    X: Array,
    y: Array,
    state: Mapping[str, Any],
    params: Mapping[str, Any],
    weights: Array | None = None,
    classes: int = 2,
) -> dict[str, Any]:
    """Return the JSON of a linear model: ridge for 0 `classes`, logistic for 2, multinomial for more.

    `X` is the encoded matrix (rows, features), `y` class numbers or values, `params["C"]` the inverse of the L2
    penalty. Coefficients are rounded to 12 digits. Raises Refusal when `y` holds one class only.
    """
    if classes:
        refuse_one_class(y, "linear model")
    scaling = fit_scaling(X, state)
    design = build_design(scaling, X)
    with threadpool_limits(1):
        fit = _fit_logistic if classes else _fit_ridge
        coefficients, intercept = fit(design, y, float(params["C"]), weights)
    if classes > 2:
        coefficients, intercept = fill_classes(np.unique(y).astype(np.int64), coefficients, intercept, classes, len(y))
    width = len(scaling["numeric"]) + len(scaling["indicators"])
    return {
        "scaling": scaling,
        "intercept": round_all(intercept),
        "dense": [round_all(row[:width]) for row in coefficients],
        "one_hot": [round_all(row[width:]) for row in coefficients],
    }


def refuse_one_class(y: Array, what: str) -> None:
    """Raise Refusal when there is one class only, of which `what` can learn nothing."""
    if len(np.unique(y)) < 2:
        raise Refusal(f"the training rows of the {what} hold one class only: widen the training span.")


def round_all(values: Array) -> list[float]:
    """Return numbers of 12 digits."""
    return [float(f"{value:.12g}") for value in values]


def fit_scaling(X: Array, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return range, mean and scale of each numeric feature, and the sizes of the categorical ones."""
    numeric = [index for index in range(X.shape[1]) if index not in state["categorical"]]
    spans = np.array([_span(X[:, index]) for index in numeric]).reshape(-1, 4)
    names = ("low", "high", "mean", "scale")
    return {
        "numeric": numeric,
        **{name: round_all(part) for name, part in zip(names, spans.T, strict=True)},
        "indicators": [index for index in numeric if np.isnan(X[:, index]).any()],
        "categorical": list(state["categorical"]),
        "sizes": [len(column["categories"]) for column in state["columns"] if column["kind"] == "category"],
    }


def _span(values: Array) -> tuple[float, float, float, float]:
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return 0.0, 0.0, 0.0, 1.0
    tail = int(_TAIL * known.size)
    low, high = float(known[tail]), float(known[known.size - 1 - tail])
    clipped = np.clip(known, low, high)
    mean, spread = float(clipped.mean()), float(clipped.std())
    return low, high, mean, spread if spread > 1e-12 * max(1.0, abs(mean)) else 1.0


def build_design(scaling: Mapping[str, Any], X: Array) -> Any:
    """Return the sparse design of shape (rows, numerics + indicators + one-hot columns)."""
    scaling = read_scaling(scaling)
    slots = number_slots(scaling, X)
    rows, columns = slots.shape
    ends = np.arange(rows + 1) * columns
    one_hot = sparse.csr_matrix((np.ones(slots.size), slots.ravel(), ends), shape=(rows, (scaling["sizes"] + 1).sum()))
    return sparse.hstack([standardise(scaling, X), mark_missing(scaling, X), one_hot], format="csr")


def _fit_ridge(design: Any, y: Array, C: float, weights: Array | None) -> tuple[Array, Array]:
    model = Ridge(alpha=1.0 / C, solver="sparse_cg", tol=1e-6).fit(design, y, sample_weight=weights)
    return np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)


def _fit_logistic(design: Any, y: Array, C: float, weights: Array | None) -> tuple[Array, Array]:
    narrow = design.shape[1] <= _NEWTON_COLUMNS and len(np.unique(y)) == 2
    # Newton's steps reach the optimum to the last digits in constant time; their cost grows with columns squared.
    solver, tolerance = ("newton-cholesky", 1e-7) if narrow else ("lbfgs", 1e-4)
    model = LogisticRegression(C=C, solver=solver, tol=tolerance, max_iter=500)
    model.fit(design, y.astype(np.int64), sample_weight=weights)
    return model.coef_, model.intercept_


def fill_classes(
    seen: np.ndarray[Any, np.dtype[np.int64]], coefficients: Array, intercept: Array, classes: int, rows: int
) -> tuple[Array, Array]:
    """Return coefficients (classes, features) and intercept of all classes, given those of the `seen` ones.

    A class without a row is taken for rarer than one row in all of them.
    """
    if len(seen) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.hstack([-intercept, intercept]) / 2
    wide = np.zeros((classes, coefficients.shape[1]))
    start = np.full(classes, intercept.min() - np.log(rows))
    wide[seen], start[seen] = coefficients, intercept
    return wide, start
