"""Whole columns to numbers, equal to what the encoder makes of each row by itself."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from perennial.model.encoder import (
    Array,
    Encode,
    encode_boolean,
    encode_number,
    is_missing,
    read_added,
    read_levels,
    read_parts,
    read_weights,
)
from perennial.model.instants import count_age, split_instant, to_micros
from perennial.model.predictor import Model, predict
from perennial.model.text import weigh_text
from perennial.model.transformers import ADDED, encode_known
from perennial.refusal import Refusal


def encode_frame(state: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    """Return the inputs of `frame` as a matrix of shape (rows, features), equal to `encode_rows` of its rows."""
    matrix = np.empty((len(frame), len(state["features"])), dtype=np.float64)
    start = 0
    for column in state["columns"]:
        _refuse_absent(frame, column["name"])
        block = BLOCKS[column["kind"]](column, frame)
        matrix[:, start : start + block.shape[1]] = block
        start += block.shape[1]
    return matrix


def _refuse_absent(frame: pd.DataFrame, name: str) -> None:
    if name not in frame.columns:
        raise Refusal(f"input `{name}` is not in the table: add it to the columns of the query.")


def _plain_numbers(values: pd.Series) -> Array | None:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return None


def _by_value(values: pd.Series, encode: Encode) -> Array:
    objects, name = values.astype(object).where(values.notna(), None), str(values.name)
    return np.array([encode(name, {name: value}, None)[0] for value in objects], dtype=np.float64)


def _encode_numeric(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    values = frame[column["name"]]
    numbers = _plain_numbers(values)
    return (_by_value(values, encode_number) if numbers is None else numbers)[:, None]


def _encode_boolean(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    values = frame[column["name"]]
    numbers = _plain_numbers(values)
    if numbers is None or not np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all():
        numbers = _by_value(values, encode_boolean)
    return numbers[:, None]


def read_texts(name: str, values: pd.Series, dtype: str = "category") -> pd.Series:
    """Return a column as texts; raises Refusal where a value is none."""
    objects = values.astype(object)
    kind = pd.api.types.infer_dtype(objects, skipna=True)
    if kind not in ("string", "empty"):
        raise Refusal(f"column `{name}` is declared {dtype} and holds {kind}, not text: cast it to VARCHAR.")
    return objects


def _encode_category(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    known = pd.Index(column["categories"], dtype=object)
    texts = pd.Index(read_texts(column["name"], frame[column["name"]]), dtype=object)
    codes: Array = known.get_indexer(texts).astype(np.float64)
    codes[codes < 0] = np.nan
    return np.column_stack([codes, *_encode_means(column, texts)]) if "means" in column else codes[:, None]


def _encode_means(column: Mapping[str, Any], texts: pd.Index) -> list[Array]:
    levels, unknown = read_levels(column)
    names = list(levels)
    table = np.array([*(levels[name] for name in names), unknown])
    # Not found is -1: the last row, that of any other.
    return list(table[pd.Index(names, dtype=object).get_indexer(texts)].T[1:])


def plain_texts(column: Mapping[str, Any], frame: pd.DataFrame) -> list[Any]:
    """Return the texts of a column of the state, None where one is missing."""
    values = read_texts(column["name"], frame[column["name"]], column["dtype"])
    return list(values.where(values.notna(), None))


def _encode_text(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    intercept, weights = read_weights(column)
    codes, distinct = pd.factorize(pd.Series(plain_texts(column, frame), dtype=object))
    missing = (np.nan,) * (len(intercept) + 1)
    return np.array([*(weigh_text(text, intercept, weights) for text in distinct), missing])[codes]


def _encode_nothing(_column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    return np.empty((len(frame), 0))


def _encode_datetime(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    name, (parts, since) = column["name"], read_parts(column)
    micros, missing = read_micros(name, frame[name]), frame[name].isna().to_numpy()
    block = [*split_instant(micros, parts)]
    if since is not None:
        _refuse_absent(frame, since)
        age = count_age(micros, read_micros(since, frame[since]))
        block.append(np.where(frame[since].isna(), np.nan, age))
    encoded = np.column_stack(block).astype(np.float64)
    encoded[missing] = np.nan
    return encoded


def known_values(column: Mapping[str, Any], frame: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the known values of a column as an added transformer sees them, and which rows have one."""
    name, dtype = column["name"], column["dtype"]
    _refuse_absent(frame, name)
    if dtype == "datetime":
        values: np.ndarray[Any, Any] = read_micros(name, frame[name])
        known = frame[name].notna().to_numpy()
    elif dtype in ("numeric", "boolean"):
        values = BLOCKS[dtype](column, frame)[:, 0]
        known = ~np.isnan(values)
    else:
        values = np.array([*plain_texts(column, frame), None], dtype=object)[:-1]
        known = np.array([value is not None for value in values], dtype=bool)
    return values[known], known


def _encode_added(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    transformer, _, learned, width = read_added(column)
    values, known = known_values(column, frame)
    block = np.full((len(frame), width), np.nan)
    block[known] = encode_known(transformer, learned, width, values)
    return block


def read_micros(name: str, values: pd.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return instants as microseconds since 1970, UTC, a gap as 0; raises Refusal where a value is none."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(values.dtype):
        instants = values.to_numpy().astype("datetime64[us]")
        return np.where(np.isnat(instants), np.datetime64(0, "us"), instants).astype(np.int64)
    texts = [0 if value is pd.NA or is_missing(value) else to_micros(name, value) for value in values.astype(object)]
    return np.array(texts, dtype=np.int64)


BLOCKS = {
    "numeric": _encode_numeric,
    "boolean": _encode_boolean,
    "category": _encode_category,
    "datetime": _encode_datetime,
    "text": _encode_text,
    "ignored": _encode_nothing,
    ADDED: _encode_added,
}


def predict_frame(model: Model, frame: pd.DataFrame, *, num_threads: int = 1) -> Array:
    """Return the scores of a frame: (rows,) for binary and regression, (rows, classes) for multiclass."""
    return predict(model, encode_frame(model.encoder, frame), num_threads=num_threads)
