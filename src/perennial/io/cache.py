"""DVC as a process: whether the lock is true, what goes into the cache, and what comes out of it without a network."""

import configparser
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from perennial.io.files import write_text
from perennial.io.process import die_with_parent
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal


def _run(arguments: tuple[str, ...], folder: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=die_with_parent,
    )


def run_dvc(*arguments: str, folder: str | Path = ".") -> str:
    """Return what dvc says; raises Refusal with its own error when it fails."""
    done = _run(arguments, folder)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise Refusal(f"`dvc {arguments[0]}` failed: {(lines or ['no message'])[0].removeprefix('ERROR: '):.300}")
    return done.stdout


def list_stale() -> list[str]:
    """Return the stages and tracked files that are not what dvc.lock and the .dvc files say."""
    return sorted(json.loads(run_dvc("status", "--json")))


def list_changed_outs(pointer: str) -> dict[str, str]:
    """Return {output: "modified", "deleted" or "not in cache"} of a .dvc file whose output is not what it says."""
    found = json.loads(run_dvc("status", "--json", pointer))
    changes = [change for each in found.values() for change in each if isinstance(change, dict)]
    return {str(out): str(state) for change in changes for out, state in change.get("changed outs", {}).items()}


def has_remote() -> bool:
    """Return whether a remote is configured for everybody, in the file that Git keeps."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(".dvc/config", encoding="utf-8")
    return any(section.startswith("'remote") for section in config.sections())


def track(path: str) -> None:
    """Put a folder into the cache and write its .dvc file."""
    run_dvc("add", "--quiet", path)


@contextmanager
def restore_tracked(pointer: str, absent: str) -> Iterator[Path]:
    """Yield, in a scratch folder, the folder that the text of a .dvc file names, out of the local cache alone.

    Raises Refusal with `absent` when the cache does not hold all of it.
    """
    name = yaml.safe_load(pointer)["outs"][0]["path"]
    # A small repository of its own: checking out there changes nothing here, whatever fails.
    with scratch_folder("restore") as place:
        (place / ".dvc").mkdir()
        cache, site = run_dvc("cache", "dir").strip(), Path(".perennial/dvc").absolute()
        core = f"[core]\n    no_scm = true\n    analytics = false\n    site_cache_dir = {site}\n"
        write_text(place / ".dvc" / "config", f"{core}[cache]\n    dir = {cache}\n")
        write_text(place / f"{name}.dvc", pointer)
        if _run(("checkout", "--quiet", f"{name}.dvc"), place).returncode != 0:
            raise Refusal(absent)
        yield place / name
