import numpy as np
import pytest

from perennial.model.games import share_value


def test_a_leaf_of_two_features_is_shared_as_by_hand() -> None:
    # Known first or second, each as often: (8 * 0.5 * (1 - 0.25) + 8 * 1 * (1 - 0.25)) / 2, and so the other.
    parts = share_value(np.array([8.0]), np.array([[0.25, 0.5]]), np.ones((2, 1, 1)))
    assert parts.ravel().tolist() == pytest.approx([4.5, 2.5], rel=1e-14)


def test_shares_and_the_mean_make_the_value() -> None:
    shares = np.random.default_rng(0).uniform(size=(5, 9))
    parts = share_value(np.arange(1.0, 6.0), shares, np.ones((9, 1, 1)))[:, :, 0]
    np.testing.assert_allclose(parts.sum(axis=0) + np.arange(1.0, 6.0) * shares.prod(axis=1), np.arange(1.0, 6.0))
