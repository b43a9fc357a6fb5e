"""What each feature of a leaf adds, and tables of it: the integral that `shapley` tells of, by Gauss and Legendre."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from perennial.model.blocks import Block
from perennial.model.packing import Floats, Integers

LEAST = 1e-300
"""Instead of a share of 0: it is divided by."""
_PIECE = 1 << 15  # numbers worked out at a time: they stay in the cache


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


def make_table(blocks: Sequence[Block], first: Integers) -> Floats:
    """Return what each feature of a block adds under each of its patterns, one block after the other."""
    table = np.zeros(sum(block.size for block in blocks))
    games = [
        (
            block.bits,
            len(path),
            value,
            begin,
            len(block.features),
            [(block.features[one], *of) for one, of in path.items()],
        )
        for block, begin in zip(blocks, first.tolist(), strict=True)
        for value, path in block.leaves
    ]
    games.sort(key=lambda game: game[:2])
    for (bits, features), alike in groupby(games, key=lambda game: game[:2]):
        patterns, found = np.arange(1 << bits), list(alike)
        step = max(1, _PIECE // (features << bits))
        for piece in (found[start : start + step] for start in range(0, len(found), step)):
            values, begins, widths = (np.array([game[place] for game in piece]) for place in (2, 3, 4))
            slots, masks, wanted, shares = np.array([game[5] for game in piece]).transpose(2, 1, 0)[:, :, :, None]
            kept = ((patterns & masks.astype(np.int64)) == wanted).astype(np.float64)
            at = begins[:, None] + patterns * widths[:, None] + slots.astype(np.int64)
            np.add.at(table, at, share_value(values, np.maximum(shares[:, :, 0].T, LEAST), kept))
    return table
