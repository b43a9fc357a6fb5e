"""Slices: how they are cut, and how few of an honest model's are accused."""

import numpy as np
import pandas as pd
import pytest

from perennial.evaluation.sample import take_sample
from perennial.evaluation.slices import bound_shift, cut_slices, judge_slices, name_bands, name_slices, slice_table
from tests.evaluation.world import DTYPES, know_logit, predict_honestly, sigmoid, simulate_days


@pytest.mark.parametrize(
    ("values", "bands", "names"),
    [
        ([1, 2, 3, 4], 2, ["1 to < 2", "2 to 4", "2 to 4", "2 to 4"]),
        ([0, 0, 0, 1], 2, ["0", "0", "0", "1"]),
        ([5, np.nan], 4, ["5", "(missing)"]),
        ([0, 0, 0, 0, 1, 2, 3], 2, ["0 to 3"] * 7),
        ([np.nan], 2, ["(missing)"]),
        ([1, np.inf], 2, ["1", "(missing)"]),
    ],
)
def test_bands(values: list[float], bands: int, names: list[str]) -> None:
    assert name_bands(np.array(values, dtype=float), bands).tolist() == names


@pytest.mark.parametrize(
    ("values", "dtype", "names"),
    [
        (pd.Series(["a", None, "b"]), "category", ["a", "(missing)", "b"]),
        (pd.Series([True, None], dtype="boolean"), "boolean", ["True", "(missing)"]),
        (pd.Series([1, None], dtype="Int64"), "numeric", ["1", "(missing)"]),
        (pd.Series(["free text"]), "text", None),
        (pd.Series(pd.to_datetime(["2013-01-01"])), "datetime", None),
    ],
)
def test_slices_have_names(values: pd.Series, dtype: str, names: list[str] | None) -> None:
    got = name_slices(values, dtype, 4)
    assert (None if got is None else got.tolist()) == names


def test_small_slices_and_the_whole_are_not_cut() -> None:
    frame = pd.DataFrame({"a": ["x"] * 8 + ["y"] * 2, "b": ["z"] * 10})
    cut = list(cut_slices(frame, {"a": "category", "b": "category"}, rows=3, bands=4))
    assert [(column, value, rows.tolist()) for column, value, rows in cut] == [("a", "x", list(range(8)))]


def judged_of(seed: int, prediction: np.ndarray | None = None, blocks: int = 10) -> list[dict]:
    rows = simulate_days(seed)
    prediction = predict_honestly(rows) if prediction is None else prediction
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=rows["late"].to_numpy(),
        blocks=rows["day"],
        replicates=300,
        confidence=0.95,
        seed=0,
    )
    slices = list(cut_slices(rows, DTYPES, rows=150, bands=8))
    return judge_slices(sample, {"model": prediction, "constant": np.full(len(rows), 0.3)}, slices, blocks=blocks)


def test_a_slice_is_judged_on_its_own_rows() -> None:
    rows = simulate_days(1)
    (one,) = [s for s in judged_of(1) if s["value"] == "DL"]
    inside = (rows["carrier"] == "DL").to_numpy()
    truth, score = rows["late"].to_numpy()[inside], predict_honestly(rows)[inside]
    assert one["rows"] == inside.sum()
    assert one["blocks"] == 60
    assert one["loss"] == pytest.approx(-np.log(np.where(truth > 0, score, 1 - score)).mean())
    assert one["over_constant"]["lower"] < one["over_constant"]["value"] < one["over_constant"]["upper"]


def test_a_slice_in_few_days_is_not_judged() -> None:
    assert judged_of(1, blocks=61) == []


def test_a_bound_for_many_slices_is_wider_than_for_one() -> None:
    assert bound_shift(1.0, 1000, 1, 0.975) == pytest.approx(1.96, abs=0.01)
    assert bound_shift(1.0, 1000, 500, 0.95) == pytest.approx(3.73, abs=0.02)
    assert bound_shift(1.0, 5, 1, 0.975) == pytest.approx(2.78, abs=0.01)


def test_correction_keeps_a_model_as_good_as_the_constant_from_being_accused() -> None:
    accused = 0
    for seed in range(20):
        rows = simulate_days(seed)
        # Shaken a little around the constant: no slice is truly better or much worse.
        guess = sigmoid(np.log(0.3 / 0.7) + np.random.default_rng(seed).normal(scale=0.01, size=len(rows)))
        accused += any(one["over_constant"]["upper"] < 0 for one in judged_of(seed, guess))
    assert accused <= 2


def test_the_table_begins_with_the_worst() -> None:
    rows = simulate_days(1)
    table = slice_table(judged_of(1, sigmoid(know_logit(rows))), most=3)
    assert list(table.columns) == ["slice", "improvement", "low", "high", "rows"]
    assert len(table) == 3
    assert table["improvement"].is_monotonic_increasing
    assert slice_table([]).empty
