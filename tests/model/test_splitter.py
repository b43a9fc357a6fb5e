import numpy as np
import pytest

from perennial.model import splitter
from perennial.model.splitter import make_splitter
from perennial.model.trees import Trees
from tests.model.boosters import ASKED, fit, split_by_lightgbm


def test_a_booster_of_very_many_leaves_is_left_to_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    text = fit("classes", num_leaves=63, num_iterations=3)
    monkeypatch.setattr(splitter, "_MOST_LEAVES", 20)
    assert make_splitter(text) is None
    np.testing.assert_array_equal(Trees(text).predict_contributions(ASKED), split_by_lightgbm(text, ASKED))


def test_paths_of_more_features_than_a_pattern_has_bits_are_for_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    text = fit("regression")
    monkeypatch.setattr(splitter, "_LONGEST", 1)
    assert make_splitter(text) is None
    np.testing.assert_array_equal(Trees(text).predict_contributions(ASKED), split_by_lightgbm(text, ASKED))
