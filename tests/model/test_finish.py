from dataclasses import replace

import numpy as np
import pytest

from perennial.model.boosting import Rows
from perennial.model.candidates import Candidate
from perennial.model.ensemble import Choice
from perennial.model.finish import describe_choice, describe_losses, finish_choice, settings_to_fit
from perennial.model.folds import OutOfFold

CONTENDERS = [Candidate("lightgbm", {"num_leaves": 7}), Candidate("linear", {"C": 1.0})]
ONE = Choice((0,), (1.0,), 0.5)


def cost(missed: float) -> dict[str, float]:
    return {"false_positive": 1.0, "false_negative": missed}


def overconfident(slope: float = 3.0) -> OutOfFold:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=9000)
    y = (rng.random(9000) < 1 / (1 + np.exp(-honest))).astype(float)
    folds = np.repeat([1, 2, 3], 3000)
    return OutOfFold(Rows(np.empty((0, 0)), y), folds, np.arange(9000), (slope * honest, honest), (40, 0))


def test_an_overconfident_model_is_calibrated() -> None:
    finish = finish_choice(overconfident(), ONE, "binary", cost(1.0))
    assert finish.calibration["kind"] == "platt"
    assert finish.calibration["slope"] == pytest.approx(1 / 3, abs=0.03)
    assert finish.threshold == pytest.approx(0.5, abs=0.06)


def test_an_honest_model_is_left_alone() -> None:
    assert finish_choice(overconfident(1.0), ONE, "binary", cost(3.0)).calibration["kind"] == "identity"


def test_dear_misses_lower_the_threshold() -> None:
    assert finish_choice(overconfident(), ONE, "binary", cost(9.0)).threshold == pytest.approx(0.1, abs=0.05)


def test_a_regression_has_neither() -> None:
    finish = finish_choice(overconfident(), ONE, "regression", cost(1.0))
    assert (finish.calibration["kind"], finish.threshold) == ("identity", None)
    assert finish.bounds is not None
    assert finish.bounds["low"] < 0 < finish.bounds["high"]


def test_a_linked_member_is_fitted_with_its_smear() -> None:
    linked = replace(overconfident(), smears=(1.2, None))
    assert settings_to_fit(CONTENDERS, linked, ONE, seed=0)[0][1]["smear"] == 1.2


def test_members_are_described_and_fitted_with_their_rounds() -> None:
    oof, both = overconfident(), Choice((0, 1), (0.75, 0.25), 0.5)
    fitted = settings_to_fit(CONTENDERS, oof, both, seed=3)
    assert fitted == [
        (CONTENDERS[0], {"num_iterations": 40, "seed": 3}),
        (CONTENDERS[1], {"num_iterations": 0, "seed": 3}),
    ]
    described = describe_choice(CONTENDERS, oof, both)
    assert described[0] == {"family": "lightgbm", "params": {"num_leaves": 7}, "weight": 0.75, "rounds": 40}
    losses = describe_losses("binary", oof, both, linear=1)
    assert (losses["rows"], losses["loss"], losses["linear"]) == (9000, 0.5, losses["contenders"][1])
