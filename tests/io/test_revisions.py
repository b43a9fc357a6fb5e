from pathlib import Path

import pytest

from perennial.io.revisions import list_changes, read_run, read_stages, read_worktree
from perennial.refusal import Refusal
from tests.pulls import commit, git


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    return tmp_path


def test_a_revision_is_read_without_being_checked_out(repository: Path) -> None:
    (repository / "metrics").mkdir()
    (repository / "params.yaml").write_text("search:\n  trials: 20\n")
    (repository / "metrics/gate.json").write_text('{"blessed": true}')
    (repository / "dvc.lock").write_text("schema: '2.0'\nstages:\n  gate: {cmd: x}\n")
    base = commit("base")
    (repository / "params.yaml").write_text("search:\n  trials: 50\n")
    (repository / "metrics/gate.json").unlink()
    run = read_run("main")
    assert run.name == f"main ({base[:10]})"
    assert (run.params, run.metrics, run.lock) == (
        {"search.trials": 20},
        {"gate": {"blessed": True}},
        {"gate": {"cmd": "x"}},
    )
    now = read_worktree()
    assert (now.params, now.metrics) == ({"search.trials": 50}, {})
    assert list_changes("main") == [("D", "metrics/gate.json"), ("M", "params.yaml")]


def test_a_revision_without_metrics_is_empty(repository: Path) -> None:
    run = read_run(commit("nothing"))
    assert (run.params, run.metrics, run.lock) == ({}, {}, {})
    assert read_stages("HEAD") == {}


@pytest.mark.parametrize("text", ["[1]", "{", "\x00"])
def test_a_file_that_cannot_be_read_is_named(repository: Path, text: str) -> None:
    (repository / "metrics").mkdir()
    (repository / "metrics/gate.json").write_text(text)
    with pytest.raises(Refusal, match=r"metrics/gate.json of main .* cannot be read"):
        commit("broken")
        read_run("main")


def test_odd_file_names_come_whole(repository: Path) -> None:
    base = commit("nothing")
    (repository / "a b\n`c`.py").write_text("")
    git("add", "--all")
    assert list_changes(base) == [("A", "a b\n`c`.py")]
