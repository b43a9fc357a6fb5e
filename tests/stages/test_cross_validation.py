"""Few rows: each judges in turn, none by a model that has seen it, and the served model learns from all."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.io.bundle import bundle_hash, load_bundle, read_out_of_fold, read_seen_keys
from perennial.io.crosswise import read_fold_models
from perennial.io.files import read_json, write_json
from perennial.io.tables import read_table
from perennial.model.seen import count_overlap
from perennial.stages import evaluate, gate, rehearse, split, train
from tests.conftest import set_params
from tests.stages.crosswise import failing, judge_table, make_table, read_judged, write_rows


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged table of 360 rows in 90 teams; never changed."""
    folder = make_table(tmp_path_factory.mktemp("crosswise") / "p", "binary", problem__group="team")
    rows = read_table(folder / "data/examples.parquet")
    write_rows(folder, rows.assign(team=[f"t{number % 90}" for number in range(len(rows))]))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        judge_table()
    return folder


@pytest.fixture
def project(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private copy, where the test works."""
    shutil.copytree(judged, tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p")
    return tmp_path / "p"


def test_every_row_is_judged_and_counted_once(project: Path) -> None:
    evaluation, _ = read_judged()
    assert (evaluation["rows"], evaluation["blocks"], evaluation["overlap_rows"]) == (360, 360, 0)
    assert sum(map(sum, evaluation["confusion"]["counts"])) == 360
    assert max(one["rows"] for one in evaluation["slices"]) < 360
    assert evaluation["improvement"]["over_constant"]["value"] > 0.05
    assert evaluation["first"] is None
    assert evaluation["suspects"][0]["column"] == "delay"


def test_a_judge_has_seen_neither_the_row_nor_its_group(project: Path) -> None:
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="key")
    models = read_fold_models()
    assert len(models) == len(read_json("models/best.json")["outer"]) == 6
    for one in models:
        asked = rows[rows[f"repeat_{one.repeat}"] == one.number]
        friends = rows[rows["team"].isin(asked["team"])]
        assert count_overlap(one.seen, friends["key"]) == 0
        assert len(one.seen) == len(rows) - len(asked)


def test_the_served_model_has_seen_all_rows_and_brings_what_was_said_of_them_unseen(project: Path) -> None:
    keys = read_table("data/examples.parquet")["key"]
    assert count_overlap(read_seen_keys("models/bundle"), keys) == 360
    scores = read_out_of_fold("models/bundle")
    assert scores is not None
    assert scores.shape == (360, 2)


def test_the_rehearsal_asks_rows_although_none_only_judges(project: Path) -> None:
    model = read_fold_models()[0].model
    assert len(rehearse.read_test_rows(model, "key", 300)) == 300


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(project: Path) -> None:
    first = bundle_hash("models/bundle"), Path("metrics/evaluation.json").read_bytes()
    train.main()
    evaluate.main()
    assert (bundle_hash("models/bundle"), Path("metrics/evaluation.json").read_bytes()) == first


def test_a_released_model_is_judged_on_rows_it_has_learned_by_what_was_said_of_them_unseen(project: Path) -> None:
    shutil.copytree("models/bundle", "models/champion/src/bundle")
    write_json("models/champion.json", {"bundle": bundle_hash("models/champion/src/bundle")})
    set_params(project, {"train.members": 1, "train.golden_rows": 7})
    train.main()
    evaluate.main()
    evaluation, _ = read_judged()
    assert evaluation["champion"]["obstacle"] is None
    assert not evaluation["champion"]["same"]
    # The same way to a model, twice: neither is better, although the released one has learned every row.
    assert abs(evaluation["improvement"]["over_champion"]["value"]) < 0.02


@pytest.mark.slow
def test_a_model_that_is_worse_than_the_released_one_is_refused(project: Path) -> None:
    shutil.copytree("models/bundle", "models/champion/src/bundle")
    write_json("models/champion.json", {"bundle": bundle_hash("models/champion/src/bundle")})
    rows = read_table("data/examples.parquet")
    write_rows(project, rows.assign(delay=rows["delay"].sample(frac=1, random_state=0).to_numpy()))
    for stage in (train, evaluate, gate):
        stage.main()
    evaluation, verdict = read_judged()
    assert evaluation["improvement"]["over_champion"]["value"] < -0.05
    assert "champion" in failing(verdict)


def test_a_judge_that_has_learned_its_rows_is_refused(project: Path) -> None:
    shutil.copytree("models/folds/0_1", "models/folds/0_0", dirs_exist_ok=True)
    for stage in (evaluate, gate):
        stage.main()
    evaluation, verdict = read_judged()
    assert evaluation["overlap_rows"] > 50
    assert "overlap" in failing(verdict)


def test_a_judge_that_is_missing_is_named(project: Path) -> None:
    write_json("models/folds/folds.json", {"folds": ["0_0", "0_1", "0_2", "1_0", "1_1"]})
    with pytest.raises(Exception, match=r"no model for 1\d\d rows: run `dvc repro train`"):
        evaluate.main()


def test_columns_that_are_called_as_those_of_the_split_do_no_harm(project: Path) -> None:
    rows = read_table("data/examples.parquet").rename(columns={"wind": "role", "delay": "fold"})
    text = Path("data/contract.yaml").read_text().replace("wind:", "role:").replace("delay:", "fold:")
    Path("data/contract.yaml").write_text(text)
    write_rows(project, rows)
    set_params(project, {"split.method": "span", "search.trials": 2})
    split.main()
    write_json("models/best.json", {"trials": [{"family": "linear", "params": {"C": 1.0}}], "families": {}})
    train.main()
    evaluate.main()
    evaluation, _ = read_judged()
    assert {one["column"] for one in evaluation["importances"]} == {"role", "fold", "carrier"}
    assert not read_fold_models()


def run_task(folder: Path, monkeypatch: pytest.MonkeyPatch, task: str, **changes: Any) -> dict[str, Any]:
    monkeypatch.chdir(make_table(folder, task, **changes))
    return judge_table()[0]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
@pytest.mark.slow
def test_other_tasks_are_judged_crosswise_too(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = run_task(tmp_path / "p", monkeypatch, task)
    assert evaluation["rows"] == 360
    assert ("coverage" in evaluation) == (task == "regression")
    if task == "regression":
        assert evaluation["coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    assert evaluation["improvement"]["over_constant"]["value"] > 0.05


@pytest.mark.slow
def test_a_skewed_number_is_learned_as_its_logarithm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_table(tmp_path / "p", "regression", search__families=["linear"])
    rows = read_table(folder / "data/examples.parquet")
    write_rows(folder, rows.assign(late=np.floor(np.exp(rows["late"] / 12.0 + 2.0))))
    monkeypatch.chdir(folder)
    evaluation, _ = judge_table()
    assert read_json("models/best.json")["link"] == read_json("metrics/search.json")["link"] == "log1p"
    assert evaluation["improvement"]["over_linear"]["value"] > 0.02
    assert evaluation["coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    assert load_bundle("models/bundle").bounds["kind"] == "scale"  # type: ignore[index]


@pytest.mark.slow
def test_weights_count_and_repeats_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_table(tmp_path / "p", "binary", problem__weight="mass")
    rows = read_table(folder / "data/examples.parquet")
    write_rows(folder, rows.assign(mass=np.where(rows["late"], 3.0, 1.0)))
    text = (folder / "data/contract.yaml").read_text()
    (folder / "data/contract.yaml").write_text(text + "  mass:\n    dtype: numeric\n    role: weight\n")
    monkeypatch.chdir(folder)
    evaluation, _ = judge_table()
    late = pd.Series(rows["late"]).mean()
    assert evaluation["cost"]["never"] == pytest.approx(3 * 3 * late / (1 + 2 * late))
