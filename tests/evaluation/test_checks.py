"""The registry: every check runs, none stops another."""

import pytest

from perennial.evaluation.checks import CHECKS, run_checks
from tests.evaluation.checked import HONEST
from tests.evaluation.world import AUDIT, LIMITS


@pytest.mark.parametrize("name", list(CHECKS))
def test_an_honest_model_passes(name: str) -> None:
    finding = CHECKS[name](HONEST, AUDIT, LIMITS)
    if finding is None:
        assert name == "coverage", "only bounds of numbers are not there to be asked about"
        return
    assert finding.passed, finding.sentence
    assert finding.sentence.endswith(".")


def test_no_check_stops_another() -> None:
    broken = HONEST | {"unpredicted_rows": 3, "overlap_rows": 2}
    checks = run_checks(broken, AUDIT, LIMITS)
    assert [one["name"] for one in checks] == [name for name in CHECKS if name != "coverage"]
    assert [one["name"] for one in checks if not one["passed"]] == ["finite", "overlap"]
    assert set(checks[0]) == {"name", "passed", "value", "threshold", "interval", "rows", "sentence", "judged"}
