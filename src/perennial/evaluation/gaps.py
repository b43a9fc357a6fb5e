"""Sensitive columns: how differently the decision treats their values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, Codes, percentile_interval, replicate, spread, sum_blocks
from perennial.evaluation.metrics import hit_parts
from perennial.evaluation.sample import Sample
from perennial.evaluation.slices import bound_shift

RATES = ("selected", "true_positive_rate", "false_positive_rate")


def rates_of_sums(sums: Array) -> Array:
    """Return (..., 3): share decided True, of the positive rows, of the negative rows.

    `sums` (..., 4) holds hits, claimed, actual, rows; a rate without rows is NaN.
    """
    hits, claimed, actual, rows = (sums[..., column] for column in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([claimed / rows, hits / actual, (claimed - hits) / (rows - actual)], axis=-1)


def judge_gaps(sample: Sample, decision: Array, slices: Sequence[tuple[str, str, Codes]]) -> list[dict[str, Any]]:
    """Return for each value of a sensitive column its rates and how far they lie from those of all other rows.

    Binary tasks only. `clear` is the size of the gap that is left when noise is taken off, corrected for the number
    of values and rates; 0 when the gap may be chance.
    """
    parts = np.column_stack([hit_parts(sample.truth, decision), np.ones(len(decision))])
    blocks = sample.draws.shape[1]
    everything, judged = sum_blocks(parts, sample.codes, blocks), []
    for column, value, rows in slices:
        inside = sum_blocks(parts[rows], sample.codes[rows], blocks)
        outside = everything - inside
        rates = rates_of_sums(inside.sum(axis=0))
        gaps = rates - rates_of_sums(outside.sum(axis=0))
        drawn = replicate(sample.draws, inside, rates_of_sums) - replicate(sample.draws, outside, rates_of_sums)
        tests, present = len(slices) * len(RATES), len(np.unique(sample.codes[rows]))
        each = {
            name: {
                "value": rates[number],
                "gap": gaps[number],
                "interval": percentile_interval(drawn[:, number], sample.confidence),
                "clear": _clear_gap(gaps[number], drawn[:, number], present, tests, sample.confidence),
            }
            for number, name in enumerate(RATES)
        }
        judged.append({"column": column, "value": value, "rows": len(rows), **each})
    return judged


def _clear_gap(gap: float, drawn: Array, blocks: int, tests: int, confidence: float) -> float:
    # np.maximum keeps NaN: a rate without rows has no gap, which is not a gap of 0.
    return float(np.maximum(0.0, abs(gap) - bound_shift(spread(drawn), blocks, tests, confidence)))
