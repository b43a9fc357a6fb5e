from typing import Any

import pytest

from perennial.report.blocks import Table, Terms, Text, Tiles, Verdict
from perennial.report.opening import tell_costs, tell_problem, tell_verdict
from tests.report.example import BUNDLE, binary_facts, check, empty_facts, multiclass_facts, regression_facts


def test_the_problem_says_what_errors_cost() -> None:
    terms, sentence, table = tell_problem(binary_facts()).blocks
    assert isinstance(terms, Terms)
    assert ("Who decides", "The airport's operations desk") in terms.pairs
    assert sentence == Text("Missing a case costs 3 times as much as a false alarm.")
    assert isinstance(table, Table)
    assert table.rows == (("we say it will", "0", "1"), ("we say it will not", "3", "0"))


def test_a_dear_false_alarm_is_said_so() -> None:
    facts = binary_facts()
    facts["problem"]["costs"] = {"false_positive": 5.0, "false_negative": 2.0}
    assert tell_costs(facts)[0] == Text("A false alarm costs 2.5 times as much as missing a case.")


@pytest.mark.parametrize("facts", [multiclass_facts(), regression_facts()])
def test_other_tasks_have_no_two_kinds_of_error(facts: dict[str, Any]) -> None:
    assert tell_costs(facts) == ()


@pytest.mark.parametrize(
    ("gate", "state", "sentence"),
    [
        ({"bundle": BUNDLE, "blessed": True, "checks": [check("a"), check("b")]}, "passed", "All 2 checks passed."),
        (
            {"bundle": BUNDLE, "blessed": True, "checks": [check("a"), check("b") | {"judged": False}]},
            "passed",
            "All 1 check passed.",
        ),
        (
            {"bundle": BUNDLE, "blessed": False, "checks": [check("slices", False), check("b")]},
            "failed",
            "1 of 2 checks failed: slices.",
        ),
        (None, "open", "The gate has not run"),
    ],
)
def test_the_verdict(gate: dict[str, Any] | None, state: str, sentence: str) -> None:
    verdict = tell_verdict(binary_facts(gate=gate)).blocks[0]
    assert isinstance(verdict, Verdict)
    assert verdict.state == state
    assert verdict.sentence.startswith(sentence)


def test_failed_checks_are_explained_at_once() -> None:
    gate = {"bundle": BUNDLE, "blessed": False, "checks": [check("calibration", False)]}
    table = tell_verdict(binary_facts(gate=gate)).blocks[-1]
    assert isinstance(table, Table)
    assert table.rows == (("Calibration", "What calibration found."),)


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        (binary_facts(), ["Log loss", "AUC", "Better than a constant", "Calibration error"]),
        (multiclass_facts(), ["Log loss", "Accuracy", "Better than a constant"]),
        (regression_facts(), ["RMSE", "R²", "Better than a constant", "Scaled calibration error"]),
    ],
)
def test_tiles_fit_the_task(facts: dict[str, Any], labels: list[str]) -> None:
    tiles = tell_verdict(facts).blocks[1]
    assert isinstance(tiles, Tiles)
    assert [tile.label for tile in tiles.tiles] == labels


def test_nothing_judged_has_no_tiles() -> None:
    assert len(tell_verdict(empty_facts()).blocks) == 1
