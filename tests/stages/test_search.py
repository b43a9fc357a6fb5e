import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from perennial.io import searching
from perennial.io.files import read_json, sha256_file
from perennial.io.learning import read_learning
from perennial.io.params import read_params
from perennial.io.stopping import share_time
from perennial.io.study import resume_search
from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal
from perennial.serving.runtime import load_predictor
from perennial.stages import search, split, train
from tests.conftest import ROOT, set_params
from tests.stages.crosswise import make_table
from tests.stages.learned import make_project

OUTPUTS = (
    *("models/best.json", "metrics/search.json"),
    *("metrics/plots/search_history.csv", "metrics/plots/search_importances.csv"),
)


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_file(folder / name) for name in OUTPUTS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = make_project(tmp_path / "p")
    monkeypatch.chdir(place)
    split.main()
    return place


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start the stage as a terminal does: in a process group of its own, all of which hears ctrl-C."""
    command, environment = [sys.executable, "-m", "perennial.stages.search"], {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stderr=subprocess.PIPE, text=True, process_group=0
    )


def wait_for_trials(process: "subprocess.Popen[str]") -> None:
    while not any(log.read_bytes().count(b"\n") > 1 for log in Path(".perennial/studies").glob("*.log")):
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)


def test_the_search_tells_what_it_tried_and_leaves_nothing_behind(folder: Path) -> None:
    search.main()
    best, facts = read_json("models/best.json"), read_json("metrics/search.json")
    assert "left_out" not in best, "inputs are selected only where it is asked for"
    assert "selection" not in facts
    assert best["family"] == facts["best"]["family"]
    assert set(facts["families"]) == set(best["families"]) == {"lightgbm", "linear"}
    assert (facts["trials"], facts["rows"], facts["folds"]) == (6, 3000, 3)
    assert facts["complete"] == sum(family["complete"] for family in facts["families"].values())
    history = pd.read_csv("metrics/plots/search_history.csv")
    assert history["trial"].tolist() == list(range(6))
    assert history["best"].is_monotonic_decreasing
    assert history["best"].iloc[-1] == pytest.approx(best["score"])
    assert best["score"] < 0.69
    assert not list(Path(".perennial/tmp").iterdir())
    assert not Path("dvclive").exists(), "there is no repository to track in"


def test_two_workers_find_what_one_finds(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search.main()
    other = make_project(tmp_path / "other", engine__workers=2)
    monkeypatch.chdir(other)
    split.main()
    search.main()
    assert hashes(folder) == hashes(other)


def test_a_killed_search_goes_on_to_the_same_end(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = make_project(tmp_path / "killed")
    monkeypatch.chdir(killed)
    split.main()
    with start(killed) as process:
        wait_for_trials(process)
        process.send_signal(signal.SIGKILL)
    assert not Path("models/best.json").exists()
    search.main()
    monkeypatch.chdir(folder)
    search.main()
    assert hashes(killed) == hashes(folder)


def test_a_time_limit_ends_the_search_with_the_best_so_far(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(folder, {"search.trials": 5000, "search.time_limit_s": 1.0})
    search.main()
    facts = read_json("metrics/search.json")
    assert facts["stopped"] == "by the time limit"
    assert 1 <= facts["trials"] < 5000
    assert f"stopped by the time limit after {facts['trials']} of 5000 trials" in capsys.readouterr().err
    assert read_json("models/best.json")["score"] == facts["best"]["score"]


def test_a_stopped_search_goes_on_to_the_end_of_an_uninterrupted_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(folder, {"search.time_limit_s": 0.001})
    search.main()
    assert read_json("metrics/search.json")["stopped"]
    set_params(folder, {"search.time_limit_s": None})
    search.main()
    whole = make_project(tmp_path / "whole")
    monkeypatch.chdir(whole)
    split.main()
    search.main()
    assert hashes(folder) == hashes(whole)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_keeps_the_best_so_far_and_finishes_the_stage(folder: Path, workers: int) -> None:
    set_params(folder, {"search.trials": 5000, "engine.workers": workers})
    with start(folder) as process:
        wait_for_trials(process)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "press it again" in said
    assert "Traceback" not in said
    facts = read_json("metrics/search.json")
    assert facts["stopped"] == "by hand"
    assert 3 <= facts["trials"] < 5000
    assert read_json("models/best.json")["score"] == facts["best"]["score"]
    assert not list(Path(".perennial/tmp").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_ctrl_c_ends_it_and_writes_nothing(folder: Path, workers: int) -> None:
    set_params(folder, {"search.trials": 5000, "engine.workers": workers, "search.max_rounds": 4000})
    with start(folder) as process:
        wait_for_trials(process)
        assert process.stderr is not None
        os.killpg(process.pid, signal.SIGINT)
        while "press it again" not in process.stderr.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.strip() == "stopped by hand: nothing is half-written; run it again."
    assert not Path("models/best.json").exists()


def test_more_trials_go_on_from_the_finished_ones(folder: Path) -> None:
    search.main()
    fewer = pd.read_csv("metrics/plots/search_history.csv")
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("trials: 6", "trials: 9"))
    search.main()
    assert len(list(Path(".perennial/studies").glob("*.log"))) == 1
    assert pd.read_csv("metrics/plots/search_history.csv").head(6).equals(fewer)


def test_an_input_of_noise_is_left_out_and_still_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p", search__trials=2, search__selection=True, train__members=1))
    contract = yaml.safe_load(Path("data/contract.yaml").read_text())
    contract["examples"]["dice"] = {"dtype": "numeric", "role": "input", "range": [0, 1]}
    Path("data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    frame = read_table("data/examples.parquet")
    write_table("data/examples.parquet", frame.assign(dice=np.random.default_rng(0).random(len(frame))))
    split.main()
    search.main()
    assert read_json("models/best.json")["left_out"] == ["dice"]
    columns = {one["column"]: one for one in read_json("metrics/search.json")["selection"]["columns"]}
    assert columns["delay"]["kept"]
    assert columns["delay"]["importance"] > columns["delay"]["best_copy"]
    train.main()
    predictor = load_predictor("models/bundle")
    row = {"delay": 0.5, "wind": None, "carrier": "AA", "dice": 0.5}
    assert not predictor.check([row])
    assert predictor.predict([row]) == predictor.predict([row | {"dice": 0.9}])
    assert predictor.check([row | {"dice": 7.0}]) == {0: ["rows[0].dice is out of range: send 0 to 1"]}
    del row["dice"]
    assert predictor.check([row]) == {0: ["rows[0].dice is not there: send it, null when missing"]}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_searched_too(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p", task, search__trials=3))
    split.main()
    search.main()
    assert read_json("metrics/search.json")["best"]["score"] < {"multiclass": 1.1, "regression": 20.0}[task]


def test_an_unknown_family_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p", search__families=["lightgbm", "forest"]))
    with pytest.raises(Refusal, match="'forest'"):
        split.main()


def test_a_metric_that_models_are_not_chosen_by_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p", problem__metric="rmse"))
    with pytest.raises(Refusal, match=r"'rmse' .* set it to log_loss"):
        search.main()


FEW = {
    "search__outer_trials": 4,
    "search__trials": 4,
    "search__batch": 2,
    "search__families": ["small_trees", "linear"],
}


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A split table of 360 rows that is judged by two repeats of three folds."""
    folder = make_table(tmp_path / "few", "binary", **FEW)
    monkeypatch.chdir(folder)
    split.main()
    return folder


def test_a_time_limit_holds_for_the_searches_beside_the_folds_too(
    few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params(few, {"search.trials": 5000, "search.outer_trials": 5000, "search.time_limit_s": 2.0})
    begun = time.monotonic()
    search.main()
    assert time.monotonic() - begun < 60
    facts, outer = read_json("metrics/search.json"), read_json("models/best.json")["outer"]
    assert facts["stopped"] == "by the time limit"
    assert facts["beside"]["searches"] == facts["beside"]["stopped"] == len(outer) == 6
    assert facts["beside"]["fewest_trials"] >= 1
    assert all(one["trials"] for one in outer), "each has a setting to be judged by"
    assert "6 of 6 searches beside a fold stopped by the time limit" in capsys.readouterr().err


@pytest.mark.slow
def test_once_one_was_ended_by_hand_the_others_end_with_their_first_setting(few: Path) -> None:
    set_params(few, {"search.outer_trials": 5000})
    named = dict.fromkeys(("weight", "time", "known_at", "group"))
    learned = read_learning(task="binary", target="late", key="key", **named)
    params = read_params(search.PARAMS)
    found, searched = search.search_beside(learned, params, share_time(None), by_hand=True)
    assert len(found) == 6
    assert all(one.stopped and 1 <= len(one.trials) <= 2 for one in searched)


@pytest.mark.slow
def test_a_killed_search_beside_a_fold_goes_on_to_the_same_end(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first batch of the third fold: what was scored is not scored again."""
    search.main()
    before, scored = hashes(few), []
    assert "beside" not in read_json("metrics/search.json")
    shutil.rmtree(".perennial/studies")

    def killed(identity: Any, batch: int, trials: int) -> Any:
        done, remember = resume_search(identity, batch, trials)
        if identity.get("beside") != [0, 2]:
            return done, remember

        def remember_and_die(new: Any) -> None:
            remember(new)
            raise KeyboardInterrupt

        return done, remember_and_die

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(searching, "resume_search", killed)
        search.main()

    def watched(identity: Any, batch: int, trials: int) -> Any:
        done, remember = resume_search(identity, batch, trials)
        scored.append(trials - len(done))
        return done, remember

    monkeypatch.setattr(searching, "resume_search", watched)
    search.main()
    assert scored == [0, 0, 0, 2, 4, 4, 4]
    assert hashes(few) == before
