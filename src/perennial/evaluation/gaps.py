"""Sensitive columns: how differently the decision treats their values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, Codes, percentile_interval, replicate, spread, sum_blocks
from perennial.evaluation.metrics import hit_parts
from perennial.evaluation.sample import Sample
from perennial.evaluation.slices import bound_shift, count_blocks

RATES = ("selected", "true_positive_rate", "false_positive_rate")
# A rate of fewer rows is often 0 or 1, and then its replicates do not vary: chance would look clear.
FEWEST = 30


def rates_of_sums(sums: Array) -> Array:
    """Return (..., 3): share decided True, of the positive rows, of the negative rows.

    `sums` (..., 4) holds hits, claimed, actual, rows; a rate without rows is NaN.
    """
    hits, claimed, actual, rows = (sums[..., column] for column in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([claimed / rows, hits / actual, (claimed - hits) / (rows - actual)], axis=-1)


def count_denominators(truth: Array) -> Array:
    """Return (3,): the rows that each rate is a share of: all, the positive, the negative."""
    return np.array([len(truth), truth.sum(), len(truth) - truth.sum()])


def judge_gaps(
    sample: Sample, decision: Array, slices: Sequence[tuple[str, str, Codes]], *, blocks: int
) -> list[dict[str, Any]]:
    """Return for each value of a sensitive column its rates and how far they lie from those of all other rows.

    Binary tasks only; values in fewer than `blocks` blocks are left out. `clear` is the size of the gap that is left
    when noise is taken off, corrected for the number of values and rates; 0 when the gap may be chance, NaN when one
    side has fewer than `FEWEST` rows that the rate is a share of.
    """
    parts = np.column_stack([hit_parts(sample.truth, decision), np.ones(len(decision))]) * sample.weights[:, None]
    kept = [one for one in slices if count_blocks(sample, one[2]) >= blocks]
    return [
        {
            "column": column,
            "value": value,
            "rows": len(rows) // sample.repeats,
            **_compare_rates(sample, parts, rows, len(kept)),
        }
        for column, value, rows in kept
    ]


def _compare_rates(sample: Sample, parts: Array, rows: Codes, values: int) -> dict[str, Any]:
    size = sample.draws.shape[1]
    inside = sum_blocks(parts[rows], sample.codes[rows], size)
    outside = sum_blocks(parts, sample.codes, size) - inside
    rates, others = rates_of_sums(inside.sum(axis=0)), rates_of_sums(outside.sum(axis=0))
    within = count_denominators(sample.truth[rows])
    fewest = np.minimum(within, count_denominators(sample.truth) - within)
    gaps = np.where(fewest >= FEWEST * sample.repeats, rates - others, np.nan)
    drawn = replicate(sample.draws, inside, rates_of_sums) - replicate(sample.draws, outside, rates_of_sums)
    tests, blocks = values * len(RATES), count_blocks(sample, rows)
    return {
        name: {
            "value": rates[number],
            "gap": gaps[number],
            "interval": percentile_interval(drawn[:, number], sample.confidence),
            "clear": _clear_gap(gaps[number], drawn[:, number], blocks, tests, sample.confidence),
        }
        for number, name in enumerate(RATES)
    }


def _clear_gap(gap: float, drawn: Array, blocks: int, tests: int, confidence: float) -> float:
    # np.maximum keeps NaN: a rate without rows has no gap, which is not a gap of 0.
    return float(np.maximum(0.0, abs(gap) - bound_shift(spread(drawn), blocks, tests, confidence)))
