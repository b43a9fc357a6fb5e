"""What the service must know of each input: the part of the contract that travels in the bundle."""

from collections.abc import Iterable
from typing import Any

from perennial.data.contract import Column


def describe_inputs(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Return the inputs as JSON: name, dtype, nullable, range ([low, high] or None), allowed (or None), words."""
    return [
        {
            "name": column.name,
            "dtype": column.dtype,
            "nullable": column.nullable,
            "range": None if column.low is None and column.high is None else [column.low, column.high],
            "allowed": list(column.allowed) or None,
            "unit": column.unit,
            "pii": column.pii,
            "description": column.description,
        }
        for column in columns
    ]
