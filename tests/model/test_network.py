import json

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.linear_fit import build_design, fit_scaling
from perennial.model.network import predict_network, read_network
from perennial.model.network_fit import NETS, fit_network
from perennial.refusal import Refusal
from tests.model.examples import CLASSES, COLUMNS, make_frame, make_labels

FRAME = make_frame()
STATE = fit_encoder(FRAME, COLUMNS, min_count=1)
X = encode_frame(STATE, FRAME)
PARAMS = {"units": 6, "alpha": 0.1, "step": 0.01, "epochs": 8}
CONTENT = {
    task: fit_network(X, make_labels(FRAME, task), STATE, PARAMS, classes=len(CLASSES[task])) for task in CLASSES
}


@pytest.mark.parametrize("task", CLASSES)
def test_json_weights_predict_the_mean_of_what_scikit_learn_does(task: str) -> None:
    y, design = make_labels(FRAME, task), build_design(fit_scaling(X, STATE), X).toarray()
    options = {"hidden_layer_sizes": (6,), "alpha": 0.1, "learning_rate_init": 0.01, "max_iter": 8}
    options |= {"n_iter_no_change": 8, "batch_size": 128}
    wanted = []
    for seed in range(NETS):
        if task == "regression":
            model = MLPRegressor(**options, random_state=seed).fit(design, (y - y.mean()) / y.std())
            wanted.append(model.predict(design) * y.std() + y.mean())
            continue
        model = MLPClassifier(**options, random_state=seed).fit(design, y.astype(int))
        logs = model.predict_log_proba(design)
        wanted.append(logs[:, 1] - logs[:, 0] if task == "binary" else logs - logs.mean(axis=1, keepdims=True))
    got = predict_network(read_network(json.loads(json.dumps(CONTENT[task]))), X)
    got = got - got.mean(axis=1, keepdims=True) if task == "multiclass" else got
    np.testing.assert_allclose(got, np.mean(wanted, axis=0), atol=1e-8)


@pytest.mark.parametrize("task", CLASSES)
def test_one_row_scores_as_among_many(task: str) -> None:
    network = read_network(CONTENT[task])
    many = predict_network(network, X)
    for i in range(40):
        np.testing.assert_array_equal(predict_network(network, X[i : i + 1])[0], many[i])


@pytest.mark.parametrize("task", CLASSES)
def test_no_rows_score_to_nothing(task: str) -> None:
    assert len(predict_network(read_network(CONTENT[task]), X[:0])) == 0


def test_extremes_and_the_missing_score_finite() -> None:
    extremes = np.array([[1e308] * X.shape[1], [-1e308] * X.shape[1], [np.nan] * X.shape[1]])
    extremes[:2, STATE["categorical"]] = 0.0
    assert np.isfinite(predict_network(read_network(CONTENT["binary"]), extremes)).all()


def test_the_same_rows_give_the_same_network() -> None:
    assert fit_network(X, make_labels(FRAME, "binary"), STATE, PARAMS) == CONTENT["binary"]


def test_a_class_without_a_row_is_rare() -> None:
    y = make_labels(FRAME, "multiclass")
    raw = predict_network(read_network(fit_network(X[y > 0], y[y > 0], STATE, PARAMS, classes=3)), X)
    assert raw.shape == (len(X), 3)
    assert (raw[:, 0] < raw[:, 1:].max(axis=1)).all()


def test_one_class_is_refused() -> None:
    with pytest.raises(Refusal, match="one class only"):
        fit_network(X, np.zeros(len(X)), STATE, PARAMS)
