"""Rates of the decision for the values of a sensitive column."""

import numpy as np
import pytest

from perennial.evaluation.gaps import judge_gaps, rates_of_sums
from perennial.evaluation.sample import Sample, take_sample

ROWS = 4000
TRUTH = (np.random.default_rng(0).random(ROWS) < 0.4).astype(float)
INSIDE = np.arange(0, ROWS, 4)


def sample() -> Sample:
    return take_sample(
        task="binary",
        metric="log_loss",
        truth=TRUTH,
        blocks=np.arange(ROWS) // 50,
        replicates=300,
        confidence=0.95,
        seed=0,
    )


def test_rates() -> None:
    selected, true_positive, false_positive = rates_of_sums(np.array([3.0, 5.0, 4.0, 10.0]))
    assert (selected, true_positive) == (0.5, 0.75)
    assert false_positive == pytest.approx(2 / 6)


@pytest.mark.parametrize(("ignored", "clear"), [(0.0, False), (0.5, True)])
def test_a_group_whose_cases_are_overlooked_has_a_clear_gap(ignored: float, clear: bool) -> None:
    decision = TRUTH * (np.random.default_rng(1).random(ROWS) < 0.8)
    decision[INSIDE] *= np.random.default_rng(2).random(len(INSIDE)) >= ignored
    (found,) = judge_gaps(sample(), decision, [("sex", "f", INSIDE)], blocks=10)
    gap = found["true_positive_rate"]
    assert found["rows"] == len(INSIDE)
    assert gap["gap"] == pytest.approx(-0.8 * ignored, abs=0.06)
    assert (gap["clear"] > 0.2) is clear


def test_a_rate_without_rows_has_no_value() -> None:
    positive = np.flatnonzero(TRUTH > 0)[:300]
    (found,) = judge_gaps(sample(), TRUTH, [("sex", "f", positive)], blocks=10)
    assert np.isnan(found["false_positive_rate"]["value"])
    assert np.isnan(found["false_positive_rate"]["clear"])


def test_a_rate_of_few_rows_on_either_side_is_not_compared() -> None:
    few = np.flatnonzero(TRUTH > 0)[::40][:29]
    most = np.setdiff1d(np.arange(ROWS), few)
    for inside in (few, most):
        (found,) = judge_gaps(sample(), TRUTH, [("sex", "f", inside)], blocks=1)
        assert np.isnan(found["true_positive_rate"]["clear"])


def test_a_value_found_in_few_blocks_is_not_judged() -> None:
    assert judge_gaps(sample(), TRUTH, [("sex", "f", np.arange(450))], blocks=10) == []


def test_rates_count_rows_by_their_weights() -> None:
    decision = np.where(np.arange(ROWS) % 8 == 0, 1.0, 0.0)  # half of those inside
    heavy = take_sample(
        task="binary",
        metric="log_loss",
        truth=TRUTH,
        weights=np.where(decision > 0, 3.0, 1.0),
        blocks=np.arange(ROWS) // 50,
        replicates=300,
        confidence=0.95,
        seed=0,
    )
    (found,) = judge_gaps(heavy, decision, [("sex", "f", INSIDE)], blocks=10)
    assert found["selected"]["value"] == pytest.approx(0.75)
