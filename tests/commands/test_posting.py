import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from perennial.refusal import Refusal
from tests.conftest import ROOT
from tests.github import REPOSITORY, TOKEN, Hub, serve_github, shown_text

HEAD = "a" * 40


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_github() as hub:
        hub.add_pull(5, HEAD)
        monkeypatch.setenv("GITHUB_API_URL", hub.address)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield hub


def post(file: Path, *words: str) -> None:
    arguments = parse_arguments(["post", "--file", str(file), *words])
    arguments.run(arguments)


def test_a_comment_is_posted_harmless(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "comment.md"
    file.write_text("**✓** <script>steal()</script> @everyone [x](https://evil.example) <!-- perennial: report -->")
    post(file, "--commit", HEAD, "--head", "them:topic")
    body = hub.comments[0]["body"]
    assert "<script>" not in body
    assert "@everyone" not in body
    assert "](https://evil" not in body
    assert body.count("<!-- perennial") == 1
    assert "steal()" in shown_text(body), "words stay, as words"


def test_an_artifact_of_many_megabytes_still_fits(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "comment.md").write_bytes(b"\xff\x00word\n" * 2_000_000)
    post(tmp_path / "comment.md", "--pull-request", "5")
    assert "cut here" in hub.comments[0]["body"]


def test_a_run_without_a_comment_says_so(hub: Hub, tmp_path: Path) -> None:
    run = f"https://github.com/{REPOSITORY}/actions/runs/12"
    post(tmp_path / "absent.md", "--pull-request", "5", "--run", run)
    assert f"ended before it had anything to report. [The log]({run})" in hub.comments[0]["body"]
    post(tmp_path / "absent.md", "--pull-request", "5", "--reason", "No experiment: @you may not.")
    assert "No experiment: @\u200byou may not." in hub.comments[0]["body"]


def test_a_link_to_elsewhere_is_not_read(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "comment.md").symlink_to("/etc/hostname")
    post(tmp_path / "comment.md", "--pull-request", "5")
    assert "ended before it had anything" in hub.comments[0]["body"]


@pytest.mark.parametrize("words", [["--pull-request", "5"], ["--pull-request", "", "--head", "them:topic"]])
def test_a_commit_that_is_no_longer_the_head_is_not_reported(
    hub: Hub, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    post(tmp_path / "comment.md", *words, "--commit", "b" * 40)
    assert "nothing is posted" in capsys.readouterr().out
    assert hub.comments == []


@pytest.mark.parametrize("number", ["0", "-1", "5;id", "٥", "1e3"])
def test_a_number_is_a_number(number: str) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["post", "--file", "x", f"--pull-request={number}"])


def test_an_absent_poster_is_one_sentence(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refusal, match="`gh` is not installed"):
        post(tmp_path / "comment.md", "--pull-request", "5", "--poster", "gh")


@pytest.mark.parametrize("module", ["posting", "request"])
def test_what_holds_a_token_runs_without_any_package(module: str) -> None:
    command = [sys.executable, "-S", "-B", "-m", f"perennial.commands.{module}", "--help"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
