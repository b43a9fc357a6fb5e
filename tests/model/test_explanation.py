import numpy as np
import pytest

from perennial.model.calibration import inverse_link
from perennial.model.explanation import adds_up, name_parts, raw_scores, split_scores
from perennial.model.frames import encode_frame
from perennial.model.predictor import Model, predict
from tests.model.examples import make_frame, make_model
from tests.tiny import ROW, tiny_model, with_link, with_network

PLATT = {"kind": "platt", "slope": 1.3, "intercept": -0.2}
TEMPERATURE = {"kind": "temperature", "temperature": 1.7}


def combined(task: str, calibration: dict[str, object]) -> Model:
    """An ensemble of trees and a linear model, calibrated."""
    trees, linear = make_model(task, "lightgbm"), make_model(task, "linear")
    return Model(
        task=task,
        target=trees.target,
        encoder=trees.encoder,
        members=(*trees.members, *linear.members),
        weights=(0.75, 0.25),
        classes=trees.classes,
        calibration=calibration,
        threshold=trees.threshold,
    )


@pytest.mark.parametrize(
    "model",
    [
        *(
            make_model(task, family)
            for task in ("binary", "multiclass", "regression")
            for family in ("lightgbm", "linear")
        ),
        combined("binary", PLATT),
        combined("multiclass", TEMPERATURE),
        combined("regression", {"kind": "identity"}),
    ],
    ids=lambda model: f"{model.task} {model.family}",
)
def test_the_parts_of_a_row_add_up_to_its_raw_score(model: Model) -> None:
    X = encode_frame(model.encoder, make_frame())
    wanted = raw_scores(model, X)
    parts = split_scores(model, X)
    assert parts.shape == (len(X), wanted.shape[1], len(model.inputs) + 1)
    assert np.abs(parts.sum(axis=2) - wanted).max() <= 1e-9
    linked = inverse_link(model.task, wanted if wanted.shape[1] > 1 else wanted[:, 0])
    np.testing.assert_array_equal(linked, predict(model, X))


def test_no_network_and_nothing_that_was_linked_adds_up() -> None:
    assert adds_up(tiny_model())
    assert adds_up(combined("binary", PLATT))
    assert not adds_up(with_network(tiny_model()))
    assert not adds_up(with_link(tiny_model(task="regression")))


def test_a_linear_part_is_the_weight_times_the_scaled_value() -> None:
    model = tiny_model()
    parts = split_scores(model, np.array([[500.0, 1.0, 0.0, *([0.0] * 6)]]))[0, 0]
    # 0.5 * (500 - 1000) / 1000; the one-hot of UA; 1.0 * 0; 0.8 * (0 - 12) / 6; the intercept
    np.testing.assert_allclose(parts, [-0.25, -0.2, 0.0, -1.6, -1.0], atol=1e-12)


def test_the_parts_of_an_instant_are_one_input() -> None:
    assert tiny_model().owners.tolist() == [0, 1, 2, *([3] * 6)]


def test_the_strongest_input_is_told_first() -> None:
    told = name_parts(list(ROW), (False, True), np.array([-3.05]), np.array([[-0.25, -0.2, 0.0, -1.6, -1.0]]))
    assert told["base"] == -1.0
    assert told["raw"] == pytest.approx(-3.05)
    assert list(told["contributions"]) == ["at", "distance", "carrier", "holiday"]


def test_several_classes_are_told_by_name() -> None:
    told = name_parts(["x"], ("a", "b"), np.array([3.0, 7.0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert told == {
        "raw": {"a": 3.0, "b": 7.0},
        "base": {"a": 2.0, "b": 4.0},
        "contributions": {"x": {"a": 1.0, "b": 3.0}},
    }
