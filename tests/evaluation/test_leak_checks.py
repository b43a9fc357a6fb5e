"""Each check against leaks, on both sides of its limit."""

from dataclasses import replace
from typing import Any

import pytest

from perennial.evaluation.checks import CHECKS
from tests.evaluation.checked import HONEST, found
from tests.evaluation.world import AUDIT, LIMITS


@pytest.mark.parametrize(
    ("name", "path", "value", "passed"),
    [
        ("overlap", "overlap_rows", 1, False),
        ("repeated_rows", "repeats.excess", 0.01, True),
        ("repeated_rows", "repeats.excess", 0.011, False),
        ("leak_suspects", "suspects", [{"column": "a", "strength": 0.9}], False),
        ("leak_suspects", "suspects", [{"column": "a", "strength": 0.89}], True),
        ("leak_suspects", "suspects", [{"column": "a", "strength": None}], True),
        ("leak_suspects", "suspects", [], True),
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
    assert finding.judged is has_time, "a table without time is never told as green"
    assert words in finding.sentence
