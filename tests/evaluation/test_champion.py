"""The released model beside the new one."""

from typing import Any

import pytest

from perennial.evaluation.champion import compare_champion


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"present": "z"}, "models/champion/ holds the bundle z, not the released c"),
        ({"absent": ["wind"]}, "needs wind, which the table has no longer"),
        ({"overlap_rows": 3}, "trained on 3 of the test rows"),
        ({"seen_until": "2013-07-02"}, "the released model has seen until 2013-07-02"),
        ({"bundle": "c", "overlap_rows": 3}, None),
    ],
)
def test_models_are_compared_only_on_rows_that_neither_has_seen(change: dict[str, Any], words: str | None) -> None:
    given = {
        "bundle": "b",
        "released": "c",
        "present": "c",
        "absent": [],
        "overlap_rows": 0,
        "seen_until": "2013-06-30",
        "first": "2013-07-01",
    }
    found = compare_champion(**(given | change))
    assert found["same"] is ("bundle" in change)
    assert found["obstacle"] is None if words is None else words in found["obstacle"]
