"""Permutation importances."""

import numpy as np
import pandas as pd

from perennial.evaluation.importance import choose_rows, name_groups, permutation_importances, shuffle_columns
from perennial.evaluation.sample import take_sample
from tests.evaluation.world import know_logit, sigmoid, simulate_days

ROWS = simulate_days(2)
GROUPS = {"delay": ["delay"], "wind": ["wind"], "both": ["delay", "wind"], "day": ["day"]}


def importances(seed: int = 0) -> list[dict]:
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=ROWS["late"].to_numpy(),
        blocks=ROWS["day"],
        replicates=200,
        confidence=0.95,
        seed=0,
    )
    return permutation_importances(
        sample, lambda frame: sigmoid(know_logit(frame)), ROWS, GROUPS, rows=2000, repeats=2, seed=seed
    )


def test_what_matters_most_comes_first_and_what_is_unused_is_zero() -> None:
    found = importances()
    assert [one["column"] for one in found] == ["both", "delay", "wind", "day"]
    assert found[1]["interval"][0] > 0
    assert found[3]["value"] == 0
    assert found[3]["interval"] == (0, 0)


def test_same_seed_same_importances() -> None:
    assert importances() == importances()
    assert importances() != importances(seed=1)


def test_columns_are_dealt_together_in_a_copy() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [7, 8, 9]})
    dealt = shuffle_columns(frame, ["a", "b"], np.array([2, 0, 1]))
    assert dealt.to_dict("list") == {"a": [3, 1, 2], "b": ["z", "x", "y"], "c": [7, 8, 9]}
    assert frame["a"].tolist() == [1, 2, 3]


def test_rows_are_chosen_in_order_without_repetition() -> None:
    chosen = choose_rows(100, 10, 0)
    assert len(set(chosen.tolist())) == 10
    assert (np.diff(chosen) > 0).all()
    assert choose_rows(5, 10, 0).tolist() == [0, 1, 2, 3, 4]


def test_groups_are_those_declared() -> None:
    assert name_groups([("a", "g"), ("b", ""), ("c", "g")]) == {"g": ["a", "c"]}
