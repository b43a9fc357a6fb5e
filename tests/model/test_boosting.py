import lightgbm
import numpy as np
import pytest

from perennial.model.boosting import Rows, count_iterations, fit_boosting, fit_watched_boosting, strip_parameters
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.trees import Trees
from perennial.refusal import Refusal
from tests.model.examples import CLASSES, COLUMNS, PARAMS, make_frame, make_labels

FRAME = make_frame()
STATE = fit_encoder(FRAME, COLUMNS, min_count=1)
X = encode_frame(STATE, FRAME)


def fit(task: str, **options: object) -> str:
    y = make_labels(FRAME, task)
    return fit_boosting(
        X, y, STATE["categorical"], {**PARAMS, **options.pop("params", {})}, classes=len(CLASSES[task]), **options
    )


@pytest.mark.parametrize("task", CLASSES)
def test_bytes_do_not_depend_on_the_number_of_threads(task: str) -> None:
    sampling = {"bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.6}
    assert fit(task, num_threads=1, params=sampling) == fit(task, num_threads=2, params=sampling)


@pytest.mark.parametrize("task", CLASSES)
def test_the_stripped_text_predicts_as_the_whole_one(task: str) -> None:
    classes = len(CLASSES[task])
    kind = {0: "regression", 2: "binary"}.get(classes, "multiclass")
    settings = {**PARAMS, "objective": kind, "verbosity": -1, **({"num_class": classes} if classes > 2 else {})}
    whole = lightgbm.train(
        settings, lightgbm.Dataset(X, make_labels(FRAME, task), categorical_feature=STATE["categorical"])
    )
    text = strip_parameters(whole.model_to_string())
    assert "parameters:" not in text
    assert "num_threads" not in text
    np.testing.assert_array_equal(Trees(text).predict_raw(X), whole.predict(X, raw_score=True))


@pytest.mark.parametrize("task", CLASSES)
def test_early_stopping_keeps_the_best_iteration(task: str) -> None:
    patient = {"num_iterations": 400, "learning_rate": 0.3, "early_stopping_round": 5}
    half = len(X) // 2
    y = make_labels(FRAME, task)
    (text,) = fit_watched_boosting(
        Rows(X[:half], y[:half]),
        [Rows(X[half:], y[half:])],
        STATE["categorical"],
        {**PARAMS, **patient},
        classes=len(CLASSES[task]),
    )
    assert 1 <= count_iterations(text) < 400


def test_weights_count() -> None:
    weights = np.where(FRAME["flag"], 10.0, 0.1)
    assert fit("binary", weights=weights) != fit("binary")


def test_one_class_is_refused() -> None:
    with pytest.raises(Refusal, match="one class only"):
        fit_boosting(X, np.ones(len(X)), STATE["categorical"], PARAMS)
