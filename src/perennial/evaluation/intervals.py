"""Block bootstrap: rows of one day (or group) share their luck, so whole blocks are drawn again, not rows.

Everything works on sums per block: a replicate is one row of a matrix of draws times those sums.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Finish = Callable[[Array], Array]

# More blocks only cost time: a thousand already give the width of an interval to two digits.
MAX_BLOCKS = 1000


def number_blocks(values: npt.ArrayLike) -> tuple[Codes, int]:
    """Return the block of each row as 0..count-1 and the count of distinct values.

    Above `MAX_BLOCKS` distinct values whole blocks are merged (value number modulo `MAX_BLOCKS`): independent
    blocks stay independent when they are merged.
    """
    distinct, codes = np.unique(np.asarray(values), return_inverse=True)
    return np.asarray(codes, dtype=np.int64).ravel() % MAX_BLOCKS, len(distinct)


def draw_blocks(blocks: int, replicates: int, seed: int, share: float = 1.0) -> Array:
    """Return how often each block is drawn in each replicate, (replicates, blocks).

    Each row sums to `blocks` times `share`: fewer draws give the spread of a smaller sample, which is wider by
    1 / sqrt(share) (m out of n bootstrap, Bickel, Götze and van Zwet 1997).
    """
    size = (replicates, max(1, round(blocks * share)))
    drawn = np.random.default_rng(seed).integers(0, blocks, size=size)
    offsets = np.arange(replicates)[:, None] * blocks
    counts = np.bincount((drawn + offsets).ravel(), minlength=replicates * blocks)
    return counts.reshape(replicates, blocks).astype(np.float64)


def sum_blocks(parts: Array, codes: Codes, blocks: int) -> Array:
    """Return the sums of `parts` (n, m) within each block, (blocks, m)."""
    return np.stack([np.bincount(codes, weights=part, minlength=blocks) for part in parts.T], axis=1)


def replicate(draws: Array, sums: Array, finish: Finish) -> Array:
    """Return `finish` of the sums of every replicate, (replicates,); `sums` is (blocks, m)."""
    return finish(draws @ sums)


def share_of_evidence(folds: int) -> float:
    """Return which share of the rows the intervals of a cross-validation with so many folds may draw.

    Models of two folds share most of what they learned, so the mean loss varies more than that of independent rows:
    its variance is (1/J + tested/learned) times that of a fold's mean (Nadeau and Bengio 2003; Bouckaert and Frank 2004
    for repeats). With J the folds of one repeat, for a repeat is no new evidence, that is 1 + folds / (folds - 1) times
    the variance of the mean of all rows.
    """
    return 1.0 / (1.0 + folds / (folds - 1.0))


def percentile_interval(replicates: Array, confidence: float) -> tuple[float, float]:
    """Return the middle `confidence` of the replicates; a replicate without a value (one class only) is left out."""
    usable = replicates[np.isfinite(replicates)]
    if usable.size == 0:
        return float("nan"), float("nan")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(usable, [tail, 1.0 - tail])
    return float(low), float(high)


def spread(replicates: Array) -> float:
    """Return the standard deviation of the replicates that have a value; NaN when none has."""
    usable = replicates[np.isfinite(replicates)]
    return float(usable.std()) if usable.size else float("nan")


def pivotal_interval(value: float, replicates: Array, confidence: float) -> tuple[float, float]:
    """Return the basic bootstrap interval 2·value - quantiles (Davison and Hinkley 1997, 5.2).

    It takes back the upward bias that a sum of absolute gaps has when it is resampled.
    """
    low, high = percentile_interval(replicates, confidence)
    return 2.0 * value - high, 2.0 * value - low


def round_numbers(value: Any, digits: int = 10) -> Any:
    """Round every float inside lists and mappings to significant digits; NaN and infinity become None.

    The last digits of a sum depend on the machine; what is hashed must not.
    """
    if isinstance(value, dict):
        return {str(name): round_numbers(item, digits) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [round_numbers(item, digits) for item in value]
    if isinstance(value, np.generic):
        return round_numbers(value.item(), digits)
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") + 0.0 if np.isfinite(value) else None
    return value
