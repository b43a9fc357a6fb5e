"""Where it fails: every category value and numeric band with enough rows, corrected for their number."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from perennial.evaluation.constant import predict_own
from perennial.evaluation.intervals import Array, Codes, percentile_interval, spread, sum_blocks
from perennial.evaluation.sample import Sample, loss_parts, share_saved


def count_blocks(sample: Sample, rows: Codes) -> int:
    """Return in how many blocks these rows lie, those without weight left out."""
    return len(np.unique(sample.codes[rows][sample.weights[rows] > 0]))


def slice_sums(sample: Sample, predictions: list[Array], chosen: list[Codes]) -> Array:
    """Return the primary loss and the weights summed per block within each slice, (slices, blocks, 2).

    `predictions` holds one of the rows of each slice.
    """
    blocks = sample.draws.shape[1]
    each = zip(predictions, chosen, strict=True)
    return np.stack([sum_blocks(loss_parts(sample, one, rows), sample.codes[rows], blocks) for one, rows in each])


def own_constants(sample: Sample, chosen: list[Codes], classes: int) -> list[Array]:
    """Return for each slice the constant that knows its own mean; chance is taken off for all slices at once."""
    doubt = sample.repeats * float(np.log(len(chosen) / (1.0 - sample.confidence)))
    return [predict_own(sample.task, sample.truth[r], classes, sample.weights[r], doubt=doubt) for r in chosen]


def finish_slices(sample: Sample, sums: Array) -> tuple[Array, Array]:
    """Return the loss of each slice (slices,) and its replicates (replicates, slices).

    One matrix product for all slices; a slice absent from a replicate has no value there.
    """
    slices, blocks, width = sums.shape
    finish = sample.primary.finish
    assert finish is not None
    drawn = sample.draws @ sums.transpose(1, 0, 2).reshape(blocks, slices * width)
    with np.errstate(invalid="ignore", divide="ignore"):
        return finish(sums.sum(axis=1)), finish(drawn.reshape(-1, slices, width))


def bound_shift(deviation: float, blocks: int, tests: int, confidence: float) -> float:
    """Return how far a one-sided bound lies from the value: Bonferroni over `tests`, Student's t over blocks.

    The far tail of a bootstrap with thousands of replicates is empty, so the bound uses its spread.
    """
    return float(stdtrit(max(blocks - 1, 1), 1.0 - (1.0 - confidence) / tests)) * deviation


def _describe(
    sample: Sample, ours: tuple[Array, Array], theirs: tuple[Array, Array], number: int, blocks: int, tests: int
) -> dict[str, Any]:
    value = float(share_saved(ours[0][number], theirs[0][number]))
    shares = share_saved(ours[1][:, number], theirs[1][:, number])
    shift = bound_shift(spread(shares), blocks, tests, sample.confidence)
    return {
        "value": value,
        "interval": percentile_interval(shares, sample.confidence),
        "lower": value - shift,
        "upper": value + shift,
    }


def judge_slices(
    sample: Sample,
    predictions: Mapping[str, Array],
    slices: list[tuple[str, str, Codes]],
    *,
    blocks: int,
) -> list[dict[str, Any]]:
    """Return each slice's loss and its improvement over the constant (and the champion), bounds corrected.

    `over_own` is against the constant that knows the slice's own mean of the judged rows; it is left out where a
    regression's truth does not vary. `predictions` holds "model", "constant" and perhaps "champion"; slices in fewer
    than `blocks` blocks are left out: a handful of days says nothing about their spread. `lower` and `upper` hold for
    all slices at once.
    """
    kept = [(*one, days) for one in slices if (days := count_blocks(sample, one[2])) >= blocks]
    if not kept:
        return []
    losses = _slice_losses(sample, predictions, [rows for _, _, rows, _ in kept])
    ours, judged = losses.pop("model"), []
    for number, (column, value, rows, days) in enumerate(kept):
        against = {
            f"over_{name}": _describe(sample, ours, theirs, number, days, len(kept))
            for name, theirs in losses.items()
            if name != "own" or _varies(sample, rows)
        }
        loss = float(ours[0][number])
        judged.append(
            {
                "column": column,
                "value": value,
                "rows": len(rows) // sample.repeats,
                "blocks": days,
                "loss": loss,
                **against,
            }
        )
    return judged


def _slice_losses(
    sample: Sample, predictions: Mapping[str, Array], chosen: list[Codes]
) -> dict[str, tuple[Array, Array]]:
    model = predictions["model"]
    each = {
        name: [predictions[name][rows] for rows in chosen]
        for name in ("model", "constant", "champion")
        if name in predictions
    }
    each["own"] = own_constants(sample, chosen, model.shape[1] if model.ndim == 2 else 0)
    return {name: finish_slices(sample, slice_sums(sample, ones, chosen)) for name, ones in each.items()}


def _varies(sample: Sample, rows: Codes) -> bool:
    # Of a regression's slice in which nothing varies the own mean is the truth itself: no model is as good.
    return sample.task != "regression" or bool(np.ptp(sample.truth[rows]) > 0)


def slice_table(judged: list[dict[str, Any]], most: int = 40) -> pd.DataFrame:
    """Return the slices with the least improvement over the constant, the worst first, for a bar chart."""
    rows = [
        {
            "slice": f"{one['column']} = {one['value']}",
            "improvement": one["over_constant"]["value"],
            "low": one["over_constant"]["interval"][0],
            "high": one["over_constant"]["interval"][1],
            "rows": one["rows"],
        }
        for one in judged
    ]
    table = pd.DataFrame(rows, columns=["slice", "improvement", "low", "high", "rows"])
    return table.sort_values(["improvement", "slice"], ignore_index=True).head(most)
