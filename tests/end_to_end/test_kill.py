"""kill -9 of DVC, of a stage, of both, at seeded moments: nothing partial, no orphan, the next run ends the same."""

import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import run_command
from tests.end_to_end.small import hash_output, outs_of, processes_of, start, track_project, wait_stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MOMENTS = random.Random(20130901)
CASES = [
    pytest.param(stage, victim, round(MOMENTS.uniform(*span), 2), id=f"{victim} in {stage}")
    for stage, victim, span in (
        ("ingest", "both", (1, 6)),
        ("validate", "stage", (0.5, 4)),
        ("assemble", "dvc", (1, 6)),
        ("search", "stage", (2, 8)),
        ("train", "both", (2, 8)),
        ("package", "stage", (0.5, 6)),
        ("rehearse", "dvc", (3, 8)),
    )
]


@pytest.fixture(scope="module")
def tracked(judged_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return track_project(judged_project, tmp_path_factory.mktemp("kill") / "project")


@pytest.fixture
def copy(tracked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tracked, tmp_path / "project", symlinks=True))


def kill(victim: str, dvc: "subprocess.Popen[str]", stage: psutil.Process | None) -> None:
    if victim in ("dvc", "both"):
        dvc.kill()
    if stage is not None and victim in ("stage", "both"):
        with suppress(psutil.NoSuchProcess):
            stage.send_signal(signal.SIGKILL)
    dvc.communicate()


def wait_alone(project: Path, seconds: float = 15) -> list[str]:
    """Wait until no process works in the project; return those that still do."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(project)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [" ".join(process.cmdline()) for process in left]


def forget_stage(project: Path, stage: str) -> None:
    """Take a stage's outputs out of the cache, so that they have to be made again, not fetched."""
    shutil.rmtree(project / ".dvc/cache/runs", ignore_errors=True)
    for out in outs_of(project, stage):
        (project / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]).unlink(missing_ok=True)


@pytest.mark.parametrize(("stage", "victim", "moment"), CASES)
def test_a_killed_run_leaves_nothing_partial_and_the_next_ends_the_same(
    copy: Path, stage: str, victim: str, moment: float
) -> None:
    before = {out["path"]: hash_output(copy / out["path"]) for out in outs_of(copy, stage)}
    lock = (copy / "dvc.lock").read_bytes()
    dvc = start(copy, "dvc", "repro", "--force", "--single-item", stage)
    process = wait_stage(copy, dvc, stage)
    time.sleep(moment)
    kill(victim, dvc, process)
    assert wait_alone(copy) == [], "an orphan may write later"
    left = [hash_output(copy / path) for path in before]
    for path, found in zip(before, left, strict=True):
        assert found in (None, before[path]), f"{path} is partial"
    forget_stage(copy, stage)
    again = run_command(copy, "dvc", "repro", "--single-item", stage)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"Running stage '{stage}'" in again.stdout or None not in left
    assert (copy / "dvc.lock").read_bytes() == lock
    assert {path: hash_output(copy / path) for path in before} == before
    assert [p for p in copy.rglob(".*.part") if ".dvc" not in p.parts] == []
    assert "up to date" in run_command(copy, "dvc", "status").stdout
