"""What the decisions cost, beside the two policies that need no model: always and never."""

from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array, percentile_interval, replicate, sum_blocks
from perennial.evaluation.sample import Sample, decide_numbers, share_saved


def cost_parts(truth: Array, decision: Array, false_positive: float, false_negative: float) -> Array:
    """Return (n, 4): cost of the decision, of deciding always True, of never, and 1."""
    always, never = false_positive * (1.0 - truth), false_negative * truth
    return np.column_stack([np.where(decision > 0, always, never), always, never, np.ones(len(truth))])


def saving_of_sums(sums: Array) -> Array:
    """Return the share that is saved of what the cheaper of always and never costs."""
    return share_saved(sums[..., 0], np.minimum(sums[..., 1], sums[..., 2]))


def judge_cost(
    sample: Sample, prediction: Array, threshold: float | Array, *, false_positive: float, false_negative: float
) -> dict[str, Any]:
    """Return the cost per row (by weight) of the model, of always and never, and the share saved with its interval.

    The threshold comes from the bundle, where it was chosen without a test row; of several their median is told.
    """
    decision = decide_numbers("binary", prediction, threshold)
    parts = cost_parts(sample.truth, decision, false_positive, false_negative) * sample.weights[:, None]
    sums = sum_blocks(parts, sample.codes, sample.draws.shape[1])
    model, always, never = parts[:, :3].sum(axis=0) / sample.weights.sum()
    drawn = replicate(sample.draws, sums, saving_of_sums)
    saving = {
        "value": float(saving_of_sums(sums.sum(axis=0))),
        "interval": percentile_interval(drawn, sample.confidence),
    }
    return {
        "model": model,
        "always": always,
        "never": never,
        "threshold": float(np.median(threshold)),
        "saving": saving,
    }
