"""A workflow that may do more than it should must turn `make check` red."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_command
from tests.test_workflows import MAY, read_rights

HARMS = {
    "a broadened permission": ("comment.yml", r"permissions:\n      actions: read.*\n.*\n.*", "permissions: write-all"),
    "a right without a reason": ("experiment.yml", "contents: read", "contents: write"),
    "rights for all jobs": ("experiment.yml", r"permissions: \{\}", "permissions: write-all"),
    "an expression inside a command": ("exp.yml", "run: make request", "run: echo ${{ github.event.comment.body }}"),
    "an action by its tag": ("check.yml", r"checkout@[0-9a-f]{40}", "checkout@v5"),
    "a token that stays": ("check.yml", "persist-credentials: false", "persist-credentials: true"),
    "foreign code with main's rights": ("experiment.yml", "\n  pull_request:", "\n  pull_request_target:"),
    "a key that does not exist": ("check.yml", "timeout-minutes:", "timeout-hours:"),
}


def lint(folder: Path) -> Iterator[int]:
    """Run the lines of `make check` that read workflows, the faster first, and yield their exit codes."""
    lines = [line.strip() for line in (ROOT / "Makefile").read_text().splitlines() if ".github/workflows" in line]
    for line in sorted(lines, reverse=True):
        yield run_command(folder, "bash", "-c", line).returncode


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    return tmp_path


def test_the_workflows_as_they_are_pass(copy: Path) -> None:
    assert list(lint(copy)) == [0, 0]


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_workflow_is_red(copy: Path, harm: str) -> None:
    name, pattern, instead = HARMS[harm]
    path = copy / ".github/workflows" / name
    text = path.read_text()
    path.write_text(re.sub(pattern, instead, text, count=1))
    assert path.read_text() != text
    assert any(code != 0 for code in lint(copy)), harm


@pytest.mark.parametrize("broader", ["contents: write", "contents: read\n      issues: write # why not"])
def test_one_more_right_is_seen_even_where_the_linters_allow_it(copy: Path, broader: str) -> None:
    path = copy / ".github/workflows/experiment.yml"
    assert read_rights(path.parent) == MAY
    path.write_text(path.read_text().replace("contents: read", broader, 1))
    assert read_rights(path.parent) != MAY
