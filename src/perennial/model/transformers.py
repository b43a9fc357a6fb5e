"""Input transformers that a repository adds: one column of the contract to numbers, for a row and for a whole column.

The service runs them, so they need numpy at most.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.extensions import FOLDER, load_extensions
from perennial.refusal import Refusal

Array = NDArray[np.float64]
Values = NDArray[Any]
ADDED = "added"
"""The kind of a column of the encoder that an added transformer encodes."""
_COMPARED = 500  # known values of the training rows that both executions are held against each other on
_APART = 1e-12


@dataclass(frozen=True)
class Transformer:
    """A way to turn the values of one column into numbers, executed twice to the same end.

    It sees known values only, floats of a numeric or boolean column, microseconds since 1970 (int) of a datetime, text
    of any other; what is missing is NaN in every part. `fit` gives from those of training rows, (n,), what is
    learned, as plain JSON; `parts` names the numbers that come of it; `encode_value` gives these for one value,
    `encode_values` for (n,) values as (n, parts).
    """

    dtypes: tuple[str, ...]
    fit: Callable[[Values], Any]
    parts: Callable[[Any], Sequence[str]]
    encode_value: Callable[[Any, Any], Sequence[float]]
    encode_values: Callable[[Values, Any], Array]


def find_transformer(name: str) -> Transformer:
    """Return an added transformer by name; raises Refusal for a name that no file has."""
    known: Mapping[str, Transformer] = load_extensions("transformers")
    if name not in known:
        raise Refusal(f"{FOLDER}/transformers/{name}.py is not there, and an input is encoded by it.")
    return known[name]


def fit_transformer(column: str, dtype: str, name: str, values: Values) -> dict[str, Any]:
    """Return what the encoder's state holds of a column that an added transformer encodes.

    `values` (n,) are the known ones of the training rows. Raises Refusal where the transformer does not take the
    column, where what it learned is not plain JSON, and where its two executions differ.
    """
    transformer, place = find_transformer(name), f"`{column}` is encoded by {name}"
    if dtype not in transformer.dtypes:
        raise Refusal(
            f"{place}, which takes {', '.join(transformer.dtypes)}, and is {dtype}: correct data/contract.yaml."
        )
    learned = transformer.fit(values)
    if not _is_plain(learned):
        raise Refusal(f"{place}, which learned {learned!r:.80}: that is not plain JSON (text keys, lists, no NaN).")
    parts = [str(part) for part in transformer.parts(learned)]
    _refuse_unlike(transformer, learned, len(parts), values, place)
    return {"kind": ADDED, "by": name, "parts": parts, "learned": learned}


def _is_plain(learned: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(learned, allow_nan=False)) == learned)
    except (TypeError, ValueError):  # of what JSON has no form for
        return False


def _refuse_unlike(transformer: Transformer, learned: Any, width: int, values: Values, place: str) -> None:
    chosen = values[:: max(1, len(values) // _COMPARED)]
    block = encode_known(transformer, learned, width, chosen)
    for value, whole in zip(chosen.tolist(), block.tolist(), strict=True):
        single = list(map(float, transformer.encode_value(value, learned)))
        if len(single) != width or not all(map(_near, single, whole)):
            raise Refusal(f"{place}, which makes {single} of {value!r} alone and {whole} in a column: mend its file.")


def _near(one: float, other: float) -> bool:
    if math.isfinite(one) and math.isfinite(other):
        return abs(one - other) <= _APART * max(1.0, abs(other))
    return math.isnan(one) and math.isnan(other)


def encode_known(transformer: Transformer, learned: Any, width: int, values: Values) -> Array:
    """Return the numbers of known values, (n, width)."""
    block = np.asarray(transformer.encode_values(values, learned), dtype=np.float64)
    if block.shape != (len(values), width):
        raise Refusal(
            f"encode_values of an added transformer gives the shape {block.shape}, wanted is {(len(values), width)}: "
            "mend its file."
        )
    return block


def list_added(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the added transformers that the columns of an encoder's state need, sorted."""
    return sorted({column["by"] for column in columns if column["kind"] == ADDED})
