"""A row that nobody ever had, made from what the schema says of each input, for where real values must not be shown."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

INSTANT = "2000-01-01T00:00:00"
"""Where the contract gives a datetime no range."""


def _number(low: float | None, high: float | None) -> float:
    known = [bound for bound in (low, high) if bound is not None]
    return sum(bound / len(known) for bound in known) if known else 0.0


def _instant(low: str | None, high: str | None) -> str:
    if low is None or high is None:
        return low or high or INSTANT
    start, end = datetime.fromisoformat(low), datetime.fromisoformat(high)
    return (start + (end - start) / 2).isoformat()


def example_value(column: Mapping[str, Any], known: Iterable[str] = ()) -> Any:
    """Return a value that the service takes for one input of `schema.json`, as JSON.

    The middle of its range, its first allowed value, false, an instant, or else the first of the `known` texts.
    """
    low, high = column["range"] or (None, None)
    if column["allowed"]:
        return column["allowed"][0]
    if column["dtype"] == "numeric":
        return _number(low, high)
    if column["dtype"] == "datetime":
        return _instant(low, high)
    return False if column["dtype"] == "boolean" else min(known, default="text")


def find_usual(statistics: Mapping[str, Any]) -> Any:
    """Return the middle of a histogram or the likeliest text of `reference.json`; None where it tells of nothing."""
    if shares := statistics.get("shares"):
        return max(shares, key=lambda text: float(shares[text]))
    if not (counts := statistics.get("counts")):
        return None
    reached = [*accumulate(counts)]
    middle = float(statistics["edges"][bisect_left(reached, reached[-1] / 2)])
    return int(middle) if middle.is_integer() else middle


def make_example(
    inputs: Sequence[Mapping[str, Any]],
    known: Mapping[str, Iterable[str]],
    reference: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one row for the inputs of `schema.json`: each value usual by itself, as `reference` tells.

    Neither that nor `known` texts are used for personal data.
    """
    row = {}
    for column in inputs:
        name, open_to_all = column["name"], not column.get("pii")
        row[name] = example_value(column, known.get(name, ()) if open_to_all else ())
        usual = find_usual((reference or {}).get(name, {})) if open_to_all else None
        if column["dtype"] in ("numeric", "category") and usual in (column["allowed"] or [usual]):
            row[name] = row[name] if usual is None else usual
    return row


def withhold_values(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return {input with personal data: what stands instead of its values}: null, or an example where it must be."""
    personal = [column for column in inputs if column.get("pii")]
    return {column["name"]: None if column["nullable"] else example_value(column) for column in personal}
