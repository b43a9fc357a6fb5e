import numpy as np
import pandas as pd
import pytest

from perennial.data.repeats import check_crosswise, check_repeats, count_crosswise, count_repeats, hash_rows
from perennial.refusal import Refusal


@pytest.mark.parametrize(
    ("train", "test", "share", "excess"),
    [
        pytest.param([1, 2, 3], [4, 5], 0.0, 0.0, id="none"),
        pytest.param([1, 2, 3], [3, 5], 0.5, 0.5, id="one of two"),
        pytest.param([1, 1, 2, 2], [1, 2], 1.0, 0.0, id="as natural as within training"),
        pytest.param([], [1], 0.0, 0.0, id="nothing learned"),
    ],
)
def test_repeats(train: list[int], test: list[int], share: float, excess: float) -> None:
    found = count_repeats(np.array(train, dtype=np.uint64), np.array(test, dtype=np.uint64))
    assert (found["share"], found["excess"]) == (share, excess)


def test_rows_are_equal_in_every_input_and_the_truth() -> None:
    frame = pd.DataFrame({"a": ["x", "x", "x", None], "b": [1.0, 1.0, np.nan, np.nan]})
    hashes = hash_rows(frame, np.array([1.0, 0.0, 1.0, 1.0]))
    assert len(set(hashes.tolist())) == 4
    assert (hashes == hash_rows(frame, np.array([1.0, 0.0, 1.0, 1.0]))).all()


def test_what_is_natural_is_not_refused() -> None:
    learned = np.concatenate([np.arange(1700), np.arange(300)]).astype(np.uint64)
    tested = np.arange(1671, 1771).astype(np.uint64)
    assert count_repeats(learned, tested) == {"share": 0.29, "natural": 0.3, "excess": 0.0}
    assert check_repeats(learned, tested, 0.01) == 29


def test_copies_above_what_is_natural_are_refused() -> None:
    learned, tested = (np.arange(*span).astype(np.uint64) for span in ((0, 100), (80, 120)))
    assert check_repeats(learned, tested, 0.5) == 20
    with pytest.raises(Refusal, match=r"20 of 40 test rows repeat .* 0\.00% of those"):
        check_repeats(learned, tested, 0.4)


def test_copies_between_folds_are_counted_crosswise() -> None:
    folds = np.repeat([0, 1, 2, -1], 40)
    rows = np.arange(160).astype(np.uint64)
    assert count_crosswise(rows, folds) == {"share": 0.0, "natural": 0.0, "excess": 0.0}
    rows[40:50] = rows[:10]
    assert count_crosswise(rows, folds)["share"] == pytest.approx(20 / 120)
    with pytest.raises(Refusal, match="20 of 120 test rows repeat"):
        check_crosswise(rows, folds, 0.01)
