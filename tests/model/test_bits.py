import numpy as np
import pytest

from perennial.model.bits import count_bits, pack_bits, pack_sorted, size_of, unpack_bits, unpack_sorted

CASES = [[], [0], [0, 0, 0], [1], [5, 0, 7], [2**63, 1, 2**64 - 1], list(range(1000))]


@pytest.mark.parametrize("values", CASES)
def test_what_is_packed_is_unpacked(values: list[int]) -> None:
    width = count_bits(values)
    packed = pack_bits(values, width)
    assert len(packed) == size_of(width, len(values))
    np.testing.assert_array_equal(unpack_bits(packed, width, len(values)), np.array(values, dtype=np.uint64))


def test_no_bit_is_wasted() -> None:
    assert pack_bits([1, 0, 3], 2) == bytes([0b01_00_11_00])
    assert pack_bits([0] * 100, 0) == b""


@pytest.mark.parametrize("values", CASES)
def test_sorted_values_are_kept_as_their_steps(values: list[int]) -> None:
    ordered = np.sort(np.array(values, dtype=np.uint64))
    np.testing.assert_array_equal(unpack_sorted(pack_sorted(ordered)), ordered)


def test_hashes_of_many_keys_need_a_fifth_less() -> None:
    hashes = np.sort(np.random.default_rng(0).integers(0, 2**64, 100_000, dtype=np.uint64))
    assert len(pack_sorted(hashes)) < 0.82 * hashes.nbytes
