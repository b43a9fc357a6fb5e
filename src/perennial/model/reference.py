"""What the training rows looked like, for monitoring, and the golden rows that a bundle must reproduce."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from perennial.model.encoder import Array, is_missing
from perennial.model.frames import encode_frame
from perennial.model.transformers import ADDED

WORDS = ("The delivery was late, and nobody answered.", "very good \u2708 \u0416\u0438\u0437\u043d\u044c 42", "")
_SHARES = tuple(step / 20 for step in range(21))


def _digits(value: float) -> float:
    return float(f"{value:.12g}")


def plain_value(value: Any) -> Any:
    """Return a cell as JSON: missing as None, an instant as ISO-8601 in UTC, numpy numbers as Python's."""
    if value is pd.NA or is_missing(value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "isoformat"):
        aware = getattr(value, "tzinfo", None) is not None
        return (value.astimezone(UTC).replace(tzinfo=None) if aware else value).isoformat()
    return value


def frame_rows(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a frame as the service would get them: JSON dicts of the named columns."""
    columns = [[plain_value(value) for value in frame[name].astype(object)] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def golden_rows(
    frame: pd.DataFrame, state: Mapping[str, Any], *, withheld: Mapping[str, Any], count: int = 50
) -> list[dict[str, Any]]:
    """Return about `count` rows spread evenly over the frame, and edge rows made from the first.

    `withheld` is {input with personal data: what stands instead of its values}, for the rows travel with the bundle.

    The edge rows miss everything, miss each input in turn, and hold a category nobody has seen.
    """
    names = [column["name"] for column in state["columns"]]
    chosen = np.unique(np.linspace(0, len(frame) - 1, min(count, len(frame))).astype(np.int64))
    rows = [{**row, **withheld} for row in frame_rows(frame.iloc[chosen], names)]
    categories = [column["name"] for column in state["columns"] if _kind(column) == "category"]
    edges = [dict.fromkeys(names), {**rows[0], **dict.fromkeys(categories, "never seen \u2708 \u0416")}]
    texts = [column["name"] for column in state["columns"] if _kind(column) == "text"]
    # Words that anybody writes: what was written by persons may be withheld.
    edges += [{**rows[0], **dict.fromkeys(texts, words)} for words in WORDS if texts]
    return rows + edges + [{**rows[0], name: None} for name in names]


def _kind(column: Mapping[str, Any]) -> str:
    return str(column["dtype"] if column["kind"] == ADDED else column["kind"])


def reference_statistics(
    frame: pd.DataFrame, state: Mapping[str, Any], scores: Array, matrix: Array | None = None
) -> dict[str, Any]:
    """Return the missing share of each input with a histogram (numbers) or shares (categories), and that of scores.

    The bins of a histogram hold 5 % of the rows each where values do not repeat: edge[i] <= value < edge[i + 1].
    `frame` holds the training rows, `scores` their out-of-fold scores, (rows,) or (rows, classes), and `matrix` how
    they were learned from.
    """
    matrix = encode_frame(state, frame) if matrix is None else matrix
    inputs: dict[str, Any] = {}
    for index, name in enumerate(state["features"]):
        if index not in state["categorical"]:
            inputs[name] = _histogram(matrix[:, index])
    for column in state["columns"]:
        if column["kind"] == "category":
            inputs[column["name"]] = _category_shares(frame[column["name"]], column["categories"])
    per_class = scores[:, None] if scores.ndim == 1 else scores
    return {"rows": len(frame), "inputs": inputs, "scores": [_histogram(values) for values in per_class.T]}


def _category_shares(values: pd.Series, known: Sequence[str]) -> dict[str, Any]:
    missing = float(values.isna().mean())
    shares = {text: _digits(float(share)) for text, share in values.value_counts().div(max(len(values), 1)).items()}
    kept = {text: shares.get(text, 0.0) for text in known}
    return {"missing": _digits(missing), "shares": kept, "other": _digits(max(0.0, 1.0 - missing - sum(kept.values())))}


def _histogram(values: Array) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    missing = _digits(1.0 - known.size / max(values.size, 1))
    if not known.size:
        return {"missing": missing, "edges": [], "counts": []}
    # "higher" takes values that occur, so that every row lies between the first and the last edge.
    edges = np.unique(np.quantile(known, _SHARES, method="higher"))
    counts = np.bincount(np.searchsorted(edges[1:-1], known, side="right"), minlength=max(len(edges) - 1, 1))
    return {"missing": missing, "edges": [float(edge) for edge in edges], "counts": [int(count) for count in counts]}
