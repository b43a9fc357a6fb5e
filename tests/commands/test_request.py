from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from tests.github import REPOSITORY, TOKEN, Hub, serve_github

HEAD = "a" * 40


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_github() as hub:
        monkeypatch.setenv("GITHUB_API_URL", hub.address)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield hub


def ask(out: Path, text: str = "/exp -S search.trials=50", association: str = "MEMBER") -> dict[str, str]:
    words = ["--pull-request", "5", f"--text={text}", "--association", association, "--out", str(out)]
    arguments = parse_arguments(["request", *words])
    arguments.run(arguments)
    return dict(line.split("=", 1) for line in out.read_text().splitlines())


def test_the_commit_and_the_params_are_written(hub: Hub, tmp_path: Path) -> None:
    hub.add_pull(5, HEAD)
    assert ask(tmp_path / "out") == {"commit": HEAD, "settings": "search.trials=50"}


@pytest.mark.parametrize(
    ("text", "association", "reason"),
    [
        ("/exp -S search.trials=50", "NONE", "only maintainers"),
        ("/exp -S a.b=1\ncommit=" + "b" * 40, "OWNER", "not understood"),
        ("/exp -S a.b=$(id)", "OWNER", "is not NAME=VALUE"),
    ],
)
def test_a_refused_request_has_a_reason_and_no_commit(
    hub: Hub, tmp_path: Path, text: str, association: str, reason: str
) -> None:
    hub.add_pull(5, HEAD)
    answer = ask(tmp_path / "out", text, association)
    assert list(answer) == ["reason"]
    assert reason in answer["reason"]


def test_a_forks_code_never_runs_on_a_comment(hub: Hub, tmp_path: Path) -> None:
    hub.add_pull(5, HEAD, head="fork:topic", repository="fork/flights")
    assert "branches of this repository only" in ask(tmp_path / "out")["reason"]


def test_a_closed_pull_request_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.add_pull(5, HEAD)
    hub.pulls[0]["state"] = "closed"
    assert "pull request 5 is closed" in ask(tmp_path / "out")["reason"]
