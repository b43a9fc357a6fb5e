"""A repository of Git and DVC that holds one output, made by hand in no time."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONTENT = b"one"
ONE = hashlib.md5(CONTENT).hexdigest()


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


def make_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a whole and committed repository in `folder`, go there, and return the cache's file of its output."""
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    shutil.copytree(ROOT / "requirements", "requirements")
    shutil.copytree(ROOT / "data", "data", ignore=shutil.ignore_patterns("*.parquet", "raw", "valid", "quarantine"))
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    os.mkdir(".dvc")
    Path(".dvc/config").write_text("")
    Path(".gitignore").write_text("/.perennial\n/.dvc/cache\n/.dvc/tmp\n/one.txt\n")
    place = Path(".dvc/cache/files/md5") / ONE[:2] / ONE[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    Path("one.txt").write_bytes(CONTENT)
    Path("dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  make:\n    cmd: x\n    outs:\n    - path: one.txt\n      md5: {ONE}\n"
    )
    git("init", "-q")
    for key, value in (("user.email", "a@example.org"), ("user.name", "a")):
        git("config", key, value)
    git("add", "-A")
    git("commit", "-qm", "one")
    return folder / place
