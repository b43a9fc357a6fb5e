"""Git, for real, in a folder of its own."""

import subprocess
from pathlib import Path

import pytest

from perennial.io.git import (
    commit_files,
    find_commit,
    last_change,
    list_changed,
    list_refs,
    read_author,
    read_committed,
    read_head,
    run_git,
    tag_time,
)
from perennial.refusal import Refusal


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for command in ("init", "config user.name Ann", "config user.email ann@example.org"):
        subprocess.run(["git", *command.split()], check=True, capture_output=True)
    for name in ("a", "b", "ü c"):
        Path(name).write_text("1")
    commit_files("start", ["a", "b", "ü c"])
    return tmp_path


def test_exactly_the_named_files_are_committed(repository: Path) -> None:
    for name in ("a", "b", "new"):
        Path(name).write_text("2")
    Path("ü c").unlink()
    run_git("add", "b")
    assert list_changed() == ["a", "b", "new", "ü c"]
    assert list_changed("a", "absent") == ["a"]
    commit_files("some", ["a", "new", "ü c", "absent"])
    assert list_changed() == ["b"]
    assert read_committed("HEAD", "a") == "2"
    assert read_committed("HEAD", "ü c") is None
    assert read_committed("HEAD~1", "ü c") == "1"
    assert last_change("a") == read_head() == find_commit("HEAD")
    assert last_change("b") == find_commit("HEAD~1")


@pytest.mark.parametrize("name", ["elsewhere", "--output=x", "HEAD~9", "", "HEAD:a"])
def test_an_unknown_revision_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(Refusal, match="is no revision of this repository"):
        find_commit(name)
    assert not (repository / "x").exists()


def test_tags_are_listed_oldest_first_with_the_time_of_the_newest(repository: Path) -> None:
    assert (list_refs("x*"), tag_time("x*")) == ([], 0)
    run_git("-c", "tag.gpgSign=false", "tag", "-a", "x1", "-m", "one")
    assert list_refs("x*") == ["x1"]
    assert tag_time("x*") > 1_600_000_000


def test_the_author_is_who_git_says(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_author() == "Ann <ann@example.org>"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bob")
    assert read_author() == "Bob <ann@example.org>"


def test_nobody_releases_without_a_name(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    run_git("config", "user.useConfigOnly", "true")
    run_git("config", "--unset", "user.email")
    for name in ("GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refusal, match="Git does not know who you are"):
        read_author()


def test_a_folder_without_a_commit_or_inside_another_repository_is_refused(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "inner").mkdir()
    monkeypatch.chdir(repository / "inner")
    with pytest.raises(Refusal, match="is the folder inner/ of a Git repository"):
        read_head()
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    with pytest.raises(Refusal, match="no Git repository with a commit"):
        read_head()


def test_what_git_refuses_is_said_in_its_words(repository: Path) -> None:
    with pytest.raises(Refusal, match=r"`git checkout` failed: .*absent"):
        run_git("checkout", "absent")
