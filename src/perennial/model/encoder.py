"""Rows to numbers without a data frame: what the service runs, and what `encoding` must equal to 1e-12."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.refusal import Refusal

Array = NDArray[np.float64]
DATETIME_PARTS = ("month", "weekday", "hour", "year_sin", "year_cos", "days")
KINDS = ("numeric", "boolean", "category", "datetime")

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1)
# A table, so that one row and a whole column cannot differ in the last digit of a sine.
_YEAR_SIN = np.array([math.sin(2 * math.pi * day / 365.25) for day in range(366)])
_YEAR_COS = np.array([math.cos(2 * math.pi * day / 365.25) for day in range(366)])
_MISSING_DATETIME = (math.nan,) * len(DATETIME_PARTS)

Part = tuple[float, ...]
Encoder = tuple[tuple[str, Callable[[str, Any, dict[str, float]], Part], dict[str, float]], ...]


def is_missing(value: Any) -> bool:
    """Return whether `value` is None, NaN or not-a-time."""
    return value is None or (not isinstance(value, str) and bool(value != value))


def split_instant(micros: Any) -> tuple[Any, ...]:
    """Return `DATETIME_PARTS` of microseconds since 1970 UTC; an int or an array of int64 alike.

    The month follows Hinnant's `civil_from_days` (chrono-compatible date algorithms), which has no branch;
    its day of the year starts in March, which only shifts the phase of the sine and cosine.
    """
    days = micros // _DAY
    shifted = days + 719_468
    of_era = shifted % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    month = month + 3 - 12 * (month // 10)
    hour = (micros % _DAY) / _HOUR
    return month, (days + 3) % 7, hour, _YEAR_SIN[of_year], _YEAR_COS[of_year], days


def to_micros(name: str, value: Any) -> int:
    """Return microseconds since 1970 UTC of a datetime, a date or an ISO-8601 text; without an offset it is UTC."""
    if isinstance(value, str):
        value = _parse_instant(name, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise _wrong(name, value, "an ISO-8601 date and time such as 2013-07-01T12:00:00Z")
    offset = value.utcoffset()
    micros = _count_micros(value.replace(tzinfo=None) - _EPOCH)
    return micros if offset is None else micros - _count_micros(offset)


def _count_micros(delta: timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _parse_instant(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(name, text, "an ISO-8601 date and time such as 2013-07-01T12:00:00Z") from None


def _wrong(name: str, value: Any, wanted: str) -> Refusal:
    return Refusal(f"column `{name}` holds {value!r:.80} ({type(value).__name__}): send {wanted}, or null.")


def encode_number(name: str, value: Any, _codes: dict[str, float]) -> Part:
    """Return a number as a float, missing as NaN; raises Refusal for anything else."""
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, int | float | np.number | np.bool_) or (isinstance(value, int) and abs(value) > 1 << 1023):
        raise _wrong(name, value, "a number")
    return (float(value),)


def encode_boolean(name: str, value: Any, _codes: dict[str, float]) -> Part:
    """Return true as 1, false as 0, missing as NaN; raises Refusal for anything else."""
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, int | float | np.number | np.bool_) or value not in (0, 1):
        raise _wrong(name, value, "true or false")
    return (float(value),)


def encode_category(name: str, value: Any, codes: dict[str, float]) -> Part:
    """Return the code of a text; missing, rare and never seen are one thing, NaN."""
    if is_missing(value):
        return (math.nan,)
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    return (codes.get(value, math.nan),)


def encode_datetime(name: str, value: Any, _codes: dict[str, float]) -> Part:
    """Return `DATETIME_PARTS` of an instant in UTC, each NaN when it is missing."""
    if is_missing(value):
        return _MISSING_DATETIME
    return tuple(float(part) for part in split_instant(to_micros(name, value)))


_FUNCTIONS = {
    "numeric": encode_number,
    "boolean": encode_boolean,
    "category": encode_category,
    "datetime": encode_datetime,
}


def make_encoder(state: Mapping[str, Any]) -> Encoder:
    """Return what `encode_row` looks up: per input its name, its function and the codes of its categories."""
    return tuple(
        (
            column["name"],
            _FUNCTIONS[column["kind"]],
            {text: float(code) for code, text in enumerate(column.get("categories", ()))},
        )
        for column in state["columns"]
    )


def encode_row(encoder: Encoder, row: Mapping[str, Any]) -> list[float]:
    """Return one row, a dict by input name (absent means missing), as its encoded numbers."""
    numbers: list[float] = []
    for name, encode, codes in encoder:
        value = row.get(name)
        if type(value) is float and encode is encode_number:  # most cells, and a call costs more than all the rest
            numbers.append(value)
        else:
            numbers.extend(encode(name, value, codes))
    return numbers


def encode_rows(state: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Array:
    """Return rows as a matrix of shape (rows, features); raises Refusal at a value of the wrong type."""
    encoder = make_encoder(state)
    matrix = np.array([encode_row(encoder, row) for row in rows], dtype=np.float64)
    return matrix.reshape(-1, len(state["features"]))
