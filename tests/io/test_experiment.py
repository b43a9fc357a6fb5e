import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perennial.io.experiment import bring_outputs, read_record, run_graph, time_stages, write_record
from tests.pulls import commit, git


def test_stages_are_timed_and_every_line_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "Stage 'ingest' didn't change, skipping\n",
        "Running stage 'gate':\n",
        "> python\n",
        "Running stage 'a':\n",
    ]
    assert list(time_stages(lines)) == ["gate", "a"]
    assert capsys.readouterr().out == "".join(lines)


def test_nothing_ran() -> None:
    assert time_stages(["Data and pipelines are up to date.\n"]) == {}


GRAPH = "stages:\n  one:\n    cmd: cat in.txt > one.txt\n    deps: [in.txt]\n    outs: [one.txt]\n"


@pytest.mark.slow
@pytest.mark.parametrize("remote", [True, False])
def test_outputs_come_from_the_remote_or_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--quiet"], check=True)
    (tmp_path / "in.txt").write_text("content\n")
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    assert list(run_graph([])) == ["one"]
    if remote:
        subprocess.run([*dvc, "remote", "add", "--quiet", "--default", "place", str(tmp_path / "remote")], check=True)
        subprocess.run([*dvc, "push", "--quiet"], check=True)
    shutil.rmtree(tmp_path / ".dvc/cache")
    (tmp_path / "one.txt").unlink()
    bring_outputs()
    assert (tmp_path / "one.txt").is_file() is remote
    assert list(run_graph([])) == ([] if remote else ["one"])
    assert (tmp_path / "one.txt").read_text() == "content\n"


def test_the_record_is_of_this_commit_and_this_lock_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    (tmp_path / "dvc.lock").write_text("stages: {}\n")
    (tmp_path / ".gitignore").write_text(".perennial/\n")
    commit("first")
    assert read_record() is None
    write_record({"gate": 1.0}, ["a.b=1"])
    record = read_record()
    assert record is not None
    assert (record["seconds"], record["settings"]) == ({"gate": 1.0}, ["a.b=1"])
    (tmp_path / "dvc.lock").write_text("stages: {gate: {}}\n")
    assert read_record() is None
    (tmp_path / "dvc.lock").write_text("stages: {}\n")
    commit("second")
    assert read_record() is None
