"""gate, run after evaluate on a small folder: the verdict is an output."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perennial.data.contract import parse_contract
from perennial.io.files import read_json, write_json
from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal
from perennial.stages import evaluate, gate
from tests.conftest import set_params
from tests.evaluation.world import failing_checks
from tests.stages.judged import make_contract, make_project, train_linear, write_model


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("evaluated"), "binary")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        evaluate.main()
    return folder


@pytest.fixture
def folder(evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what gate reads, with a limit that the ideal world's gaps between carriers keep."""
    for name in ("params.yaml", "metrics/evaluation.json", "metrics/point_in_time.json", "models/champion.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((evaluated / name).read_bytes())
    set_params(tmp_path, {"gate.sensitive_gap": 0.5})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run() -> dict[str, Any]:
    gate.main()
    return json.loads(Path("metrics/gate.json").read_text())


def test_an_honest_model_is_blessed(folder: Path) -> None:
    verdict = run()
    assert verdict["blessed"], failing_checks(verdict)
    assert verdict["bundle"] == read_json("metrics/evaluation.json")["bundle"]


@pytest.mark.parametrize(
    ("limit", "value", "check"),
    [
        ("problem.success", 0.9, "beats_constant"),
        ("gate.min_rows", 2000, "enough_rows"),
        ("gate.min_blocks", 31, "enough_rows"),
        ("gate.linear_margin", -0.9, "not_worse_than_linear"),
        ("gate.calibration_error", -1.0, "calibration"),
        ("gate.slice_improvement", 0.9, "slices"),
        ("gate.slice_level", -0.9, "slice_level"),
        ("gate.sensitive_gap", 0.0, "sensitive_gap"),
        ("gate.cost_saving", 0.9, "decision_cost"),
        ("gate.suspect_auc", 0.6, "leak_suspects"),
        ("gate.repeated_rows", -1.0, "repeated_rows"),
    ],
)
def test_every_limit_of_the_params_reaches_its_check(folder: Path, limit: str, value: float, check: str) -> None:
    set_params(folder, {limit: value})
    assert failing_checks(run()) == [check]


def test_a_table_said_to_have_no_time_need_not_be_audited(folder: Path) -> None:
    write_json("metrics/point_in_time.json", {"auditable": False, "passed": False})
    assert failing_checks(run()) == ["point_in_time"]
    set_params(folder, {"problem.time": None, "problem.block": "row"})
    assert run()["blessed"]


def test_an_evaluation_from_before_a_release_is_refused(folder: Path) -> None:
    write_json("models/champion.json", {"bundle": "c" * 64})
    with pytest.raises(Refusal, match="run `dvc repro evaluate`"):
        run()


@pytest.mark.parametrize(("weight", "blessed"), [("weight", True), (None, False)])
def test_a_model_learned_with_weights_is_judged_by_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: str | None, blessed: bool
) -> None:
    folder = make_project(tmp_path, "binary")
    monkeypatch.chdir(folder)
    rows = read_table(folder / "data/examples.parquet")
    rows = rows.assign(weight=np.where(rows["late"], 1.0, 3.0))
    write_table(folder / "data/examples.parquet", rows)
    learned = rows[rows["at"] < "2013-04-01"].reset_index(drop=True)
    model = train_linear(
        parse_contract(make_contract("binary")), learned, "binary", weights=learned["weight"].to_numpy()
    )
    write_model(folder / "models/bundle", model, learned["key"])
    set_params(folder, {"problem.weight": weight, "gate.sensitive_gap": 0.6})
    evaluate.main()
    verdict = run()
    assert verdict["blessed"] is blessed, failing_checks(verdict)
