"""A newcomer's first hour, for real: clone, `make repro`, the same bytes, a prediction by curl, an experiment."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def shell(command: str, folder: Path, timeout: float = 1200) -> subprocess.CompletedProcess[str]:
    """Run one line of the README in a login-like shell without this test's own environment."""
    environment = {
        name: os.environ[name] for name in os.environ if not name.startswith(("DVC_", "BENTOML_", "PYTEST_"))
    }
    environment["PATH"] = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p)
    environment.pop("PYTHONPATH", None)
    environment.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout
    )


def committed_copy(folder: Path) -> Path:
    """Clone what is committed, as a newcomer's `git clone` gives it."""
    done = shell(f"git clone -q {ROOT} clone", folder)
    assert done.returncode == 0, done.stderr
    return folder / "clone"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone in which `make repro` has run."""
    folder = committed_copy(tmp_path_factory.mktemp("newcomer"))
    home_before = set(Path.home().iterdir())
    done = shell("make repro", folder)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert {path.name for path in set(Path.home().iterdir()) - home_before} <= {".cache"}, "written outside"
    return folder


def test_the_clone_reproduces_the_committed_bytes(clone: Path) -> None:
    assert shell("git status --porcelain", clone).stdout == ""


@pytest.mark.soak
def test_one_core_gives_the_same_bytes(clone: Path) -> None:
    done = shell("PATH=$PWD/.venv/bin:$PATH taskset -c 0 dvc repro --force --no-run-cache", clone)
    assert done.returncode == 0, done.stderr[-4000:]
    assert shell("git status --porcelain", clone).stdout == ""


def test_editing_a_gate_limit_reruns_the_gate_and_what_follows_only(clone: Path) -> None:
    params = clone / "params.yaml"
    before = params.read_text()
    params.write_text(re.sub(r"(?m)^(gate:\n(?:.*\n)*?\s+\w+: )(0\.\d+)", r"\g<1>\g<2>1", before, count=1))
    assert params.read_text() != before
    done = shell("PATH=$PWD/.venv/bin:$PATH dvc repro", clone)
    ran = re.findall(r"Running stage '(\w+)'", done.stdout)
    assert ran[0] == "gate"
    assert set(ran) <= {"gate", "package", "rehearse", "report"}
    params.write_text(before)
    assert shell("PATH=$PWD/.venv/bin:$PATH dvc repro", clone).returncode == 0
    assert shell("git status --porcelain", clone).stdout == ""


@pytest.fixture
def served(clone: Path) -> Iterator[str]:
    """`make serve`, answering on loopback."""
    process = subprocess.Popen(["make", "serve"], cwd=clone, start_new_session=True, stderr=subprocess.DEVNULL)
    address = "http://127.0.0.1:3000"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1)
            break
        except OSError:
            time.sleep(0.5)
    yield address
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def test_readme_curl_gets_a_prediction(served: str, clone: Path) -> None:
    lines = [line for line in bash_lines() if line.startswith("curl")]
    assert lines
    for line in lines:
        done = shell(f"set -o pipefail; {line}", clone)
        assert done.returncode == 0, done.stderr
        if "/predict" in line:
            assert 0 < json.loads(done.stdout)["predictions"][0]["score"] < 1


def bash_lines() -> list[str]:
    """Every command line of the README's bash blocks, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


STARTED_ELSEWHERE = {"make serve", "make repro"}


def await_queue(clone: Path, seconds: float = 1200) -> str:
    """Return what `dvc queue status` says once nothing waits or runs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        said = shell(". .venv/bin/activate; dvc queue status", clone).stdout
        if "Queued" not in said and "Running" not in said:
            return said
        time.sleep(5)
    return "the queue did not come to an end"


@pytest.mark.soak
def test_every_other_command_of_the_readme_runs(clone: Path) -> None:
    quick = {"problem.as_of=2013-10-01": "problem.as_of=2013-10-01 -S search.trials=4", "trials=40": "trials=4"}
    for line in bash_lines():
        if line in STARTED_ELSEWHERE or line.startswith(("git clone", "curl", ". .venv")):
            continue
        for long, short in quick.items():
            line = line.replace(long, short)
        done = shell(f". .venv/bin/activate; {line}", clone)
        assert done.returncode == 0, f"{line}: {(done.stdout + done.stderr)[-3000:]}"
    assert "Success" in await_queue(clone), "a queued experiment fails without a word"
    shutil.rmtree(clone / ".dvc" / "tmp" / "exps", ignore_errors=True)
