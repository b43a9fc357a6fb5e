import pytest

from perennial.data.lock_merge import merge_locks, merge_sections


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged", "dropped"),
    [
        pytest.param({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, [], id="nobody changed it"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, [], id="we changed it"),
        pytest.param({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, [], id="they changed it"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, [], id="both changed it alike"),
        pytest.param({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 3, "b": 1}, {"b": 1}, ["a"], id="both changed it"),
        pytest.param({}, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}, [], id="each added one"),
        pytest.param({}, {"a": 1}, {"a": 2}, {}, ["a"], id="both added it"),
        pytest.param({"a": 1}, {}, {"a": 1}, {}, [], id="we removed it"),
        pytest.param({"a": 1}, {"a": 1}, {}, {}, [], id="they removed it"),
        pytest.param({"a": 1}, {}, {"a": 2}, {}, ["a"], id="we removed what they changed"),
        pytest.param({"a": 1}, {}, {}, {}, [], id="both removed it"),
    ],
)
def test_entries_are_merged_one_by_one(base, ours, theirs, merged, dropped) -> None:
    assert merge_sections(base, ours, theirs) == (merged, dropped)


def test_a_lock_keeps_its_shape() -> None:
    lock = {"schema": "2.0", "stages": {"a": {"cmd": "x"}}}
    assert merge_locks({}, lock, lock) == (lock, [])
