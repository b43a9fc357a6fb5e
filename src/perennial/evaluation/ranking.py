"""Scores that depend on the order of the predictions: AUC and average precision, exact and per block."""

import numpy as np

from perennial.evaluation.intervals import Array, Codes

# Ranks are cut into this many bins for the replicates only; the value itself is exact.
RANK_BINS = 1000


def mid_ranks(values: Array) -> Array:
    """Return ranks 1..n; equal values share the mean of their ranks."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[codes.ravel()])


def auc(truth: Array, score: Array, weights: Array | None = None) -> float:
    """Return the chance that a random positive row scores above a random negative one, ties half (Mann-Whitney).

    Rows are drawn by their weights (n,). NaN when only one class is present.
    """
    distinct, codes = np.unique(score, return_inverse=True)
    place = codes.ravel() + len(distinct) * (truth > 0)
    return float(auc_of_tally(np.bincount(place, weights=weights, minlength=2 * len(distinct)).astype(np.float64)))


def macro_auc(truth: Array, score: Array, weights: Array | None = None) -> float:
    """Return the mean of each class's AUC against the rest, (n, k) scores; classes without rows are left out."""
    present = [c for c in range(score.shape[1]) if np.any(truth == c)]
    return float(np.mean([auc((truth == c).astype(float), score[:, c], weights) for c in present]))


def precision_recall(truth: Array, score: Array, weights: Array | None = None) -> tuple[Array, Array, Array]:
    """Return precision, recall and threshold at each distinct score, the highest first."""
    thresholds, codes = np.unique(-score, return_inverse=True)
    mass = np.ones(len(truth)) if weights is None else weights
    hits, taken = (_sum_along(codes.ravel(), one) for one in (truth * mass, mass))
    total = hits[-1] if hits[-1] else float("nan")
    return _share(hits, taken), hits / total, -thresholds


def _sum_along(codes: Codes, weights: Array) -> Array:
    return np.cumsum(np.bincount(codes, weights=weights)).astype(np.float64)


def _share(part: Array, whole: Array) -> Array:
    """Return part / whole, and 0 where nothing was taken: rows without weight count for nothing."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def average_precision(truth: Array, score: Array, weights: Array | None = None) -> float:
    """Return the mean precision over the steps of recall (no interpolation); NaN without a positive row."""
    precision, recall, _ = precision_recall(truth, score, weights)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def tally_ranks(
    truth: Array, score: Array, codes: Codes, blocks: int, weights: Array | None = None, *, bins: int = RANK_BINS
) -> Array:
    """Return per block the weight of the negatives, then the positives, in each bin of ranks: (blocks, 2 * bins)."""
    bin_of = np.minimum((mid_ranks(score) * bins / (len(score) + 1)).astype(np.int64), bins - 1)
    place = (codes * 2 + (truth > 0)) * bins + bin_of
    tally = np.bincount(place, weights=weights, minlength=blocks * 2 * bins)
    return tally.reshape(blocks, 2 * bins).astype(np.float64)


def auc_of_tally(tally: Array) -> Array:
    """Return the AUC of binned ranks, ties counting half; `tally` is (..., 2 * bins)."""
    negative, positive = np.split(tally, 2, axis=-1)
    below = np.cumsum(negative, axis=-1) - negative / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positive * below).sum(-1) / (positive.sum(-1) * negative.sum(-1)))


def average_precision_of_tally(tally: Array) -> Array:
    """Return the average precision of binned ranks; `tally` is (..., 2 * bins)."""
    negative, positive = np.split(tally[..., ::-1], 2, axis=-1)[::-1]
    hits = np.cumsum(positive, axis=-1)
    taken = hits + np.cumsum(negative, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(taken > 0, hits / taken, 0.0)
        return np.asarray((positive * precision).sum(-1) / hits[..., -1])
