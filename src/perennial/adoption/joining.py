"""Several tables as one: the first holds the decisions, each of the others one row a key to be looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from perennial.adoption.units import is_key_name
from perennial.data.point_in_time import quote
from perennial.refusal import Refusal

FEW = 0.5  # a share of found rows below this is worth a warning


@dataclass(frozen=True)
class Joined:
    """A table that is looked up: its name, its key, {its column: the name among the examples}, the share found."""

    name: str
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)
    found: float = 1.0


def choose_key(first: pd.DataFrame, other: pd.DataFrame, name: str, wish: str | None) -> str:
    """Return the column by which a row of the first table finds its one row in the other.

    Raises Refusal when they have none in common, or its values repeat in the other.
    """
    common = [str(column) for column in other.columns if column in first.columns]
    if wish is not None and wish not in common:
        raise Refusal(f"--join {wish}: {name} and the first table do not both have that column.")
    if not common:
        raise Refusal(f"{name} has no column in common with the first table: rename its key as there.")
    wanted = [wish] if wish is not None else common
    single = [column for column in wanted if _count_repeated(other[column]) == 0]
    if not single:
        key = next((column for column in wanted if is_key_name(column)), wanted[0])
        raise Refusal(
            f"{name} has {_count_repeated(other[key]):,} values of {key} on more than one row: a decision finds one "
            "row there, so summarise it first, or name another column with --join."
        )
    return next((column for column in single if is_key_name(column)), single[0])


def _count_repeated(cells: pd.Series) -> int:
    counts = cells.str.strip().value_counts().drop("", errors="ignore")
    return int((counts > 1).sum())


def join_tables(
    name: str, first: pd.DataFrame, others: Mapping[str, pd.DataFrame], wish: str | None
) -> tuple[pd.DataFrame, tuple[Joined, ...]]:
    """Return the rows of the first table with what the others say of them, and how each is joined.

    A column whose name is taken is called after its table. Raises Refusal as `choose_key`, and when no row is found.
    """
    merged, joined = first, []
    for other, frame in others.items():
        key = choose_key(first, frame, other, wish)
        names = {str(column): _free(str(column), other, merged) for column in frame.columns if column != key}
        stripped = frame.assign(**{key: frame[key].str.strip()})
        looked_up = stripped[stripped[key] != ""].set_index(key).rename(columns=names)
        wanted = first[key].str.strip()
        found = float(wanted.isin(looked_up.index).mean())
        if found == 0:
            raise Refusal(f"no row of {name} finds its {key} in {other}: is it another key?")
        rows = looked_up.reindex(wanted).set_axis(merged.index).fillna("")
        merged = pd.concat([merged, rows], axis=1)
        joined.append(Joined(other, key, names, found))
    return merged, tuple(joined)


def _free(column: str, table: str, merged: pd.DataFrame) -> str:
    taken = {str(name).lower() for name in merged.columns}
    names = (column, f"{table}_{column}", *(f"{table}_{column}_{number}" for number in range(2, 999)))
    return next(name for name in names if name.lower() not in taken)


def joined_relation(name: str, joined: tuple[Joined, ...]) -> str:
    """Return the SQL of the first table with the columns of the others, under the first's name."""
    if not joined:
        return quote(name)
    chosen = [f"{quote(name)}.*"]
    for other in joined:
        chosen += [f"{quote(other.name)}.{quote(old)} AS {quote(new)}" for old, new in other.columns.items()]
    looked_up = [
        f"    LEFT JOIN {quote(o.name)} ON {quote(o.name)}.{quote(o.key)} = {quote(name)}.{quote(o.key)}"
        for o in joined
    ]
    columns = ",\n        ".join(chosen)
    return "\n".join([f"(\n    SELECT\n        {columns}\n    FROM {quote(name)}", *looked_up, f") AS {quote(name)}"])


def say_joined(name: str, joined: tuple[Joined, ...]) -> list[str]:
    """Return how each table is joined, and what to think about, in a line."""
    lines = []
    for each in joined:
        lines.append(f"joined: {each.name} by {each.key}, found for {each.found:.1%} of the rows of {name}")
        if each.found < FEW:
            lines.append(f"! {each.name}: most rows of {name} do not find their {each.key} there.")
        lines.append(f"! {each.name}: it is taken as known at all times; correct in data/contract.yaml what is not.")
    return lines
