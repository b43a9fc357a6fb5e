"""A project small enough to be released in seconds: Git, DVC, a tiny bento of one stage, two versions of it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perennial.cli import parse_arguments
from perennial.commands.release import choose_version, identify_candidate, make_release
from perennial.io.bento import build_bento, write_sums
from perennial.io.files import write_json
from perennial.io.git import read_head
from perennial.io.release import write_entry
from tests.conftest import ROOT, release_nothing
from tests.tiny import write_tiny_bundle, write_tiny_project, write_verdict

GRAPH = """
stages:
  package:
    cmd: exec env PYTHONPATH=src python -m perennial.stages.package
    deps: [metrics/gate.json, models/bundle]
    outs: [models/bento]
artifacts:
  perennial: {path: models/champion, type: model}
"""
CONFIG = """[core]
    analytics = false
    site_cache_dir = .perennial/dvc
    remote = store
['remote "store"']
    url = ../store
"""
COPIED = (".gitignore", ".dvcignore", ".dvc/.gitignore", "models/.gitignore")


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def call(*command: str) -> str:
    """Run a command where we are and return what it says; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit_all(message: str) -> None:
    """Commit everything that Git does not ignore."""
    call("git", "add", "--all")
    call("git", "commit", "--quiet", "-m", message)


def build(bundle: Path, bento: Path) -> None:
    """Build the bento, or put another bundle into the one that is there, which takes no time."""
    if not bento.exists():
        limits = {"max_rows": 1000, "max_body_bytes": 1_000_000}
        build_bento(bundle, bento, limits=limits, as_of="2013-09-01", source=f"{ROOT}/src")
    shutil.rmtree(bento / "src/bundle")
    shutil.copytree(bundle, bento / "src/bundle")
    write_sums(bento)


def pack(intercept: float, message: str) -> None:
    """Make, bless, package and rehearse a bundle as its stages would, and commit it with what dvc.lock says of it."""
    bundle = write_tiny_bundle(Path("models/bundle"), intercept)
    write_verdict(Path(), bundle)
    build(Path("models/bundle"), Path("models/bento"))
    write_json("metrics/rehearsal.json", {"bundle": bundle, "rehearsed": True, "passed": True, "checks": []})
    write_json("metrics/scores.json", {"auc": 0.5 - intercept / 10})
    call("dvc", "commit", "--force", "--quiet")
    commit_all(message)


def release(stage: str = "prod", reason: str = "a new season") -> None:
    """Release the packaged bento without another rehearsal."""
    found = {**identify_candidate(), "revision": read_head()}
    bento = Path("models/bento")
    make_release(write_entry("promote", choose_version(bento), stage, reason, found), bento)


def make_released(folder: Path) -> None:
    """Write a project with the versions v1.0.0 and v1.1.0, the second in prod and packaged."""
    folder.mkdir()
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    write_tiny_project(folder)
    release_nothing(folder)
    (folder / ".dvc/config").write_text(CONFIG)
    (folder / "dvc.yaml").write_text(GRAPH)
    with inside(folder):
        call("git", "init", "--quiet")
        call("git", "config", "user.name", "Ann Other")
        call("git", "config", "user.email", "ann@example.org")
        pack(-1.0, "one season")
        release()
        pack(-2.0, "the next season")
        release()


def run(*words: str) -> Any:
    """Run one command of the command line where we are."""
    arguments = parse_arguments(words)
    return arguments.run(arguments)
