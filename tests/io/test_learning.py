import numpy as np
import pandas as pd

from perennial.data.split import SplitSizes, split_by_hash
from perennial.io.learning import Learning, sample_learning
from perennial.model.folds import Problem

ROWS = 20_000


def learn(rows: int) -> Learning:
    """The learned rows of a table without time, split by the hash of its keys."""
    keys = [f"k{number}" for number in range(rows)]
    sizes = SplitSizes(test_days=1, valid_days=1, folds=4, test_share=0.2, valid_share=0.2, seed=0)
    roles, folds = split_by_hash(keys, np.ones(rows, dtype=bool), sizes)
    kept = np.isin(roles, ["train", "valid"])
    frame = pd.DataFrame({"key": keys, "y": np.arange(rows)})[kept].reset_index(drop=True)
    problem = Problem("regression", "y", (), [], None, None, None)
    return Learning(frame, folds[kept], roles[kept], problem)


def test_every_fold_keeps_its_share_of_a_sample() -> None:
    learning = learn(ROWS)
    sample = sample_learning(learning, "key", 4000, seed=0)
    assert len(sample.frame) == 4000
    whole, part = (np.bincount(each.folds) / len(each.folds) for each in (learning, sample))
    np.testing.assert_allclose(part, whole, atol=0.03)


def test_a_sample_keeps_the_order_and_is_the_same_every_time() -> None:
    learning = learn(ROWS)
    first, again = (sample_learning(learning, "key", 500, seed=1).frame for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert first["y"].is_monotonic_increasing


def test_zero_or_more_than_there_are_means_all() -> None:
    learning = learn(100)
    assert sample_learning(learning, "key", 0, seed=0) is learning
    assert sample_learning(learning, "key", 10**6, seed=0) is learning
