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

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.blocks import Block, cut_tree, read_shape
from perennial.model.forest import Forest, Nodes, go_left, read_forest
from perennial.model.games import LEAST, make_table, share_value
from perennial.model.packing import Floats, Integers

MOST_NUMBERS = 4_000_000
"""Of the tables of one booster: 32 MB, where a worker may take 200. Leaves that have no table wait for the row."""
_LARGEST = (4096, 512, 64, 0)  # numbers in the table of a block, as much as there is room for
_MOST_LEAVES = 16_000  # of one booster: a service must be ready within seconds
_LONGEST = 62  # features of one path that the bits of a whole number tell apart


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


def make_splitter(text: str) -> Splitter | None:
    """Return what splits the scores of LightGBM's text; None where that is for LightGBM itself.

    Those are trees whose leaves are more than a number, and leaves that are too many or too deep.
    """
    forest = read_forest(text)
    if forest is None or sum(tree["leaves"] for tree in forest.trees) > _MOST_LEAVES:
        return None
    tabled, deep = _divide(_cut(forest))
    blocks = [*tabled, *deep]
    if max((block.bits for block in blocks), default=0) > _LONGEST:
        return None
    widths = np.array([len(block.features) for block in blocks], dtype=np.int64)
    sizes = np.array([block.size for block in tabled], dtype=np.int64)
    own = widths[: len(tabled)]
    first, owners = np.cumsum(sizes) - sizes, np.repeat(np.arange(len(tabled)), own)
    begins = np.cumsum(widths) - widths
    places = [block.output * (forest.features + 1) + name for block in blocks for name in block.features]
    return Splitter(
        shape=(forest.outputs, forest.features),
        nodes=forest.nodes,
        **_layer(blocks),
        first=first,
        widths=own,
        owners=owners,
        slots=np.arange(len(owners)) - begins[owners],
        table=make_table(tabled, first),
        deep=tuple(_gather(deep, len(tabled), int(own.sum()))),
        places=np.array(places, dtype=np.int64),
        base=forest.constant + _find_means(blocks, forest.outputs),
    )


def _cut(forest: Forest) -> list[Block]:
    """Return the blocks of all trees, as large as there is room for."""
    counts = [tree["leaves"] - 1 for tree in forest.trees]
    firsts = np.cumsum([0, *counts]).tolist()
    shapes = [read_shape(tree, first, sum(counts)) for tree, first in zip(forest.trees, firsts, strict=False)]
    blocks: list[Block] = []
    for largest in _LARGEST:
        each = [cut_tree(shape, output, largest) for shape, output in zip(shapes, forest.output, strict=True)]
        blocks = [block for found in each for block in found]
        if sum(block.size for block in blocks if len(block.leaves) > 1) <= MOST_NUMBERS:
            break
    return blocks


def _divide(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """Return the blocks that have a table, subtrees before leaves, and the leaves there is no room for, by depth."""
    ordered = sorted(blocks, key=lambda block: (len(block.leaves) == 1, block.size))
    total, room = 0, 0
    for block in ordered:
        total += block.size
        room += total <= MOST_NUMBERS
    return ordered[:room], ordered[room:]


def _layer(blocks: Sequence[Block]) -> dict[str, Any]:
    counts = np.array([len(block.steps) for block in blocks], dtype=np.int64)
    rank = np.argsort(-counts, kind="stable")
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    steps = np.array([step for block in blocks for step in block.steps], dtype=np.int64).reshape(-1, 2)
    steps = steps[np.lexsort((np.repeat(np.argsort(rank), counts), number))]
    small = max((block.bits for block in blocks), default=0) <= 16
    return {
        "ways": steps[:, 0].copy(),
        "bits": steps[:, 1].astype(np.uint16 if small else np.int64),
        "layers": tuple(np.cumsum([0, *np.bincount(number)]).tolist()),
        "order": np.argsort(rank),
    }


def _gather(leaves: Sequence[Block], place: int, part: int) -> Iterator[Deep]:
    """Yield the leaves without a table, from few features to many; they follow so many blocks and features."""
    for features, alike in groupby(leaves, key=lambda block: block.bits):
        found = [block.leaves[0] for block in alike]
        shares = np.array([[share for *_, share in path.values()] for _, path in found])
        values = np.array([value for value, _ in found])
        ends = place + len(found), part + len(found) * features
        yield Deep(slice(place, ends[0]), slice(part, ends[1]), values, np.maximum(shares, LEAST))
        place, part = ends


def _find_means(blocks: Sequence[Block], outputs: int) -> Floats:
    means = np.zeros(outputs)
    for block in blocks:
        for value, path in block.leaves:
            means[block.output] += value * math.prod(share for *_, share in path.values())
    return means


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
