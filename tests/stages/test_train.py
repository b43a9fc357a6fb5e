from pathlib import Path

import numpy as np
import pytest

from perennial.io.bundle import load_bundle, read_seen_keys, verify_bundle
from perennial.io.files import read_json, sha256_file, write_json
from perennial.io.tables import read_table, write_table
from perennial.model.frames import predict_frame
from perennial.model.seen import count_overlap
from perennial.refusal import Refusal
from perennial.stages import split, train
from tests.stages.learned import make_project

TREES = {"num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 20}
OTHER = TREES | {"num_leaves": 15, "feature_fraction": 0.4}


def write_best(*families: str) -> None:
    params = {"lightgbm": [TREES, OTHER], "linear": [{"C": 0.1}, {"C": 1.0}]}
    trials = [{"family": name, "params": params[name][families[:n].count(name)]} for n, name in enumerate(families)]
    best = {name: next(trial for trial in trials if trial["family"] == name) for name in families}
    write_json("models/best.json", {"trials": trials, "families": best})


def prepare(folder: Path, task: str = "binary", **changes: object) -> Path:
    make_project(folder, task, **changes)
    return folder


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_bundle_for_every_task(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(tmp_path / "p", task))
    split.main()
    write_best("lightgbm", "lightgbm", "linear")
    train.main()
    model, manifest, facts = (
        load_bundle("models/bundle"),
        verify_bundle("models/bundle"),
        read_json("metrics/train.json"),
    )
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="key")
    learned = rows[rows["role"].isin(["train", "valid"])]
    assert manifest["seen_until"] == facts["seen_until"] == learned["at"].max().isoformat()
    assert manifest["rows"] == facts["rows"] == len(learned)
    seen = read_seen_keys("models/bundle")
    assert count_overlap(seen, learned["key"]) == len(learned)
    assert count_overlap(seen, rows.loc[rows["role"] == "test", "key"]) == 0
    assert np.isfinite(predict_frame(model, rows)).all()
    assert (facts["threshold"] is not None) == (task == "binary")
    assert facts["out_of_fold"]["loss"] <= facts["out_of_fold"]["linear"] or facts["family"] == "linear"


def test_the_same_bytes_with_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for workers in (1, 2):
        monkeypatch.chdir(prepare(tmp_path / str(workers), engine__workers=workers))
        split.main()
        write_best("lightgbm", "linear")
        train.main()
        found.add((sha256_file("models/bundle/manifest.json"), sha256_file("metrics/train.json")))
    assert len(found) == 1


def test_where_trees_bring_nothing_the_linear_model_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(tmp_path / "p"))
    rows = read_table("data/examples.parquet")
    luck = np.random.default_rng(0).random(len(rows))
    write_table("data/examples.parquet", rows.assign(late=luck < 1 / (1 + np.exp(-rows["delay"].fillna(0)))))
    split.main()
    write_best("lightgbm", "linear")
    train.main()
    facts = read_json("metrics/train.json")
    assert facts["family"] == "linear"
    assert facts["improvement_over_linear"]["interval"][0] <= 0


def test_an_ensemble_must_earn_its_latency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(tmp_path / "p", train__ensemble_gain=0.9))
    split.main()
    write_best("lightgbm", "lightgbm", "linear")
    train.main()
    assert len(read_json("metrics/train.json")["members"]) == 1


def test_weights_and_a_table_without_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(tmp_path / "p", problem__time=None, problem__weight="mass", problem__block="row"))
    rows = read_table("data/examples.parquet").drop(columns="at")
    write_table("data/examples.parquet", rows.assign(mass=np.where(np.arange(len(rows)) % 2, 1.0, 2.0)))
    split.main()
    write_best("lightgbm", "linear")
    train.main()
    assert read_json("metrics/train.json")["seen_until"] is None


def test_a_metric_that_models_are_not_chosen_by_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p", problem__metric="rmse"))
    with pytest.raises(Refusal, match=r"'rmse' .* set it to log_loss"):
        train.main()
