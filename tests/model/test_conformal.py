"""Bounds beside a number hold the truth as often as they promise."""

import numpy as np
import pytest

from perennial.model.conformal import bound_scores, choose_bounds, fit_bounds, refuse_certainty, with_bounds
from perennial.refusal import Refusal


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_new_truths_lie_within_the_bounds_as_often_as_promised(coverage: float) -> None:
    draw, held = np.random.default_rng(0), []
    for _ in range(200):
        scores, y = draw.normal(size=60), draw.normal(size=60)
        low, high = bound_scores(fit_bounds(scores[:59], (scores + y**3)[:59], coverage), scores[59:])
        held.append(low[0] <= scores[59] + y[59] ** 3 <= high[0])
    assert np.mean(held) >= coverage - 0.06


def test_both_sides_get_half_of_what_is_left() -> None:
    errors = np.random.default_rng(0).exponential(size=5000)
    bounds = fit_bounds(np.zeros(5000), errors, 0.9)
    assert bounds["low"] == pytest.approx(0.051, abs=0.02)
    assert bounds["high"] == pytest.approx(3.0, abs=0.2)


def test_errors_that_grow_with_the_number_are_held_as_ratios() -> None:
    draw = np.random.default_rng(0)
    scores = draw.lognormal(2, 1, 4000)
    truth = (1 + scores) * draw.lognormal(0, 0.3, 4000) - 1
    low, high = bound_scores(fit_bounds(scores, truth, 0.9, scaled=True), scores)
    within = (low <= truth) & (truth <= high)
    small = scores < np.median(scores)
    assert within[small].mean() == pytest.approx(0.9, abs=0.02)
    assert within[~small].mean() == pytest.approx(0.9, abs=0.02)


def test_the_narrower_kind_of_bounds_is_taken() -> None:
    draw = np.random.default_rng(0)
    scores = draw.uniform(10, 1000, 3000)
    growing, steady = scores * draw.lognormal(0, 0.2, 3000), scores + draw.uniform(-10, 10, 3000)
    assert choose_bounds(scores, growing, 0.9)["kind"] == "scale"
    assert choose_bounds(scores, steady, 0.9)["kind"] == "shift"
    assert choose_bounds(scores, growing - 1000.0, 0.9)["kind"] == "shift", "ratios need truths from 0 up"


def test_weights_count_as_copies() -> None:
    draw = np.random.default_rng(0)
    scores, y = np.zeros(300), draw.normal(size=300)
    times = np.where(y > 0, 3, 1)
    weighed = fit_bounds(scores, y, 0.8, weights=times.astype(float))
    copied = fit_bounds(np.zeros(times.sum()), np.repeat(y, times), 0.8)
    assert weighed["low"] == pytest.approx(copied["low"], abs=0.05)
    assert weighed["high"] == pytest.approx(copied["high"], abs=0.05)


def test_too_few_rows_for_the_tail_give_the_outermost_error() -> None:
    bounds = fit_bounds(np.zeros(5), np.array([-3.0, 1.0, 2.0, -1.0, 5.0]), 0.99)
    assert (bounds["low"], bounds["high"]) == (-3.0, 5.0)


def test_what_is_served() -> None:
    bounds = {"kind": "shift", "coverage": 0.9, "low": -1.0, "high": 2.0}
    assert with_bounds(bounds, np.array([1.0, 3.0])).tolist() == [[1.0, 0.0, 3.0], [3.0, 2.0, 5.0]]
    assert with_bounds(None, np.array([1.0])).tolist() == [1.0]


def test_certainty_is_refused() -> None:
    with pytest.raises(Refusal, match=r"train\.coverage is 1"):
        refuse_certainty(1.0)
