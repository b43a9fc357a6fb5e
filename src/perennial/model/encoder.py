"""Rows to numbers without a data frame: what the service runs, and what `encoding` must equal to 1e-12."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.instants import DATETIME_PARTS, count_age, split_instant, to_micros, wrong_value
from perennial.model.text import weigh_text
from perennial.model.transformers import ADDED, Transformer, find_transformer

Array = NDArray[np.float64]
KINDS = ("numeric", "boolean", "category", "datetime", "text")

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


def _read_text(name: str, row: Row) -> str | None:
    value = row.get(name)
    if is_missing(value):
        return None
    if not isinstance(value, str):
        raise wrong_value(name, value, "text")
    return value


def encode_category(name: str, row: Row, facts: tuple[Mapping[str, Part], Part]) -> Part:
    """Return the code of a text and, of very many levels, its mean outcomes; missing, rare and unseen are NaN."""
    levels, unknown = facts
    value = _read_text(name, row)
    return unknown if value is None else levels.get(value, unknown)


def encode_text(name: str, row: Row, facts: tuple[Part, tuple[Part, ...]]) -> Part:
    """Return the weighed words of a free text and how many they are, NaN when it is missing."""
    intercept, weights = facts
    value = _read_text(name, row)
    return (math.nan,) * (len(intercept) + 1) if value is None else weigh_text(value, intercept, weights)


def encode_nothing(_name: str, _row: Row, _facts: Any) -> Part:
    """Return nothing: the column is sent, checked and left out."""
    return ()


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


def know_value(name: str, row: Row, dtype: str) -> Any:
    """Return a value as an added transformer sees it, None when it is missing; raises Refusal for a wrong one."""
    value = row.get(name)
    if is_missing(value):
        return None
    if dtype == "datetime":
        return to_micros(name, value)
    known = {"numeric": encode_number, "boolean": encode_boolean}.get(dtype)
    return _read_text(name, row) if known is None else known(name, row, None)[0]


def encode_added(name: str, row: Row, facts: tuple[Transformer, str, Any, int]) -> Part:
    """Return what an added transformer makes of a value, NaN in every part when it is missing."""
    transformer, dtype, learned, width = facts
    value = know_value(name, row, dtype)
    return (math.nan,) * width if value is None else tuple(map(float, transformer.encode_value(value, learned)))


def read_added(column: Row) -> tuple[Transformer, str, Any, int]:
    """Return of a column that is encoded by an added transformer: that, its dtype, what was learned, how many parts."""
    return find_transformer(column["by"]), column["dtype"], column["learned"], len(column["parts"])


def read_levels(column: Row) -> tuple[dict[str, Part], Part]:
    """Return code and mean outcomes of each level that has either, and those of any other."""
    codes = {text: float(code) for code, text in enumerate(column["categories"])}
    means, missing = column.get("means", {}), (math.nan,) * column.get("outputs", 0)
    levels = {name: (codes.get(name, math.nan), *means.get(name, missing)) for name in {**codes, **means}}
    return levels, (math.nan, *missing)


def read_weights(column: Row) -> tuple[Part, tuple[Part, ...]]:
    """Return of a free text, for each outcome, its intercept and the weights of the slots."""
    return tuple(column["intercept"]), tuple(map(tuple, column["weights"]))


def read_parts(column: Row) -> tuple[tuple[str, ...], str | None]:
    """Return the parts of a datetime column but its age, and the column that its age is counted to, if any."""
    return tuple(part for part in column.get("parts", DATETIME_PARTS) if part != "age"), column.get("since")


_FUNCTIONS: dict[str, tuple[Encode, Callable[[Row], Any]]] = {
    "numeric": (encode_number, lambda column: None),
    "boolean": (encode_boolean, lambda column: None),
    "category": (encode_category, read_levels),
    "datetime": (encode_datetime, read_parts),
    "text": (encode_text, read_weights),
    "ignored": (encode_nothing, lambda column: None),
    ADDED: (encode_added, read_added),
}


def make_encoder(state: Mapping[str, Any]) -> Encoder:
    """Return what `encode_row` looks up: per input its name, its function and what that needs to know of it."""
    return tuple(
        (column["name"], encode, read(column))
        for column in state["columns"]
        for encode, read in [_FUNCTIONS[column["kind"]]]
    )


def owning_inputs(encoder: Encoder) -> NDArray[np.int64]:
    """Return for each encoded feature the position of the input that it is made from."""
    return np.repeat(np.arange(len(encoder)), [len(encode(name, {}, facts)) for name, encode, facts in encoder])


def encode_row(encoder: Encoder, row: Row) -> list[float]:
    """Return one row, a dict by input name (absent means missing), as its encoded numbers."""
    numbers: list[float] = []
    for name, encode, facts in encoder:
        value = row.get(name)
        if type(value) is float and encode is encode_number:  # most cells, and a call costs more than all the rest
            numbers.append(value)
        else:
            numbers.extend(encode(name, row, facts))
    return numbers


def encode_rows(state: Mapping[str, Any], rows: Iterable[Row]) -> Array:
    """Return rows as a matrix of shape (rows, features); raises Refusal at a value of the wrong type."""
    encoder = make_encoder(state)
    matrix = np.array([encode_row(encoder, row) for row in rows], dtype=np.float64)
    return matrix.reshape(-1, len(state["features"]))
