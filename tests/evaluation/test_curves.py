"""The tables behind the pictures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc as area
from sklearn.metrics import roc_auc_score

from perennial.evaluation.curves import (
    CONFUSION_ROWS,
    POINTS,
    confusion_counts,
    confusion_rows,
    draw_curves,
    precision_recall_curve,
    roc_curve,
)

RNG = np.random.default_rng(0)
TRUTH = (RNG.random(5000) < 0.3).astype(float)
SCORE = 0.3 * TRUTH + RNG.random(5000)


def test_roc_is_small_whole_and_has_the_area() -> None:
    curve = roc_curve(TRUTH, SCORE)
    assert len(curve) <= POINTS
    assert curve.iloc[0][["fpr", "tpr"]].tolist() == [0.0, 0.0]
    assert curve.iloc[-1][["fpr", "tpr"]].tolist() == [1.0, 1.0]
    assert area(curve["fpr"], curve["tpr"]) == pytest.approx(roc_auc_score(TRUTH, SCORE), abs=3e-3)


def test_precision_recall_rises_to_all_found() -> None:
    curve = precision_recall_curve(TRUTH, SCORE)
    assert len(curve) <= POINTS
    assert curve["recall"].is_monotonic_increasing
    assert curve["recall"].iloc[-1] == 1.0
    assert curve["precision"].iloc[-1] == pytest.approx(TRUTH.mean())


def test_confusion() -> None:
    counts = confusion_counts(np.array([0.0, 0, 1, 2]), np.array([0.0, 1, 1, 1]), 3)
    assert counts == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]


def test_confusion_rows_keep_the_proportions_and_the_rare() -> None:
    rows = confusion_rows([[90_000, 5], [0, 10_000]], ["no", "yes"])
    assert len(rows) == pytest.approx(CONFUSION_ROWS, abs=2)
    assert rows.value_counts(["actual", "predicted"]).to_dict() == {
        ("no", "no"): 900,
        ("yes", "yes"): 100,
        ("no", "yes"): 1,
    }


@pytest.mark.parametrize(
    ("score", "names", "classes"),
    [
        (SCORE, ["no", "yes"], {"yes"}),
        (np.column_stack([1 - SCORE, SCORE]), ["a", "b"], {"a", "b"}),
        (SCORE, [], set()),
    ],
)
def test_every_task_has_every_table(score: np.ndarray, names: list[str], classes: set[str]) -> None:
    tables = draw_curves(TRUTH, score, names)
    assert set(tables) == {"roc", "precision_recall", "calibration"}
    assert set(tables["roc"]["class"]) == classes
    assert not tables["calibration"].empty
    assert all(isinstance(table, pd.DataFrame) and len(table.columns) == 4 for table in tables.values())


def test_curves_count_rows_by_their_weights() -> None:
    times = np.arange(5000) % 4
    truth, score = TRUTH.repeat(times), SCORE.repeat(times)
    weighted, repeated = (
        draw_curves(TRUTH, SCORE, ["no", "yes"], times.astype(float)),
        draw_curves(truth, score, ["no", "yes"]),
    )
    one, other = (tables["roc"] for tables in (weighted, repeated))
    assert area(one["fpr"], one["tpr"]) == pytest.approx(area(other["fpr"], other["tpr"]), abs=1e-3)
    one, other = (tables["precision_recall"] for tables in (weighted, repeated))
    assert one["precision"].iloc[-1] == pytest.approx(other["precision"].iloc[-1])
    bins = weighted["calibration"]
    assert bins["rate"].mean() == pytest.approx(repeated["calibration"]["rate"].mean(), abs=0.02)
