import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perennial.model.predictor import Model
from tests.conftest import run_command, run_stage, set_params
from tests.tiny import with_link, with_network, write_tiny_project, write_verdict

ALL = [
    "packed",
    "started",
    "golden_rows",
    "test_rows",
    "explained",
    "recorded",
    "bad_input",
    "answers_afterwards",
    "latency",
    "memory",
    "stopped",
]


def rehearse(folder: Path) -> dict[str, Any]:
    """Run the stage, which must succeed, and return its verdict."""
    done = run_stage(folder, "rehearse")
    assert done.returncode == 0, done.stderr
    verdict: dict[str, Any] = json.loads((folder / "metrics/rehearsal.json").read_text())
    return verdict


def test_a_good_bento_passes_and_its_verdict_holds_no_timing(tmp_path: Path) -> None:
    bundle = write_tiny_project(tmp_path)
    assert run_stage(tmp_path, "package").returncode == 0
    verdict = rehearse(tmp_path)
    assert verdict["passed"] is True, verdict
    assert verdict["bundle"] == bundle
    assert [check["name"] for check in verdict["checks"]] == ALL
    sentences = {check["name"]: check["sentence"] for check in verdict["checks"]}
    assert sentences["test_rows"] == "20 rows answered over HTTP as offline, within 1e-09."
    timings = json.loads((tmp_path / "reports/rehearsal_timings.json").read_text())
    assert set(timings) == {"p50_ms", "p95_ms", "memory_mb"}

    text = (tmp_path / "metrics/rehearsal.json").read_text()
    rehearse(tmp_path)
    assert (tmp_path / "metrics/rehearsal.json").read_text() == text

    said = run_command(tmp_path, "python", "-m", "perennial.cli", "verdict")
    assert said.returncode == 0, said.stderr
    assert f"bundle {bundle[:12]} is blessed and rehearsed" in said.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "change"),
    [("binary", with_network), ("multiclass", with_network), ("regression", with_network), ("regression", with_link)],
)
def test_a_score_that_is_no_sum_is_served_and_not_explained(
    task: str, change: Callable[[Model], Model], tmp_path: Path
) -> None:
    write_tiny_project(tmp_path, task, change)
    assert run_stage(tmp_path, "package").returncode == 0
    verdict = rehearse(tmp_path)
    assert verdict["passed"] is True, verdict
    assert {check["name"]: check["sentence"] for check in verdict["checks"]}["explained"].startswith(
        "The score is no sum"
    )


def test_budgets_not_kept_and_limits_not_packed_fail(tmp_path: Path) -> None:
    write_tiny_project(tmp_path)
    assert run_stage(tmp_path, "package").returncode == 0
    set_params(
        tmp_path,
        {"rehearse.memory_mb": 10, "rehearse.p50_ms": 0.0001, "rehearse.p95_ms": 0.0001, "package.max_rows": 7},
    )
    verdict = rehearse(tmp_path)
    assert verdict["passed"] is False
    failing = {check["name"]: check["sentence"] for check in verdict["checks"] if not check["passed"]}
    assert set(failing) == {"bad_input", "latency", "memory"}
    assert "too many rows: answered 422, not 413" in failing["bad_input"]
    said = run_command(tmp_path, "python", "-m", "perennial.cli", "verdict")
    assert said.returncode == 1
    assert "rehearsal, memory: Resident memory is above its budget of 10 MB" in said.stderr


def test_nothing_packaged_is_nothing_rehearsed(tmp_path: Path) -> None:
    bundle = write_tiny_project(tmp_path)
    write_verdict(tmp_path, bundle, blessed=False, checks=[{"name": "auc", "passed": False, "sentence": "Too low."}])
    assert run_stage(tmp_path, "package").returncode == 0
    assert rehearse(tmp_path) == {
        "rehearsed": False,
        "passed": False,
        "reason": "nothing was packaged: auc: Too low.",
    }
    said = run_command(tmp_path, "python", "-m", "perennial.cli", "serve")
    assert said.returncode == 1
    assert said.stderr == "refused: nothing is packaged: auc: Too low.\n"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_rehearsed_too(task: str, tmp_path: Path) -> None:
    write_tiny_project(tmp_path, task=task)
    assert run_stage(tmp_path, "package").returncode == 0
    assert rehearse(tmp_path)["passed"] is True
