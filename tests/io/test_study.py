import os
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial

from perennial.io.study import (
    append_trials,
    finished_trials,
    identify_search,
    open_journal,
    resume_search,
    study_path,
)
from tests.model.test_search import essence, search


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return study_path({"data": "d", "seed": 0})


def test_the_name_follows_everything_that_decides(tmp_path: Path) -> None:
    assert study_path({"a": 1, "b": 2}) == study_path({"b": 2, "a": 1}) != study_path({"a": 1, "b": 3})
    assert study_path({}).parent == Path(".perennial/studies")


def test_all_code_that_a_search_runs_is_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for name in ("examples.parquet", "split.parquet", "contract.yaml"):
        Path("data", name).write_bytes(b"")
    code = identify_search({"search.seed": 0})["code"]
    rooms = {"stages/search.py", "io/folds.py", "io/learning.py", "data/split.py", "model/search.py"}
    assert {f"perennial/{file}" for file in rooms} <= set(code)
    assert "perennial/stages/train.py" not in code


def test_what_was_finished_is_remembered(path: Path) -> None:
    append_trials(open_journal(path), search(trials=8))
    assert essence(finished_trials(open_journal(path), 4, 14)) == essence(search(trials=8))


def test_a_resumed_search_ends_like_an_uninterrupted_one(path: Path) -> None:
    done, remember = resume_search({"seed": 7}, 4, 14)
    assert done == []
    remember(search(trials=8))
    done, remember = resume_search({"seed": 7}, 4, 14)
    heard: list[FrozenTrial] = []
    assert essence(search(done=done, report=heard.extend)) == essence(search())
    remember(heard)
    done, _ = resume_search({"seed": 7}, 4, 14)
    assert essence(done) == essence(search())


def test_a_batch_that_was_written_by_half_is_forgotten(path: Path) -> None:
    append_trials(open_journal(path), search(trials=8)[:6])
    done = finished_trials(open_journal(path), 4, 14)
    assert len(done) == 4
    append_trials(open_journal(path), search(trials=8)[4:])
    assert essence(finished_trials(open_journal(path), 4, 14)) == essence(search(trials=8))


def test_a_torn_last_line_is_cut(path: Path) -> None:
    append_trials(open_journal(path), search(trials=4))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 4, "work')
    assert len(finished_trials(open_journal(path), 4, 14)) == 4
    append_trials(open_journal(path), search(trials=8)[4:])
    assert len(finished_trials(open_journal(path), 4, 14)) == 8


@pytest.mark.parametrize("rubbish", [b"not a journal\n", b'{"op_code": 99}\n', b"\x00\xff\n", b"[]\n"])
def test_an_unreadable_journal_is_begun_again(path: Path, rubbish: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(rubbish)
    append_trials(open_journal(path), search(trials=4))
    assert len(finished_trials(open_journal(path), 4, 14)) == 4


def test_a_lock_left_by_a_killed_search_does_not_block(path: Path) -> None:
    open_journal(path)
    os.symlink("nowhere", f"{path}.lock")
    append_trials(open_journal(path), search(trials=4))


def test_trials_left_running_are_told_as_failed(path: Path) -> None:
    study = open_journal(path)
    study.ask()
    states = [trial.state for trial in open_journal(path).get_trials()]
    assert states == [optuna.trial.TrialState.FAIL]
    assert finished_trials(open_journal(path), 4, 14) == []
