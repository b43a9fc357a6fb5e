"""What is proposed for a table: the part of every column, the task, the split, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from perennial.adoption.cells import Reading, find_missing, read_cells
from perennial.adoption.columns import ColumnPlan, is_instant, plan_columns
from perennial.adoption.suspects import typed_column
from perennial.adoption.target import Target, choose_target, doubt_classes, plan_target
from perennial.adoption.units import find_group, find_key, find_time, is_year
from perennial.refusal import Refusal


@dataclass(frozen=True)
class TablePlan:
    """A table as it is to be adopted: rows, columns in their order, key, time, group, target, missing spellings.

    `cells` are the plain cells by column, missing as the empty text; `key` None means that the rows are numbered;
    `days` is how many days the rows span and `until` the midnight after the last of them.
    """

    name: str
    rows: int
    columns: tuple[ColumnPlan, ...]
    key: str | None
    time: str | None
    group: str | None
    target: Target
    copies: int
    cells: pd.DataFrame
    days: int = 0
    until: str | None = None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Wishes:
    """What the person has said; None is left to the proposal, and time "none" means that there is none."""

    target: str | None = None
    task: str | None = None
    time: str | None = None
    group: str | None = None
    key: str | None = None


def read_table_cells(frame: pd.DataFrame) -> dict[str, Reading]:
    """Return how each column of text cells is read, missing cells left out."""
    readings = {}
    for name in frame.columns:
        cells = frame[name].astype("str").str.strip()
        marks = find_missing(cells)
        readings[str(name)] = read_cells(cells[~cells.isin(marks)])
    return readings


def refuse_strange_names(frame: pd.DataFrame, wishes: Wishes) -> None:
    """Raise Refusal for a table without rows or columns, columns without a name or twice, and wishes it lacks."""
    names = [str(name) for name in frame.columns]
    if len(frame) == 0:
        raise Refusal("the table has no rows.")
    unnamed = [place for place, name in enumerate(names, 1) if not name.strip()]
    if unnamed:
        raise Refusal(f"column {unnamed[0]} of the table has no name: give it one in the header.")
    odd = [name for name in names if not name.isprintable()]
    if odd:
        raise Refusal(f"the column name {odd[0]!r} holds a character that cannot be printed: rename it.")
    lowered: dict[str, str] = {}
    for name in names:
        if name.lower() in lowered:
            raise Refusal(f"the columns {lowered[name.lower()]!r} and {name!r} have the same name: rename one of them.")
        lowered[name.lower()] = name
    for word in ("target", "group", "key", "time"):
        wish = getattr(wishes, word)
        if wish is not None and wish not in names and (word, wish) != ("time", "none"):
            raise Refusal(f"--{word} {wish}: the table has no such column; it has {', '.join(names[:12])}.")
    refuse_two_parts(wishes)


def refuse_two_parts(wishes: Wishes) -> None:
    """Raise Refusal when one column is wished for two parts."""
    parts: dict[str, str] = {}
    for word in ("target", "key", "time", "group"):
        wish = getattr(wishes, word)
        if wish in parts:
            raise Refusal(f"--{parts[wish]} and --{word} both name {wish}: a column has one part.")
        parts |= {wish: word} if wish is not None else {}


def refuse_target_as_part(target: str, wishes: Wishes) -> None:
    """Raise Refusal when the target that was chosen is wished for another part."""
    for word in ("key", "time", "group"):
        if getattr(wishes, word) == target:
            raise Refusal(f"--{word} {target}: it is taken for the target; say --target.")


def plan_table(frame: pd.DataFrame, name: str, wishes: Wishes) -> TablePlan:
    """Return what is proposed for a table of text cells; raises Refusal when nothing can be learned from it."""
    refuse_strange_names(frame, wishes)
    readings = read_table_cells(frame)
    typed = _type_columns(readings, frame.index)
    named = wishes.target or choose_target(readings)
    refuse_target_as_part(named, wishes)
    target = plan_target(named, readings[named], wishes.task)
    others = {column: values for column, values in typed.items() if column != named}
    key = wishes.key or find_key(readings, len(frame), named)
    refuse_repeated_key(key, readings, len(frame))
    time = None if wishes.time == "none" else wishes.time or find_time(others)
    refuse_undated(time, typed)
    group = wishes.group or find_group(readings, key, named, len(frame))
    columns, warnings = plan_columns(readings, others, target, key=key, time=time, group=group)
    refuse_without_inputs(columns)
    inputs = [column.name for column in columns if column.role == "input"]
    cells = pd.DataFrame({c: r.cells.reindex(frame.index).fillna("") for c, r in readings.items()})
    days, until = (0, None) if time is None else _span(typed[time])
    return TablePlan(
        name=name,
        rows=len(frame),
        columns=tuple(columns),
        key=key,
        time=time,
        group=group,
        target=target,
        copies=int(cells[[*inputs, named]].duplicated().sum()),
        cells=cells,
        days=days,
        until=until,
        warnings=(*warnings, *_doubts(others, target, time)),
    )


def _type_columns(readings: Mapping[str, Reading], index: pd.Index) -> dict[str, pd.Series]:
    typed = {column: typed_column(reading.cells, reading.dtype) for column, reading in readings.items()}
    return {column: values.reindex(index) for column, values in typed.items()}


def _doubts(others: Mapping[str, pd.Series], target: Target, time: str | None) -> list[str]:
    """Return what should be thought about in the table as a whole."""
    dates = [column for column, values in others.items() if is_instant(values)]
    found = []
    if time is None and dates:
        found.append(
            f"{dates[0]} is a date, but rows are split at random: if they came one after another, --time {dates[0]}."
        )
    years = (
        [] if dates or time is not None else [column for column, values in others.items() if is_year(column, values)]
    )
    if years:
        found.append(f"{years[0]} looks like a year, but rows are split at random: join it to a date, then say --time.")
    found += doubt_classes(target)
    if time is not None:
        found.append(f"Every input is said to be known at {time}: correct in data/contract.yaml what is known later.")
    return found


def _span(time: pd.Series) -> tuple[int, str]:
    first, last = time.min().normalize(), time.max().normalize()
    return int((last - first).days) + 1, str((last + pd.Timedelta("1D")).date())


def refuse_repeated_key(key: str | None, readings: Mapping[str, Reading], rows: int) -> None:
    """Raise Refusal when the key that was asked for is missing or occurs twice."""
    if key is not None and readings[key].cells.nunique() != rows:
        raise Refusal(
            f"--key {key}: it has {readings[key].cells.nunique()} values on {rows} rows; a key has one a row."
        )


def refuse_undated(time: str | None, typed: Mapping[str, pd.Series]) -> None:
    """Raise Refusal when the time column that was asked for is not an instant on every row."""
    if time is None:
        return
    if not is_instant(typed[time]):
        raise Refusal(f"--time {time}: its cells do not read as dates.")
    if typed[time].isna().any():
        raise Refusal(f"--time {time}: {int(typed[time].isna().sum())} rows have no date; fill them or drop them.")


def refuse_without_inputs(columns: list[ColumnPlan]) -> None:
    """Raise Refusal when no column is left to learn from."""
    if not any(column.role == "input" for column in columns):
        raise Refusal("no column is left to learn from: all are constant, identifiers, personal or suspects.")
