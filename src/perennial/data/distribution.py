"""The shape of one column: histogram or most frequent values, far-out values, and how both move with the months."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

FEWEST_ROWS = 30  # a mean of fewer rows is not shown
FENCE = 3.0  # Tukey's outer fence, in interquartile ranges (Exploratory Data Analysis, 1977)


def tidy(value: Any, digits: int = 6) -> Any:
    """Round every float inside nested lists and mappings to `digits` significant digits; NaN becomes None."""
    if isinstance(value, dict):
        return {key: tidy(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(item, digits) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def as_numbers(values: pd.Series, dtype: str) -> Floats | None:
    """Return (n,) floats, missing as NaN: numbers, days since 1970 for datetimes, lengths for text; else None."""
    if dtype == "numeric":
        numbers = np.asarray(pd.to_numeric(values, errors="coerce").astype("float64"))
        return np.where(np.isfinite(numbers), numbers, np.nan)
    if dtype == "datetime":
        return np.asarray((pd.to_datetime(values) - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=np.float64)
    if dtype == "text":
        return np.asarray(values.str.len().astype("float64"))
    return None


def mean_by_code(codes: Codes, size: int, outcome: Floats | None) -> list[float | None]:
    """Mean outcome per code 0..size-1 over rows that have one; None where fewer than 30 do."""
    if outcome is None:
        return [None] * size
    known = np.isfinite(outcome) & (codes >= 0)
    rows = np.bincount(codes[known], minlength=size)
    total = np.bincount(codes[known], weights=outcome[known], minlength=size)
    return [float(t) / int(n) if n >= FEWEST_ROWS else None for t, n in zip(total, rows, strict=True)]


def histogram(numbers: Floats, outcome: Floats | None, bins: int) -> dict[str, Any] | None:
    """Counts in equal bins over the middle 99 % of the known values, what lies beyond, and mean outcome per bin.

    A column of at most `bins` different values gets one bar per value instead (`values`). None when all is missing.
    """
    known = np.isfinite(numbers)
    if not known.any():
        return None
    levels = np.unique(numbers[known])
    if len(levels) <= bins:
        codes = np.where(known, np.searchsorted(levels, numbers), -1)
        counts = np.bincount(codes[known], minlength=len(levels))
        means = mean_by_code(codes, len(levels), outcome)
        return {"values": levels.tolist(), "counts": counts.tolist(), "target": means}
    low = float(np.quantile(numbers[known], 0.005, method="lower"))
    high = float(np.quantile(numbers[known], 0.995, method="higher"))
    if low == high:
        low, high = float(levels[0]), float(levels[-1])
    edges = np.round(low + (high - low) * np.arange(bins + 1) / bins, 9)
    inside = known & (numbers >= low) & (numbers <= high)
    codes = np.where(inside, np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, bins - 1), -1)
    return {
        "edges": edges.tolist(),
        "counts": np.bincount(codes[inside], minlength=bins).tolist(),
        "below": int((known & (numbers < low)).sum()),
        "above": int((known & (numbers > high)).sum()),
        "target": mean_by_code(codes, bins, outcome),
    }


def summarise_numbers(numbers: Floats) -> dict[str, Any] | None:
    """Mean, spread, quantiles, and the share beyond Tukey's outer fences; None when all is missing."""
    known = numbers[np.isfinite(numbers)]
    if len(known) == 0:
        return None
    marks = {"min": 0.0, "p01": 0.01, "p25": 0.25, "median": 0.5, "p75": 0.75, "p99": 0.99, "max": 1.0}
    summary = {name: float(np.quantile(known, at, method="lower")) for name, at in marks.items()}
    reach = FENCE * (summary["p75"] - summary["p25"])
    # Half of the values are equal: every other value would count as far out.
    far = (known < summary["p25"] - reach) | (known > summary["p75"] + reach) if reach > 0 else np.zeros(1)
    return summary | {"mean": float(known.mean()), "std": float(known.std()), "outliers": float(np.mean(far))}


def top_levels(values: pd.Series, outcome: Floats | None, limit: int) -> dict[str, Any]:
    """The `limit` most frequent values with rows and mean outcome, and how many rows all others have."""
    texts = values.astype("string").fillna("")
    counts = texts[values.notna()].value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))
    names = [str(name) for name, _ in ordered[:limit]]
    codes = np.asarray(pd.Categorical(texts.where(values.notna()), categories=names).codes, dtype=np.int64)
    means = mean_by_code(codes, len(names), outcome)
    rows = [int(count) for _, count in ordered[:limit]]
    top = [{"value": v, "rows": n, "target": m} for v, n, m in zip(names, rows, means, strict=True)]
    return {"top": top, "other_rows": int(counts.sum()) - sum(rows), "other_levels": len(ordered) - len(names)}


def drift_of_numbers(numbers: Floats, months: Codes, size: int) -> dict[str, Any]:
    """Monthly mean, and the largest distance of a month's mean from the overall mean in standard deviations."""
    known = np.isfinite(numbers)
    means = mean_by_code(months, size, np.where(known, numbers, np.nan))
    spread = float(numbers[known].std()) if known.any() else 0.0
    centre = float(numbers[known].mean()) if known.any() else 0.0
    moves = [abs(mean - centre) / spread for mean in means if mean is not None and spread > 0]
    return {"mean": means, "shift": max(moves, default=0.0), "unit": "standard deviations"}


def drift_of_levels(codes: Codes, months: Codes, size: int) -> dict[str, Any]:
    """Largest total variation distance between a month's shares of the levels and the overall shares, 0 to 1."""
    width = int(codes.max(initial=0)) + 1
    table = np.bincount(months * width + codes, minlength=size * width).reshape(size, width)
    overall = table.sum(axis=0) / max(1, int(table.sum()))
    rows = table.sum(axis=1)
    moves = [float(np.abs(table[m] / rows[m] - overall).sum()) / 2.0 for m in range(size) if rows[m] >= FEWEST_ROWS]
    return {"mean": None, "shift": max(moves, default=0.0), "unit": "share of rows"}


def month_codes(time: pd.Series | None, rows: int) -> tuple[list[str], Codes]:
    """Month names in order and each row's month number; one span named "all" for a table without time."""
    if time is None:
        return ["all"], np.zeros(rows, dtype=np.int64)
    months = pd.to_datetime(time).dt.strftime("%Y-%m")
    codes, names = pd.factorize(months, sort=True)
    return [str(name) for name in names], np.asarray(codes, dtype=np.int64)


def monthly_share(flags: npt.NDArray[np.bool_], months: Codes, size: int) -> list[float]:
    """Share of rows flagged in each month, (size,)."""
    rows = np.bincount(months, minlength=size)
    hits = np.bincount(months[flags], minlength=size)
    return [int(h) / int(n) if n else 0.0 for h, n in zip(hits, rows, strict=True)]


def even_positions(rows: int, limit: int) -> Codes:
    """Positions of at most `limit` rows, evenly spread from first to last; all of them when they fit."""
    if rows <= limit:
        return np.arange(rows)
    return np.unique(np.arange(limit) * (rows - 1) // max(1, limit - 1))
