"""Which rows a model has seen, as short hashes of their keys: enough to prove no overlap, too little to read."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def hash_each(keys: Iterable[Any]) -> Hashes:
    """Return the first eight bytes (little end first) of the SHA-256 of each key's text, in the order of the keys."""
    digests = b"".join(hashlib.sha256(str(key).encode()).digest()[:8] for key in keys)
    return np.frombuffer(digests, dtype="<u8")


def hash_keys(keys: Iterable[Any]) -> Hashes:
    """Return the hashes of the keys, sorted."""
    return np.sort(hash_each(keys))


def count_overlap(seen: Hashes, keys: Iterable[Any]) -> int:
    """Return how many of `keys` are among the hashes `seen`."""
    return int(np.isin(hash_keys(keys), seen).sum())


def own_scores(
    seen: Hashes, scores: NDArray[np.float64], keys: Iterable[Any], repeats: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which of the keys were seen, (n,), and the out-of-fold scores of those, (seen,) or (seen, classes).

    `scores` (rows, repeats) or (rows, repeats, classes) lie in the order of the sorted hashes `seen`; a row is given
    the score of the repeat that `repeats` (n,) names, of as many as there are.
    """
    hashes = hash_each(keys)
    known = np.isin(hashes, seen)
    places = np.searchsorted(seen, hashes[known])
    return known, scores[places, repeats[known] % scores.shape[1]]
