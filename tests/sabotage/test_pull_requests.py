"""A pull request that says what its code does not give must turn red, naming the stage."""

import json
import re
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest

from perennial.refusal import Refusal
from tests.pulls import commit, git, make_repository, perennial, set_success


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose main holds what its code gives."""
    folder = tmp_path_factory.mktemp("proven")
    make_repository(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        commit("declare")
        perennial("experiment")
        commit("first run")
    return folder


@pytest.fixture
def repository(proven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone, as a job gets it."""
    git("clone", "--quiet", str(proven), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


def lie_about_the_verdict() -> None:
    """Edit a result and make dvc.lock agree with it: DVC alone would believe both."""
    path, lock = Path("metrics/gate.json"), Path("dvc.lock")
    before = path.read_bytes()
    verdict = json.loads(before)
    verdict["checks"][0]["sentence"] = "All is well."
    path.write_text(json.dumps(verdict, sort_keys=True, indent=2, ensure_ascii=False) + "\n")
    after = path.read_bytes()
    entry = f"path: metrics/gate.json\n      hash: md5\n      md5: {md5(before).hexdigest()}\n      size: {len(before)}"
    text = lock.read_text()
    assert entry in text
    other = entry.replace(md5(before).hexdigest(), md5(after).hexdigest())
    lock.write_text(text.replace(entry, other.replace(f"size: {len(before)}", f"size: {len(after)}")))


def forget_to_run() -> None:
    """Change a param and commit it alone."""
    set_success(0.9)


def edit_a_result() -> None:
    """Change a result and leave dvc.lock."""
    path = Path("metrics/gate.json")
    path.write_text(path.read_text().replace("true", "false", 1))


slowly = pytest.mark.slow


@pytest.mark.parametrize(
    "harm",
    [lie_about_the_verdict, pytest.param(forget_to_run, marks=slowly), pytest.param(edit_a_result, marks=slowly)],
)
def test_a_lock_that_lies_is_red_and_the_stage_is_named(repository: Path, harm: Callable[[], None]) -> None:
    base = git("rev-parse", "HEAD")
    harm()
    commit("trust me")
    perennial("experiment", "--base", base)
    with pytest.raises(Refusal, match="not what the code gives in stage gate: run `make repro`"):
        perennial("check-lock")
    perennial("comment", "--base", base, "--out", "reports/comment.md")
    assert "This is not what the code gives in stage gate" in Path("reports/comment.md").read_text()


def test_an_honest_pull_request_is_green_and_its_comment_says_what_moved(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = git("rev-parse", "HEAD")
    set_success(0.9)
    perennial("experiment", "--base", base)
    commit("demand more")
    with pytest.raises(Refusal, match="nothing was run at this commit"):
        perennial("check-lock")
    perennial("experiment", "--base", base)
    perennial("check-lock")
    assert git("status", "--porcelain") == ""
    capsys.readouterr()
    perennial("comment", "--base", base)
    text = capsys.readouterr().out
    assert text.startswith("## ✕ Not blessed: Log loss")
    assert "| problem.success | 0.03 | 0.9 |" in text
    assert "| Beats constant | ✓ passed | ✕ failed |" in text
    assert re.search(r"\| gate \| problem.success \| other outputs \| [\d.]+ s \|", text)


@slowly
def test_an_experiment_on_a_comment_sets_params_and_commits_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = git("rev-parse", "HEAD")
    perennial("experiment", "--base", before, "-S", "problem.success=0.9")
    with pytest.raises(Refusal, match="nothing was run at this commit"):
        perennial("check-lock")
    capsys.readouterr()
    perennial("comment", "--base", before)
    text = capsys.readouterr().out
    assert "An experiment with problem.success=0.9: nothing of it is committed." in text
    assert "not what the code gives" not in text
    assert git("rev-parse", "HEAD") == before


@pytest.mark.parametrize("setting", ["search.trails=5", "problem.success=$(id)"])
def test_an_unknown_or_odd_param_is_refused_before_anything_runs(repository: Path, setting: str) -> None:
    with pytest.raises(Refusal):
        perennial("experiment", "-S", setting)
    assert git("status", "--porcelain") == ""


@slowly
def test_a_stage_that_fails_is_said_in_a_sentence(repository: Path) -> None:
    Path("metrics/evaluation.json").unlink()
    with pytest.raises(Refusal, match=r"`dvc repro` ended with \d+"):
        perennial("experiment")
