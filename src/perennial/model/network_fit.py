"""Fits networks of one hidden layer with scikit-learn and keeps the mean of several as one, its weights as JSON."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from perennial.model.encoder import Array
from perennial.model.linear_fit import build_design, fill_classes, fit_scaling, refuse_one_class, round_all

NETS = 3  # one alone depends on where it began
_DENSE = 500  # columns up to which a full matrix is faster


def fit_network(
    X: Array,
    y: Array,
    state: Mapping[str, Any],
    params: Mapping[str, Any],
    weights: Array | None = None,
    classes: int = 2,
) -> dict[str, Any]:
    """Return the JSON of a network; `X`, `y`, `weights` and `classes` as in `fit_linear`.

    `params`: `units` hidden, L2 penalty `alpha`, `step` of Adam, `epochs` over the rows. Raises Refusal when `y` holds
    one class only.
    """
    if classes:
        refuse_one_class(y, "network")
    scaling = fit_scaling(X, state)
    design = build_design(scaling, X)
    design = design.toarray() if design.shape[1] <= _DENSE else design
    centre, scale = (0.0, 1.0) if classes else (float(y.mean()), float(y.std()) or 1.0)
    labels = y.astype(np.int64) if classes else (y - centre) / scale
    with threadpool_limits(1):
        nets = [_fit_one(design, labels, params, weights, bool(classes), seed) for seed in range(NETS)]
    hidden = np.vstack([net.coefs_[0].T for net in nets])
    output = np.hstack([net.coefs_[1].T for net in nets]) / NETS
    bias = np.mean([net.intercepts_[1] for net in nets], axis=0)
    if classes > 2:
        output, bias = fill_classes(np.unique(labels), output, bias, classes, len(y))
    width = len(scaling["numeric"]) + len(scaling["indicators"])
    return {
        "scaling": scaling,
        "dense": [round_all(row) for row in hidden[:, :width]],
        "one_hot": [round_all(row) for row in hidden[:, width:].T],
        "bias": round_all(np.hstack([net.intercepts_[0] for net in nets])),
        "output": [round_all(row) for row in output * scale],
        "output_bias": round_all(bias * scale + centre),
    }


def _fit_one(X: Any, y: Any, params: Mapping[str, Any], weights: Array | None, classify: bool, seed: int) -> Any:
    model = (MLPClassifier if classify else MLPRegressor)(
        hidden_layer_sizes=(int(params["units"]),),
        alpha=float(params["alpha"]),
        learning_rate_init=float(params["step"]),
        max_iter=int(params["epochs"]),
        n_iter_no_change=int(params["epochs"]),
        batch_size=min(128, X.shape[0]),
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are a setting, not a patience
        return model.fit(X, y, sample_weight=weights)
