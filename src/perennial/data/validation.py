"""The contract as vectorised masks: which rows break which rule, and which sources break a table rule."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perennial.data.contract import Column, Source
from perennial.data.typed import UNPARSED
from perennial.refusal import Refusal

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]
SAMPLES = 3


def _numbers(values: pd.Series, missing: Mask) -> Numbers:
    """Return numbers, or instants as seconds since 1970, as floats (n,) with NaN where missing."""
    if values.dtype.kind != "M":
        return values.to_numpy(dtype=float, na_value=np.nan)
    seconds = values.to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6
    return np.where(missing, np.nan, seconds)


def _shown(bound: float, dtype: str) -> str:
    return str(pd.Timestamp(bound, unit="s").isoformat()) if dtype == "datetime" else f"{bound}"


def _range_masks(column: Column, numbers: Numbers) -> Iterable[tuple[str, Mask]]:
    # NaN compares false on both sides, so a missing number is in range.
    if column.low is not None:
        yield f"{column.name}: below {_shown(column.low, column.dtype)}", numbers < column.low
    if column.high is not None:
        yield f"{column.name}: above {_shown(column.high, column.dtype)}", numbers > column.high
    yield f"{column.name}: not finite", np.isinf(numbers)


def _column_masks(column: Column, values: pd.Series, unparsed: Mask) -> Iterable[tuple[str, Mask]]:
    missing = values.isna().to_numpy()
    if not column.nullable:
        yield f"{column.name}: missing", missing & ~unparsed
    if column.dtype in ("numeric", "datetime"):
        yield from _range_masks(column, _numbers(values, missing))
    if column.allowed:
        yield f"{column.name}: not allowed", ~missing & ~values.isin(column.allowed).to_numpy()


def _unparsed_masks(frame: pd.DataFrame) -> dict[str, Mask]:
    """Return {column: mask (n,) of its cells that did not parse}, for the columns that have such cells."""
    masks: dict[str, Mask] = {}
    texts = frame[UNPARSED].to_numpy(dtype=object) if UNPARSED in frame else np.array([], dtype=object)
    for place in np.flatnonzero(pd.notna(texts)):
        for name in json.loads(texts[place]):
            masks.setdefault(name, np.zeros(len(frame), dtype=bool))[place] = True
    return masks


def rule_masks(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Mask]:
    """Return {rule: mask of the rows (n,) that break it} for every rule that some row breaks.

    A rule is named `column: what is wrong`. Cells that did not parse are read from the column `_unparsed`.
    """
    failed = _unparsed_masks(frame)
    none = np.zeros(len(frame), dtype=bool)
    masks: dict[str, Mask] = {}
    for column in columns:
        unparsed = failed.get(column.name, none)
        masks[f"{column.name}: not {column.dtype}"] = unparsed
        masks.update(_column_masks(column, frame[column.name], unparsed))
    return {rule: mask for rule, mask in masks.items() if mask.any()}


def bad_rows(masks: Mapping[str, Mask], rows: int) -> Mask:
    """Return the mask (n,) of rows that break at least one rule."""
    bad = np.zeros(rows, dtype=bool)
    for mask in masks.values():
        bad |= mask
    return bad


def row_reasons(masks: Mapping[str, Mask], bad: Mask) -> list[str]:
    """Return, for each bad row, all the rules it breaks, joined by `; `."""
    places = np.flatnonzero(bad)
    return ["; ".join(rule for rule, mask in masks.items() if mask[place]) for place in places]


def _sentence(source: Source, column: str, rule: str, count: int, samples: Sequence[Any]) -> str:
    rows = "; ".join(str(sample) for sample in samples[:SAMPLES])
    tail = f" Sample rows: {rows}." if rows else ""
    return f"source {source.name}, column {column}, rule {rule}: {count} rows break it.{tail}"


def refuse_bad_share(source: Source, rows: int, counts: Mapping[str, int], bad: int, samples: Sequence[Any]) -> None:
    """Raise Refusal when more rows are bad than `max_bad_share` allows, naming the worst rule."""
    if rows and bad / rows > source.max_bad_share:
        column, _, rule = max(sorted(counts), key=lambda name: counts[name]).partition(": ")
        sentence = _sentence(source, column, f"`{rule}`", counts[f"{column}: {rule}"], samples)
        raise Refusal(
            f"{sentence} In all {bad} of {rows} rows are bad, more than max_bad_share {source.max_bad_share}: "
            "mend the source or its lines in data/contract.yaml."
        )


def refuse_broken_examples(counts: Mapping[str, int]) -> None:
    """Raise Refusal when examples break rules of their contract; `counts` is {rule: rows}."""
    if counts:
        worst = sorted(counts, key=lambda rule: (-counts[rule], rule))
        told = ", ".join(f"{rule} ({counts[rule]} rows)" for rule in worst[:SAMPLES])
        more = f" and {len(worst) - SAMPLES} more" if len(worst) > SAMPLES else ""
        raise Refusal(
            f"data/examples.sql yields rows that the service would refuse, {told}{more}: correct the query, or the "
            "lines of these columns in data/contract.yaml, section examples."
        )


def refuse_duplicates(source: Source, count: int, samples: Sequence[Any]) -> None:
    """Raise Refusal when keys occur more than once; `count` is the number of such keys."""
    if count:
        sentence = _sentence(source, ", ".join(source.key), "`unique key`", count, samples)
        raise Refusal(f"{sentence} Remove the repeated rows from the source.")


def refuse_row_count(source: Source, rows: int) -> None:
    """Raise Refusal when a source is empty or its row count lies outside its band."""
    if rows == 0:
        raise Refusal(f"source {source.name}, rule `not empty`: it has no rows: check the file and problem.as_of.")
    if source.rows and not source.rows[0] <= rows <= source.rows[1]:
        low, high = source.rows
        raise Refusal(f"source {source.name}, rule `rows`: {rows} rows, expected {low} to {high}: check the source.")


def refuse_stale(source: Source, newest: pd.Timestamp | None, as_of: pd.Timestamp) -> None:
    """Raise Refusal when the newest row not after `as_of` is older than the source's freshness limit."""
    if source.time is None or source.freshness_days is None:
        return
    if newest is None or as_of - newest > pd.Timedelta(days=source.freshness_days):
        known = "it has no row" if newest is None else f"its newest row is {newest}"
        raise Refusal(
            f"source {source.name}, column {source.time}, rule `freshness`: {known}, and problem.as_of {as_of} asks "
            f"for one of the {source.freshness_days} days before it: fetch newer rows or move the clock back."
        )
