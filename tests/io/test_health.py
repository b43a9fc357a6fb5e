import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from perennial.io.finding import Finding
from perennial.io.health import check_declarations, check_dvc_lock, check_git, check_remote, examine
from perennial.io.remote import write_remote
from tests.io.repository import git, make_repository


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_repository(tmp_path / "project", monkeypatch)


def wrong(findings: "list[Finding]") -> list[tuple[str, str]]:
    return [(finding.subject, finding.sentence) for finding in findings if finding.wrong]


def test_a_sound_repository_has_nothing_wrong() -> None:
    assert wrong(list(examine())) == []


def test_no_repository_of_git_is_named() -> None:
    shutil.rmtree(".git")
    assert "no Git repository" in check_git().sentence


def test_what_is_not_committed_is_a_note() -> None:
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "\n")
    finding = check_git()
    assert (finding.sentence, finding.wrong) == ("1 files are not committed: params.yaml", False)


def conflict(name: str) -> None:
    """Leave a merge of two branches that changed the same line of a file."""
    text = Path(name).read_text()
    for branch in ("left", "right"):
        git("checkout", "-qb", branch, "HEAD" if branch == "left" else "left~1")
        Path(name).write_text(f"# {branch}\n{text}")
        git("commit", "-qam", branch)
    with pytest.raises(Exception, match="merge"):
        git("merge", "left")


@pytest.mark.parametrize(
    ("name", "mend"),
    [("dvc.lock", "perennial merge-lock"), ("params.yaml", "edit it, then `git add` and `git commit`")],
)
def test_a_conflict_is_named_with_its_remedy(name: str, mend: str) -> None:
    conflict(name)
    assert name in check_git().sentence
    assert check_git().mend == mend
    if name == "dvc.lock":
        assert check_dvc_lock().mend == "run `perennial merge-lock`"


@pytest.mark.parametrize("text", ["stages: [", "- 1", "stages: 3"])
def test_a_damaged_dvc_lock_is_named(text: str) -> None:
    Path("dvc.lock").write_text(text)
    assert check_dvc_lock().mend == "`git checkout dvc.lock`, then `dvc repro`"


def test_before_the_first_run_dvc_lock_is_absent() -> None:
    Path("dvc.lock").unlink()
    assert check_dvc_lock().mend == "dvc repro"


@pytest.mark.parametrize("name", ["params.yaml", "data/contract.yaml"])
def test_a_typo_in_the_declarations_is_named(name: str) -> None:
    Path(name).write_text("a: [")
    assert [subject for subject, _ in wrong(list(check_declarations()))] == [name]


def test_no_remote_is_a_note() -> None:
    assert check_remote().note


def shared(folder: Path) -> None:
    folder.mkdir()
    write_remote(str(folder), "storage", None, None)


def unverified(folder: Path) -> None:
    shared(folder)
    Path(".dvc/config").write_text(Path(".dvc/config").read_text().replace("verify = True", "verify = False"))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (shared, ""),
        (unverified, "is not verified, so damage would pass"),
        (lambda folder: write_remote(str(folder), "storage", None, None), "of remote storage is not there"),
        pytest.param(
            lambda _: write_remote("s3://team/x", "storage", "http://127.0.0.1:9", None),
            "nothing answers at",
            marks=pytest.mark.slow,  # needs dvc-s3
        ),
        (lambda _: Path(".dvc/config").write_text("[core]\n remote = gone\n"), "'gone' is not described"),
        (lambda _: Path(".dvc/config").write_text("[core\n"), ".dvc/config cannot be read"),
    ],
    ids=["sound", "not verified", "folder away", "endpoint away", "not described", "damaged configuration"],
)
def test_a_remote_is_judged(
    harm: Callable[[Path], None], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    harm(tmp_path / "shared")
    finding = check_remote()
    assert finding.wrong == bool(sentence), finding
    assert sentence in finding.sentence


@pytest.mark.slow  # needs dvc-s3
def test_absent_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    write_remote("s3://team/x", "storage", "http://127.0.0.1:9", None)
    finding = check_remote()
    assert "no credentials for s3://team/x" in finding.sentence
    assert "AWS_ACCESS_KEY_ID" in finding.mend


def test_outside_of_a_repository_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert wrong(list(examine()))[-1] == ("DVC", ".dvc is not there")
