"""How often the truth lies within the bounds that are served beside a predicted number."""

from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, percentile_interval, replicate, sum_blocks
from perennial.evaluation.sample import Sample


def judge_coverage(sample: Sample, lower: Array, upper: Array, promised: float) -> dict[str, Any]:
    """Return the share of truths within their bounds, by weight, with its interval, and the mean width of the bounds.

    `below` and `above` are the shares of truths that lie under and over.
    """
    under, over = sample.truth < lower, sample.truth > upper
    parts = np.column_stack([~(under | over), np.ones(len(under)), under, over]) * sample.weights[:, None]
    sums = sum_blocks(parts, sample.codes, sample.draws.shape[1])
    drawn = replicate(sample.draws, sums, lambda drawn: np.asarray(drawn[..., 0] / drawn[..., 1]))
    held, mass, below, above = parts.sum(axis=0)
    return {
        "promised": promised,
        "value": float(held / mass),
        "interval": percentile_interval(drawn, sample.confidence),
        "below": float(below / mass),
        "above": float(above / mass),
        "width": float(np.average(upper - lower, weights=sample.weights)),
    }
