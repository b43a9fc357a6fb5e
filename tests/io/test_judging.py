"""What evaluate reads: rows by role, and the models beside the model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perennial.io.bundle import load_bundle
from perennial.io.judging import describe_bundle, predict_all, predict_padded, read_champion, read_rows
from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal
from tests.stages.judged import make_project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path, "multiclass")


def test_rows_are_parted_by_role_in_their_order(folder: Path) -> None:
    rows = read_rows(load_bundle("models/bundle"), key="key", target="late", time="at")
    assert (len(rows.learned), len(rows.test), rows.classes) == (4500, 1500, 3)
    assert rows.first == "2013-04-01T00:00:00"
    assert rows.learned["at"].is_monotonic_increasing
    assert rows.learned["at"].max() < rows.test["at"].min()


def test_without_time_the_test_has_no_first_instant(folder: Path) -> None:
    assert read_rows(load_bundle("models/bundle"), key="key", target="late", time=None).first is None


def test_all_predictions_have_the_same_shape(folder: Path) -> None:
    model = load_bundle("models/bundle")
    rows = read_rows(model, key="key", target="late", time="at")
    predictions = predict_all(model, rows, most=1000, c=1.0)
    assert {name: one.shape for name, one in predictions.items()} == dict.fromkeys(
        ("constant", "linear", "model"), (1500, 3)
    )
    assert predict_padded(model, rows.test, 4)[:, 3].tolist() == [0.0] * 1500


def test_nothing_is_said_of_a_model_that_was_not_released(folder: Path) -> None:
    model = load_bundle("models/bundle")
    assert read_champion(model, ["delay"], pd.Series(["a"]), None) == (None, None)


def test_the_bundle_is_named_with_what_it_has_seen(folder: Path) -> None:
    described = describe_bundle(load_bundle("models/bundle"), 3)
    assert (described["family"], described["overlap_rows"]) == ("linear", 3)
    assert described["seen_until"] == "2013-03-31T00:00:00"


def test_rows_bring_their_weights(folder: Path) -> None:
    model, rows = load_bundle("models/bundle"), read_table("data/examples.parquet")
    plain = read_rows(model, key="key", target="late", time="at")
    assert (plain.learned_weights, plain.weights) == (None, None)
    write_table(folder / "data/examples.parquet", rows.assign(weight=np.where(rows["late"] == "late", 2.0, 1.0)))
    weighted = read_rows(model, key="key", target="late", time="at", weight="weight")
    assert weighted.weights is not None
    assert weighted.weights.sum() == 1500 + (weighted.test["late"] == "late").sum()
    before, after = (predict_all(model, one, most=1000, c=1.0) for one in (plain, weighted))
    late = model.classes.index("late")
    assert after["constant"][0, late] > before["constant"][0, late]
    assert after["linear"][:, late].mean() > before["linear"][:, late].mean() + 0.05


def test_a_row_without_its_weight_is_refused(folder: Path) -> None:
    rows = read_table("data/examples.parquet")
    write_table(folder / "data/examples.parquet", rows.assign(weight=np.where(rows["carrier"] == "AA", np.nan, 1.0)))
    with pytest.raises(Refusal, match="are no number from 0 up"):
        read_rows(load_bundle("models/bundle"), key="key", target="late", time="at", weight="weight")
