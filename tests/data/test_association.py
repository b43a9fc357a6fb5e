from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.association import (
    associate,
    auc_of,
    class_auc,
    class_codes,
    column_auc,
    explain_suspicion,
    explain_vanishing,
    level_codes,
    rank_codes,
    rank_correlation,
)

RNG = np.random.default_rng(0)
TARGET = RNG.random(4000) < 0.3
NOISE = RNG.normal(size=4000)


@pytest.mark.parametrize(
    ("values", "bins", "codes"),
    [
        ([3.0, 1.0, 2.0], 8, [3, 1, 2]),
        ([1.0, 1.0, 2.0], 8, [1, 1, 2]),
        ([5.0, np.nan, np.inf], 8, [1, 0, 0]),
        ([np.nan, np.nan], 8, [0, 0]),
        ([1.0, 2.0, 3.0, 4.0], 2, [1, 1, 2, 2]),
    ],
)
def test_rank_codes(values: list[float], bins: int, codes: list[int]) -> None:
    assert rank_codes(np.array(values), bins).tolist() == codes


def test_level_codes_keep_missing_apart() -> None:
    assert level_codes(pd.Series(["b", None, "a", "b"])).tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize(
    ("scores", "positive", "auc"),
    [
        ([1.0, 2.0, 3.0, 4.0], [False, False, True, True], 1.0),
        ([4.0, 3.0, 2.0, 1.0], [False, False, True, True], 0.0),
        ([1.0, 1.0, 1.0, 1.0], [False, False, True, True], 0.5),
        ([1.0, 2.0], [True, True], 0.5),
    ],
)
def test_auc(scores: list[float], positive: list[bool], auc: float) -> None:
    assert auc_of(np.array(scores), np.array(positive)) == auc


def test_a_copy_of_the_target_decides_it() -> None:
    assert column_auc(level_codes(pd.Series(TARGET)), TARGET) == 1.0
    assert column_auc(rank_codes(TARGET + 0.001 * NOISE, 256), TARGET) > 0.999


def test_a_column_of_unique_names_knows_nothing() -> None:
    names = pd.Series([f"flight {i}" for i in range(4000)])
    assert column_auc(level_codes(names), TARGET) == 0.5


def test_a_bent_relation_is_found() -> None:
    assert column_auc(rank_codes(np.where(TARGET, np.sign(NOISE) * 3, 0) + NOISE, 64), TARGET) > 0.8


def test_noise_is_not_found() -> None:
    assert abs(column_auc(rank_codes(NOISE, 256), TARGET) - 0.5) < 0.03


def test_missing_cells_can_tell() -> None:
    assert column_auc(rank_codes(np.where(TARGET, np.nan, NOISE), 256), TARGET) == 1.0


def test_classes_are_weighed_by_their_rows() -> None:
    classes = np.array([0, 1, 2] * 200)
    assert class_auc(classes + 1, classes) == 1.0


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [
        ([1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 400.0], 1.0),
        ([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], -1.0),
        ([1.0, 1.0, 1.0, 1.0], [4.0, 3.0, 2.0, 1.0], 0.0),
        ([1.0, np.nan], [4.0, 3.0], 0.0),
    ],
)
def test_rank_correlation(left: list[float], right: list[float], value: float) -> None:
    assert rank_correlation(np.array(left), np.array(right)) == pytest.approx(value)


def test_regression_takes_the_stronger_of_direct_and_fitted() -> None:
    bent = associate(codes=rank_codes(NOISE, 64), values=NOISE, target=NOISE**2, task="regression")
    straight = associate(codes=rank_codes(NOISE, 64), values=NOISE, target=-NOISE, task="regression")
    assert bent["value"] > 0.9
    assert straight["value"] == pytest.approx(-1.0)


def test_too_few_rows_measure_nothing() -> None:
    found = associate(codes=np.array([1, 2]), values=None, target=np.array([0.0, 1.0]), task="binary")
    assert found == {"measure": "none", "value": None, "strength": 0.0}


@pytest.mark.parametrize(
    ("measure", "value", "suspect"),
    [
        ("AUC", 0.95, True),
        ("AUC", 0.8, False),
        ("Spearman", -0.995, True),
        ("Spearman", 0.95, False),
        ("none", None, False),
    ],
)
def test_suspicion(measure: str, value: float | None, suspect: bool) -> None:
    association = {"measure": measure, "value": value}
    assert (explain_suspicion(association, auc=0.9, correlation=0.99) is not None) == suspect


def test_gaps_only_where_no_outcome_came_are_suspect() -> None:
    labelled = np.arange(1000) >= 50
    tail_number, weather = np.arange(1000) < 40, np.arange(1000) % 20 == 0
    assert "40 missing cells are on rows without an outcome" in str(explain_vanishing(tail_number, labelled, share=0.9))
    assert explain_vanishing(weather, labelled, share=0.9) is None
    assert explain_vanishing(np.arange(1000) < 20, labelled, share=0.9) is None
    assert explain_vanishing(tail_number, np.full(1000, True), share=0.9) is None


@pytest.mark.parametrize(
    ("values", "task", "codes"),
    [
        (["Yes", "No", "Yes"], "binary", [1, 0, 1]),
        ([1.0, 2.0, 1.0], "binary", [0, 1, 0]),
        (pd.array([True, False, True], dtype="boolean"), "binary", [1, 0, 1]),
        (["c", "a", "b"], "multiclass", [2, 0, 1]),
        ([2.5, 1.0], "regression", [2.5, 1.0]),
    ],
)
def test_classes_are_numbered_in_order(values: Any, task: str, codes: list[float]) -> None:
    assert class_codes(pd.Series(values), task).tolist() == codes
