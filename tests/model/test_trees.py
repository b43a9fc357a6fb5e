import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from perennial.model.frames import encode_frame
from perennial.model.trees import Trees
from perennial.refusal import Refusal
from tests.model.examples import make_frame, make_model

MODEL = make_model("multiclass", "lightgbm")
X = encode_frame(MODEL.encoder, make_frame())
TREES = Trees(str(MODEL.members[0]))


def test_trees_survive_pickling() -> None:
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(TREES)).predict_raw(X), TREES.predict_raw(X))  # noqa: S301


def test_any_number_of_threads_scores_alike() -> None:
    wanted = TREES.predict_raw(X)
    np.testing.assert_array_equal(TREES.predict_raw(X, num_threads=2), wanted)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: TREES.predict_raw(X), range(20)):
            np.testing.assert_array_equal(got, wanted)


def test_one_row_scores_as_it_does_among_many() -> None:
    wanted = TREES.predict_raw(X)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda place: TREES.predict_raw(X[place : place + 1])[0], range(len(X))))
    np.testing.assert_array_equal(np.array(rows), wanted)


def test_what_features_add_sums_to_the_score() -> None:
    parts = TREES.predict_contributions(X)
    assert parts.shape == (len(X), 3, X.shape[1] + 1)
    assert np.abs(parts.sum(axis=2) - TREES.predict_raw(X)).max() <= 1e-9


def test_layout_of_the_matrix_does_not_matter() -> None:
    np.testing.assert_array_equal(TREES.predict_raw(np.asfortranarray(X)), TREES.predict_raw(X))
    np.testing.assert_array_equal(TREES.predict_raw(X[::2]), TREES.predict_raw(X)[::2])


def test_no_rows_give_no_scores() -> None:
    assert TREES.predict_raw(X[:0]).shape == (0, 3)


def test_too_few_columns_are_refused() -> None:
    with pytest.raises(Refusal, match="number of features"):
        TREES.predict_raw(X[:, :2])


@pytest.mark.parametrize("text", ["", "tree\n", "not a model"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="LightGBM refuses"):
        Trees(text)
