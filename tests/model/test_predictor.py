import pickle

import numpy as np
import pytest

from perennial.model.frames import encode_frame, predict_frame
from perennial.model.predictor import combine_raw, decide, predict, predict_member, predict_raw, predict_rows
from perennial.model.reference import frame_rows
from tests.model.examples import CLASSES, make_frame, make_model

FRAME = make_frame()
CALIBRATIONS = {
    "binary": {"kind": "platt", "slope": 0.8, "intercept": -0.1},
    "multiclass": {"kind": "temperature", "temperature": 1.3},
    "regression": {"kind": "identity"},
}


@pytest.mark.parametrize("families", ["lightgbm", "linear", "lightgbm linear"])
@pytest.mark.parametrize("task", CLASSES)
def test_frames_dicts_one_and_many_score_alike(task: str, families: str) -> None:
    model = make_model(task, families, calibration=CALIBRATIONS[task])
    rows, many = frame_rows(FRAME, model.inputs), predict_frame(model, FRAME)
    assert many.shape == ((len(FRAME), 3) if task == "multiclass" else (len(FRAME),))
    np.testing.assert_allclose(predict_rows(model, rows), many, rtol=0, atol=1e-12)
    for i in range(30):
        np.testing.assert_allclose(predict_rows(model, rows[i : i + 1])[0], many[i], rtol=0, atol=1e-12)


def test_probabilities_are_probabilities() -> None:
    binary, multiclass = (predict_frame(make_model(task), FRAME) for task in ("binary", "multiclass"))
    assert ((binary > 0) & (binary < 1)).all()
    np.testing.assert_allclose(multiclass.sum(axis=1), 1.0, atol=1e-12)


def test_members_are_averaged_before_the_link() -> None:
    model = make_model("binary")
    X = encode_frame(model.encoder, FRAME)
    first, second = (predict_member(scorer, X) for scorer in model.scorers)
    np.testing.assert_allclose(predict_raw(model, X), 0.75 * first + 0.25 * second, atol=1e-15)
    np.testing.assert_allclose(predict(model, X), 1 / (1 + np.exp(-predict_raw(model, X))), atol=1e-15)
    np.testing.assert_array_equal(combine_raw([first], (1.0,)), first)


@pytest.mark.parametrize(
    ("task", "threshold", "scores", "wanted"),
    [
        ("binary", 0.25, [0.2, 0.25, 0.9], [False, True, True]),
        ("binary", None, [0.2, 0.5], [False, True]),
        ("multiclass", None, [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], ["b", "a"]),
        ("regression", None, [1.5], [1.5]),
    ],
)
def test_decisions(task: str, threshold: float | None, scores: list, wanted: list) -> None:
    assert decide(make_model(task, "linear", threshold=threshold), np.array(scores)) == wanted


@pytest.mark.parametrize(
    ("families", "name"), [("lightgbm", "lightgbm"), ("linear", "linear"), ("lightgbm linear", "ensemble")]
)
def test_family(families: str, name: str) -> None:
    assert make_model("binary", families).family == name


def test_a_row_may_miss_everything() -> None:
    assert np.isfinite(predict_rows(make_model(), [{}])).all()
    assert predict_rows(make_model(), []).shape == (0,)


def test_a_model_survives_pickling() -> None:
    model = make_model()
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(predict_frame(again, FRAME), predict_frame(model, FRAME))
