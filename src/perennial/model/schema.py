"""What the service must know of each input: the part of the contract that travels in the bundle."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from perennial.data.contract import Column


def _bound(value: float | None, dtype: str) -> float | str | None:
    if value is None or dtype != "datetime":
        return value
    return datetime.fromtimestamp(value, UTC).replace(tzinfo=None).isoformat()


def parse_inputs(inputs: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Return the columns that `describe_inputs` described."""
    return tuple(
        Column(
            name=one["name"],
            dtype=one["dtype"],
            nullable=one["nullable"],
            low=_number(low, one["dtype"]),
            high=_number(high, one["dtype"]),
            allowed=tuple(one.get("allowed") or ()),
        )
        for one in inputs
        for low, high in [one.get("range") or (None, None)]
    )


def _number(value: float | str | None, dtype: str) -> float | None:
    if value is None or dtype != "datetime":
        return None if value is None else float(value)
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp()


def describe_inputs(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Return the inputs as JSON: name, dtype, nullable, range ([low, high] or None), allowed (or None), words.

    The bounds of a datetime are ISO 8601 in UTC, as a request writes instants.
    """
    return [
        {
            "name": column.name,
            "dtype": column.dtype,
            "nullable": column.nullable,
            "range": [_bound(bound, column.dtype) for bound in bounds] if any(b is not None for b in bounds) else None,
            "allowed": list(column.allowed) or None,
            "unit": column.unit,
            "pii": column.pii,
            "description": column.description,
        }
        for column in columns
        for bounds in [(column.low, column.high)]
    ]
