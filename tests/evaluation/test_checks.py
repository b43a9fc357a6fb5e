"""The registry: every check runs, none stops another."""

import pytest

from perennial.evaluation.checks import CHECKS, run_checks
from tests.evaluation.checked import HONEST, found
from tests.evaluation.world import AUDIT, LIMITS


@pytest.mark.parametrize("name", list(CHECKS))
def test_an_honest_model_passes(name: str) -> None:
    finding = found(name)
    assert finding.passed, finding.sentence
    assert finding.sentence.endswith(".")


def test_no_check_stops_another() -> None:
    broken = HONEST | {"unpredicted_rows": 3, "overlap_rows": 2}
    checks = run_checks(broken, AUDIT, LIMITS)
    assert [one["name"] for one in checks] == list(CHECKS)
    assert [one["name"] for one in checks if not one["passed"]] == ["finite", "overlap"]
    assert set(checks[0]) == {"name", "passed", "value", "threshold", "interval", "rows", "sentence", "judged"}
