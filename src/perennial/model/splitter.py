"""What splits the scores of rows, made once from LightGBM's text: its trees cut into blocks, each with its table."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from perennial.model.blocks import Block, cut_tree, read_shape
from perennial.model.forest import Forest, read_forest
from perennial.model.games import LEAST, make_table
from perennial.model.packing import Floats
from perennial.model.shapley import Deep, Splitter

MOST_NUMBERS = 4_000_000
"""Of the tables of one booster: 32 MB, where a worker may take 200. Leaves that have no table wait for the row."""
_LARGEST = (4096, 512, 64, 0)  # numbers in the table of a block, as much as there is room for
_MOST_LEAVES = 16_000  # of one booster: a service must be ready within seconds
_LONGEST = 62  # features of one path that the bits of a whole number tell apart


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
