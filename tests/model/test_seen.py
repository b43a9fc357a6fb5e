import numpy as np

from perennial.model.seen import count_overlap, hash_keys


def test_hashes_are_sorted_and_do_not_depend_on_order() -> None:
    hashes = hash_keys(["b", "a", "c"])
    assert (np.diff(hashes.astype(object)) > 0).all()
    np.testing.assert_array_equal(hashes, hash_keys(["c", "b", "a"]))


def test_hash_of_a_key() -> None:
    # sha256("a") begins ca978112ca1bbdca
    assert int(hash_keys(["a"])[0]) == int.from_bytes(bytes.fromhex("ca978112ca1bbdca"), "little")


def test_overlap_is_counted() -> None:
    seen = hash_keys(f"flight {i}" for i in range(1000))
    assert count_overlap(seen, ["flight 7", "flight 999", "flight 1000"]) == 2
    assert count_overlap(seen, []) == 0
    assert count_overlap(hash_keys([]), ["flight 7"]) == 0
