"""Boosters of every kind that LightGBM's text knows, and rows that ask the edges of each."""

import lightgbm
import numpy as np

from perennial.model.boosting import fit_boosting
from perennial.model.encoder import Array

ROWS = 1500
DRAW = np.random.default_rng(0)
X = np.column_stack(
    [
        DRAW.normal(size=(ROWS, 3)),
        DRAW.integers(0, 70, ROWS),
        DRAW.integers(0, 3, ROWS),
        np.round(DRAW.normal(size=ROWS), 1),
        np.zeros(ROWS),
    ]
).astype(np.float64)
X[::7, 0] = np.nan
X[::5, 3] = np.nan
X[::4, 2] = 0.0
Y = X[:, 1] + np.sin(X[:, 3]) + (X[:, 4] == 1) + np.nan_to_num(X[:, 0]) + X[:, 2] * X[:, 5]
Y[np.isnan(Y)] = 0.0
SETTINGS = {"num_iterations": 8, "num_leaves": 31, "min_data_in_leaf": 5, "bagging_freq": 1, "bagging_fraction": 0.7}
TASKS = {"regression": (Y, 0), "binary": ((Y > 0.5).astype(float), 2), "classes": (np.digitize(Y, [0.0, 3.5]), 3)}
KINDS: list[tuple[str, dict[str, float]]] = [
    *((task, {}) for task in TASKS),
    ("classes", {"min_data_in_leaf": 600}),  # some trees are never split
    ("regression", {"min_data_in_leaf": 2000}),  # no tree is
    ("regression", {"zero_as_missing": True}),
    ("binary", {"use_missing": False}),
    ("binary", {"num_leaves": 2}),
    ("regression", {"num_leaves": 127, "min_data_in_leaf": 1, "extra_trees": True}),
]
_EDGES = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 2e-35, -0.5, -1.0, 2.9999, 69.0, 70.0, 1e5, 1e300, -1e300)
ASKED = np.vstack([X[:40], X[:20] * -3.7, np.tile(np.array(_EDGES)[:, None], X.shape[1])])
for column, edge in enumerate(DRAW.permutation(len(ASKED))[: X.shape[1] * 10]):
    ASKED[edge, column % X.shape[1]] = _EDGES[column % len(_EDGES)]


def fit(task: str, **changes: float) -> str:
    """Fit a booster on columns of which two hold categories."""
    y, classes = TASKS[task]
    return fit_boosting(X, y.astype(np.float64), [3, 4], {**SETTINGS, **changes}, classes=classes)


def split_by_lightgbm(text: str, rows: Array) -> Array:
    """Return LightGBM's own contributions, shape (rows, outputs, features + 1)."""
    found = lightgbm.Booster(model_str=text).predict(rows, pred_contrib=True)
    return np.asarray(found).reshape(len(rows), -1, rows.shape[1] + 1)
