"""The key of a decision as text: the same for the value of a table and for the value of a request."""

from typing import Any

LONGEST_KEY = 200


def key_text(value: Any) -> str:
    """Return a key as text; a whole number is written without a point, an instant in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
