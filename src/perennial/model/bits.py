"""Whole numbers in as few bits as the largest of them needs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.uint64]


def count_bits(values: ArrayLike) -> int:
    """Return how many bits the largest of the values, not negative, needs; 0 for none or zeros alone."""
    numbers = np.asarray(values, dtype=np.uint64)
    return int(numbers.max()).bit_length() if numbers.size else 0


def pack_bits(values: ArrayLike, width: int) -> bytes:
    """Return values (n,) of at most `width` bits each, one after the other, the highest bit first."""
    numbers = np.asarray(values, dtype=np.uint64)
    bits = np.unpackbits(numbers.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(bits[:, 64 - width :]).tobytes()


def unpack_bits(content: bytes, width: int, count: int) -> Numbers:
    """Return `count` values that `pack_bits` packed."""
    bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=count * width).reshape(count, width)
    whole = np.zeros((count, 64), dtype=np.uint8)
    whole[:, 64 - width :] = bits
    return np.packbits(whole, axis=1).view(">u8").reshape(count).astype(np.uint64)


def size_of(width: int, count: int) -> int:
    """Return how many bytes `pack_bits` gives."""
    return -(-width * count // 8)


def pack_sorted(values: Numbers) -> bytes:
    """Return values that never fall: how many (8 bytes), the bits of a step (1 byte), and the steps between them."""
    steps = np.diff(values, prepend=np.uint64(0))
    width = count_bits(steps)
    return len(values).to_bytes(8, "little") + bytes([width]) + pack_bits(steps, width)


def unpack_sorted(content: bytes) -> Numbers:
    """Return what `pack_sorted` packed."""
    steps = unpack_bits(content[9:], content[8], int.from_bytes(content[:8], "little"))
    return np.asarray(np.cumsum(steps, dtype=np.uint64))
