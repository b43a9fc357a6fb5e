import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.linear import predict_linear, read_linear
from perennial.model.linear_fit import build_design, fit_linear, fit_scaling
from perennial.refusal import Refusal
from tests.model.examples import CLASSES, COLUMNS, make_frame, make_labels

FRAME = make_frame()
STATE = fit_encoder(FRAME, COLUMNS, min_count=1)
X = encode_frame(STATE, FRAME)


@pytest.mark.parametrize("task", CLASSES)
def test_json_coefficients_predict_as_scikit_learn(task: str) -> None:
    y = make_labels(FRAME, task)
    content = json.loads(json.dumps(fit_linear(X, y, STATE, {"C": 0.5}, classes=len(CLASSES[task]))))
    design = build_design(fit_scaling(X, STATE), X).toarray()
    model = Ridge(alpha=2.0) if task == "regression" else LogisticRegression(C=0.5, tol=1e-10, max_iter=5000)
    model.fit(design, y)
    wanted = model.predict(design) if task == "regression" else model.decision_function(design)
    np.testing.assert_allclose(predict_linear(read_linear(content), X), wanted, atol=1e-2)


@pytest.mark.parametrize("task", CLASSES)
def test_one_row_scores_as_among_many(task: str) -> None:
    linear = read_linear(fit_linear(X, make_labels(FRAME, task), STATE, {"C": 0.5}, classes=len(CLASSES[task])))
    many = predict_linear(linear, X)
    for i in range(40):
        np.testing.assert_array_equal(predict_linear(linear, X[i : i + 1])[0], many[i])


def test_extremes_and_the_missing_score_finite() -> None:
    linear = read_linear(fit_linear(X, make_labels(FRAME, "binary"), STATE, {"C": 0.5}))
    extremes = np.array([[1e308] * X.shape[1], [-1e308] * X.shape[1], [np.nan] * X.shape[1]])
    extremes[:2, STATE["categorical"]] = 0.0
    assert np.isfinite(predict_linear(linear, extremes)).all()


def test_a_typing_error_in_training_does_not_bend_the_line() -> None:
    spoiled = np.vstack([X] * 5)
    spoiled[3, 0] = 1e300
    scaling = fit_scaling(spoiled, STATE)
    assert scaling["high"][0] < 10
    assert scaling["scale"][0] < 10


@pytest.mark.parametrize("constant", [np.nan, 7.0])
def test_a_column_without_news_is_harmless(constant: float) -> None:
    dull = X.copy()
    dull[:, 0] = constant
    assert np.isfinite(
        predict_linear(read_linear(fit_linear(dull, make_labels(FRAME, "binary"), STATE, {"C": 1.0})), dull)
    ).all()


def test_inputs_of_one_kind_suffice() -> None:
    for column in COLUMNS:
        state = fit_encoder(FRAME, [column], min_count=1)
        only = encode_frame(state, FRAME)
        linear = read_linear(fit_linear(only, make_labels(FRAME, "binary"), state, {"C": 1.0}))
        assert np.isfinite(predict_linear(linear, only)).all()


@pytest.mark.parametrize("absent", [0.0, 2.0])
def test_a_class_absent_from_training_stays_unlikely(absent: float) -> None:
    y = make_labels(FRAME, "multiclass")
    kept = y != absent
    scores = predict_linear(read_linear(fit_linear(X[kept], y[kept], STATE, {"C": 1.0}, classes=3)), X)
    assert scores.shape == (len(X), 3)
    assert not (scores.argmax(axis=1) == absent).any()


def test_one_class_is_refused() -> None:
    with pytest.raises(Refusal, match="one class only"):
        fit_linear(X, np.zeros(len(X)), STATE, {"C": 1.0})


def test_bytes_do_not_depend_on_the_number_of_threads() -> None:
    code = (
        "import perennial, json\n"
        "from tests.model.examples import make_model\n"
        "print(json.dumps([make_model(task, 'linear').members for task in ('binary', 'multiclass', 'regression')]))"
    )
    root = Path(__file__).resolve().parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": f"{root}:{root / 'src'}", "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert runs[0] == runs[1]
