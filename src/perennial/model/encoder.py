"""Rows to numbers without a data frame: what the service runs, and what `encoding` must equal to 1e-12."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.instants import DATETIME_PARTS, count_age, split_instant, to_micros, wrong_value

Array = NDArray[np.float64]
KINDS = ("numeric", "boolean", "category", "datetime")

Part = tuple[float, ...]
Row = Mapping[str, Any]
Encode = Callable[[str, Row, Any], Part]
Encoder = tuple[tuple[str, Encode, Any], ...]


def is_missing(value: Any) -> bool:
    """Return whether `value` is None, NaN or not-a-time."""
    return value is None or (not isinstance(value, str) and bool(value != value))


def encode_number(name: str, row: Row, _facts: Any) -> Part:
    """Return a number as a float, missing as NaN; raises Refusal for anything else."""
    value = row.get(name)
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, int | float | np.number | np.bool_) or (isinstance(value, int) and abs(value) > 1 << 1023):
        raise wrong_value(name, value, "a number")
    return (float(value),)


def encode_boolean(name: str, row: Row, _facts: Any) -> Part:
    """Return true as 1, false as 0, missing as NaN; raises Refusal for anything else."""
    value = row.get(name)
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, int | float | np.number | np.bool_) or value not in (0, 1):
        raise wrong_value(name, value, "true or false")
    return (float(value),)


def encode_category(name: str, row: Row, codes: Mapping[str, float]) -> Part:
    """Return the code of a text; missing, rare and never seen are one thing, NaN."""
    value = row.get(name)
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, str):
        raise wrong_value(name, value, "text")
    return (codes.get(value, math.nan),)


def encode_datetime(name: str, row: Row, facts: tuple[tuple[str, ...], str | None]) -> Part:
    """Return parts of an instant in UTC, each NaN when it is missing; then its age, where it has one."""
    value, (parts, since) = row.get(name), facts
    if is_missing(value):
        return (math.nan,) * (len(parts) + (since is not None))
    micros = to_micros(name, value)
    encoded = tuple(float(part) for part in split_instant(micros, parts))
    if since is None:
        return encoded
    end = row.get(since)
    return (*encoded, math.nan if is_missing(end) else float(count_age(micros, to_micros(since, end))))


def read_codes(column: Row) -> dict[str, float]:
    """Return the code of each category."""
    return {text: float(code) for code, text in enumerate(column["categories"])}


def read_parts(column: Row) -> tuple[tuple[str, ...], str | None]:
    """Return the parts of a datetime column but its age, and the column that its age is counted to, if any."""
    return tuple(part for part in column.get("parts", DATETIME_PARTS) if part != "age"), column.get("since")


_FUNCTIONS: dict[str, tuple[Encode, Callable[[Row], Any]]] = {
    "numeric": (encode_number, lambda column: None),
    "boolean": (encode_boolean, lambda column: None),
    "category": (encode_category, read_codes),
    "datetime": (encode_datetime, read_parts),
}


def make_encoder(state: Mapping[str, Any]) -> Encoder:
    """Return what `encode_row` looks up: per input its name, its function and what that needs to know of it."""
    return tuple(
        (column["name"], encode, read(column))
        for column in state["columns"]
        for encode, read in [_FUNCTIONS[column["kind"]]]
    )


def encode_row(encoder: Encoder, row: Row) -> list[float]:
    """Return one row, a dict by input name (absent means missing), as its encoded numbers."""
    return [number for name, encode, facts in encoder for number in encode(name, row, facts)]


def encode_rows(state: Mapping[str, Any], rows: Iterable[Row]) -> Array:
    """Return rows as a matrix of shape (rows, features); raises Refusal at a value of the wrong type."""
    encoder = make_encoder(state)
    matrix = np.array([encode_row(encoder, row) for row in rows], dtype=np.float64)
    return matrix.reshape(-1, len(state["features"]))
