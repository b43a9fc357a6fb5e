"""Everything that is said of a model on its test rows, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.evaluation.cost import judge_cost
from perennial.evaluation.curves import confusion_counts
from perennial.evaluation.cuts import cut_slices, hide_values
from perennial.evaluation.gaps import FEWEST, judge_gaps
from perennial.evaluation.intervals import Array, Codes
from perennial.evaluation.sample import (
    CALIBRATION,
    Sample,
    Threshold,
    decide_numbers,
    improvement,
    point_scores,
    score,
)
from perennial.evaluation.slices import judge_slices
from perennial.refusal import Refusal


@dataclass(frozen=True)
class SliceRules:
    """How slices are cut: smallest number of rows and of blocks, bands of a number; sensitive and personal columns.

    A personal column makes no slice, and where it is sensitive its values are numbered.
    """

    rows: int
    blocks: int
    bands: int
    sensitive: tuple[str, ...] = ()
    pii: tuple[str, ...] = ()


def block_values(block: str, time: pd.Series | None, group: pd.Series | None, rows: int) -> npt.NDArray[Any]:
    """Return what tells the blocks apart: the UTC day, the group, or the row number.

    Raises Refusal when the block needs a column that the table does not have.
    """
    if block == "row":
        return np.arange(rows)
    column = {"day": time, "group": group}.get(block)
    if column is None:
        raise Refusal(
            f"`problem.block` is {block!r}: use `day` with `problem.time`, `group` with `problem.group`, or `row`."
        )
    if block == "day":
        return column.to_numpy().astype("datetime64[D]").astype(np.int64)
    return pd.factorize(column, sort=True, use_na_sentinel=False)[0]


def judge(
    sample: Sample,
    predictions: Mapping[str, Array],
    frame: pd.DataFrame,
    *,
    dtypes: Mapping[str, str],
    names: Sequence[str],
    threshold: Threshold,
    costs: Mapping[str, float],
    rules: SliceRules,
) -> dict[str, Any]:
    """Return scores, baselines, improvements, slices, gaps, cost and confusion of `predictions["model"]`.

    `predictions` also holds "constant", "linear" and perhaps "champion"; `frame` the inputs named in `dtypes`;
    `names` the classes (empty for a regression). Costs and gaps are judged for binary tasks only.
    """
    open_values = {name: dtype for name, dtype in dtypes.items() if name not in rules.pii}
    slices = list(cut_slices(frame, open_values, rows=rules.rows * sample.repeats, bands=rules.bands))
    return {
        **describe_sample(sample, predictions["model"]),
        **judge_scores(sample, predictions, threshold),
        "slices": judge_slices(sample, predictions, slices, blocks=rules.blocks),
        "sensitive_columns": list(rules.sensitive),
        **judge_decision(
            sample, predictions["model"], names, threshold, costs, cut_sensitive(sample, frame, dtypes, rules)
        ),
    }


def describe_sample(sample: Sample, model: Array) -> dict[str, Any]:
    """Return what is judged: task, metric, sizes, and the rows without a finite prediction."""
    return {
        "task": sample.task,
        "metric": sample.metric,
        "rows": len(sample.truth) // sample.repeats,
        "blocks": sample.blocks,
        "confidence": sample.confidence,
        "unpredicted_rows": int((~np.isfinite(model)).reshape(len(model), -1).any(axis=1).sum()),
    }


def judge_scores(sample: Sample, predictions: Mapping[str, Array], threshold: Threshold) -> dict[str, Any]:
    """Return every score of the model, those of the baselines, and the improvements over all other predictions."""
    metrics = score(sample, predictions["model"], threshold)
    return {
        "metrics": metrics,
        "calibration": metrics[CALIBRATION[sample.task]],
        "baselines": {name: point_scores(sample, predictions[name], threshold) for name in ("constant", "linear")},
        "improvement": {
            f"over_{name}": improvement(sample, predictions["model"], predictions[name])
            for name in ("constant", "linear", "champion")
            if name in predictions
        },
    }


def cut_sensitive(
    sample: Sample, frame: pd.DataFrame, dtypes: Mapping[str, str], rules: SliceRules
) -> tuple[list[tuple[str, str, Codes]], int]:
    """Return the values of the sensitive columns, personal ones numbered, and in how many blocks one must be found.

    Small values are kept: their intervals are as wide as they are small.
    """
    chosen = {name: dtypes[name] for name in rules.sensitive}
    return hide_values(
        cut_slices(frame, chosen, rows=FEWEST * sample.repeats, bands=rules.bands), rules.pii
    ), rules.blocks


def judge_decision(
    sample: Sample,
    model: Array,
    names: Sequence[str],
    threshold: Threshold,
    costs: Mapping[str, float],
    sensitive: tuple[list[tuple[str, str, Codes]], int],
) -> dict[str, Any]:
    """Return the gaps between sensitive values, the cost and the confusion of the decisions; null where there is none.

    `sensitive` is what `cut_sensitive` gives.
    """
    decision, binary = decide_numbers(sample.task, model, threshold), sample.task == "binary"
    once = slice(len(decision) // sample.repeats)  # each row is counted in the first repeat
    counts = confusion_counts(sample.truth[once], decision[once], len(names)) if names else []
    return {
        "sensitive": judge_gaps(sample, decision, sensitive[0], blocks=sensitive[1]) if binary else [],
        "cost": judge_cost(sample, model, 0.5 if threshold is None else threshold, **costs) if binary else None,
        "confusion": {"classes": list(names), "counts": counts} if names else None,
    }


def flat_scores(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Return the few numbers that read well side by side in `dvc metrics diff`."""
    flat = {name: one["value"] for name, one in evaluation["metrics"].items()}
    flat |= {f"improvement_{name}": one["value"] for name, one in evaluation["improvement"].items()}
    if evaluation["cost"]:
        flat |= {"cost": evaluation["cost"]["model"], "cost_saving": evaluation["cost"]["saving"]["value"]}
    return {name: value for name, value in flat.items() if value is not None}
