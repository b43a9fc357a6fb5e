"""Does a score mean what it says: reliability table and calibration error."""

from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, Codes
from perennial.evaluation.ranking import mid_ranks

BINS = 10


def bin_scores(score: Array, bins: int = BINS) -> Codes:
    """Return the bin of each score, 0..bins-1, by its rank: bins of equal count; equal scores share a bin.

    Equal scores go where their middle row lies, so that a few rows with a score of their own keep a bin of their own.
    """
    return ((mid_ranks(score) - 0.5) * bins / len(score)).astype(np.int64)


def calibration_parts(truth: Array, score: Array) -> Array:
    """Return contributions (n, BINS + k + 1) whose sums give the calibration error; the last column counts rows.

    Probabilities (n,) of True (k = 0), or (n, k) of k classes: of these the likeliest is looked at in bins (Guo et al.
    2017), and each class on the whole, so that neither the error nor its noise changes with the number of classes.
    """
    if score.ndim == 1:
        return np.column_stack([_binned_gaps(truth, score), np.ones(len(truth))])
    hit = (truth == score.argmax(axis=1)).astype(np.float64)
    happened = np.eye(score.shape[1])[truth.astype(np.int64)]
    return np.column_stack([_binned_gaps(hit, score.max(axis=1)), score - happened, np.ones(len(truth))])


def _binned_gaps(truth: Array, score: Array) -> Array:
    gaps = np.zeros((len(truth), BINS))
    gaps[np.arange(len(truth)), bin_scores(score)] = score - truth
    return gaps


def scaled_parts(truth: Array, prediction: Array) -> Array:
    """Return the contributions of a regression: gaps in standard deviations of the truth."""
    spread = float(np.std(truth)) or 1.0
    return calibration_parts(truth / spread, prediction / spread)


def calibration_of_sums(sums: Array) -> Array:
    """Return the mean absolute gap between score and rate over bins of equal count (ECE, L1).

    With classes, or half the sum of their gaps on the whole (the share of rows said of a wrong class) where that is
    larger.
    """
    binned = np.abs(sums[..., :BINS]).sum(axis=-1)
    whole = np.abs(sums[..., BINS:-1]).sum(axis=-1) / 2.0
    return np.asarray(np.maximum(binned, whole) / sums[..., -1])


def reliability_table(
    truth: Array, score: Array, weights: Array | None = None, *, bins: int = BINS
) -> list[dict[str, Any]]:
    """Return per bin the mean score, the observed mean of the truth and the rows, in the order of the scores."""
    codes, weights = bin_scores(score, bins), np.ones(len(score)) if weights is None else weights
    rows = np.bincount(codes, minlength=bins)
    mass, scores, rates = (
        np.bincount(codes, weights=part, minlength=bins) for part in (weights, weights * score, weights * truth)
    )
    return [
        {"score": float(scores[b] / mass[b]), "rate": float(rates[b] / mass[b]), "rows": int(rows[b])}
        for b in range(bins)
        if mass[b] > 0
    ]
