"""A small world whose truth is known: days that share their luck, three inputs, and an honest model of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from perennial.evaluation.constant import predict_constant
from perennial.evaluation.finding import GateLimits
from perennial.evaluation.gate import judge_gate
from perennial.evaluation.intervals import Array, round_numbers
from perennial.evaluation.judgement import SliceRules, judge
from perennial.evaluation.leakage import find_leaks
from perennial.evaluation.sample import take_sample
from perennial.model.seen import count_overlap, hash_keys

DTYPES = {"delay": "numeric", "wind": "numeric", "carrier": "category"}
CARRIERS = np.array(["AA", "B6", "DL", "UA"])
PULL = {"AA": -0.4, "B6": 0.5, "DL": -0.2, "UA": 0.1}
RULES = SliceRules(rows=150, blocks=10, bands=4, sensitive=("carrier",))
COSTS = {"false_positive": 1.0, "false_negative": 3.0}
AUDIT = {"auditable": True, "passed": True, "differences": [], "rows_compared": 500}
LIMITS = GateLimits(
    success=0.03,
    has_time=True,
    min_rows=1000,
    min_blocks=14,
    linear_margin=0.005,
    calibration_error=0.05,
    slice_improvement=0.0,
    slice_level=0.25,
    slice_regression=0.1,
    sensitive_gap=0.4,
    cost_saving=0.0,
    suspect_auc=0.9,
    suspect_correlation=0.99,
    declared_strong=(),
    repeated_rows=0.01,
    coverage_margin=0.03,
    champion_margin=0.01,
)
SIZES = {"days": 60, "per_day": 60}


def sigmoid(logit: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-logit))


def simulate_days(seed: int, *, first_day: int = 0, days: int = 60, per_day: int = 60) -> pd.DataFrame:
    """Return rows with their true outcome; a day's luck (sd .5 in log-odds) is known to no model."""
    rng, rows = np.random.default_rng([seed, first_day]), days * per_day
    day = np.repeat(np.arange(days), per_day)
    frame = pd.DataFrame(
        {
            "key": [f"{seed}-{first_day}-{n}" for n in range(rows)],
            "day": day + first_day,
            "delay": rng.normal(size=rows),
            "wind": rng.normal(size=rows),
            "carrier": rng.choice(CARRIERS, rows),
        }
    )
    luck = rng.normal(scale=0.5, size=days)[day]
    return frame.assign(late=(rng.random(rows) < sigmoid(know_logit(frame) + luck)).astype(float))


def know_logit(frame: pd.DataFrame) -> Array:
    """Return the log-odds that an ideal model would give."""
    pull = frame["carrier"].map(PULL).to_numpy(dtype=float)
    return np.asarray(-1.2 + 1.1 * frame["delay"].to_numpy() + 0.4 * frame["wind"].to_numpy() + pull)


def predict_honestly(frame: pd.DataFrame, seed: int = 0, noise: float = 0.1) -> Array:
    """Return the ideal model's scores, shaken as another training seed would shake them."""
    return sigmoid(know_logit(frame) + np.random.default_rng([seed, 7]).normal(scale=noise, size=len(frame)))


def predict_linearly(frame: pd.DataFrame) -> Array:
    """Return the scores of a model that knows one input only."""
    return sigmoid(-1.2 + 0.9 * frame["delay"].to_numpy())


def evaluate_world(
    test: pd.DataFrame,
    prediction: Array,
    *,
    learned: pd.DataFrame | None = None,
    champion: Array | None = None,
    dtypes: Mapping[str, str] = DTYPES,
    replicates: int = 300,
) -> dict[str, Any]:
    """Return what metrics/evaluation.json would hold."""
    learned = simulate_days(1000, first_day=1000) if learned is None else learned
    truth, known = test["late"].to_numpy(), learned["late"].to_numpy()
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=truth,
        blocks=test["day"],
        replicates=replicates,
        confidence=0.95,
        seed=0,
    )
    predictions = {
        "model": prediction,
        "constant": predict_constant("binary", known, 2, len(test)),
        "linear": predict_linearly(test),
    } | ({} if champion is None else {"champion": champion})
    judged = judge(
        sample,
        predictions,
        test,
        dtypes=dtypes,
        names=["False", "True"],
        threshold=0.25,
        costs=COSTS,
        rules=RULES,
    )
    names = list(dtypes)
    facts = {
        "bundle": "b" * 64,
        "first": None,
        "seen_until": None,
        "overlap_rows": count_overlap(hash_keys(learned["key"]), test["key"]),
        "champion": None if champion is None else {"bundle": "c" * 64, "same": False, "obstacle": None},
    }
    return round_numbers(judged | find_leaks("binary", (learned[names], known), (test[names], truth)) | facts)


def judge_world(test: pd.DataFrame, prediction: Array, **options: Any) -> dict[str, Any]:
    """Return the verdict on a prediction of the test rows."""
    released = None if options.get("champion") is None else "c" * 64
    return judge_gate(evaluate_world(test, prediction, **options), AUDIT, released, LIMITS)


def failing_checks(verdict: Mapping[str, Any]) -> list[str]:
    """Return the names of the checks that did not pass, in order."""
    return [one["name"] for one in verdict["checks"] if not one["passed"]]
