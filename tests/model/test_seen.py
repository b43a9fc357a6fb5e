import numpy as np

from perennial.model.seen import count_overlap, hash_each, hash_keys, own_scores


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


def test_a_seen_row_is_given_its_own_score_of_the_repeat() -> None:
    keys = ["a", "b", "c"]
    seen = hash_keys(keys)
    order = np.argsort(hash_each(keys))
    scores = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])[order]
    known, own = own_scores(seen, scores, ["c", "x", "a", "c"], np.array([0, 0, 1, 3]))
    assert known.tolist() == [True, False, True, True]
    assert own.tolist() == [0.5, 0.2, 0.6]
