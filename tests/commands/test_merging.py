"""Two branches that both changed dvc.lock, in a real `git merge`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import run_command

NAMES = ("one", "two", "three")


def git(folder: Path, *words: str, code: int = 0) -> str:
    done = run_command(folder, "git", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def repro(folder: Path) -> list[str]:
    """Run `dvc repro` and return the stages that ran."""
    done = run_command(folder, "dvc", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]


def perennial(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return run_command(folder, sys.executable, "-m", "perennial.cli", *words)


def set_line(path: Path, number: int, text: str) -> None:
    lines = path.read_text().splitlines()
    lines[number] = text
    path.write_text("\n".join(lines) + "\n")


def change(folder: Path, branch: str, own: str, line: int) -> None:
    """On a new branch, change one stage alone and another that the other branch changes too."""
    git(folder, "checkout", "-qb", branch, "fork")
    set_line(folder / f"{own}.in", 0, branch)
    set_line(folder / "three.in", line, branch)
    assert set(repro(folder)) == {own, "three"}
    git(folder, "commit", "-qam", branch)


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of three stages and two branches; `two.txt` is cached, `three.txt` is a metric in Git."""
    folder = tmp_path_factory.mktemp("forked") / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for key, value in (("user.email", "a@example.org"), ("user.name", "a")):
        git(folder, "config", key, value)
    assert run_command(folder, "dvc", "init", "-q").returncode == 0
    stages = {}
    for name in NAMES:
        (folder / f"{name}.in").write_text("same\n" * 9)
        command = f"cksum < {name}.in > {name}.txt"
        stages[name] = {"cmd": command, "deps": [f"{name}.in"], "outs": [f"{name}.txt"]}
    stages["three"] |= {"outs": [{"three.txt": {"cache": False}}]}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (folder / ".gitignore").write_text("/one.txt\n/two.txt\n/.perennial\n")
    assert set(repro(folder)) == set(NAMES)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "fork")
    git(folder, "tag", "fork")
    change(folder, "left", "one", 0)
    change(folder, "right", "two", 8)
    git(folder, "checkout", "-q", "left")
    assert run_command(folder, "dvc", "checkout").returncode == 0
    return folder


@pytest.fixture
def repository(forked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(forked, tmp_path / "repository"))


def check_merged(repository: Path) -> None:
    """Only what both sides changed runs again; the rest is each side's own."""
    assert run_command(repository, "dvc", "checkout", "--allow-missing").returncode == 0
    assert repro(repository) == ["three"]
    for name in NAMES:
        wanted = run_command(repository, "bash", "-c", f"cksum < {name}.in").stdout
        assert (repository / f"{name}.txt").read_text() == wanted, name
    assert repro(repository) == []


def test_a_conflict_is_settled_stage_by_stage(repository: Path) -> None:
    git(repository, "merge", "right", code=1)
    done = perennial(repository, "merge-lock")
    assert done.returncode == 0, done.stderr
    assert "both sides changed: three\n" in done.stdout
    assert git(repository, "ls-files", "--unmerged") == ""
    git(repository, "commit", "-qm", "merged")
    check_merged(repository)


@pytest.mark.slow
def test_git_does_it_by_itself_once_told(repository: Path) -> None:
    assert perennial(repository, "merge-lock", "--install").returncode == 0
    assert perennial(repository, "merge-lock", "--install").returncode == 0
    assert (repository / ".gitattributes").read_text() == "dvc.lock merge=perennial-lock\n"
    command = f"{sys.executable} -m perennial.cli merge-lock --sides %O %A %B"
    git(repository, "config", "merge.perennial-lock.driver", command)
    git(repository, "merge", "right", code=1)
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == "three.txt\n"
    git(repository, "checkout", "--ours", "three.txt")
    git(repository, "commit", "-qam", "merged")
    check_merged(repository)


def test_without_a_conflict_nothing_is_changed(repository: Path) -> None:
    before = (repository / "dvc.lock").read_bytes()
    done = perennial(repository, "merge-lock")
    assert done.returncode == 1
    assert "dvc.lock is not in conflict" in done.stderr
    assert (repository / "dvc.lock").read_bytes() == before
