"""The gate is measured: it blesses what differs by chance and refuses what is truly worse."""

import numpy as np

from tests.evaluation.world import failing_checks, judge_world, know_logit, predict_honestly, sigmoid, simulate_days

CHALLENGERS = 40


def test_challengers_that_differ_in_seed_only_are_blessed() -> None:
    rows = simulate_days(5)
    released = predict_honestly(rows, seed=100)
    verdicts = [judge_world(rows, predict_honestly(rows, seed), champion=released) for seed in range(CHALLENGERS)]
    blessed = sum(verdict["blessed"] for verdict in verdicts)
    assert blessed >= 0.95 * CHALLENGERS, [failing_checks(verdict) for verdict in verdicts]


def test_honest_models_of_other_seasons_are_blessed() -> None:
    verdicts = []
    for seed in range(CHALLENGERS):
        rows = simulate_days(seed + 20)
        verdicts.append(judge_world(rows, predict_honestly(rows, seed)))
    blessed = sum(verdict["blessed"] for verdict in verdicts)
    assert blessed >= 0.95 * CHALLENGERS, [failing_checks(verdict) for verdict in verdicts]


def test_challengers_with_a_planted_regression_are_refused_by_the_champion_check() -> None:
    rows = simulate_days(5)
    released, refused = predict_honestly(rows, seed=100), 0
    for seed in range(CHALLENGERS):
        noise = np.random.default_rng(seed).normal(scale=0.7, size=len(rows))
        verdict = judge_world(rows, sigmoid(know_logit(rows) + noise), champion=released)
        refused += "champion" in failing_checks(verdict)
    assert refused >= 0.9 * CHALLENGERS


def test_one_slice_worse_than_the_released_model_is_refused_although_it_beats_the_constant() -> None:
    rows = simulate_days(5)
    released, harmed = predict_honestly(rows, seed=100), predict_honestly(rows)
    inside = (rows["carrier"] == "UA").to_numpy()
    harmed[inside] = sigmoid(know_logit(rows) * 0.5 + 0.9)[inside]
    failing = failing_checks(judge_world(rows, harmed, champion=released))
    assert "slice_regression" in failing
