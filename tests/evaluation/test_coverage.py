import numpy as np
import pytest

from perennial.evaluation.coverage import judge_coverage
from perennial.evaluation.harm_checks import check_coverage
from perennial.evaluation.sample import Sample, take_sample
from tests.evaluation.checked import HONEST
from tests.evaluation.world import AUDIT, LIMITS


def numbers(rows: int = 2000, weights: np.ndarray | None = None) -> Sample:
    return take_sample(
        task="regression",
        metric="rmse",
        truth=np.random.default_rng(0).normal(size=rows),
        blocks=np.arange(rows),
        replicates=300,
        confidence=0.95,
        seed=0,
        weights=weights,
    )


def test_the_share_of_truths_within_their_bounds() -> None:
    sample = numbers()
    found = judge_coverage(sample, np.full(2000, -1.645), np.full(2000, 1.645), 0.9)
    assert found["value"] == pytest.approx(0.9, abs=0.02)
    assert found["value"] + found["below"] + found["above"] == pytest.approx(1.0)
    assert found["interval"][0] < 0.9 < found["interval"][1]
    assert found["width"] == pytest.approx(3.29)


def test_rows_count_by_their_weights() -> None:
    sample = numbers(weights=np.where(numbers().truth > 1.645, 10.0, 1.0))
    assert judge_coverage(sample, np.full(2000, -1.645), np.full(2000, 1.645), 0.9)["above"] > 0.3


@pytest.mark.parametrize(("half", "passed"), [(1.645, True), (1.5, True), (1.2, False), (9.0, True)])
def test_bounds_that_are_too_narrow_are_refused(half: float, passed: bool) -> None:
    found = judge_coverage(numbers(), np.full(2000, -half), np.full(2000, half), 0.9)
    finding = check_coverage(HONEST | {"coverage": found}, AUDIT, LIMITS)
    assert finding is not None
    assert finding.passed == passed, finding.sentence


def test_nothing_is_asked_where_no_bounds_are_served() -> None:
    assert check_coverage(HONEST, AUDIT, LIMITS) is None
