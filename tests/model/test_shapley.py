from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from perennial.model import splitter
from perennial.model.boosting import fit_boosting
from perennial.model.packing import pack_trees, read_trees, unpack_trees
from perennial.model.shapley import split_rows
from perennial.model.splitter import make_splitter
from perennial.model.trees import Trees
from tests.model.boosters import ASKED, KINDS, fit, split_by_lightgbm


def split(text: str, rows: np.ndarray) -> np.ndarray:
    made = make_splitter(text)
    assert made is not None
    return split_rows(made, rows)


@pytest.mark.parametrize(("task", "changes"), KINDS, ids=str)
def test_what_features_add_is_what_lightgbm_says_and_sums_to_the_score(task: str, changes: dict[str, float]) -> None:
    text = fit(task, **changes)
    parts = split(text, ASKED)
    np.testing.assert_allclose(parts, split_by_lightgbm(text, ASKED), rtol=1e-9, atol=1e-12)
    raw = Trees(text).predict_raw(ASKED).reshape(len(ASKED), -1)
    np.testing.assert_allclose(parts.sum(axis=2), raw, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("room", [0, 5_000])
def test_leaves_without_a_table_are_worked_out_to_the_same(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = fit("classes", num_leaves=63, num_iterations=3)
    wanted = split(text, ASKED)
    monkeypatch.setattr(splitter, "MOST_NUMBERS", room)
    np.testing.assert_allclose(split(text, ASKED), wanted, rtol=1e-12, atol=1e-13)


def expect(tree: dict[str, Any], row: np.ndarray, known: frozenset[int], node: int = 0) -> float:
    """Return the mean of a tree of numeric splits when some features of a row are known (Lundberg et al. 2020)."""
    if node < 0:
        return float(tree["leaf_value"][~node])
    left, right = int(tree["left_child"][node]), int(tree["right_child"][node])
    feature = int(tree["split_feature"][node])
    if feature in known:
        return expect(tree, row, known, left if row[feature] <= tree["threshold"][node] else right)
    counts = [tree["leaf_count"][~way] if way < 0 else tree["internal_count"][way] for way in (left, right)]
    means = [expect(tree, row, known, way) for way in (left, right)]
    return float(np.average(means, weights=counts))


def test_values_are_those_of_the_definition() -> None:
    X = np.random.default_rng(1).normal(size=(300, 4))
    text = fit_boosting(
        X, X[:, 0] * X[:, 1] + X[:, 2] ** 2, [], {"num_iterations": 3, "min_data_in_leaf": 5}, classes=0
    )
    trees, features = read_trees(text)[1], frozenset(range(4))
    for row in X[:5]:
        worth = {
            frozenset(known): sum(expect(tree, row, frozenset(known)) for tree in trees)
            for size in range(5)
            for known in combinations(features, size)
        }
        wanted = [
            sum(
                factorial(len(known)) * factorial(3 - len(known)) / factorial(4) * (worth[known | {one}] - worth[known])
                for known in worth
                if one not in known
            )
            for one in features
        ]
        np.testing.assert_allclose(split(text, row[None])[0, 0], [*wanted, worth[frozenset()]], rtol=1e-12, atol=1e-13)


def test_packed_trees_are_split_bit_for_bit_alike() -> None:
    text = fit("binary")
    packed = pack_trees(text)
    assert packed is not None
    assert split(unpack_trees(packed), ASKED).tobytes() == split(text, ASKED).tobytes()
