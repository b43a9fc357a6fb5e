"""What each feature adds to a row's raw score: TreeSHAP's values, looked up in tables that are made once.

A leaf is a game of the features on its path: one whose nodes there all lead the row to the leaf is worth p = 1, else
p = 0, and while it is not known the share r of the training rows that went that way (Lundberg et al. 2020, the
path-dependent value). The Shapley value of feature i in the leaf's product is the integral of its derivative along the
diagonal (Owen, Management Science 18(5), 1972):

    value * (p_i - r_i) * integral over t from 0 to 1 of the product over the others j of (1 - t) r_j + t p_j

which Gauss-Legendre's rule gives exactly with half as many points as features. A row only says which p are 0, and a
leaf has few features: the values of every such pattern are kept (Fast TreeSHAP v2, Yang, arXiv:2109.09847, 2021), here
summed over the leaves of small subtrees, of which a row says no more than which way it goes at each node.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.forest import Nodes, go_left
from perennial.model.games import share_value
from perennial.model.packing import Floats, Integers


@dataclass(frozen=True)
class Deep:
    """Leaves with equally many features and no table: (leaves,) values, (leaves, features) shares."""

    place: slice
    """Among the blocks."""
    parts: slice
    """Among the features of all blocks."""
    values: Floats
    shares: Floats


@dataclass(frozen=True)
class Splitter:
    """What splits rows: the blocks with tables, then the deep leaves."""

    shape: tuple[int, int]
    """Outputs, features."""
    nodes: Nodes
    ways: Integers
    """(steps,) the ways that set bits of patterns: one of each block, then a second of each that has one."""
    bits: NDArray[Any]
    """(steps,)"""
    layers: tuple[int, ...]
    """Where the first, second and further steps end, from 0."""
    order: Integers
    """(blocks,) from the order of the layers, most steps first, to that of the blocks."""
    first: Integers
    widths: Integers
    """(blocks with a table,) where it begins, and how many features it tells of."""
    owners: Integers
    slots: Integers
    """(their features,) the block, and the place in it."""
    table: Floats
    deep: tuple[Deep, ...]
    places: Integers
    """(features of all blocks,) the output and feature to be added to."""
    base: Floats
    """(outputs,) the mean of the training rows."""


def _read_bits(patterns: NDArray[Any], features: int) -> Floats:
    """Return p, shape (features, patterns)."""
    bits: Integers = (patterns.astype(np.int64) >> np.arange(features)[:, None]) & 1
    return np.asarray(1.0 - bits, dtype=np.float64)


def split_row(splitter: Splitter, row: Floats) -> Floats:
    """Return what each feature of a row (features,) adds, shape (outputs, features + 1); the last is the base."""
    left = go_left(splitter.nodes, row)
    steps = np.concatenate([left, ~left]).take(splitter.ways) * splitter.bits
    patterns = np.zeros(len(splitter.order), dtype=splitter.bits.dtype)
    for start, end in pairwise(splitter.layers):
        patterns[: end - start] |= steps[start:end]
    patterns = patterns.take(splitter.order)
    parts = np.empty(len(splitter.places))
    rows: Integers = splitter.first + patterns[: len(splitter.first)].astype(np.int64) * splitter.widths
    parts[: len(splitter.owners)] = splitter.table.take(rows.take(splitter.owners) + splitter.slots)
    for deep in splitter.deep:
        kept = _read_bits(patterns[deep.place], deep.shares.shape[1])[:, :, None]
        parts[deep.parts] = share_value(deep.values, deep.shares, kept)[:, :, 0].T.ravel()
    outputs, features = splitter.shape
    added = np.bincount(splitter.places, parts, minlength=outputs * (features + 1)).astype(np.float64)  # whole of none
    added = added.reshape(outputs, features + 1)
    added[:, -1] = splitter.base
    return added


def split_rows(splitter: Splitter, X: Floats) -> Floats:
    """Return what each feature adds to the raw scores of rows, shape (rows, outputs, features + 1); last the base."""
    outputs, features = splitter.shape
    found = np.empty((len(X), outputs, features + 1))
    for place, row in enumerate(X):
        found[place] = split_row(splitter, row)
    return found
