"""Somebody's table, adopted and run to its verdict: tables that scikit-learn ships, of each task."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from tests.conftest import copy_inputs, run_command, run_stages, set_params

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROWS = {"breast_cancer": 569, "diabetes": 442, "wine": 267}
LOADERS = {"breast_cancer": load_breast_cancer, "diabetes": load_diabetes, "wine": load_wine}


def write_table(folder: Path, name: str) -> Path:
    """Write a table of scikit-learn as a person would have it: names with spaces, semicolons, decimal commas."""
    table: pd.DataFrame = LOADERS[name](as_frame=True).frame
    if name == "wine":
        table = pd.concat([table, table.iloc[::2] * 1.001], ignore_index=True).assign(
            target=pd.concat([table["target"], table["target"].iloc[::2]], ignore_index=True).map(
                ["x", "y", "z"].__getitem__
            )
        )
    path = folder / f"{name}.csv"
    table.to_csv(path, index=False, sep=";", decimal=",")
    return path


def adopt(folder: Path, table: Path, **given: Any) -> Path:
    """Adopt a table in a fresh repository: one trial of each of three families, or the `given` params."""
    project = copy_inputs(folder / "project")
    (project / ".gitignore").write_text("/.perennial/\n")
    commands = (["git", "init", "-q"], ["dvc", "init", "-q"], ["git", "add", "-A"])
    for command in (*commands, ["git", "-c", "user.name=A", "-c", "user.email=a@b.org", "commit", "-qm", "begin"]):
        subprocess.run(command, cwd=project, check=True, capture_output=True)
    done = run_command(
        project, sys.executable, "-m", "perennial.cli", "adopt", str(table), "--target", "target", "--yes"
    )
    assert done.returncode == 0, done.stderr
    few = {"search.families": ["small_trees", "network", "linear"], "search.trials": 3, "search.outer_trials": 3}
    set_params(project, few | {"split.repeats": 1, "engine.workers": 1} | given)
    return project


@pytest.mark.parametrize(
    ("name", "task", "metric"),
    [("breast_cancer", "binary", "log_loss"), ("diabetes", "regression", "rmse"), ("wine", "multiclass", "log_loss")],
)
def test_a_strange_table_gets_a_judged_model_or_the_reasons_why_not(
    tmp_path: Path, name: str, task: str, metric: str
) -> None:
    project = adopt(tmp_path, write_table(tmp_path, name))
    run_stages(project, "ingest", "report")
    scores = json.loads((project / "metrics/scores.json").read_text())
    gate = json.loads((project / "metrics/gate.json").read_text())
    assert metric in scores
    assert scores["improvement_over_constant"] > 0.1
    assert json.loads((project / "metrics/evaluation.json").read_text())["rows"] == ROWS[name]  # all judge, and once
    failing = [check["name"] for check in gate["checks"] if not check["passed"]]
    assert gate["blessed"] == (not failing)
    assert (project / "reports/facts.json").exists()
    rehearsal = json.loads((project / "metrics/rehearsal.json").read_text())
    assert rehearsal["rehearsed"] == gate["blessed"], failing
    assert rehearsal.get("passed", False) == gate["blessed"], rehearsal
