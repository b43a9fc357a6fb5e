"""What is proposed for each column of a table: its part, its bounds, and why; and which are suspected of a leak."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from perennial.adoption.cells import Reading
from perennial.adoption.suspects import (
    happens_after,
    is_personal,
    is_sensitive,
    suspect_alone,
    suspect_words,
    typed_column,
)
from perennial.adoption.target import LARGEST, Target
from perennial.adoption.together import suspect_together

LOOKED_AT = 50_000  # rows that the suspects are sought in


@dataclass(frozen=True)
class ColumnPlan:
    """One column: its dtype, its role among the examples, and why."""

    name: str
    dtype: str
    role: str
    nullable: bool
    low: float | None = None
    high: float | None = None
    pii: bool = False
    sensitive: bool = False
    unit: str = ""
    reason: str = ""
    form: str = ""


def plan_columns(
    readings: Mapping[str, Reading],
    others: Mapping[str, pd.Series],
    target: Target,
    *,
    key: str | None,
    time: str | None,
    group: str | None,
) -> tuple[list[ColumnPlan], list[str]]:
    """Return the plan of every column, and what should be thought about."""
    roles = {key: "key", time: "time", group: "group", target.name: "target"}
    columns = [_plan_column(name, reading, roles.get(name)) for name, reading in readings.items()]
    columns = [replace(c, dtype=target.dtype, reason=target.reason) if c.name == target.name else c for c in columns]
    rows = readings[target.name].cells.index
    columns = [
        replace(c, nullable=c.role not in ("key", "time") and len(readings[c.name].cells) < _rows(readings, others))
        for c in columns
    ]
    found = find_suspects([c.name for c in columns if c.role == "input"], others, target, rows, time)
    texts = [c.name for c in columns if c.role == "input" and c.dtype == "text"]
    labelled = {name: others[name].loc[rows] for name in texts}
    told = {name: suspect_words(cells, target.values.loc[rows], target.task) for name, cells in labelled.items()}
    found |= {name: said for name, said in told.items() if said}
    columns = [
        replace(c, role="ignored", reason=f"suspected leak: {found[c.name]}") if c.name in found else c for c in columns
    ]
    warnings = [f"{name}: {reason}; it is kept out of the model." for name, reason in found.items()]
    warnings += [f"{c.name}: {readings[c.name].doubt}: check it." for c in columns if readings[c.name].doubt]
    return columns, warnings


def _rows(readings: Mapping[str, Reading], others: Mapping[str, pd.Series]) -> int:
    lengths = [len(values) for values in others.values()]
    return max([*lengths, *(len(reading.cells) for reading in readings.values())])


def _plan_column(name: str, reading: Reading, role: str | None) -> ColumnPlan:
    dtype, cells = reading.dtype, reading.cells
    low, high = _bounds(reading)
    plan = ColumnPlan(
        name, dtype, role or "input", True, low, high, unit=reading.unit, reason=reading.note, form=reading.form
    )
    if role:
        return replace(plan, dtype="id") if role in ("key", "group") else plan
    if is_personal(name, cells):
        return replace(plan, role="ignored", pii=True, reason="it names or reaches a person")
    if cells.nunique() < 2:
        return replace(plan, role="ignored", reason="every row has the same value")
    if dtype == "id":
        return replace(plan, role="ignored", reason=reading.note or "an identifier")
    if max(abs(low or 0.0), abs(high or 0.0)) > LARGEST:
        return replace(plan, role="ignored", low=None, high=None, reason=f"it goes beyond {LARGEST:g}: mend its unit")
    if dtype == "text":
        return replace(plan, pii=True, reason="free text: its words are weighed, its values shown nowhere")
    if dtype == "datetime":
        return replace(plan, reason="; ".join(filter(None, (reading.note, "its parts and ages are learned from"))))
    return replace(plan, sensitive=is_sensitive(name, dtype))


def _bounds(reading: Reading) -> tuple[float | None, float | None]:
    """Return bounds twice as wide as what was seen; numbers that were never negative stay so."""
    if reading.dtype != "numeric" or reading.cells.empty:
        return None, None
    values = typed_column(reading.cells, "numeric").to_numpy(dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    room = high - low or abs(high) or 1.0
    return (0.0 if low >= 0 else _round(low - room)), _round(high + room)


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def find_suspects(
    inputs: list[str], others: Mapping[str, pd.Series], target: Target, rows: pd.Index, time: str | None
) -> dict[str, str]:
    """Return {column: why it seems to know the answer}, looked for in at most `LOOKED_AT` labelled rows."""
    rows = rows[:: max(1, -(-len(rows) // LOOKED_AT))]
    truth = target.values.loc[rows]
    found = {name: said for name in inputs if (said := suspect_alone(others[name].loc[rows], truth, target.task))}
    if time is not None:
        later = {name: happens_after(others[name], others[time]) for name in inputs if is_instant(others[name])}
        found |= {name: said for name, said in later.items() if said}
    if target.task == "regression":
        numbers = {
            name: others[name].loc[rows].to_numpy(dtype=np.float64, na_value=np.nan)
            for name in inputs
            if pd.api.types.is_float_dtype(others[name]) or pd.api.types.is_integer_dtype(others[name])
        }
        found |= suspect_together(numbers, truth.to_numpy(dtype=np.float64))
    return found


def is_instant(values: pd.Series) -> bool:
    """Tell whether a typed column holds points in time."""
    return pd.api.types.is_datetime64_any_dtype(values)
