"""A network of one hidden layer on the encoded matrix, as JSON weights: its prediction, in numpy alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.encoder import Array
from perennial.model.linear import mark_missing, number_slots, read_scaling, standardise

_PARTS = ("dense", "one_hot", "bias", "output", "output_bias")
_CHUNK = 1 << 22  # numbers in memory at once


def read_network(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of a network with its lists as arrays, for `predict_network`."""
    arrays = {name: np.array(content[name], dtype=float) for name in _PARTS}
    return {"scaling": read_scaling(content["scaling"]), "network": True, **arrays}


def predict_network(network: Mapping[str, Any], X: Array) -> Array:
    """Return raw scores of shape (rows,) for one output, else (rows, outputs).

    `network` comes from `read_network`. As in `predict_linear`, sums run along each row, never through a matrix
    product, which would round one row differently from the same row among many.
    """
    step = max(1, _CHUNK // max(1, network["dense"].size + network["output"].size))
    chunks = [_predict_chunk(network, X[start : start + step]) for start in range(0, max(1, len(X)), step)]
    scores = np.concatenate(chunks)
    return scores[:, 0] if scores.shape[1] == 1 else scores


def _predict_chunk(network: Mapping[str, Any], X: Array) -> Array:
    scaling = network["scaling"]
    dense = np.ascontiguousarray(np.hstack([standardise(scaling, X), mark_missing(scaling, X)]))
    hidden = _times(dense, network["dense"]) + network["bias"]
    slots: NDArray[np.int64] = number_slots(scaling, X)
    for place in range(slots.shape[1]):
        hidden += network["one_hot"][slots[:, place]]
    return np.asarray(_times(np.maximum(hidden, 0.0), network["output"]) + network["output_bias"])


def _times(rows: Array, weights: Array) -> Array:
    """Return (rows, outputs) of (rows, inputs) and weights (outputs, inputs), each a sum along one row."""
    return np.asarray((rows[:, None, :] * weights[None, :, :]).sum(axis=2))
