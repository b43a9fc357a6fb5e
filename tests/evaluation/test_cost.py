"""Decision cost beside always and never."""

import numpy as np
import pytest

from perennial.evaluation.cost import judge_cost
from perennial.evaluation.sample import take_sample

TRUTH = np.array([1.0, 0.0, 0.0, 0.0] * 50)


@pytest.mark.parametrize(
    ("score", "model", "saving"),
    [
        pytest.param(TRUTH, 0.0, 1.0, id="perfect"),
        pytest.param(np.ones(200), 0.75, 0.0, id="always"),
        pytest.param(np.zeros(200), 0.75, 0.0, id="never, as dear as always here"),
        pytest.param(1 - TRUTH, 1.5, -1.0, id="upside down"),
    ],
)
def test_costs_per_row(score: np.ndarray, model: float, saving: float) -> None:
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=TRUTH,
        blocks=np.arange(200) // 4,
        replicates=100,
        confidence=0.95,
        seed=0,
    )
    found = judge_cost(sample, score, 0.5, false_positive=1.0, false_negative=3.0)
    assert (found["model"], found["always"], found["never"]) == (model, 0.75, 0.75)
    assert found["saving"]["value"] == pytest.approx(saving)
    assert found["saving"]["interval"] == pytest.approx((saving, saving))
    assert found["threshold"] == 0.5


def test_costs_count_rows_by_their_weights() -> None:
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=TRUTH,
        weights=np.where(TRUTH > 0, 2.0, 1.0),
        blocks=np.arange(200) // 4,
        replicates=100,
        confidence=0.95,
        seed=0,
    )
    found = judge_cost(sample, TRUTH, 0.5, false_positive=1.0, false_negative=3.0)
    assert (found["model"], found["always"], found["never"]) == pytest.approx((0.0, 3 / 5, 3 * 2 / 5))
