"""Packed trees: every number that predicting and explaining read comes back bit for bit."""

from typing import Any

import lightgbm
import numpy as np
import pytest

from perennial.model.boosting import Rows, fit_boosting, fit_watched_boosting, strip_parameters
from perennial.model.packing import pack_trees, unpack_trees
from perennial.model.trees import Trees
from perennial.refusal import Refusal

ROWS = 1500
DRAW = np.random.default_rng(0)
X = np.column_stack(
    [
        DRAW.normal(size=(ROWS, 3)),
        DRAW.integers(0, 70, ROWS).astype(float),
        DRAW.integers(0, 3, ROWS).astype(float),
        np.round(DRAW.normal(size=ROWS), 1),
        np.zeros(ROWS),
    ]
)
X[::7, 0] = np.nan
X[::5, 3] = np.nan
Y = X[:, 1] + np.sin(X[:, 3]) + (X[:, 4] == 1) + np.nan_to_num(X[:, 0])
SETTINGS = {"num_iterations": 25, "num_leaves": 31, "min_data_in_leaf": 5, "bagging_freq": 1, "bagging_fraction": 0.7}
TASKS = {"regression": (Y, 0), "binary": ((Y > 0.5).astype(float), 2), "classes": (np.digitize(Y, [0.0, 3.5]), 3)}
ASKED = np.vstack([X[:300], np.full((1, 7), np.nan), X[:50] * -3.7, np.full((1, 7), 1e300)])


def fit(task: str, **changes: float) -> str:
    y, classes = TASKS[task]
    return fit_boosting(X, y.astype(float), [3, 4], {**SETTINGS, **changes}, classes=classes)


def assert_alike(text: str) -> bytes:
    packed = pack_trees(text)
    assert packed is not None
    ours, theirs = Trees(unpack_trees(packed)), Trees(text)
    assert ours.predict_raw(ASKED).tobytes() == theirs.predict_raw(ASKED).tobytes()
    assert ours.predict_contributions(ASKED).tobytes() == theirs.predict_contributions(ASKED).tobytes()
    assert all(ours.predict_raw(row[None]).tobytes() == theirs.predict_raw(row[None]).tobytes() for row in ASKED[:20])
    return packed


@pytest.mark.parametrize(
    ("task", "changes"),
    [
        *((task, {}) for task in TASKS),
        ("classes", {"min_data_in_leaf": 600}),  # some trees are never split
        ("regression", {"num_leaves": 2}),
        ("binary", {"path_smooth": 1.0, "extra_trees": True, "max_bin": 15}),
    ],
)
def test_predictions_and_explanations_stay_bit_for_bit(task: str, changes: dict[str, float]) -> None:
    assert_alike(fit(task, **changes))


def test_trees_that_were_stopped_early_and_weighted_are_alike() -> None:
    y, _ = TASKS["binary"]
    learned, watched = Rows(X[:1000], y[:1000], DRAW.random(1000)), Rows(X[1000:], y[1000:])
    [text] = fit_watched_boosting(learned, [watched], [3, 4], {**SETTINGS, "early_stopping_round": 3})
    assert_alike(text)


def test_a_tenth_of_the_text_is_left() -> None:
    text = fit("binary")
    assert len(assert_alike(text)) < 0.16 * len(text)


def test_packing_again_gives_the_same_bytes() -> None:
    packed = assert_alike(fit("classes"))
    assert pack_trees(unpack_trees(packed)) == packed


@pytest.mark.parametrize(
    "kind", [{"linear_tree": True}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}], ids=str
)
def test_what_has_no_place_is_left_as_text(kind: dict[str, Any]) -> None:
    made = lightgbm.train({**kind, "verbosity": -1, "num_iterations": 3}, lightgbm.Dataset(X, Y, params=kind))
    assert pack_trees(strip_parameters(made.model_to_string())) is None


@pytest.mark.parametrize("harm", [lambda b: b[:-3], lambda b: b[:200], lambda b: b"{}\n", lambda b: b"\xff" + b])
def test_what_was_not_packed_is_refused(harm: object) -> None:
    packed = pack_trees(fit("binary", num_iterations=2))
    with pytest.raises(Refusal, match="the packed trees cannot be read"):
        unpack_trees(harm(packed))  # type: ignore[operator]
