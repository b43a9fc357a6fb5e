"""What the service must know of each input: the part of the contract that travels in the bundle."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from perennial.data.contract import Column


def _bound(value: float | None, dtype: str) -> float | str | None:
    if value is None or dtype != "datetime":
        return value
    return datetime.fromtimestamp(value, UTC).replace(tzinfo=None).isoformat()


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
