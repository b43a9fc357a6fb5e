from typing import Any

import numpy as np
import pytest

from perennial.model.boosting import Rows
from perennial.model.candidates import FAMILIES, Candidate
from perennial.model.ensemble import (
    Choice,
    Contenders,
    choose_members,
    choose_served,
    choose_single,
    combine_choice,
    pick_contenders,
    prefer_linear,
)
from perennial.model.folds import OutOfFold, task_loss
from perennial.refusal import Refusal

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
    ("trials", "families", "members", "expected", "offered", "linear"),
    [
        ([TREES, WIDER, LINE], {"lightgbm": TREES, "linear": LINE}, 2, [TREES, WIDER, LINE], 2, 2),
        ([TREES, TREES, WIDER], {"lightgbm": TREES, "linear": LINE}, 3, [TREES, WIDER, LINE], 2, 2),
        ([LINE, TREES], {"lightgbm": TREES, "linear": LINE}, 2, [LINE, TREES], 2, 0),
        ([TREES], {"lightgbm": TREES}, 1, [TREES, {"family": "linear", "params": FAMILIES["linear"].first}], 1, 1),
    ],
)
def test_contenders_are_different_and_one_is_linear(
    trials: list[Any], families: dict[str, Any], members: int, expected: list[Any], offered: int, linear: int
) -> None:
    got = pick_contenders({"trials": trials, "families": families}, members)
    candidates = tuple(Candidate(one["family"], one["params"]) for one in expected)
    assert got == Contenders(candidates, offered, linear)


def test_independent_errors_earn_an_ensemble() -> None:
    oof = oof_of(1.0, 1.1)
    choice = choose_members(oof, "regression", offered=2, least_gain=0.01)
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
    assert choose_members(oof, "regression", offered=2, least_gain=gain) == choose_single(oof, range(2), "regression")


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
    contenders = Contenders((Candidate("lightgbm", {}), Candidate("linear", {})), 1, 1)
    assert prefer_linear(contenders, Choice(members, (1.0,), 0.5), lowest) is expected


def test_less_than_one_member_is_refused() -> None:
    with pytest.raises(Refusal, match=r"train\.members is 0"):
        pick_contenders({"trials": [TREES], "families": {"lightgbm": TREES}}, 0)


def test_one_member_is_no_ensemble_however_much_the_linear_one_would_bring() -> None:
    contenders = pick_contenders({"trials": [TREES, WIDER], "families": {"lightgbm": TREES, "linear": LINE}}, 1)
    serve = {"task": "regression", "least_gain": 0.0}
    choice, gain = choose_served(oof_of(1.0, 1.1), contenders, **serve, compare=lambda a, b: {"interval": [0.1, 0.2]})
    assert (choice.members, choice.weights, gain) == ((0,), (1.0,), {"interval": [0.1, 0.2]})
    choice, _ = choose_served(oof_of(1.0, 1.1), contenders, **serve, compare=lambda a, b: {"interval": [-0.1, 0.2]})
    assert choice.members == (1,)


def test_the_choice_is_compared_with_the_linear_one() -> None:
    oof, seen = oof_of(1.0, 1.1), []
    contenders = Contenders((Candidate("lightgbm", {}), Candidate("linear", {})), 1, 1)
    choose_served(
        oof,
        contenders,
        "regression",
        least_gain=0.0,
        compare=lambda a, b: seen.extend((a, b)) or {"interval": [1.0, 1.0]},
    )
    assert [(one == raw).all() for one, raw in zip(seen, oof.raws, strict=True)] == [True, True]


def test_with_room_for_two_of_each_family_the_best_of_each_comes_along() -> None:
    trials = [
        {"family": "lightgbm", "params": {"num_leaves": n}, "score": n / 10, "number": n, "losses": {}, "rounds": {}}
        for n in range(1, 7)
    ]
    worst = {"family": "linear", "params": {"C": 1.0}, "score": 9.0, "number": 9, "losses": {}, "rounds": {}}
    best = {"trials": trials, "families": {"lightgbm": trials[0], "linear": worst}}
    names = [one.family for one in pick_contenders(best, 4).candidates]
    assert names == ["lightgbm", "lightgbm", "lightgbm", "linear"]
    assert [one.family for one in pick_contenders(best, 3).candidates] == ["lightgbm"] * 3 + ["linear"]
    assert (pick_contenders(best, 4).offered, pick_contenders(best, 3).offered) == (4, 3)
