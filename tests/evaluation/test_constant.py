"""The best constants."""

import numpy as np
import pytest

from perennial.evaluation.constant import predict_constant, predict_own


def test_the_constant_is_what_was_learned() -> None:
    assert predict_constant("binary", np.array([0.0, 1, 0, 0]), 2, 2).tolist() == [0.25, 0.25]
    assert predict_constant("multiclass", np.array([0.0, 1, 1, 1]), 3, 1).tolist() == [[0.25, 0.75, 0.0]]
    assert predict_constant("regression", np.array([2.0, 4.0]), 0, 1).tolist() == [3.0]


def test_the_constant_counts_rows_by_their_weights() -> None:
    weights = np.array([3.0, 1.0])
    assert predict_constant("binary", np.array([0.0, 1]), 2, 1, weights).tolist() == [0.25]
    assert predict_constant("multiclass", np.array([0.0, 2]), 3, 1, weights).tolist() == [[0.75, 0.0, 0.25]]
    assert predict_constant("regression", np.array([2.0, 6.0]), 0, 1, weights).tolist() == [3.0]


@pytest.mark.parametrize(
    ("task", "truth", "classes", "own"),
    [
        ("binary", [0.0] * 25 + [1.0] * 75, 2, 0.7475),  # a hundredth is given to both classes alike
        ("binary", [0.0] * 100, 2, 0.005),
        ("multiclass", [0.0] * 100, 4, [0.9925, 0.0025, 0.0025, 0.0025]),
        ("regression", [2.0] * 50 + [4.0] * 50, 0, 3.0),
    ],
)
def test_the_own_constant_knows_the_mean_but_for_a_doubt(
    task: str, truth: list[float], classes: int, own: float | list[float]
) -> None:
    found = predict_own(task, np.array(truth), classes, np.ones(100), doubt=0.5)
    assert len(found) == 100
    assert found[0] == pytest.approx(own)
