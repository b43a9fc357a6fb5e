import lightgbm
import numpy as np
import pytest

from perennial.model.forest import go_left, read_forest
from perennial.model.packing import read_trees
from tests.model.boosters import ASKED, KINDS, X, fit


def find_leaf(tree: dict[str, np.ndarray], left: np.ndarray) -> int:
    """Walk from the root of one tree as its nodes say."""
    node = 0 if tree["leaves"] > 1 else ~0
    while node >= 0:
        node = int(tree["left_child"][node] if left[node] else tree["right_child"][node])
    return ~node


@pytest.mark.parametrize(("task", "changes"), KINDS, ids=str)
def test_every_row_comes_to_the_leaf_that_lightgbm_finds(task: str, changes: dict[str, float]) -> None:
    text = fit(task, **changes)
    forest, (_, trees), rows = read_forest(text), read_trees(text), ASKED[30:]
    assert forest is not None
    wanted = lightgbm.Booster(model_str=text).predict(rows, pred_leaf=True)
    begins = np.cumsum([0, *(tree["leaves"] - 1 for tree in trees)])
    for row, leaves in zip(rows, np.asarray(wanted).reshape(len(rows), -1), strict=True):
        left = go_left(forest.nodes, row)
        assert [find_leaf(tree, left[begin:]) for tree, begin in zip(trees, begins, strict=False)] == leaves.tolist()


def test_leaves_that_hold_a_line_are_no_numbers() -> None:
    settings = {"linear_tree": True, "num_leaves": 4, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(X[:, 1:3], X[:, 1] * X[:, 2], params=settings)
    assert read_forest(lightgbm.train(settings, data, 2).model_to_string()) is None


def test_trees_of_which_the_mean_is_taken_are_not_added() -> None:
    settings = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5, "num_threads": 1, "verbosity": -1}
    text = lightgbm.train(settings, lightgbm.Dataset(X[:, 1:3], X[:, 1]), 3).model_to_string()
    assert read_forest(text) is None
