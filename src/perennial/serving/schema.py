"""What a request may hold: strict JSON, and rows whose every problem is named with its place."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from perennial.data.business_key import LONGEST_KEY, key_text
from perennial.model.instants import WANTED, read_iso

LARGEST = 2.0**53
"""Where the contract gives no range: beyond this a double no longer holds every whole number."""

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


def find_unseen(known: Mapping[str, frozenset[str]], row: Mapping[str, Any]) -> list[str]:
    """Return a warning per category that the model does not know; it is scored as if it were missing."""
    return [
        f"{name} was rare or never seen in training: scored as missing"
        for name, values in known.items()
        if row.get(name) is not None and row[name] not in values
    ]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON: send null")


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_refuse_twice)


def parse_body(body: bytes) -> Any:
    """Return strict JSON; raises ValueError at NaN, Infinity, a key named twice, other encodings and deep nesting."""
    text = body.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("it begins with a BOM")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@dataclass(frozen=True)
class Asked:
    """What a request asks: rows, beside them perhaps the caller's own keys, and whether bad rows spare the others.

    With `by_key` the rows are not there yet: they are looked up by the keys.
    """

    rows: list[Any]
    keys: Sequence[str | None]
    partial: bool
    by_key: bool = False


def check_key(value: Any) -> str | None:
    """Return why `value` is not a caller's own key of a row, or None."""
    if value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and value.isprintable()):
        return None
    return f"is not printable text of 1 to {LONGEST_KEY} characters"


def parse_request(document: Any, key: str = "") -> Asked:
    """Return what `{"rows": [...]}` asks; beside the rows there may be `keys` and `partial`, and nothing else.

    Without rows, `{"keys": [{KEY: …}]}` asks for those that are known by their key, whose name is `key`, if any.
    Raises ValueError when it has another shape.
    """
    if isinstance(document, dict) and "rows" not in document and "keys" in document:
        return _parse_keys(document, key)
    if not isinstance(document, dict) or "rows" not in document:
        raise ValueError('send an object with the key "rows"')
    if strange := [name for name in document if name not in ("rows", "keys", "partial")]:
        raise ValueError(f"{strange[0][:60]!r} is not a key of a request: beside `rows` there may be `keys`, `partial`")
    rows, partial = document["rows"], _parse_partial(document)
    if not isinstance(rows, list) or not rows:
        raise ValueError("send at least one row in the list `rows`")
    keys = document.get("keys", [None] * len(rows))
    if not isinstance(keys, list) or len(keys) != len(rows):
        raise ValueError("send in the list `keys` as many keys as rows, null for a row without one")
    for place, key in enumerate(keys):
        if problem := check_key(key):
            raise ValueError(f"keys[{place}] {problem}")
    return Asked(rows, keys, partial)


def _parse_partial(document: Mapping[str, Any]) -> bool:
    partial = document.get("partial", False)
    if not isinstance(partial, bool):
        raise ValueError(f"`partial` is {name_kind(partial)}: send true or false")
    return partial


def _parse_keys(document: Mapping[str, Any], name: str) -> Asked:
    if not name:
        raise ValueError(
            "without `rows`, `keys` are looked up, and this service has no feature table: send `rows`, or set "
            "PERENNIAL_FEATURES_URL to what `perennial materialize` writes"
        )
    if strange := [other for other in document if other not in ("keys", "partial")]:
        raise ValueError(f"{strange[0][:60]!r} is not a key of a request: beside `keys` there may be `partial`")
    partial, keys = _parse_partial(document), document["keys"]
    if not isinstance(keys, list) or not keys:
        raise ValueError("send at least one key in the list `keys`, or `rows`")
    for place, one in enumerate(keys):
        if not isinstance(one, dict) or set(one) != {name}:
            raise ValueError(f"keys[{place}] is not an object with the one key {name!r}: without `rows` it names a row")
        if isinstance(one[name], bool) or not isinstance(one[name], str | int | float):
            raise ValueError(f"keys[{place}].{name} is {name_kind(one[name])}: send text or a number")
        if problem := check_key(key_text(one[name])):
            raise ValueError(f"keys[{place}].{name} {problem}")
    return Asked([None] * len(keys), [key_text(one[name]) for one in keys], partial, by_key=True)


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
