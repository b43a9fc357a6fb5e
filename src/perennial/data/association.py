"""How much one column alone knows about the target, and which columns know too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PRIOR_ROWS = 10.0  # a level seen in few rows leans on the overall mean by this many rows
FEWEST_MISSING = 30  # below this the share of missing cells on unlabelled rows is noise


def rank_codes(values: Floats, bins: int) -> Codes:
    """Bin (n,) values by rank into at most `bins` codes from 1; missing is code 0; equal values share a code."""
    known = np.isfinite(values)
    codes = np.zeros(len(values), dtype=np.int64)
    if not known.any():
        return codes
    _, inverse, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if len(counts) <= bins:
        codes[known] = inverse + 1
        return codes
    middle = np.cumsum(counts) - (counts + 1) // 2
    codes[known] = (middle * bins // int(counts.sum()))[inverse] + 1
    return codes


def level_codes(values: pd.Series) -> Codes:
    """Number the sorted levels of a column from 1; missing is code 0."""
    codes, _ = pd.factorize(values, sort=True)
    return np.asarray(codes, dtype=np.int64) + 1


def crossfit_means(codes: Codes, outcome: Floats) -> Floats:
    """Mean outcome of each row's code, learned on the rows of the other half (even and odd positions), (n,).

    A column of unique values therefore knows nothing, however many values it has.
    """
    prior, size = float(outcome.mean()), int(codes.max()) + 1
    scores = np.empty(len(codes))
    half = np.arange(len(codes)) % 2 == 0
    for seen in (half, ~half):
        rows = np.bincount(codes[seen], minlength=size)
        total = np.bincount(codes[seen], weights=outcome[seen], minlength=size)
        means = (total + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
        scores[~seen] = means[codes[~seen]]
    return scores


def auc_of(scores: Floats, positive: Mask) -> float:
    """Chance that a positive row scores above a negative one, ties counted half; 0.5 when a class is absent."""
    _, inverse = np.unique(np.round(scores, 12), return_inverse=True)
    ups = np.bincount(inverse, weights=positive).astype(np.int64)
    downs = np.bincount(inverse).astype(np.int64) - ups
    if ups.sum() == 0 or downs.sum() == 0:
        return 0.5
    twice = int((ups * (2 * (np.cumsum(downs) - downs) + downs)).sum())
    return twice / (2.0 * float(ups.sum()) * float(downs.sum()))


def column_auc(codes: Codes, positive: Mask) -> float:
    """Single-column AUC of a coded column, cross-fitted over two halves, averaged."""
    scores = crossfit_means(codes, positive.astype(np.float64))
    half = np.arange(len(codes)) % 2 == 0
    return (auc_of(scores[half], positive[half]) + auc_of(scores[~half], positive[~half])) / 2.0


def class_auc(codes: Codes, classes: Codes) -> float:
    """One-against-the-rest single-column AUC, averaged over classes by their share of rows."""
    counts = np.bincount(classes)
    parts = [count * column_auc(codes, classes == label) for label, count in enumerate(counts) if count]
    return float(sum(parts)) / float(counts.sum())


def rank_correlation(left: Floats, right: Floats) -> float:
    """Spearman's correlation over rows where both are known; 0 when either is constant."""
    known = np.isfinite(left) & np.isfinite(right)
    if known.sum() < 3:
        return 0.0
    ranks = [np.asarray(pd.Series(side[known]).rank()) for side in (left, right)]
    centred = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / scale if scale > 0 else 0.0


def associate(*, codes: Codes, values: Floats | None, target: npt.NDArray[Any], task: str) -> dict[str, Any]:
    """Association of one column with the target: measure, value, and strength between 0 and 1.

    Binary and multiclass: cross-fitted single-column AUC. Regression: Spearman's correlation of the numbers
    themselves or of the cross-fitted means, whichever is stronger.
    """
    if len(codes) < 4:
        return {"measure": "none", "value": None, "strength": 0.0}
    if task == "regression":
        outcome = target.astype(np.float64)
        found = rank_correlation(crossfit_means(codes, outcome), outcome)
        direct = rank_correlation(values, outcome) if values is not None else 0.0
        value = direct if abs(direct) >= abs(found) else found
        return {"measure": "Spearman", "value": value, "strength": abs(value)}
    auc = column_auc(codes, target.astype(bool)) if task == "binary" else class_auc(codes, target)
    return {"measure": "AUC", "value": auc, "strength": max(0.0, 2.0 * auc - 1.0)}


def explain_suspicion(association: dict[str, Any], *, auc: float, correlation: float) -> str | None:
    """Say why a column nearly decides the target, or None when it does not."""
    value = association["value"]
    limit = auc if association["measure"] == "AUC" else correlation
    if value is None or abs(value) < limit:
        return None
    return (
        f"Alone it nearly decides the target ({association['measure']} {value:.3f}, limit {limit:g}): "
        "check that it is known at the moment of decision."
    )


def explain_vanishing(missing: Mask, labelled: Mask, *, share: float) -> str | None:
    """Say when a column is missing almost only where the outcome never came, or None.

    missing, labelled: (n,). Such a column is filled in, or blanked, after the decision.
    """
    gaps = int(missing.sum())
    if gaps < FEWEST_MISSING or labelled.all():
        return None
    unlabelled = float((~labelled).mean())
    on_unlabelled = float((missing & ~labelled).sum()) / gaps
    if on_unlabelled < share or unlabelled > share / 3.0:
        return None
    return (
        f"{on_unlabelled * 100:.4g} % of its {gaps:,} missing cells are on rows without an outcome, which are only "
        f"{unlabelled * 100:.2g} % of all rows: it may be filled in or blanked after the decision."
    )


def class_codes(target: pd.Series, task: str) -> npt.NDArray[Any]:
    """Target of labelled rows as numbers: those of the sorted classes from 0, or the values of a regression."""
    if task == "regression":
        return np.asarray(target.astype("float64"))
    return level_codes(target) - 1


def rank_by_strength(columns: Sequence[dict[str, Any]]) -> list[str]:
    """Names of profiled columns from the strongest association to the weakest, ties by name."""
    return [item["name"] for item in sorted(columns, key=lambda item: (-item["association"]["strength"], item["name"]))]
