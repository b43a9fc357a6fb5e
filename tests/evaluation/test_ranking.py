"""Order: ranks, AUC and average precision, exact and from binned ranks."""

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from perennial.evaluation.ranking import (
    auc_of_tally,
    average_precision_of_tally,
    mid_ranks,
    precision_recall,
    tally_ranks,
)

RNG = np.random.default_rng(0)
TRUTH = (RNG.random(3000) < 0.25).astype(float)
SCORE = np.round(0.2 * TRUTH + RNG.random(3000), 3)


def test_ranks_are_those_of_scipy() -> None:
    assert mid_ranks(SCORE) == pytest.approx(rankdata(SCORE))


def test_binned_ranks_give_nearly_the_exact_value() -> None:
    tally = tally_ranks(TRUTH, SCORE, np.arange(3000) % 9, 9)
    assert tally.shape[0] == 9
    assert tally.sum() == 3000
    assert float(auc_of_tally(tally.sum(axis=0))) == pytest.approx(roc_auc_score(TRUTH, SCORE), abs=1e-3)
    exact = average_precision_score(TRUTH, SCORE)
    assert float(average_precision_of_tally(tally.sum(axis=0))) == pytest.approx(exact, abs=5e-3)


def test_a_replicate_of_the_tally_is_the_score_of_the_repeated_rows() -> None:
    codes, weights = np.arange(3000) % 3, np.array([2, 0, 1])
    repeated = np.repeat(np.arange(3000), weights[codes])
    drawn = weights @ tally_ranks(TRUTH, SCORE, codes, 3)
    assert float(auc_of_tally(drawn)) == pytest.approx(roc_auc_score(TRUTH[repeated], SCORE[repeated]), abs=2e-3)


def test_a_replicate_of_one_class_has_no_value() -> None:
    tally = tally_ranks(np.zeros(10), np.arange(10.0), np.zeros(10, dtype=int), 1)
    assert np.isnan(auc_of_tally(tally)).all()
    assert np.isnan(average_precision_of_tally(tally)).all()


def test_precision_and_recall_at_each_distinct_score() -> None:
    precision, recall, threshold = precision_recall(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert threshold.tolist() == [0.9, 0.5, 0.1]
    assert precision == pytest.approx([1.0, 2 / 3, 0.5])
    assert recall == pytest.approx([0.5, 1.0, 1.0])
