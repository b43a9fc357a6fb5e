"""Frames to numbers: fits the encoder on training rows and runs it on whole columns."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from perennial.model.encoder import (
    KINDS,
    Array,
    Encode,
    encode_boolean,
    encode_number,
    is_missing,
    read_levels,
    read_parts,
    read_weights,
)
from perennial.model.instants import choose_parts, count_age, split_instant, to_micros
from perennial.model.learned import Codes, Truth, fit_means, fit_text, has_means, is_learned, part_rows, predict_apart
from perennial.model.predictor import Model, predict
from perennial.model.text import weigh_text
from perennial.refusal import Refusal


class Input(Protocol):
    """What the encoder needs to know of a column of the contract."""

    @property
    def name(self) -> str:
        """Its name in the frame and in the request."""

    @property
    def dtype(self) -> str:
        """One of the contract's types."""


def fit_encoder(
    frame: pd.DataFrame,
    columns: Sequence[Input],
    *,
    time: str | None = None,
    truth: Truth | None = None,
    left_out: Collection[str] = (),
    max_categories: int = 256,
    min_count: int | None = None,
) -> dict[str, Any]:
    """Return the encoder's state, plain JSON, fitted on training rows.

    A category is kept when at least `min_count` rows hold it (20, or one in a hundred of fewer than 2000) and it is
    among the `max_categories` most frequent.
    Where `time`, the instant of the decision, is an input too, other instants get their age at it. Free text needs
    the `truth` of the rows; a category of very many levels gets their mean outcomes from it. Columns that are
    `left_out` are named and say nothing. Raises Refusal for an input that no encoder can take.
    """
    least = max(2, min(20, len(frame) // 100)) if min_count is None else min_count
    described = [_describe_column(frame, column, max_categories, least) for column in columns]
    for column in described:
        if column["name"] in left_out:
            column["kind"] = "ignored"
            column.pop("categories", None)
    _describe_instants(frame, described, time)
    _describe_learned(frame, described, truth, max_categories)
    features: list[str] = []
    categorical: list[int] = []
    for column in described:
        if column["kind"] == "category":
            categorical.append(len(features))
        features += _feature_names(column)
    return {"columns": described, "features": features, "categorical": categorical}


def _describe_column(frame: pd.DataFrame, column: Input, max_categories: int, min_count: int) -> dict[str, Any]:
    if column.dtype not in KINDS:
        raise Refusal(
            f"input `{column.name}` is of dtype {column.dtype}, which no model here can read: "
            f"declare it {', '.join(KINDS[:-1])} or {KINDS[-1]}, or take `role: input` away."
        )
    if column.name not in frame.columns:
        raise Refusal(f"input `{column.name}` is not in the table, which has {', '.join(map(str, frame.columns))}.")
    described: dict[str, Any] = {"name": column.name, "dtype": column.dtype, "kind": column.dtype}
    if column.dtype == "category":
        described["categories"] = _frequent_texts(column.name, frame[column.name], max_categories, min_count)
    return described


def _frequent_texts(name: str, values: pd.Series, max_categories: int, min_count: int) -> list[str]:
    counts = _texts(name, values).value_counts()
    frequent = sorted((-int(count), str(text)) for text, count in counts.items() if count >= min_count)
    return sorted(text for _, text in frequent[:max_categories])


def _describe_instants(frame: pd.DataFrame, described: Sequence[dict[str, Any]], time: str | None) -> None:
    instants = [column for column in described if column["kind"] == "datetime"]
    has_age = (time, "datetime") in [(column["name"], column["dtype"]) for column in described]
    for column in instants:
        name = column["name"]
        known = _micros(name, frame[name].dropna())
        column["parts"] = choose_parts(known, is_time=name == time, has_age=has_age)
        if "age" in column["parts"]:
            column["since"] = time


def _describe_learned(
    frame: pd.DataFrame, described: Sequence[dict[str, Any]], truth: Truth | None, max_categories: int
) -> None:
    for column in described:
        if truth is None or column["kind"] not in ("category", "text"):
            continue
        levels = frame[column["name"]].nunique()
        if column["kind"] == "text" or has_means(levels, len(frame), max_categories):
            values = _plain_texts(column, frame)
            column |= _refit(column, values, truth, np.arange(len(values)))


def _refit(column: Mapping[str, Any], values: Sequence[Any], truth: Truth, rows: Codes) -> dict[str, Any]:
    fit = fit_text if column["kind"] == "text" else fit_means
    return {**column, "outputs": truth.outputs, **fit(values, truth, rows)}


def _feature_names(column: Mapping[str, Any]) -> list[str]:
    name, outputs = column["name"], column.get("outputs", 0)
    each = range(outputs) if outputs > 1 else [""] * outputs
    match column["kind"]:
        case "ignored":
            return []
        case "datetime":
            return [f"{name}.{part}" for part in column["parts"]]
        case "text":
            return [*(f"{name}.score{number}" for number in each), f"{name}.words"]
    return [name, *(f"{name}.mean{number}" for number in each)]


def count_features(column: Mapping[str, Any]) -> int:
    """Return how many numbers a column of the state is encoded as."""
    return len(_feature_names(column))


def encode_learned(state: Mapping[str, Any], frame: pd.DataFrame, truth: Truth) -> Array:
    """Return `encode_frame` of the training rows, but what was learned of outcomes is learned on other rows."""
    matrix = encode_frame(state, frame)
    starts = np.cumsum([0, *map(count_features, state["columns"])])
    for column, start in zip(state["columns"], starts[:-1], strict=True):
        if is_learned(column):
            values = _plain_texts(column, frame)
            parts = part_rows(truth, values, apart=column["kind"] == "text")
            block = predict_apart(values, truth, parts, _refitting(column, values, truth))
            matrix[:, start : start + block.shape[1]] = block
    return matrix


def _refitting(
    column: Mapping[str, Any], values: Sequence[Any], truth: Truth
) -> Callable[[Codes], Callable[[Sequence[Any]], Array]]:
    def fit(rows: Codes) -> Callable[[Sequence[Any]], Array]:
        refitted = _refit(column, values, truth, rows)
        name, encode = column["name"], _BLOCKS[column["kind"]]
        return lambda asked: encode(refitted, pd.DataFrame({name: pd.Series(asked, dtype=object)}))

    return fit


def _plain_texts(column: Mapping[str, Any], frame: pd.DataFrame) -> list[Any]:
    values = _texts(column["name"], frame[column["name"]], column["dtype"])
    return list(values.where(values.notna(), None))


def encode_frame(state: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    """Return the inputs of `frame` as a matrix of shape (rows, features), equal to `encode_rows` of its rows."""
    matrix = np.empty((len(frame), len(state["features"])), dtype=np.float64)
    start = 0
    for column in state["columns"]:
        _refuse_absent(frame, column["name"])
        block = _BLOCKS[column["kind"]](column, frame)
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


def _texts(name: str, values: pd.Series, dtype: str = "category") -> pd.Series:
    objects = values.astype(object)
    kind = pd.api.types.infer_dtype(objects, skipna=True)
    if kind not in ("string", "empty"):
        raise Refusal(f"column `{name}` is declared {dtype} and holds {kind}, not text: cast it to VARCHAR.")
    return objects


def _encode_category(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    known = pd.Index(column["categories"], dtype=object)
    texts = pd.Index(_texts(column["name"], frame[column["name"]]), dtype=object)
    codes: Array = known.get_indexer(texts).astype(np.float64)
    codes[codes < 0] = np.nan
    return np.column_stack([codes, *_encode_means(column, texts)]) if "means" in column else codes[:, None]


def _encode_means(column: Mapping[str, Any], texts: pd.Index) -> list[Array]:
    levels, unknown = read_levels(column)
    names = list(levels)
    table = np.array([*(levels[name] for name in names), unknown])
    # Not found is -1: the last row, that of any other.
    return list(table[pd.Index(names, dtype=object).get_indexer(texts)].T[1:])


def _encode_text(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    intercept, weights = read_weights(column)
    codes, distinct = pd.factorize(pd.Series(_plain_texts(column, frame), dtype=object))
    missing = (np.nan,) * (len(intercept) + 1)
    return np.array([*(weigh_text(text, intercept, weights) for text in distinct), missing])[codes]


def _encode_nothing(_column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    return np.empty((len(frame), 0))


def _encode_datetime(column: Mapping[str, Any], frame: pd.DataFrame) -> Array:
    name, (parts, since) = column["name"], read_parts(column)
    micros, missing = _micros(name, frame[name]), frame[name].isna().to_numpy()
    block = [*split_instant(micros, parts)]
    if since is not None:
        _refuse_absent(frame, since)
        age = count_age(micros, _micros(since, frame[since]))
        block.append(np.where(frame[since].isna(), np.nan, age))
    encoded = np.column_stack(block).astype(np.float64)
    encoded[missing] = np.nan
    return encoded


def _micros(name: str, values: pd.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(values.dtype):
        instants = values.to_numpy().astype("datetime64[us]")
        return np.where(np.isnat(instants), np.datetime64(0, "us"), instants).astype(np.int64)
    texts = [0 if value is pd.NA or is_missing(value) else to_micros(name, value) for value in values.astype(object)]
    return np.array(texts, dtype=np.int64)


_BLOCKS = {
    "numeric": _encode_numeric,
    "boolean": _encode_boolean,
    "category": _encode_category,
    "datetime": _encode_datetime,
    "text": _encode_text,
    "ignored": _encode_nothing,
}


def predict_frame(model: Model, frame: pd.DataFrame, *, num_threads: int = 1) -> Array:
    """Return the scores of a frame: (rows,) for binary and regression, (rows, classes) for multiclass."""
    return predict(model, encode_frame(model.encoder, frame), num_threads=num_threads)


def find_classes(target: pd.Series, task: str) -> tuple[Any, ...]:
    """Return the sorted classes of the labelled rows as JSON values, none for regression; binary's last is "yes".

    Raises Refusal when binary has not two classes, or multiclass not three or more.
    """
    if task == "regression":
        return ()
    classes = tuple(sorted(value.item() if hasattr(value, "item") else value for value in target.dropna().unique()))
    if (task == "binary") != (len(classes) == 2) or len(classes) < 2:
        raise Refusal(
            f"target `{target.name}` has {len(classes)} classes, {classes!r:.200}: "
            "binary needs two, multiclass three or more."
        )
    return classes


def encode_target(target: pd.Series, classes: Sequence[Any]) -> Array:
    """Return labels as class numbers, or as themselves for regression (no classes); missing or unknown is NaN."""
    if not classes:
        return target.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.Index(classes, dtype=object).get_indexer(pd.Index(target.astype(object), dtype=object))
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
