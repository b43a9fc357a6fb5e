from typing import Any

import numpy as np
import pytest

from perennial.model.candidates import FAMILIES, Candidate, Rows
from perennial.model.ensemble import (
    Choice,
    choose_members,
    choose_single,
    combine_choice,
    pick_contenders,
    prefer_linear,
)
from perennial.model.folds import OutOfFold, task_loss

TREES = {"family": "lightgbm", "params": {"num_leaves": 7}}
WIDER = {"family": "lightgbm", "params": {"num_leaves": 31}}
LINE = {"family": "linear", "params": {"C": 1.0}}


def oof_of(*errors: float, shared: float = 0.0) -> OutOfFold:
    """Return candidates that see the truth through noise of their own, and noise that they share."""
    rng = np.random.default_rng(0)
    truth, common = rng.normal(size=4000), rng.normal(size=4000)
    raws = tuple(truth + error * rng.normal(size=4000) + shared * common for error in errors)
    zeros = np.zeros(4000, dtype=np.int64)
    return OutOfFold(Rows(np.empty((0, 0)), truth), zeros, zeros, raws, (1,) * len(errors))


@pytest.mark.parametrize(
    ("trials", "families", "members", "expected", "linear"),
    [
        ([TREES, WIDER, LINE], {"lightgbm": TREES, "linear": LINE}, 2, [TREES, WIDER, LINE], 2),
        ([TREES, TREES, WIDER], {"lightgbm": TREES, "linear": LINE}, 3, [TREES, WIDER, LINE], 2),
        ([LINE, TREES], {"lightgbm": TREES, "linear": LINE}, 2, [LINE, TREES], 0),
        ([TREES], {"lightgbm": TREES}, 1, [TREES, {"family": "linear", "params": FAMILIES["linear"].first}], 1),
    ],
)
def test_contenders_are_different_and_one_is_linear(
    trials: list[Any], families: dict[str, Any], members: int, expected: list[Any], linear: int
) -> None:
    got = pick_contenders({"trials": trials, "families": families}, members)
    assert got == ([Candidate(one["family"], one["params"]) for one in expected], linear)


def test_independent_errors_earn_an_ensemble() -> None:
    oof = oof_of(1.0, 1.1)
    choice = choose_members(oof, "regression", most=2, least_gain=0.01)
    assert choice.members == (0, 1)
    assert sum(choice.weights) == pytest.approx(1.0)
    raw = combine_choice(oof.raws, choice)
    assert task_loss("regression", raw, oof.asked) == pytest.approx(choice.loss)
    assert choice.loss < 0.8


@pytest.mark.parametrize(
    ("errors", "shared", "gain"), [((1.0, 1.1), 0.0, 0.9), ((0.01, 0.011), 1.0, 0.01), ((1.0, 9.0), 0.0, 0.05)]
)
def test_what_gains_too_little_stays_single(errors: tuple[float, ...], shared: float, gain: float) -> None:
    oof = oof_of(*errors, shared=shared)
    assert choose_members(oof, "regression", most=2, least_gain=gain) == choose_single(oof, range(2), "regression")


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_are_combined_than_may_be(most: int) -> None:
    choice = choose_members(oof_of(1.0, 1.0, 1.0), "regression", most=most, least_gain=0.01)
    assert choice.members == (0, 1)[:most]


def test_the_earlier_of_two_equals_is_single() -> None:
    oof = oof_of(1.0)
    twice = OutOfFold(oof.asked, oof.folds, oof.positions, oof.raws * 2, (1, 1))
    assert choose_single(twice, (0, 1), "regression").members == (0,)
    assert choose_single(twice, (1,), "regression").members == (1,)


@pytest.mark.parametrize(
    ("members", "lowest", "expected"),
    [((0,), 0.01, False), ((0,), 0.0, True), ((0,), float("nan"), True), ((1,), -1.0, False), ((0, 1), -0.01, True)],
)
def test_linear_is_preferred_unless_beaten_clear_of_zero(
    members: tuple[int, ...], lowest: float, expected: bool
) -> None:
    contenders = [Candidate("lightgbm", {}), Candidate("linear", {})]
    assert prefer_linear(contenders, Choice(members, (1.0,), 0.5), lowest) is expected
