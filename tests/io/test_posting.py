import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.io.github import GitHub
from perennial.io.posting import (
    PROGRAMS,
    confirm_number,
    find_number,
    marker,
    post_by_api,
    run_poster,
)
from perennial.refusal import Refusal
from tests.github import BOT, REPOSITORY, TOKEN, Hub, serve_github

HEAD = "a" * 40


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_github() as hub:
        yield hub


def client(hub: Hub) -> GitHub:
    return GitHub(hub.address, REPOSITORY, TOKEN, wait=lambda seconds: None)


def test_one_comment_is_kept_up_to_date_in_place(hub: Hub) -> None:
    for text in ("first", "second"):
        post_by_api(client(hub), 5, text, "report", BOT)
    assert [comment["body"] for comment in hub.comments] == [f"{marker('report')}\nsecond"]


def test_it_is_found_behind_two_hundred_others(hub: Hub) -> None:
    for number in range(230):
        hub.add_comment(marker("report") if number == 210 else "words")
    post_by_api(client(hub), 5, "new", "report", BOT)
    assert hub.comments[210]["body"].endswith("new")
    assert len(hub.comments) == 230


def test_another_name_is_another_comment(hub: Hub) -> None:
    for name in ("report", "exp-7"):
        post_by_api(client(hub), 5, "text", name, BOT)
    assert len(hub.comments) == 2


def test_a_stranger_who_writes_the_marker_keeps_his_words(hub: Hub) -> None:
    hub.add_comment(f"{marker('report')}\nmine", login="stranger")
    post_by_api(client(hub), 5, "ours", "report", BOT)
    assert [comment["body"].splitlines()[-1] for comment in hub.comments] == ["mine", "ours"]


def test_too_long_a_comment_is_refused_by_github_in_a_sentence(hub: Hub) -> None:
    with pytest.raises(Refusal, match="65,536 characters"):
        post_by_api(client(hub), 5, "x" * 65_600, "report", BOT)
    assert hub.comments == []


@pytest.mark.parametrize("name", ["", "a -->", "A", "a" * 99])
def test_a_name_cannot_end_the_marker(name: str) -> None:
    with pytest.raises(Refusal, match="cannot be named"):
        marker(name)


def test_a_forks_pull_request_is_found_by_its_head(hub: Hub) -> None:
    hub.add_pull(3, "b" * 40, head="fork:topic", repository="fork/flights")
    hub.add_pull(4, HEAD, head="fork:topic", repository="fork/flights")
    assert find_number(client(hub), HEAD, "fork:topic") == 4
    assert find_number(client(hub), "c" * 40, "fork:topic") is None
    assert find_number(client(hub), HEAD, "them:topic&state=all") is None


def test_a_head_that_moved_on_is_not_confirmed(hub: Hub) -> None:
    hub.add_pull(3, HEAD)
    assert confirm_number(client(hub), 3, HEAD) == 3
    assert confirm_number(client(hub), 3, "b" * 40) is None


def test_a_short_commit_is_refused(hub: Hub) -> None:
    with pytest.raises(Refusal, match="no full commit hash"):
        find_number(client(hub), "abc", "them:topic")


@pytest.mark.parametrize("poster", sorted(PROGRAMS))
def test_a_program_gets_the_pull_request_and_the_file(
    poster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / poster
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    run_poster(PROGRAMS[poster](GitHub("", REPOSITORY, ""), 5, Path("comment.md")))
    asked = (tmp_path / "asked").read_text()
    assert "comment.md" in asked
    assert REPOSITORY in asked
    assert ("pr/5" if poster == "cml" else "pr comment 5") in asked
    program.write_text("#!/bin/sh\necho 'not allowed' >&2\nexit 3\n")
    with pytest.raises(Refusal, match=f"`{poster}` did not post the comment: not allowed"):
        run_poster([poster])


def test_an_absent_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refusal, match="`cml` is not installed"):
        run_poster(["cml"])
