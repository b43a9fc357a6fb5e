from typing import Any

import numpy as np
import pytest

from perennial.evaluation.rehearsal import (
    check_sums,
    compare_scores,
    hold_budget,
    is_taken,
    read_scores,
    rehearsal_reasons,
)
from perennial.refusal import Refusal
from tests.tiny import INPUTS, ROW

ALLOWED = {"name": "origin", "dtype": "category", "nullable": False, "range": None, "allowed": ["EWR"]}


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"distance": None}, True),
        ({"holiday": None}, False),
        ({"carrier": "never seen"}, True),
        ({"origin": "never seen"}, False),
        ({"origin": None}, False),
    ],
)
def test_which_golden_rows_the_service_must_take(change: dict[str, Any], taken: bool) -> None:
    assert is_taken([*INPUTS, ALLOWED], {**ROW, "origin": "EWR", **change}) is taken


TOLD = {"raw": 1.0, "base": 0.25, "contributions": {"x": 0.5, "y": 0.25}}
TOLD_OF_CLASSES = {
    "raw": {"a": 1.0, "b": 0.0},
    "base": {"a": 0.5, "b": 0.0},
    "contributions": {"x": {"a": 0.5, "b": 0.0}},
}


def test_explanations_that_add_up_pass() -> None:
    assert check_sums([TOLD, TOLD_OF_CLASSES]) == "2 explanations add up to their raw scores, within 1e-09."


@pytest.mark.parametrize("told", [TOLD | {"raw": 1.00000001}, TOLD_OF_CLASSES | {"base": {"a": 0.5, "b": 0.1}}])
def test_explanations_that_do_not_add_up_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="the explanation of row 1 adds up to"):
        check_sums([TOLD, told])


def test_scores_are_read_in_the_order_of_the_classes() -> None:
    answers = [{"score": 0.7, "scores": {"b": 0.7, "a": 0.3}}]
    assert read_scores(answers, ("a", "b"), "multiclass").tolist() == [[0.3, 0.7]]
    assert read_scores(answers, (False, True), "binary").tolist() == [0.7]


def test_bounds_are_read_beside_their_score() -> None:
    answers = [{"score": 2.0, "lower": 1.0, "upper": 4.0}, {"score": 3.0, "lower": 2.0, "upper": 5.0}]
    assert read_scores(answers, (), "regression").tolist() == [[2.0, 1.0, 4.0], [3.0, 2.0, 5.0]]


@pytest.mark.parametrize("shift", [0.0, 9e-10])
def test_equal_scores_pass(shift: float) -> None:
    assert compare_scores(np.array([0.5, 0.2]), np.array([0.5, 0.2 + shift])) == (
        "2 rows answered over HTTP as offline, within 1e-09."
    )


@pytest.mark.parametrize(
    ("expected", "got", "sentence"),
    [
        ([0.5, 0.2], [0.5, 0.2 + 2e-9], "1 of 2 rows are answered differently over HTTP, first row 1"),
        ([0.5, 0.2], [float("nan"), 0.2], "1 of 2 rows are answered differently over HTTP, first row 0: nan"),
        ([[0.5, 0.5]], [[0.4, 0.6]], "first row 0"),
        ([0.5, 0.2], [0.5], "answered 1 rows with 2 asked"),
        ([[0.5, 0.2, 0.9]], [0.5], "without the bounds that the model has"),
    ],
)
def test_other_scores_are_refused(expected: Any, got: Any, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        compare_scores(np.array(expected), np.array(got))


def test_a_sentence_about_a_budget_holds_no_measurement() -> None:
    assert hold_budget("Memory", 123.456, 800, "MB") == "Memory is within its budget of 800 MB."
    with pytest.raises(Refusal, match="Memory is above its budget of 100 MB"):
        hold_budget("Memory", 123.456, 100, "MB")


CHECKS = [
    {"name": "started", "passed": True, "sentence": "a"},
    {"name": "bad_input", "passed": False, "sentence": "b."},
]


@pytest.mark.parametrize(
    ("rehearsal", "reasons"),
    [
        ({"rehearsed": True, "bundle": "x", "checks": CHECKS[:1]}, []),
        ({"rehearsed": True, "bundle": "x", "checks": CHECKS}, ["rehearsal, bad_input: b."]),
        ({"rehearsed": False, "reason": "nothing was packaged"}, ["rehearsal: nothing was packaged"]),
        (
            {"rehearsed": True, "bundle": "y", "checks": []},
            ["rehearsal: it was of bundle y, not of x: run `dvc repro rehearse`."],
        ),
    ],
)
def test_why_a_rehearsal_holds_a_bundle_back(rehearsal: dict[str, Any], reasons: list[str]) -> None:
    assert rehearsal_reasons(rehearsal, "x") == reasons
