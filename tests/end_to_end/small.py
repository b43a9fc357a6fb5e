"""The small project as a repository of Git and DVC, its dvc.lock written from what the ready stages made."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.conftest import ROOT, run_command


def track_project(judged: Path, target: Path) -> Path:
    """Copy the judged project and put it under Git and DVC as it is; no stage runs."""
    shutil.copytree(judged, target, symlinks=True, ignore=shutil.ignore_patterns(".perennial"))
    for name in (".gitignore", ".dvcignore"):
        shutil.copy(ROOT / name, target / name)
    (target / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, target / ".dvc" / name)
    for command in (
        ("git", "init", "-q"),
        ("git", "config", "user.email", "a@example.org"),
        ("git", "config", "user.name", "a"),
        ("dvc", "commit", "--force", "--quiet"),
        ("git", "add", "-A"),
        ("git", "commit", "-qm", "small"),
    ):
        done = run_command(target, *command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return target


def environment(project: Path) -> dict[str, str]:
    scratch = project / ".perennial" / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TMPDIR": str(scratch),
        "DVC_SITE_CACHE_DIR": str(project / ".perennial" / "dvc"),
    }


def start(project: Path, *command: str) -> "subprocess.Popen[str]":
    """Start a command in the project, as `run_command`, and do not wait for it."""
    return subprocess.Popen(
        command,
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_of(project: Path) -> list[psutil.Process]:
    """Return the living processes that work in the project."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(project) in (cwd := process.cwd()) and process.status() != psutil.STATUS_ZOMBIE and cwd:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_stage(project: Path, dvc: "subprocess.Popen[str]", stage: str) -> psutil.Process | None:
    """Return the process of a stage once DVC has started it, or None when DVC ended before."""
    while dvc.poll() is None:
        for child in psutil.Process(dvc.pid).children(recursive=True):
            try:
                if f"perennial.stages.{stage}" in " ".join(child.cmdline()):
                    return child
            except psutil.Error:
                continue
        time.sleep(0.02)
    return None


def outs_of(project: Path, stage: str) -> dict[str, Any]:
    """Return the entry of a stage's outputs in dvc.lock."""
    outs: dict[str, Any] = yaml.safe_load((project / "dvc.lock").read_text())["stages"][stage]["outs"]
    return outs


def hash_output(path: Path) -> dict[str, str] | None:
    """Return {file: hash} of an output, None where it is absent."""
    if not path.exists():
        return None
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {str(file.relative_to(path)): hashlib.md5(file.read_bytes()).hexdigest() for file in files if file.is_file()}
