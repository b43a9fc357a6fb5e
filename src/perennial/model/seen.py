"""Which rows a model has seen, as short hashes of their keys: enough to prove no overlap, too little to read."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def hash_keys(keys: Iterable[Any]) -> Hashes:
    """Return the sorted first eight bytes (little end first) of the SHA-256 of each key's text."""
    digests = b"".join(hashlib.sha256(str(key).encode()).digest()[:8] for key in keys)
    return np.sort(np.frombuffer(digests, dtype="<u8"))


def count_overlap(seen: Hashes, keys: Iterable[Any]) -> int:
    """Return how many of `keys` are among the hashes `seen`."""
    return int(np.isin(hash_keys(keys), seen).sum())
