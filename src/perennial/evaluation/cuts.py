"""How rows are cut into slices: by the values of a category, by bands of a number."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from perennial.evaluation.intervals import Array, Codes

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


def hide_values(slices: Iterable[tuple[str, str, Codes]], columns: Container[str]) -> list[tuple[str, str, Codes]]:
    """Return slices whose values are numbered, not named, where a column's values are personal."""
    seen: Counter[str] = Counter()
    hidden = []
    for column, value, rows in slices:
        seen[column] += 1
        hidden.append((column, f"value {seen[column]}" if column in columns else value, rows))
    return hidden
