"""What a row may hold: values as the contract declares them, and every problem named with its place."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from perennial.model.instants import WANTED, read_iso

LARGEST = 2.0**53
"""Where the contract gives no range: beyond this a double no longer holds every whole number."""
LARGEST_LABEL = 1.7e308
"""Of a number that was: JSON writes none that is larger and finite."""

KINDS = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list"}


@dataclass(frozen=True)
class Field:
    """One input of the model, as the contract declares it."""

    name: str
    dtype: str
    nullable: bool
    low: Any = None
    high: Any = None
    allowed: tuple[Any, ...] = ()


def parse_fields(document: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a bundle's `schema.json`."""
    return tuple(
        Field(
            name=column["name"],
            dtype=column["dtype"],
            nullable=column["nullable"],
            low=(column.get("range") or (None, None))[0],
            high=(column.get("range") or (None, None))[1],
            allowed=tuple(column.get("allowed") or ()),
        )
        for column in document["inputs"]
    )


def name_kind(value: Any) -> str:
    """Return what a JSON value is, in words."""
    return KINDS.get(type(value), "an object")


def check_number(field: Field, value: Any) -> str | None:
    """Return why `value` is not a number in range, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {name_kind(value)}: send a number"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not finite: send null for a missing number"
    low = -LARGEST if field.low is None else field.low
    high = LARGEST if field.high is None else field.high
    if not low <= value <= high:
        return f"is out of range: send {low:.17g} to {high:.17g}"
    return None


def check_boolean(_field: Field, value: Any) -> str | None:
    """Return why `value` is neither true nor false, or None."""
    return None if isinstance(value, bool) else f"is {name_kind(value)}: send true or false"


def check_text(_field: Field, value: Any) -> str | None:
    """Return why `value` is not text, or None."""
    return None if isinstance(value, str) else f"is {name_kind(value)}: send text"


def _in_utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def check_datetime(field: Field, value: Any) -> str | None:
    """Return why `value` is not an ISO-8601 instant in range, or None; without an offset it is UTC."""
    if not isinstance(value, str):
        return f"is {name_kind(value)}: send {WANTED}"
    read = read_iso(value)
    if read is None:
        return "is not an ISO-8601 date and time: send one such as 2013-07-01T12:00:00Z"
    instant = _in_utc(read)
    if field.low is not None and instant < _in_utc(datetime.fromisoformat(field.low)):
        return f"is before {field.low}"
    if field.high is not None and instant > _in_utc(datetime.fromisoformat(field.high)):
        return f"is after {field.high}"
    return None


CHECKS: dict[str, Callable[[Field, Any], str | None]] = {
    "numeric": check_number,
    "boolean": check_boolean,
    "category": check_text,
    "text": check_text,
    "id": check_text,
    "datetime": check_datetime,
}


def check_value(field: Field, value: Any) -> str | None:
    """Return what is wrong with the value of one field, without repeating the value, or None."""
    if value is None:
        return None if field.nullable else "is null: this column always has a value"
    problem = CHECKS[field.dtype](field, value)
    if problem is None and field.allowed and value not in field.allowed:
        return f"is not one of the {len(field.allowed)} allowed values: see GET /schema"
    return problem


def check_row(fields: Sequence[Field], row: Any, place: str = "row") -> list[str]:
    """Return every problem of one row with its place, in the order of the schema, unknown columns last.

    Each column must be there, null where it is missing, so that a misspelt or forgotten one is never guessed.
    """
    if not isinstance(row, dict):
        return [f"{place} is {name_kind(row)}: send an object with one value per column"]
    problems = []
    for field in fields:
        if field.name not in row:
            problem: str | None = "is not there: send it, null when missing" if field.nullable else "is not there"
        else:
            problem = check_value(field, row[field.name])
        if problem is not None:
            problems.append(f"{place}.{field.name} {problem}")
    known = {field.name for field in fields}
    return problems + [f"{place}.{name[:60]} is not a column of this model" for name in row if name not in known]


UNSEEN = " was rare or never seen in training: scored as missing"


def find_unseen(known: Mapping[str, frozenset[str]], row: Mapping[str, Any]) -> list[str]:
    """Return a warning per category that the model does not know; it is scored as if it were missing."""
    return [
        f"{name}{UNSEEN}" for name, values in known.items() if row.get(name) is not None and row[name] not in values
    ]


def compile_check(fields: Sequence[Field]) -> Callable[[Any], bool]:
    """Return a function that tells whether `check_row` finds nothing, in a tenth of its time.

    Where it says no, `check_row` says why.
    """
    plain = [one for one in fields if one.dtype == "numeric" and not one.allowed]
    numbers = tuple(
        (one.name, -LARGEST if one.low is None else one.low, LARGEST if one.high is None else one.high, one.nullable)
        for one in plain
    )
    texts = tuple((one.name, one.nullable) for one in fields if CHECKS[one.dtype] is check_text and not one.allowed)
    done = {name for name, *_ in numbers} | {name for name, *_ in texts}
    others = tuple(one for one in fields if one.name not in done)
    count = len(fields)

    def is_sound(row: Any) -> bool:
        if type(row) is not dict or len(row) != count:
            return False
        try:
            for name, low, high, nullable in numbers:
                value = row[name]
                if value is None:
                    if not nullable:
                        return False
                elif not ((type(value) is float or type(value) is int) and low <= value <= high):
                    return False
            for name, nullable in texts:
                value = row[name]
                if type(value) is not str and (value is not None or not nullable):
                    return False
            return all(check_value(one, row[one.name]) is None for one in others)
        except KeyError:
            return False

    return is_sound
