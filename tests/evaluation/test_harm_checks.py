"""Each check against harm, on both sides of its limit."""

from typing import Any

import pytest

from perennial.evaluation.checks import CHECKS
from tests.evaluation.checked import HONEST, found
from tests.evaluation.world import AUDIT, LIMITS


@pytest.mark.parametrize(
    ("name", "path", "value", "passed"),
    [
        ("finite", "unpredicted_rows", 1, False),
        ("finite", "metrics.auc.value", None, False),
        ("enough_rows", "rows", 1000, True),
        ("enough_rows", "rows", 999, False),
        ("enough_rows", "blocks", 13, False),
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
        ("slice_level", "slices.0.over_own.upper", -0.251, False),
        ("slice_level", "slices.0.over_own.upper", -0.25, True),
        ("slice_level", "slices.0.over_own.upper", None, False),
        ("slice_level", "slices", [], True),
        ("slice_regression", "slices.0.over_champion.upper", -0.11, False),
        ("slice_regression", "slices.0.over_champion.upper", -0.1, True),
        ("sensitive_gap", "sensitive.0.true_positive_rate.clear", 0.41, False),
        ("sensitive_gap", "sensitive.0.true_positive_rate.clear", None, True),
        ("sensitive_gap", "sensitive", [], False),
        ("sensitive_gap", "sensitive_columns", [], True),
        ("sensitive_gap", "sensitive_columns", ["carrier", "tiny"], False),
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


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_sensitive_column_without_rates_is_said_to_be_unjudged(task: str) -> None:
    finding = CHECKS["sensitive_gap"](HONEST | {"task": task, "sensitive": []}, AUDIT, LIMITS)
    assert (finding.passed, finding.judged) == (True, False)
    assert finding.sentence == f"Declared sensitive, not judged: `carrier`; a {task} task has no such rates."


def test_a_sensitive_column_of_which_nothing_could_be_judged_is_refused_by_name() -> None:
    assert "not judged: `tiny`;" in found("sensitive_gap", "sensitive_columns", ["carrier", "tiny"]).sentence
