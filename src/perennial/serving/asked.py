"""What a request may hold: strict JSON, and rows, or keys by which they are looked up."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perennial.data.business_key import LONGEST_KEY, key_text
from perennial.serving.schema import name_kind


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
