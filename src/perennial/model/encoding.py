"""The encoder fitted on training rows, with what is learned of outcomes, and the scores of frames."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from perennial.model.encoder import (
    KINDS,
    Array,
)
from perennial.model.frames import BLOCKS, encode_frame, known_values, plain_texts, read_micros, read_texts
from perennial.model.instants import choose_parts
from perennial.model.learned import Codes, Truth, fit_means, fit_text, has_means, is_learned, part_rows, predict_apart
from perennial.model.transformers import ADDED, fit_transformer
from perennial.refusal import Refusal


class Input(Protocol):
    """What the encoder needs to know of a column of the contract."""

    @property
    def name(self) -> str:
        """Its name in the frame and in the request."""

    @property
    def dtype(self) -> str:
        """One of the contract's types."""

    @property
    def encode(self) -> str:
        """The name of an added transformer that encodes it, or nothing."""


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
    described = [_describe_column(frame, column, max_categories, least, left_out) for column in columns]
    _describe_instants(frame, described, time)
    _describe_learned(frame, described, truth, max_categories)
    features: list[str] = []
    categorical: list[int] = []
    for column in described:
        if column["kind"] == "category":
            categorical.append(len(features))
        features += _feature_names(column)
    return {"columns": described, "features": features, "categorical": categorical}


def _describe_column(
    frame: pd.DataFrame, column: Input, max_categories: int, min_count: int, left_out: Collection[str]
) -> dict[str, Any]:
    if column.dtype not in KINDS:
        raise Refusal(
            f"input `{column.name}` is of dtype {column.dtype}, which no model here can read: "
            f"declare it {', '.join(KINDS[:-1])} or {KINDS[-1]}, or take `role: input` away."
        )
    if column.name not in frame.columns:
        raise Refusal(f"input `{column.name}` is not in the table, which has {', '.join(map(str, frame.columns))}.")
    described: dict[str, Any] = {"name": column.name, "dtype": column.dtype, "kind": column.dtype}
    if column.name in left_out:
        described["kind"] = "ignored"
    elif column.encode:
        values, _ = known_values(described, frame)
        fitted = fit_transformer(column.name, column.dtype, column.encode, values) if len(values) else {}
        described |= fitted or {"kind": "ignored"}
    elif column.dtype == "category":
        described["categories"] = _frequent_texts(column.name, frame[column.name], max_categories, min_count)
    return described


def _frequent_texts(name: str, values: pd.Series, max_categories: int, min_count: int) -> list[str]:
    counts = read_texts(name, values).value_counts()
    frequent = sorted((-int(count), str(text)) for text, count in counts.items() if count >= min_count)
    return sorted(text for _, text in frequent[:max_categories])


def _describe_instants(frame: pd.DataFrame, described: Sequence[dict[str, Any]], time: str | None) -> None:
    instants = [column for column in described if column["kind"] == "datetime"]
    has_age = (time, "datetime") in [(column["name"], column["dtype"]) for column in described]
    for column in instants:
        name = column["name"]
        known = read_micros(name, frame[name].dropna())
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
            values = plain_texts(column, frame)
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
        case kind if kind in ("datetime", ADDED):
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
            values = plain_texts(column, frame)
            parts = part_rows(truth, values, apart=column["kind"] == "text")
            block = predict_apart(values, truth, parts, _refitting(column, values, truth))
            matrix[:, start : start + block.shape[1]] = block
    return matrix


def _refitting(
    column: Mapping[str, Any], values: Sequence[Any], truth: Truth
) -> Callable[[Codes], Callable[[Sequence[Any]], Array]]:
    def fit(rows: Codes) -> Callable[[Sequence[Any]], Array]:
        refitted = _refit(column, values, truth, rows)
        name, encode = column["name"], BLOCKS[column["kind"]]
        return lambda asked: encode(refitted, pd.DataFrame({name: pd.Series(asked, dtype=object)}))

    return fit
