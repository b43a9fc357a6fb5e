import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.data.split import LEARNING, SplitSizes, split_by_hash
from perennial.io.learning import Learning, sample_learning
from perennial.model.folds import Problem

SIZES = SplitSizes(test_days=1, valid_days=1, folds=4, test_share=0.2, valid_share=0.2, seed=0)
PROBLEM = Problem("binary", "late", (False, True), (Column("x", "numeric"),))


def hashed_learning(rows: int) -> Learning:
    """Return the learned rows of a table without time, as the split divides it."""
    keys = np.array([f"k{number}" for number in range(rows)], dtype=object)
    roles, folds = split_by_hash(list(keys), np.ones(rows, dtype=bool), SIZES)
    learned = np.isin(roles, LEARNING)
    frame = pd.DataFrame({"key": keys[learned], "x": 1.0, "late": True})
    return Learning(frame, folds[learned], PROBLEM)


def test_every_fold_keeps_its_share_in_a_sample() -> None:
    learning = hashed_learning(20_000)
    sample = sample_learning(learning, "key", 4000, SIZES.seed)
    before, after = (np.bincount(one.folds, minlength=5) / len(one.folds) for one in (learning, sample))
    assert after.tolist() == pytest.approx(before.tolist(), abs=0.02)
    assert len(sample.frame) == len(sample.folds) == 4000


def test_a_sample_is_chosen_by_key_and_stays_in_order() -> None:
    learning = hashed_learning(60)
    sample = sample_learning(learning, "key", 25, 0)
    assert len(sample.frame) == len(sample.folds) == 25
    assert sample.frame["key"].str[1:].astype(int).is_monotonic_increasing
    turned = Learning(learning.frame[::-1].reset_index(drop=True), learning.folds[::-1], learning.problem)
    assert set(sample_learning(turned, "key", 25, 0).frame["key"]) == set(sample.frame["key"])
    assert sample_learning(learning, "key", 0, 0) is learning
