"""A row that nobody ever had, made from what the schema says of each input, for where real values must not be shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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


def make_example(inputs: Sequence[Mapping[str, Any]], known: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return one row for the inputs of `schema.json`; `known` texts are used for what is not personal data only."""
    return {
        column["name"]: example_value(column, () if column.get("pii") else known.get(column["name"], ()))
        for column in inputs
    }


def withhold_values(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return {input with personal data: what stands instead of its values}: null, or an example where it must be."""
    personal = [column for column in inputs if column.get("pii")]
    return {column["name"]: None if column["nullable"] else example_value(column) for column in personal}
