"""Where it fails: every category value and numeric band with enough rows, corrected for their number."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from perennial.evaluation.intervals import Array, Codes, percentile_interval, spread, sum_blocks
from perennial.evaluation.sample import Sample, share_saved

BANDED = ("numeric",)
NAMED = ("category", "boolean", "id")
MISSING = "(missing)"


def name_bands(values: Array, bands: int) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return the band of each number as text, from quantiles of `values`; few distinct numbers name themselves."""
    names = np.full(len(values), MISSING, dtype=object)
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if len(distinct) <= bands:
        names[known] = [f"{value:.6g}" for value in values[known]]
        return names
    # An inner edge at the smallest value would leave the first band empty.
    inner = np.quantile(values[known], np.linspace(0, 1, bands + 1)[1:-1], method="lower")
    edges = [distinct[0], *np.unique(inner[inner > distinct[0]]), distinct[-1]]
    labels = [f"{low:.4g} to < {high:.4g}" for low, high in pairwise(edges[:-1])]
    labels.append(f"{edges[-2]:.4g} to {edges[-1]:.4g}")
    names[known] = np.array(labels, dtype=object)[np.searchsorted(edges[1:-1], values[known], side="right")]
    return names


def name_slices(values: pd.Series, dtype: str, bands: int) -> np.ndarray[Any, np.dtype[np.object_]] | None:
    """Return the slice of each row as text, or None for a column that is not sliced (dates, free text)."""
    if dtype in BANDED:
        return name_bands(values.to_numpy(dtype=np.float64, na_value=np.nan), bands)
    if dtype in NAMED:
        text = values.astype("object").where(values.notna(), MISSING)
        return text.map(str).to_numpy(dtype=object)
    return None


def cut_slices(
    frame: pd.DataFrame, dtypes: Mapping[str, str], *, rows: int, bands: int
) -> Iterator[tuple[str, str, Codes]]:
    """Yield (column, value, row numbers) of every slice of at least `rows` rows, in the order of the columns."""
    for column, dtype in dtypes.items():
        names = name_slices(frame[column], dtype, bands)
        if names is None:
            continue
        values, codes, counts = np.unique(names.astype(str), return_inverse=True, return_counts=True)
        for number in np.flatnonzero((counts >= rows) & (counts < len(frame))):
            yield column, str(values[number]), np.flatnonzero(codes == number)


def slice_sums(sample: Sample, prediction: Array, chosen: list[Codes]) -> Array:
    """Return the primary loss and the rows summed per block within each slice, (slices, blocks, 2)."""
    assert sample.primary.parts is not None
    parts, blocks = sample.primary.parts(sample.truth, prediction), sample.draws.shape[1]
    return np.stack([sum_blocks(parts[rows], sample.codes[rows], blocks) for rows in chosen])


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

    `predictions` holds "model", "constant" and perhaps "champion"; slices in fewer than `blocks` blocks are left out:
    a handful of days says nothing about their spread. `lower` and `upper` hold for all slices at once.
    """
    present = [len(np.unique(sample.codes[rows])) for _, _, rows in slices]
    kept = [(*one, days) for one, days in zip(slices, present, strict=True) if days >= blocks]
    if not kept:
        return []
    chosen = [rows for _, _, rows, _ in kept]
    losses = {
        name: finish_slices(sample, slice_sums(sample, predictions[name], chosen))
        for name in ("model", "constant", "champion")
        if name in predictions
    }
    judged = []
    for number, (column, value, rows, days) in enumerate(kept):
        against = {
            f"over_{name}": _describe(sample, losses["model"], losses[name], number, days, len(kept))
            for name in losses
            if name != "model"
        }
        loss = float(losses["model"][0][number])
        judged.append({"column": column, "value": value, "rows": len(rows), "blocks": days, "loss": loss, **against})
    return judged


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
