"""Each check of the gate, on both sides of its limit."""

from dataclasses import replace
from typing import Any

import pytest

from perennial.evaluation.checks import CHECKS, run_checks
from tests.evaluation.world import AUDIT, LIMITS, evaluate_world, predict_honestly, simulate_days

ROWS = simulate_days(3)
HONEST = evaluate_world(ROWS, predict_honestly(ROWS), champion=predict_honestly(ROWS, seed=9))


def changed(facts: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with one place, given by dotted names and numbers, set to another value."""
    name, _, rest = path.partition(".")
    if isinstance(facts, list):
        return [changed(one, rest, value) if n == int(name) and rest else one for n, one in enumerate(facts)]
    return {**facts, name: changed(facts[name], rest, value) if rest else value}


def found(name: str, path: str | None = None, value: Any = None, **limits: Any) -> Any:
    evaluation = HONEST if path is None else changed(HONEST, path, value)
    return CHECKS[name](evaluation, AUDIT, replace(LIMITS, **limits))


@pytest.mark.parametrize("name", list(CHECKS))
def test_an_honest_model_passes(name: str) -> None:
    finding = found(name)
    assert finding.passed, finding.sentence
    assert finding.sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "path", "value", "passed"),
    [
        ("finite", "unpredicted_rows", 1, False),
        ("finite", "metrics.auc.value", None, False),
        ("enough_rows", "rows", 1000, True),
        ("enough_rows", "rows", 999, False),
        ("enough_rows", "blocks", 13, False),
        ("overlap", "overlap_rows", 1, False),
        ("repeated_rows", "repeats.excess", 0.01, True),
        ("repeated_rows", "repeats.excess", 0.011, False),
        ("leak_suspects", "suspects", [{"column": "a", "strength": 0.9}], False),
        ("leak_suspects", "suspects", [{"column": "a", "strength": 0.89}], True),
        ("leak_suspects", "suspects", [{"column": "a", "strength": None}], True),
        ("leak_suspects", "suspects", [], True),
        ("beats_constant", "improvement.over_constant.interval", [0.03, 0.2], False),
        ("beats_constant", "improvement.over_constant.interval", [0.031, 0.2], True),
        ("beats_constant", "improvement.over_constant.interval", [None, None], False),
        ("not_worse_than_linear", "improvement.over_linear.interval", [-0.1, -0.005], True),
        ("not_worse_than_linear", "improvement.over_linear.interval", [-0.1, -0.01], False),
        ("calibration", "calibration.interval", [0.05, 0.2], True),
        ("calibration", "calibration.interval", [0.051, 0.2], False),
        ("slices", "slices.0.over_constant.upper", -0.001, False),
        ("slices", "slices.0.over_constant.upper", None, False),
        ("slices", "slices.0.over_constant.upper", 0.0, True),
        ("slices", "slices", [], True),
        ("slice_regression", "slices.0.over_champion.upper", -0.11, False),
        ("slice_regression", "slices.0.over_champion.upper", -0.1, True),
        ("sensitive_gap", "sensitive.0.true_positive_rate.clear", 0.41, False),
        ("sensitive_gap", "sensitive.0.true_positive_rate.clear", None, True),
        ("sensitive_gap", "sensitive", [], True),
        ("decision_cost", "cost.saving.interval", [0.0, 0.1], False),
        ("decision_cost", "cost", None, True),
        ("champion", "improvement.over_champion.interval", [-0.01, 0.1], False),
        ("champion", "improvement.over_champion.interval", [-0.009, 0.1], True),
        ("champion", "champion.obstacle", "The released model was trained on 3 of the test rows.", False),
        ("champion", "champion", {"same": True, "obstacle": "whatever"}, True),
        ("champion", "champion", None, True),
    ],
)
def test_limits(name: str, path: str, value: Any, passed: bool) -> None:
    finding = found(name, path, value)
    assert finding.passed is passed, finding.sentence


def test_a_model_that_has_seen_as_late_as_the_test_is_refused() -> None:
    late = HONEST | {"first": "2013-07-01T00:00:00", "seen_until": "2013-07-01T00:00:00"}
    finding = CHECKS["overlap"](late, AUDIT, LIMITS)
    assert not finding.passed
    assert "has seen until 2013-07-01" in finding.sentence


def test_a_strong_input_may_be_declared_honest() -> None:
    suspects = [{"column": "a", "strength": 0.95}]
    assert not found("leak_suspects", "suspects", suspects).passed
    assert found("leak_suspects", "suspects", suspects, declared_strong=("a",)).passed


def test_a_regression_is_suspected_by_its_correlation() -> None:
    regression = HONEST | {"task": "regression", "suspects": [{"column": "a", "strength": 0.95}]}
    assert CHECKS["leak_suspects"](regression, AUDIT, LIMITS).passed
    assert not CHECKS["leak_suspects"](regression, AUDIT, replace(LIMITS, suspect_correlation=0.9)).passed


@pytest.mark.parametrize(
    ("audit", "has_time", "passed", "words"),
    [
        ({"auditable": True, "passed": True}, True, True, "No feature changed"),
        ({"auditable": True, "passed": False, "differences": [{}, {}]}, True, False, "2 features changed"),
        ({"auditable": False, "passed": False}, False, True, "Not auditable: the table has no time"),
        ({"auditable": False, "passed": True}, True, False, "Not auditable: a time is declared"),
    ],
)
def test_the_audit(audit: dict[str, Any], has_time: bool, passed: bool, words: str) -> None:
    finding = CHECKS["point_in_time"](HONEST, audit, replace(LIMITS, has_time=has_time))
    assert finding.passed is passed
    assert words in finding.sentence


def test_no_check_stops_another() -> None:
    broken = HONEST | {"unpredicted_rows": 3, "overlap_rows": 2}
    checks = run_checks(broken, AUDIT, LIMITS)
    assert [one["name"] for one in checks] == list(CHECKS)
    assert [one["name"] for one in checks if not one["passed"]] == ["finite", "overlap"]
    assert set(checks[0]) == {"name", "passed", "value", "threshold", "interval", "rows", "sentence"}
