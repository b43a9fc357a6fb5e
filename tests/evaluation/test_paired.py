"""The difference of two runs, paired by block."""

import numpy as np
import pytest

from perennial.evaluation.paired import block_losses, name_blocks, pair_losses
from perennial.evaluation.sample import point_scores, score, take_sample

RNG = np.random.default_rng(0)
DAYS = np.repeat(np.arange(15_900, 15_940), 25)
TRUTH = (RNG.random(1000) < 0.3).astype(float)
SCORES = np.clip(0.3 + RNG.normal(0, 0.1, 1000), 0.01, 0.99)


def losses(scores: np.ndarray, truth: np.ndarray = TRUTH, metric: str = "log_loss") -> list[tuple[str, float, float]]:
    task = "regression" if metric == "rmse" else "binary"
    sample = take_sample(task=task, metric=metric, truth=truth, blocks=DAYS, replicates=50, confidence=0.95, seed=0)
    return block_losses(sample, scores, "day", DAYS)


def test_days_are_named_by_their_date_and_other_blocks_by_number() -> None:
    assert name_blocks("day", DAYS)[:2] == ["2013-07-14", "2013-07-15"]
    assert name_blocks("group", np.array([4, 4, 9])) == ["0", "1"]
    assert len(name_blocks("row", np.arange(5000))) == 1000


@pytest.mark.parametrize("metric", ["log_loss", "brier", "rmse"])
def test_the_blocks_add_up_to_the_score(metric: str) -> None:
    found = pair_losses(metric, losses(SCORES, metric=metric), losses(SCORES * 0.8, metric=metric))
    sample = take_sample(
        task="regression" if metric == "rmse" else "binary",
        metric=metric,
        truth=TRUTH,
        blocks=DAYS,
        replicates=50,
        confidence=0.95,
        seed=0,
    )
    old, new = (point_scores(sample, one, None)[metric] for one in (SCORES, SCORES * 0.8))
    assert found is not None
    assert found["value"] == pytest.approx(new - old, rel=1e-8)
    assert found["interval"][0] < found["value"] < found["interval"][1]
    assert found["blocks"] == 40


def test_what_a_day_does_to_both_cancels() -> None:
    """Days that are easy or hard for both runs widen the interval of each, not that of their difference."""
    luck = np.repeat(RNG.normal(0, 0.25, 40), 25)
    truth = (RNG.random(1000) < np.clip(0.4 + luck, 0.02, 0.98)).astype(float)
    better = np.clip(SCORES + 0.08, 0.01, 0.99)
    found = pair_losses("log_loss", losses(SCORES, truth), losses(better, truth))
    sample = take_sample(
        task="binary", metric="log_loss", truth=truth, blocks=DAYS, replicates=2000, confidence=0.95, seed=0
    )
    alone = score(sample, SCORES, None)["log_loss"]["interval"]
    assert found is not None
    assert found["interval"][1] - found["interval"][0] < 0.5 * (alone[1] - alone[0])


def test_other_rows_are_not_paired() -> None:
    one = losses(SCORES)
    assert pair_losses("log_loss", one[1:], one) is None
    assert pair_losses("log_loss", [], []) is None
    assert pair_losses("log_loss", [(name, loss, 24.0) for name, loss, _ in one], one) is None
    assert pair_losses("another score", one, one) is None


def test_equal_runs_differ_by_nothing() -> None:
    assert pair_losses("log_loss", losses(SCORES), losses(SCORES)) == {
        "value": 0.0,
        "interval": [0.0, 0.0],
        "blocks": 40,
    }
