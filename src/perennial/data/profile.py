"""What the table of examples looks like: distributions, gaps, far-out values, drift, and columns that know too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.association import (
    associate,
    class_codes,
    explain_suspicion,
    explain_vanishing,
    level_codes,
    rank_by_strength,
    rank_codes,
)
from perennial.data.contract import Column
from perennial.data.distribution import (
    as_numbers,
    drift_of_levels,
    drift_of_numbers,
    even_positions,
    histogram,
    mean_by_code,
    month_codes,
    monthly_share,
    summarise_numbers,
    tidy,
    top_levels,
)

RANK_BINS = 256


@dataclass(frozen=True)
class ProfileLimits:
    """How much is shown, and from which value on a column is a leak suspect."""

    max_rows: int = 1_000_000
    bins: int = 24
    top: int = 12
    suspect_auc: float = 0.85
    suspect_correlation: float = 0.99
    suspect_missing: float = 0.9


@dataclass(frozen=True)
class Setting:
    """What every column is held against: outcomes, labels and months of the same rows, each (n,)."""

    task: str
    labelled: npt.NDArray[np.bool_]
    codes: npt.NDArray[Any]  # target of the labelled rows as numbers
    outcome: npt.NDArray[np.float64] | None  # target of all rows for means, NaN where unlabelled; None for classes
    months: npt.NDArray[np.int64]
    size: int
    limits: ProfileLimits


def profile_examples(
    frame: pd.DataFrame, columns: Sequence[Column], *, task: str, target: str, time: str | None, limits: ProfileLimits
) -> dict[str, Any]:
    """Profile every input column of `frame` (n rows sorted by time) against its target.

    columns: the contract's examples. More than `limits.max_rows` rows are thinned evenly, so that the same table always
    gives the same profile. Every float is rounded to six significant digits.
    """
    whole = len(frame)
    frame = frame.iloc[even_positions(whole, limits.max_rows)].reset_index(drop=True)
    months, codes = month_codes(frame[time] if time else None, len(frame))
    labelled = np.asarray(frame[target].notna())
    known = class_codes(frame.loc[labelled, target], task)
    outcome = None
    if task != "multiclass":
        outcome = np.full(len(frame), np.nan)
        outcome[labelled] = known
    setting = Setting(task, labelled, known, outcome, codes, len(months), limits)
    profiled = [profile_column(frame[item.name], item, setting) for item in columns if item.role == "input"]
    suspects = [{"column": c["name"], "reason": reason} for c in profiled for reason in c["suspicions"]]
    result = {
        "rows": whole,
        "rows_profiled": len(frame),
        "labelled": int(labelled.sum()),
        "months": months,
        "target": describe_target(frame[target], setting) | {"name": target, "task": task},
        "columns": profiled,
        "strongest": rank_by_strength(profiled),
        "suspects": suspects,
    }
    return dict(tidy(result))


def profile_column(values: pd.Series, column: Column, setting: Setting) -> dict[str, Any]:
    """Everything known about one column; the values of columns with personal data are counted, never shown."""
    numbers = as_numbers(values, column.dtype)
    codes = level_codes(values) if numbers is None else rank_codes(numbers, RANK_BINS)
    missing = np.asarray(values.isna()) if numbers is None else ~np.isfinite(numbers)
    limits, labelled = setting.limits, setting.labelled
    direct = None if numbers is None else numbers[labelled]
    association = associate(codes=codes[labelled], values=direct, target=setting.codes, task=setting.task)
    reasons = [
        explain_suspicion(association, auc=limits.suspect_auc, correlation=limits.suspect_correlation),
        explain_vanishing(missing, labelled, share=limits.suspect_missing),
    ]
    return {
        "name": column.name,
        "dtype": column.dtype,
        "unit": column.unit,
        "group": column.group,
        "description": column.description,
        "missing": float(missing.mean()) if len(missing) else 0.0,
        "distinct": int(values.nunique()),
        "association": association,
        "suspicions": [reason for reason in reasons if reason],
        "drift": describe_drift(numbers, codes, missing, setting),
    } | describe_values(values, numbers, shown=not column.pii, setting=setting)


def describe_values(
    values: pd.Series, numbers: npt.NDArray[np.float64] | None, *, shown: bool, setting: Setting
) -> dict[str, Any]:
    """Histogram and summary of numbers, or the most frequent levels; nothing for personal data."""
    if not shown:
        return {"withheld": True}
    if numbers is None:
        return {"levels": top_levels(values, setting.outcome, setting.limits.top)}
    return {
        "histogram": histogram(numbers, setting.outcome, setting.limits.bins),
        "summary": summarise_numbers(numbers),
    }


def describe_drift(
    numbers: npt.NDArray[np.float64] | None,
    codes: npt.NDArray[np.int64],
    missing: npt.NDArray[np.bool_],
    setting: Setting,
) -> dict[str, Any]:
    """Monthly mean and missing share of one column, and its largest move."""
    if numbers is None:
        moves = drift_of_levels(codes, setting.months, setting.size)
    else:
        moves = drift_of_numbers(numbers, setting.months, setting.size)
    return moves | {"missing": monthly_share(missing, setting.months, setting.size)}


def describe_target(values: pd.Series, setting: Setting) -> dict[str, Any]:
    """Distribution of the target over labelled rows, its monthly mean, and labelled and all rows per month."""
    months, size = setting.months, setting.size
    described: dict[str, Any] = {
        "rows_by_month": np.bincount(months, minlength=size).tolist(),
        "labelled_by_month": np.bincount(months[setting.labelled], minlength=size).tolist(),
        "mean_by_month": mean_by_code(months, size, setting.outcome),
    }
    if setting.task == "regression" and setting.outcome is not None:
        shape = {
            "histogram": histogram(setting.outcome, None, setting.limits.bins),
            "summary": summarise_numbers(setting.outcome),
        }
        return described | shape
    return described | {"levels": top_levels(values, None, limit=50)}
