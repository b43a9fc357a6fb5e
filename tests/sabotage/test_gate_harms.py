"""Each harm is refused for its own reason, and the unharmed twin is blessed."""

import numpy as np
import pandas as pd
import pytest

from perennial.evaluation.gate import refusal_reasons
from perennial.evaluation.intervals import Array
from tests.evaluation.world import (
    DTYPES,
    failing_checks,
    judge_world,
    know_logit,
    predict_honestly,
    sigmoid,
    simulate_days,
)


@pytest.fixture(scope="module")
def test_rows() -> pd.DataFrame:
    return simulate_days(3)


@pytest.fixture(scope="module")
def learned() -> pd.DataFrame:
    return simulate_days(1000, first_day=1000)


def fit_linear_scores(learned: pd.DataFrame, truth: Array, test: pd.DataFrame, inputs: list[str]) -> Array:
    """Train for real (Newton steps of a logistic regression), so that a harm of the rows reaches the scores."""
    left, right = (np.column_stack([np.ones(len(rows)), rows[inputs].to_numpy(float)]) for rows in (learned, test))
    weights = np.zeros(left.shape[1])
    for _ in range(8):
        score = sigmoid(left @ weights)
        curvature = (left * (score * (1 - score))[:, None]).T @ left + 1e-3 * np.eye(left.shape[1])
        weights = weights + np.linalg.solve(curvature, left.T @ (truth - score) - 1e-3 * weights)
    return sigmoid(right @ weights)


def test_an_unharmed_model_is_blessed(test_rows: pd.DataFrame) -> None:
    verdict = judge_world(test_rows, predict_honestly(test_rows))
    assert verdict["blessed"], failing_checks(verdict)


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda logit: logit * 3.0, id="much too sure"),
        pytest.param(lambda logit: logit + 1.0, id="base rate shifted"),
        pytest.param(lambda logit: logit * 0.3, id="much too timid"),
    ],
)
def test_a_broken_calibration_is_refused(test_rows: pd.DataFrame, harm) -> None:  # type: ignore[no-untyped-def]
    verdict = judge_world(test_rows, sigmoid(harm(know_logit(test_rows))))
    assert not verdict["blessed"]
    assert "calibration" in failing_checks(verdict)


def test_one_bad_slice_is_refused_and_named(test_rows: pd.DataFrame) -> None:
    honest = predict_honestly(test_rows)
    inside = (test_rows["carrier"] == "AA").to_numpy()
    shuffled = honest.copy()
    shuffled[inside] = np.random.default_rng(0).permutation(honest[inside])
    verdict = judge_world(test_rows, shuffled)
    assert "slices" in failing_checks(verdict)
    (reason,) = [one for one in refusal_reasons(verdict, verdict["bundle"]) if one.startswith("slices: ")]
    assert "carrier = AA" in reason


@pytest.mark.parametrize(("shift", "refused"), [(0.0, False), (2.2, True)])
def test_a_slice_whose_level_is_wrong_is_refused_and_named(shift: float, refused: bool) -> None:
    rows = simulate_days(3, per_day=200)
    inside = (rows["carrier"] == "B6").to_numpy()
    # In one carrier far more is late than model and learned constant know: over the constant it still looks well.
    logit = know_logit(rows) + np.where(inside, shift, 0.0)
    late = (np.random.default_rng(5).random(len(rows)) < sigmoid(logit)).astype(float)
    verdict = judge_world(rows.assign(late=late), predict_honestly(rows))
    assert ("slice_level" in failing_checks(verdict)) is refused
    assert "slices" not in failing_checks(verdict)
    reasons = [one for one in refusal_reasons(verdict, verdict["bundle"]) if one.startswith("slice_level: ")]
    assert [("carrier = B6" in one) for one in reasons] == [True] * refused


def test_a_model_that_only_equals_the_constant_is_refused(test_rows: pd.DataFrame, learned: pd.DataFrame) -> None:
    constant = np.full(len(test_rows), learned["late"].mean())
    verdict = judge_world(test_rows, constant, learned=learned)
    assert {"beats_constant", "decision_cost"} <= set(failing_checks(verdict))


@pytest.mark.parametrize(("days", "per_day"), [(10, 300), (60, 10)], ids=["few days", "few rows"])
def test_a_test_too_short_to_mean_something_is_refused(days: int, per_day: int) -> None:
    rows = simulate_days(3, days=days, per_day=per_day)
    assert failing_checks(judge_world(rows, predict_honestly(rows))) == ["enough_rows"]


def test_a_model_that_a_linear_one_beats_is_refused(test_rows: pd.DataFrame) -> None:
    timid = sigmoid(-1.2 + 0.5 * test_rows["delay"].to_numpy())
    assert failing_checks(judge_world(test_rows, timid)) == ["not_worse_than_linear"]


@pytest.mark.parametrize(("pull", "refused"), [(0.0, []), (3.0, ["sensitive_gap"])])
def test_a_decision_that_turns_on_a_sensitive_column_is_refused(pull: float, refused: list[str]) -> None:
    """Who flies with B6 is late far more often than others, and the model says so alone of that column."""
    rows = simulate_days(3, per_day=200)
    logit = know_logit(rows) + np.where(rows["carrier"] == "B6", pull, 0.0)
    late = (np.random.default_rng(5).random(len(rows)) < sigmoid(logit)).astype(float)
    assert failing_checks(judge_world(rows.assign(late=late), sigmoid(logit))) == refused


def test_shuffled_labels_are_refused(test_rows: pd.DataFrame, learned: pd.DataFrame) -> None:
    inputs, truth = ["delay", "wind"], learned["late"].to_numpy()
    shuffled = np.random.default_rng(0).permutation(truth)
    twin = judge_world(test_rows, fit_linear_scores(learned, truth, test_rows, inputs), learned=learned)
    harmed = judge_world(test_rows, fit_linear_scores(learned, shuffled, test_rows, inputs), learned=learned)
    assert twin["blessed"], failing_checks(twin)
    assert "beats_constant" in failing_checks(harmed)


@pytest.mark.parametrize("flipped", [0.0, 0.05])
def test_a_planted_copy_of_the_target_is_refused(
    test_rows: pd.DataFrame, learned: pd.DataFrame, flipped: float
) -> None:
    rng = np.random.default_rng(0)
    planted = [
        rows.assign(note=np.where(rng.random(len(rows)) < flipped, 1 - rows["late"], rows["late"]))
        for rows in (learned, test_rows)
    ]
    inputs = ["delay", "wind", "note"]
    scores = fit_linear_scores(planted[0], planted[0]["late"].to_numpy(), planted[1], inputs)
    verdict = judge_world(planted[1], scores, learned=planted[0], dtypes={**DTYPES, "note": "numeric"})
    assert failing_checks(verdict) == ["leak_suspects"]
    assert "`note`" in refusal_reasons(verdict, verdict["bundle"])[0]


def test_test_rows_trained_on_are_refused_by_their_keys(test_rows: pd.DataFrame, learned: pd.DataFrame) -> None:
    repeated = pd.concat([learned, test_rows.head(5)], ignore_index=True)
    verdict = judge_world(test_rows, predict_honestly(test_rows), learned=repeated)
    assert failing_checks(verdict) == ["overlap"]


def test_test_rows_trained_on_under_other_keys_are_refused(test_rows: pd.DataFrame, learned: pd.DataFrame) -> None:
    copied = test_rows.head(100).assign(key=[f"other-{n}" for n in range(100)])
    repeated = pd.concat([learned, copied], ignore_index=True)
    verdict = judge_world(test_rows, predict_honestly(test_rows), learned=repeated)
    assert failing_checks(verdict) == ["repeated_rows"]


def test_a_prediction_that_is_not_a_number_is_refused(test_rows: pd.DataFrame) -> None:
    broken = predict_honestly(test_rows)
    broken[7] = np.nan
    assert "finite" in failing_checks(judge_world(test_rows, broken))


def test_a_verdict_of_another_bundle_allows_nothing(test_rows: pd.DataFrame) -> None:
    verdict = judge_world(test_rows, predict_honestly(test_rows))
    assert refusal_reasons(verdict, verdict["bundle"]) == []
    (reason,) = refusal_reasons(verdict, "d" * 64)
    assert reason.startswith("bundle: the verdict is of bundle bbbb")
