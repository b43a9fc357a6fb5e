"""The pictures as tables: ROC, precision and recall, confusion; small enough to be versioned."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perennial.evaluation.calibration import reliability_table
from perennial.evaluation.intervals import Array
from perennial.evaluation.ranking import precision_recall

POINTS = 200
CONFUSION_ROWS = 1000


def thin_curve(points: pd.DataFrame, along: str, most: int = POINTS) -> pd.DataFrame:
    """Return at most `most` points of a curve, evenly spaced along a rising coordinate, both ends kept."""
    if len(points) <= most:
        return points.reset_index(drop=True)
    order = points[along].to_numpy()
    places = np.searchsorted(order, np.linspace(order[0], order[-1], most - 1))
    return points.iloc[np.unique([0, *places, len(order) - 1])].reset_index(drop=True)


def roc_curve(truth: Array, score: Array, weights: Array | None = None) -> pd.DataFrame:
    """Return fpr, tpr and threshold, from (0, 0) to (1, 1)."""
    thresholds, codes = np.unique(-score, return_inverse=True)
    positive, negative = (
        np.cumsum(np.bincount(codes.ravel(), weights=one if weights is None else one * weights))
        for one in (truth, 1.0 - truth)
    )
    points = {"fpr": negative / (negative[-1] or 1), "tpr": positive / (positive[-1] or 1), "threshold": -thresholds}
    start = pd.DataFrame({"fpr": [0.0], "tpr": [0.0], "threshold": [-thresholds[0]]})
    return thin_curve(pd.concat([start, pd.DataFrame(points)], ignore_index=True), "fpr")


def precision_recall_curve(truth: Array, score: Array, weights: Array | None = None) -> pd.DataFrame:
    """Return recall, precision and threshold, by rising recall."""
    precision, recall, thresholds = precision_recall(truth, score, weights)
    points = pd.DataFrame({"recall": recall, "precision": precision, "threshold": thresholds})
    return thin_curve(points.dropna(), "recall")


def by_class(draw: Any, truth: Array, score: Array, names: Sequence[str], weights: Array | None = None) -> pd.DataFrame:
    """Return `draw` of the binary score, or of each class against the rest with a column `class`."""
    if score.ndim == 1:
        return pd.DataFrame(draw(truth, score, weights)).assign(**{"class": names[-1]})
    each = [(c, (truth == c).astype(float)) for c in range(score.shape[1])]
    return pd.concat(
        [pd.DataFrame(draw(one, score[:, c], weights)).assign(**{"class": names[c]}) for c, one in each if one.any()],
        ignore_index=True,
    )


def confusion_counts(truth: Array, decision: Array, classes: int) -> list[list[int]]:
    """Return rows, whatever their weights, by actual class (outer) and decided class (inner)."""
    place = truth.astype(np.int64) * classes + decision.astype(np.int64)
    return [[int(n) for n in row] for row in np.bincount(place, minlength=classes**2).reshape(classes, classes)]


def confusion_rows(counts: Sequence[Sequence[int]], names: Sequence[str], most: int = CONFUSION_ROWS) -> pd.DataFrame:
    """Return `actual` and `predicted` as DVC's confusion template counts them: at most about `most` rows in proportion.

    A cell with any row keeps at least one.
    """
    total = sum(sum(row) for row in counts)
    scale = min(1.0, most / max(total, 1))
    cells = [
        {"actual": names[a], "predicted": names[p]}
        for a, row in enumerate(counts)
        for p, count in enumerate(row)
        for _ in range(max(round(count * scale), min(count, 1)))
    ]
    return pd.DataFrame(cells, columns=["actual", "predicted"])


def draw_curves(
    truth: Array, score: Array, names: Sequence[str], weights: Array | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables `roc`, `precision_recall` and `calibration`; `names` is empty for a regression.

    A regression has no ROC: those tables have their columns and no rows.
    """
    if not names:
        return {
            "roc": pd.DataFrame(columns=["fpr", "tpr", "threshold", "class"]),
            "precision_recall": pd.DataFrame(columns=["recall", "precision", "threshold", "class"]),
            "calibration": pd.DataFrame(reliability_table(truth, score, weights)).assign(**{"class": ""}),
        }
    return {
        "roc": by_class(roc_curve, truth, score, names, weights),
        "precision_recall": by_class(precision_recall_curve, truth, score, names, weights),
        "calibration": by_class(reliability_table, truth, score, names, weights),
    }
