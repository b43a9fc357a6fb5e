from typing import Any

import pytest

from perennial.model.golden import fold_rows, unfold_rows

FIRST = {"a": 1, "b": "x", "c": None, "d": 0.5}


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ({"a": 2, "b": "y", "c": 1, "d": 2.0}, [2, "y", 1, 2.0]),
        (FIRST | {"b": None}, {"b": None}),
        (FIRST | {"a": True}, {"a": True}),
        (FIRST | {"a": 1.0}, {"a": 1.0}),
        (FIRST, {}),
    ],
)
def test_a_row_is_kept_by_what_it_has_of_its_own(row: dict[str, Any], kept: Any) -> None:
    folded = fold_rows([FIRST, row])
    assert folded == {"inputs": ["a", "b", "c", "d"], "rows": [[1, "x", None, 0.5], kept]}
    assert [list(map(repr, each.items())) for each in unfold_rows(folded)] == [
        list(map(repr, each.items())) for each in (FIRST, row)
    ]


def test_an_input_that_a_row_lacks_is_missing() -> None:
    assert unfold_rows(fold_rows([{"a": 1}, {"b": 2}])) == [{"a": 1, "b": None}, {"a": None, "b": 2}]


def test_no_rows_stay_none_and_those_of_the_first_bundles_are_read() -> None:
    assert unfold_rows(fold_rows([])) == []
    assert unfold_rows({"rows": [FIRST], "predictions": [1.0]}) == [FIRST]
