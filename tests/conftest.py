"""A small copy of the whole project that runs in seconds: two months of real flights, a tiny search."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
# Temporary folders lie inside the repository; Git must not take it for theirs.
os.environ["GIT_CEILING_DIRECTORIES"] = str(ROOT / ".perennial")
# What a shell starts in the background ignores ctrl-C, and so would all that the tests start and then press it on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
STAGES = (
    *("ingest", "validate", "assemble", "profile", "split", "search"),
    *("train", "evaluate", "gate", "package", "rehearse", "report"),
)
FLIGHTS = ROOT / "tests" / "flights"  # the problem that ships, which stays here when the repository adopts another
COPIED = ("dvc.yaml", "models/.gitignore", "requirements")
SMALL = {
    "problem.as_of": "2013-03-11",
    "problem.success": 0.005,
    "split.test_days": 21,
    "split.valid_days": 10,
    "split.folds": 3,
    "search.trials": 4,
    "search.sample_rows": 6000,
    "assemble.random_cuts": 2,
    "assemble.adversarial_cuts": 1,
    "engine.workers": 1,
}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: packed bytes may hold the second of packing, which parallel runs do not share."""
    return argname if isinstance(val, bytes) else None


def set_params(project: Path, changes: dict[str, Any]) -> None:
    """Write leaves of params.yaml given by dotted name."""
    path = project / "params.yaml"
    document = yaml.safe_load(path.read_text())
    for name, value in changes.items():
        *sections, leaf = name.split(".")
        place = document
        for section in sections:
            place = place[section]
        place[leaf] = value
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def copy_inputs(target: Path) -> Path:
    """Copy what a person versions in Git (never outputs, no release) into `target`, with the problem that ships."""
    shutil.copytree(FLIGHTS, target, dirs_exist_ok=True)
    for name in COPIED:
        source, place = ROOT / name, target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place)
    (target / "src").symlink_to(ROOT / "src")
    release_nothing(target)
    return target


def release_nothing(project: Path) -> None:
    """Put in place what is there before the first release; a small project does not share that of the whole one."""
    (project / "models/champion").mkdir(parents=True)
    (project / "models/champion/unreleased.txt").write_text("No model is released yet.\n")
    (project / "models/champion.json").write_text("{}\n")


def run_command(project: Path, *command: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
    """Run a command in a project with the project's Python first on the path."""
    scratch = project / ".perennial" / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "TMPDIR": str(scratch),
        "BENTOML_HOME": str(project / ".perennial" / "bentoml"),
        "DVC_SITE_CACHE_DIR": str(project / ".perennial" / "dvc"),
    }
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=timeout)


def run_stage(project: Path, stage: str) -> subprocess.CompletedProcess[str]:
    """Run one stage in a project, as dvc.yaml does."""
    return run_command(project, sys.executable, "-m", f"perennial.stages.{stage}")


def run_stages(project: Path, first: str, last: str) -> None:
    """Run the stages from `first` to `last`; each must succeed."""
    for stage in STAGES[STAGES.index(first) : STAGES.index(last) + 1]:
        done = run_stage(project, stage)
        assert done.returncode == 0, f"{stage}: {done.stderr[-3000:]}"


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold a lock that the other test processes respect."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def judged_project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The small project with every stage run; shared by all test processes, never changed."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "judged_project"
    with one_at_a_time(shared.with_suffix(".lock")):
        if not (shared / "reports" / "facts.json").exists():
            shutil.rmtree(shared, ignore_errors=True)
            copy_inputs(shared)
            set_params(shared, SMALL)
            run_stages(shared, "ingest", "report")
    return shared


@pytest.fixture(scope="session")
def released_project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A tiny project in Git and DVC with two released versions; shared by all test processes, never changed."""
    from tests.released import make_released

    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "released_project"
    with one_at_a_time(shared.with_suffix(".lock")):
        if not shared.exists():
            building = shared.with_suffix(".part")
            make_released(building)
            building.rename(shared)
    return shared


@pytest.fixture
def released(released_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private copy of the released project, where the test works."""
    target = tmp_path / "project"
    shutil.copytree(released_project, target, symlinks=True)
    monkeypatch.chdir(target)
    return target


@pytest.fixture
def project(judged_project: Path, tmp_path: Path) -> Path:
    """A private copy of the judged project, to be harmed."""
    target = tmp_path / "project"
    shutil.copytree(judged_project, target, symlinks=True, ignore=shutil.ignore_patterns(".perennial"))
    return target


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tiny bento, in a project that is the current folder."""
    from perennial.io.bento import build_bento
    from tests.tiny import write_tiny_bundle

    project, before = tmp_path_factory.mktemp("project"), Path.cwd()
    os.chdir(project)
    write_tiny_bundle(Path("bundle"))
    build_bento(
        "bundle",
        "bento",
        limits={"max_rows": 1000, "max_body_bytes": 1_000_000},
        as_of="2013-09-01",
        packaged={"key": "trip"},
        lock=str(ROOT / "requirements/serve.txt"),
        source=f"{ROOT}/src",
    )
    yield project / "bento"
    os.chdir(before)


@pytest.fixture
def edit_file() -> Callable[[Path, str, str], None]:
    """Replace one piece of text in a file; the piece must be there."""

    def edit(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, f"{path} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1))

    return edit
