"""The block bootstrap: whole blocks, the same for the same seed, as wide as it must be."""

import numpy as np
import pytest

from perennial.evaluation.intervals import (
    MAX_BLOCKS,
    draw_blocks,
    number_blocks,
    percentile_interval,
    pivotal_interval,
    replicate,
    round_numbers,
    share_of_evidence,
    spread,
    sum_blocks,
)


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


def interval_of_mean(values: np.ndarray, blocks: np.ndarray, seed: int = 0) -> tuple[float, float]:
    codes, count = number_blocks(blocks)
    sums = sum_blocks(np.column_stack([values, np.ones(len(values))]), codes, count)
    return percentile_interval(replicate(draw_blocks(count, 1000, seed), sums, mean), 0.95)


def test_blocks_are_numbered_in_order_whatever_they_are() -> None:
    codes, count = number_blocks(np.array(["b", "a", "b", "c"]))
    assert codes.tolist() == [1, 0, 1, 2]
    assert count == 3


def test_many_blocks_are_merged_and_counted_as_they_are() -> None:
    codes, count = number_blocks(np.arange(5000))
    assert count == 5000
    assert codes.max() == MAX_BLOCKS - 1


def test_every_replicate_draws_as_many_blocks_as_there_are() -> None:
    draws = draw_blocks(31, 50, seed=1)
    assert draws.shape == (50, 31)
    assert (draws.sum(axis=1) == 31).all()


def test_same_seed_same_draws() -> None:
    assert (draw_blocks(31, 50, 1) == draw_blocks(31, 50, 1)).all()
    assert (draw_blocks(31, 50, 1) != draw_blocks(31, 50, 2)).any()


def test_sums_are_those_of_each_block() -> None:
    sums = sum_blocks(np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]), np.array([0, 1, 0]), 3)
    assert sums.tolist() == [[5.0, 50.0], [2.0, 20.0], [0.0, 0.0]]


def test_luck_shared_by_a_day_makes_the_interval_of_rows_too_narrow() -> None:
    rng, days, per_day = np.random.default_rng(0), 60, 100
    day = np.repeat(np.arange(days), per_day)
    values = rng.normal(size=days)[day] + rng.normal(size=days * per_day)
    by_day, by_row = interval_of_mean(values, day), interval_of_mean(values, np.arange(len(day)))
    assert by_day[1] - by_day[0] > 4 * (by_row[1] - by_row[0])


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(60), 20)
        low, high = interval_of_mean(rng.normal(size=60)[day] + rng.normal(size=1200), day, seed)
        held += low <= 0.0 <= high
    assert 0.90 <= held / 200 <= 0.98


def test_merged_rows_give_the_width_of_the_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    low, high = interval_of_mean(values, np.arange(20_000))
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(20_000), rel=0.15)


def test_a_replicate_without_a_value_is_left_out() -> None:
    assert percentile_interval(np.array([np.nan, 1.0, 1.0, np.inf]), 0.95) == (1.0, 1.0)
    assert np.isnan(percentile_interval(np.array([np.nan]), 0.95)).all()
    assert spread(np.array([np.nan, 1.0, 3.0])) == 1.0
    assert np.isnan(spread(np.array([np.nan])))


def test_a_pivotal_interval_mirrors_the_percentiles() -> None:
    replicates = np.linspace(2.0, 4.0, 101)
    assert pivotal_interval(2.0, replicates, 0.9) == pytest.approx((2 * 2.0 - 3.9, 2 * 2.0 - 2.1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.123456789012345, 0.123456789),
        (np.float64(1 / 3), 0.3333333333),
        (-0.0, 0.0),
        (float("nan"), None),
        (float("inf"), None),
        (np.int64(3), 3),
        (True, True),
        ({"a": (1.0, "b")}, {"a": [1.0, "b"]}),
        (None, None),
    ],
)
def test_numbers_are_rounded_wherever_they_are(value: object, expected: object) -> None:
    got = round_numbers(value)
    assert got == expected
    assert type(got) is type(expected)


def test_fewer_draws_give_wider_intervals() -> None:
    values = np.random.default_rng(0).normal(size=900)
    sums = np.column_stack([values, np.ones(900)])
    spreads = [spread(replicate(draw_blocks(900, 2000, 0, share), sums, mean)) for share in (1.0, 4 / 9)]
    assert spreads[1] / spreads[0] == pytest.approx(1.5, rel=0.05)


def test_the_fewer_the_folds_the_more_of_what_they_learned_is_shared_out() -> None:
    assert share_of_evidence(5) == pytest.approx(4 / 9)
    assert share_of_evidence(2) < share_of_evidence(5) < share_of_evidence(100) < 0.5
