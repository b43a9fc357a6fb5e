"""How the tests fetch: quickly, with the clock of the test, and in a repository of its own."""

import subprocess
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from perennial.data.fetching import Fetch
from perennial.io.fetch import Patience, discover, read_remote
from perennial.io.retry import attempt
from tests.conftest import copy_inputs

AS_OF = datetime(2024, 5, 1)


def patience(attempts: int = 3, seconds: float = 5.0, deadline: float = 30.0) -> Patience:
    return Patience(seconds, deadline, partial(attempt, attempts=attempts, wait_seconds=0.01))


def fetch(since: Any = None, /, *, waiting: Patience | None = None, **declared: Any) -> pd.DataFrame:
    return read_remote(Fetch(**declared), as_of=AS_OF, since=since, patience=waiting or patience())


def find(**declared: Any) -> Fetch:
    return discover(Fetch(**declared), as_of=AS_OF, patience=patience())


def make_repository(project: Path) -> Path:
    """The project that ships, committed, which does not wait long for a server."""
    copy_inputs(project)
    params = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(params.replace("wait_seconds: 1 ", "wait_seconds: 0.1 "))
    (project / ".gitignore").write_text("/.perennial/\n")
    commands = (["git", "init", "-q"], ["dvc", "init", "-q"], ["git", "add", "-A"])
    for command in (*commands, ["git", "-c", "user.name=A", "-c", "user.email=a@b.org", "commit", "-qm", "begin"]):
        subprocess.run(command, cwd=project, check=True, capture_output=True)
    return project
