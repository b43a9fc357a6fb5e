"""evaluate, run on a small folder for each kind of task."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import parse_contract
from perennial.io.bundle import bundle_hash
from perennial.io.files import write_json
from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal
from perennial.stages import evaluate
from tests.conftest import set_params
from tests.stages.judged import make_contract, make_project, train_linear, write_model

PLOTS = {
    "roc": ["fpr", "tpr", "threshold", "class"],
    "precision_recall": ["recall", "precision", "threshold", "class"],
    "calibration": ["score", "rate", "rows", "class"],
    "confusion": ["actual", "predicted"],
    "slices": ["slice", "improvement", "low", "high", "rows"],
    "importances": ["column", "value"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path, getattr(request, "param", "binary"))


def run() -> dict[str, Any]:
    evaluate.main()
    return json.loads(Path("metrics/evaluation.json").read_text())


@pytest.mark.parametrize(
    ("folder", "primary"),
    [("binary", "log_loss"), ("multiclass", "log_loss"), ("regression", "rmse")],
    indirect=["folder"],
)
def test_every_task_is_judged_and_drawn(folder: Path, primary: str) -> None:
    evaluation = run()
    assert evaluation["bundle"] == bundle_hash(folder / "models/bundle")
    assert (evaluation["rows"], evaluation["blocks"], evaluation["overlap_rows"]) == (1500, 30, 0)
    assert evaluation["first"] == "2013-04-01T00:00:00"
    assert evaluation["improvement"]["over_constant"]["interval"][0] > 0.03
    assert {one["column"] for one in evaluation["importances"]} == {"delay", "wind", "carrier"}
    assert {one["column"] for one in evaluation["groups"]} == {"history", "weather"}
    assert json.loads((folder / "metrics/scores.json").read_text())[primary] == evaluation["metrics"][primary]["value"]
    for name, columns in PLOTS.items():
        assert list(pd.read_csv(folder / f"metrics/plots/{name}.csv").columns) == columns


def test_the_same_inputs_give_the_same_bytes(folder: Path) -> None:
    run()
    first = {path: path.read_bytes() for path in (folder / "metrics").rglob("*.*")}
    run()
    assert {path: path.read_bytes() for path in (folder / "metrics").rglob("*.*")} == first


def test_a_test_row_that_was_learned_from_is_counted(folder: Path) -> None:
    rows = read_table(folder / "data/examples.parquet")
    model = train_linear(parse_contract(make_contract("binary")), rows, "binary")
    write_model(folder / "models/bundle", model, rows["key"].tail(7))
    assert run()["overlap_rows"] == 7


@pytest.mark.parametrize("folder", ["multiclass"], indirect=True)
def test_a_class_that_only_the_test_has_costs(folder: Path) -> None:
    before = run()["metrics"]["log_loss"]["value"]
    rows = read_table(folder / "data/examples.parquet")
    rows.loc[rows.index[-1], "late"] = "diverted"
    write_table(folder / "data/examples.parquet", rows)
    after = run()
    assert after["confusion"]["classes"][-1] == "(unseen)"
    assert after["metrics"]["log_loss"]["value"] > before


def release(folder: Path, keys: pd.Series | None = None, seen_until: str = "2013-03-01T00:00:00") -> str:
    """Put a released model of half the rows in place and return its hash."""
    rows = read_table(folder / "data/examples.parquet").head(2000)
    model = train_linear(parse_contract(make_contract("binary")), rows, "binary", c=0.01)
    released = write_model(
        folder / "models/champion/src/bundle", model, rows["key"] if keys is None else keys, seen_until
    )
    write_json(folder / "models/champion.json", {"bundle": released})
    return released


def test_without_a_released_model_nothing_is_compared(folder: Path) -> None:
    evaluation = run()
    assert evaluation["champion"] is None
    assert set(evaluation["improvement"]) == {"over_constant", "over_linear"}


def test_a_released_model_is_judged_on_the_same_rows(folder: Path) -> None:
    released, evaluation = release(folder), run()
    assert evaluation["champion"]["bundle"] == released
    assert evaluation["champion"]["obstacle"] is None
    assert evaluation["champion"]["metrics"]["log_loss"] > evaluation["metrics"]["log_loss"]["value"]
    assert evaluation["improvement"]["over_champion"]["value"] > 0
    assert all("over_champion" in one for one in evaluation["slices"])


def test_a_released_model_that_has_seen_test_rows_is_not_compared(folder: Path) -> None:
    release(folder, keys=read_table(folder / "data/examples.parquet")["key"].tail(4))
    evaluation = run()
    assert "trained on 4 of the test rows" in evaluation["champion"]["obstacle"]
    assert "over_champion" not in evaluation["improvement"]


def test_a_released_model_with_a_column_that_is_gone_is_not_compared(folder: Path) -> None:
    release(folder)
    contract = make_contract("binary")
    contract["examples"]["wind"]["role"] = "ignored"  # type: ignore[index]
    (folder / "data/contract.yaml").write_text(json.dumps(contract))
    rows = read_table(folder / "data/examples.parquet").head(4000)
    write_model(folder / "models/bundle", train_linear(parse_contract(contract), rows, "binary"), rows["key"])
    assert "needs wind" in run()["champion"]["obstacle"]


def test_the_released_model_itself_is_the_same_bundle(folder: Path) -> None:
    shutil.copytree(folder / "models/bundle", folder / "models/champion/src/bundle")
    write_json(folder / "models/champion.json", {"bundle": bundle_hash(folder / "models/champion/src/bundle")})
    assert run()["champion"]["same"]


def test_a_metric_that_models_are_not_chosen_by_is_refused(folder: Path) -> None:
    set_params(folder, {"problem.metric": "rmse"})
    with pytest.raises(Refusal, match=r"'rmse' .* set it to log_loss"):
        run()


def test_personal_values_are_never_named(folder: Path) -> None:
    contract = make_contract("binary")
    contract["examples"]["carrier"]["pii"] = True  # type: ignore[index]
    (folder / "data/contract.yaml").write_text(json.dumps(contract))
    evaluation = run()
    assert {one["column"] for one in evaluation["slices"]} == {"delay", "wind"}
    assert [one["value"] for one in evaluation["sensitive"]] == [f"value {n}" for n in range(1, 5)]
    written = (folder / "metrics/evaluation.json").read_text() + (folder / "metrics/plots/slices.csv").read_text()
    assert not [name for name in ("AA", "B6", "DL", "UA") if name in written]


def test_every_slice_is_held_against_its_own_mean(folder: Path) -> None:
    assert all("over_own" in one for one in run()["slices"])


def test_rows_count_by_their_weights(folder: Path) -> None:
    plain = run()
    rows = read_table(folder / "data/examples.parquet")
    write_table(folder / "data/examples.parquet", rows.assign(weight=np.where(rows["late"], 3.0, 1.0)))
    contract = make_contract("binary")
    contract["examples"]["weight"] = {"dtype": "numeric", "role": "weight"}  # type: ignore[index]
    (folder / "data/contract.yaml").write_text(json.dumps(contract))
    set_params(folder, {"problem.weight": "weight"})
    evaluation, late = run(), rows["late"][rows["at"] >= "2013-04-01"].mean()
    assert evaluation["cost"]["never"] == pytest.approx(3 * 3 * late / (1 + 2 * late))
    assert evaluation["calibration"]["value"] > plain["calibration"]["value"] + 0.1
    for baseline in ("constant", "linear"):  # both have learned with the weights, so they say what happens by weight
        assert evaluation["baselines"][baseline]["calibration_error"] < 0.08
