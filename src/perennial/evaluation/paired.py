"""The primary loss block by block, and what the blocks of two runs say of their difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from perennial.evaluation.intervals import (
    Array,
    draw_blocks,
    number_blocks,
    percentile_interval,
    replicate,
    round_numbers,
)
from perennial.evaluation.metrics import METRICS
from perennial.evaluation.sample import Sample, loss_sums

REPLICATES, CONFIDENCE = 2000, 0.95

Losses = Sequence[tuple[str, float, float]]
"""(name of the block, mean loss of its rows before any root, weight of its rows)"""


def block_losses(sample: Sample, prediction: Array, block: str, values: Array) -> list[tuple[str, float, float]]:
    """Return the primary loss of each block that has weight; `values` (n,) tell the blocks apart, days as numbers."""
    sums, names = loss_sums(sample, prediction), name_blocks(block, values)
    return [(name, loss / weight, weight) for name, (loss, weight) in zip(names, sums, strict=True) if weight > 0]


def name_blocks(block: str, values: Array) -> list[str]:
    """Return the name of each block: the UTC day, or its number."""
    codes, distinct = number_blocks(values)
    count = int(codes.max()) + 1
    if block == "day" and distinct == count:
        return [str(day) for day in np.unique(values).astype("datetime64[D]")]
    return [str(number) for number in range(count)]


def pair_losses(metric: str, before: Losses, after: Losses) -> dict[str, Any] | None:
    """Return {"value", "interval", "blocks"}: by how much the loss of the second run is above that of the first.

    Both are drawn again by the same blocks, so that what a day does to both cancels. None where the blocks are not the
    same, or the loss is no sum over rows.
    """
    known = METRICS.get(metric)
    if known is None or known.finish is None or not before or _weights(before) != _weights(after):
        return None
    draws = draw_blocks(len(before), REPLICATES, seed=0)
    old, new = (np.array([(loss * weight, weight) for _, loss, weight in run]) for run in (before, after))
    value = float(known.finish(new.sum(axis=0)) - known.finish(old.sum(axis=0)))
    differences = replicate(draws, new, known.finish) - replicate(draws, old, known.finish)
    found = {"value": value, "interval": percentile_interval(differences, CONFIDENCE), "blocks": len(before)}
    return dict(round_numbers(found))


def _weights(losses: Losses) -> list[tuple[str, float]]:
    return [(name, weight) for name, _, weight in losses]
