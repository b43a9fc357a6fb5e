"""Does a score mean what it says: reliability table and calibration error."""

from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, Codes

BINS = 10


def bin_scores(score: Array, bins: int = BINS) -> Codes:
    """Return the bin of each score, 0..bins-1: bins of equal count; equal scores share a bin."""
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, score, side="right").astype(np.int64)


def calibration_parts(truth: Array, score: Array, bins: int = BINS) -> Array:
    """Return contributions (n, k * bins + 1) whose sums give the calibration error.

    Probabilities (n,) of True, or (n, k) of k classes (each class on its own, Kull et al. 2019); the last column
    counts rows and classes.
    """
    if score.ndim == 2:
        classes = range(score.shape[1])
        each = [calibration_parts((truth == c).astype(float), score[:, c], bins) for c in classes]
        return np.column_stack([part[:, :-1] for part in each] + [np.full(len(truth), float(len(each)))])
    gaps = np.zeros((len(truth), bins + 1))
    gaps[np.arange(len(truth)), bin_scores(score, bins)] = score - truth
    gaps[:, -1] = 1.0
    return gaps


def scaled_parts(truth: Array, prediction: Array, bins: int = BINS) -> Array:
    """Return the contributions of a regression: gaps in standard deviations of the truth."""
    spread = float(np.std(truth)) or 1.0
    return calibration_parts(truth / spread, prediction / spread, bins)


def calibration_of_sums(sums: Array) -> Array:
    """Return the mean absolute gap between score and rate over bins of equal count (ECE, L1)."""
    return np.asarray(np.abs(sums[..., :-1]).sum(axis=-1) / sums[..., -1])


def reliability_table(truth: Array, score: Array, bins: int = BINS) -> list[dict[str, Any]]:
    """Return per bin the mean score, the observed mean of the truth and the rows, in the order of the scores."""
    codes = bin_scores(score, bins)
    rows = np.bincount(codes, minlength=bins)
    scores = np.bincount(codes, weights=score, minlength=bins)
    rates = np.bincount(codes, weights=truth, minlength=bins)
    return [
        {"score": float(scores[b] / rows[b]), "rate": float(rates[b] / rows[b]), "rows": int(rows[b])}
        for b in range(bins)
        if rows[b]
    ]
