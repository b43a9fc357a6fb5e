"""A fresh virtual environment with exactly what a lock names, hash-checked; made for one use and removed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uv

from perennial.refusal import Refusal

FOLDER = Path(".perennial/release-environment")


def _index_environment() -> dict[str, str]:
    # uv does not read pip's configuration; a company mirror set for pip should serve both.
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    return {"UV_DEFAULT_INDEX": index} if index else {}


def _run_uv(*arguments: str) -> None:
    environment = os.environ | _index_environment() | {"UV_NO_CONFIG": "1"}
    command = [uv.find_uv_bin(), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or "no message"
        raise Refusal(f"no fresh environment could be made (uv: {said:.400}): is the package index in reach?")


@contextmanager
def fresh_environment(lock: str | Path, folder: str | Path = FOLDER) -> Iterator[Path]:
    """Yield the interpreter of a new environment with the packages of a hash-checked lock; removed afterwards.

    Raises Refusal when a package cannot be had or is not the one that the lock names.
    """
    folder = Path(folder).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    try:
        _run_uv("venv", "--quiet", "--python", sys.executable, str(folder))
        _run_uv("pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(lock))
        yield python
    finally:
        shutil.rmtree(folder, ignore_errors=True)
