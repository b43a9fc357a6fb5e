import json
import subprocess
from pathlib import Path

import pytest

from perennial.io.tracking import track_steps, watch_trials
from tests.conftest import run_command
from tests.model.test_search import search


def test_outside_a_repository_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with track_steps() as log:
        log({"loss": 0.5})
    assert not list(tmp_path.iterdir())


def test_each_trial_is_a_step_and_no_dvc_yaml_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "init", "-q"], check=True)
    assert run_command(tmp_path, "dvc", "init", "-q").returncode == 0
    with track_steps() as log:
        log({"loss": 0.5})
    assert not Path("dvclive").exists(), "DVCLive crashes where there is no commit"
    subprocess.run(["git", *who, "commit", "-qam", "first"], check=True)
    for _ in range(2):
        with watch_trials(6) as watch:
            watch(search(trials=6))
        assert len(Path("dvclive/plots/metrics/loss.tsv").read_text().splitlines()) == 7
    assert "loss" in json.loads(Path("dvclive/metrics.json").read_text())
    assert not list(tmp_path.rglob("dvc.yaml"))
