"""What each feature adds to a row's raw score: TreeSHAP's values, looked up in tables that are made once.

A leaf is a game of the features on its path: one whose nodes there all lead the row to the leaf is worth p = 1, else
p = 0, and while it is not known the share r of the training rows that went that way (Lundberg et al. 2020, the
path-dependent value). The Shapley value of feature i in the leaf's product is the integral of its derivative along the
diagonal (Owen, Management Science 18(5), 1972):

    value * (p_i - r_i) * integral over t from 0 to 1 of the product over the others j of (1 - t) r_j + t p_j

which Gauss-Legendre's rule gives exactly with half as many points as features. A row only says which p are 0, and a
leaf has few features: the values of every such pattern are kept (Fast TreeSHAP v2, Yang, arXiv:2109.09847, 2021).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.forest import Forest, Nodes, go_left, read_forest
from perennial.model.packing import Floats, Integers

MOST_NUMBERS = 4_000_000
"""Of the tables of one booster: 32 MB, where a worker may take 200. Leaves that have no table wait for the row."""
_PIECE = 1 << 15  # numbers worked out at a time: they stay in the cache
_MOST_STEPS = 1_000_000  # of all paths: another 30 MB
_LONGEST = 62  # features of one path that the bits of a whole number tell apart
_LEAST = 1e-300  # instead of a share of 0: it is divided by


@dataclass(frozen=True)
class Leaves:
    """Leaves whose paths hold equally many features."""

    place: slice
    """Among all leaves, in the order of the groups."""
    parts: slice
    """Among the features of all leaves."""
    shares: Floats
    """(leaves, features) r."""
    values: Floats
    """(leaves,)"""
    table: Floats | None
    """(leaves * patterns, features) what each adds; None where there is no room for it."""
    first: Integers
    """(leaves,) where the patterns of each begin in the table."""


@dataclass(frozen=True)
class Splitter:
    """The paths of all leaves. A step is a node on one of them; a pattern has a bit for each p that is 0."""

    shape: tuple[int, int]
    """Outputs, features."""
    nodes: Nodes
    ways: Integers
    """(steps,) the way that leads elsewhere: the number of a node to go left there, so many nodes more to go right."""
    bits: NDArray[Any]
    """(steps,) that of the node's feature in the pattern of the leaf."""
    layers: tuple[int, ...]
    """Steps are those right above each leaf, the deepest first, then those above these: where each layer ends."""
    order: Integers
    """(leaves,) from the order of the layers to that of the groups."""
    groups: tuple[Leaves, ...]
    places: Integers
    """(features of all leaves,) the output and feature to be added to."""
    base: Floats
    """(outputs,) the mean of the training rows."""


def share_value(values: Floats, shares: Floats, kept: Floats) -> Floats:
    """Return what each feature adds, shape (features, leaves, patterns).

    `values` are (leaves,), `shares` are r, shape (leaves, features); `kept` is p, shape (features, 1 or leaves,
    patterns).
    """
    absent = shares.T[:, :, None]
    points, weights = np.polynomial.legendre.leggauss((len(kept) + 1) // 2)
    found = np.zeros(np.broadcast_shapes(absent.shape, kept.shape))
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        factors = (1 - point) * absent + point * kept
        found += weight * factors.prod(axis=0) / factors
    return np.asarray(found * (kept - absent) * values[:, None])


def make_table(values: Floats, shares: Floats) -> Floats:
    """Return what each feature adds under every pattern, shape (leaves * patterns, features)."""
    leaves, features = shares.shape
    patterns = 1 << features
    kept = _read_bits(np.arange(patterns), features)[:, None, :]
    table = np.empty((leaves, patterns, features))
    size = max(1, _PIECE // (patterns * features))
    for start in range(0, leaves, size):
        piece = slice(start, start + size)
        table[piece] = share_value(values[piece], shares[piece], kept).transpose(1, 2, 0)
    return table.reshape(-1, features)


def _read_bits(patterns: NDArray[Any], features: int) -> Floats:
    """Return p, shape (features, patterns)."""
    bits: Integers = (patterns.astype(np.int64) >> np.arange(features)[:, None]) & 1
    return np.asarray(1.0 - bits, dtype=np.float64)


def make_splitter(text: str) -> Splitter | None:
    """Return what splits the scores of LightGBM's text; None where that is for LightGBM itself.

    Those are trees whose leaves are more than a number, and paths that are too many or too long.
    """
    forest = read_forest(text)
    if forest is None:
        return None
    rank, leaf, ids, layers = _climb(forest)
    node = forest.parent[ids]
    pairs, pair = np.unique(leaf * forest.features + forest.feature[node], return_inverse=True)
    owner, feature = np.divmod(pairs, forest.features)
    sizes = np.bincount(owner, minlength=len(rank))
    longest = int(sizes.max(initial=0))
    if longest > _LONGEST or len(ids) > _MOST_STEPS:
        return None
    shares = np.ones(len(pairs))
    np.multiply.at(shares, pair, forest.count[ids] / np.maximum(forest.count[node], 1.0))
    shares = np.maximum(shares, _LEAST)
    begins = np.cumsum(sizes) - sizes
    slot = np.arange(len(pairs)) - begins[owner]
    values, output = forest.value[rank], forest.output[rank]
    order = np.argsort(sizes, kind="stable")
    places = (output[owner] * (forest.features + 1) + feature)[np.argsort(sizes[owner], kind="stable")]
    means = values * np.multiply.reduceat(shares, begins)
    return Splitter(
        shape=(forest.outputs, forest.features),
        nodes=forest.nodes,
        ways=np.where(forest.is_right[ids], node, node + len(forest.feature)),
        bits=(1 << slot[pair]).astype(np.uint16 if longest <= 16 else np.int64),
        layers=layers,
        order=order,
        groups=tuple(_group_leaves(sizes, begins, values, shares)),
        places=places,
        base=forest.constant + np.bincount(output, means, minlength=forest.outputs),
    )


def _climb(forest: Forest) -> tuple[Integers, Integers, Integers, tuple[int, ...]]:
    """Return the leaves, the deepest first, and the steps up from them, layer by layer.

    Of a step: the place of its leaf among these, and the id below the node. Last, where each layer ends, from 0.
    """
    here, found = np.arange(len(forest.feature), len(forest.parent)), list[Integers]()
    while (forest.parent[here] >= 0).any():
        found.append(here)
        here = np.where(forest.parent[here] >= 0, forest.parent[here], here)
    ids = np.array(found, dtype=np.int64).reshape(len(found), len(here))
    below = forest.parent[ids] >= 0
    rank = np.argsort(-below.sum(axis=0), kind="stable")
    below = below[:, rank]
    layers = tuple(np.cumsum([0, *below.sum(axis=1)]).tolist())
    return rank, np.nonzero(below)[1], ids[:, rank][below], layers


def _group_leaves(sizes: Integers, begins: Integers, values: Floats, shares: Floats) -> Iterator[Leaves]:
    """Yield the groups from few features to many: a table of one more is more than twice as large."""
    place = part = numbers = 0
    for size in np.unique(sizes).tolist():
        members = np.flatnonzero(sizes == size)
        own, worth = shares[begins[members, None] + np.arange(size)], values[members]
        numbers += own.size << size
        yield Leaves(
            place=slice(place, place + len(members)),
            parts=slice(part, part + own.size),
            shares=own,
            values=worth,
            table=make_table(worth, own) if numbers <= MOST_NUMBERS else None,
            first=np.arange(len(members)) << size,
        )
        place, part = place + len(members), part + own.size


def split_row(splitter: Splitter, row: Floats) -> Floats:
    """Return what each feature of a row (features,) adds, shape (outputs, features + 1); the last is the base."""
    left = go_left(splitter.nodes, row)
    steps = np.concatenate([left, ~left]).take(splitter.ways) * splitter.bits
    patterns = np.zeros(len(splitter.order), dtype=splitter.bits.dtype)
    for start, end in pairwise(splitter.layers):
        patterns[: end - start] |= steps[start:end]
    patterns = patterns.take(splitter.order)
    parts = np.empty(len(splitter.places))
    for group in splitter.groups:
        found, own = parts[group.parts].reshape(group.shares.shape), patterns[group.place]
        if group.table is None:
            kept = _read_bits(own, group.shares.shape[1])[:, :, None]
            found[:] = share_value(group.values, group.shares, kept)[:, :, 0].T
        else:
            group.table.take(group.first + own, axis=0, out=found, mode="clip")
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
