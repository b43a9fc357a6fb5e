from collections.abc import Iterator

import pytest

from perennial.io.github import TRIES, GitHub, connect
from perennial.refusal import Refusal
from tests.github import REPOSITORY, TOKEN, Hub, serve_github


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_github() as hub:
        yield hub


def client(hub: Hub, token: str = TOKEN, repository: str = REPOSITORY) -> GitHub:
    return GitHub(hub.address, repository, token, wait=lambda seconds: None)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (401, "GitHub does not take this token: GITHUB_TOKEN is wrong or has expired."),
        (403, r"GitHub forbids this \(Resource not accessible by integration\): the job needs `pull-requests: write`."),
        (404, "GitHub knows no such repository"),
        ("rate limit", "rate limit is used up: run the job again in an hour"),
        (429, "rate limit is used up"),
        (422, "GitHub refuses what was sent"),
        ("redirect", "status 302"),
    ],
)
def test_each_failure_is_one_sentence_and_not_repeated(hub: Hub, fault: int | str, sentence: str) -> None:
    hub.faults = [fault]
    with pytest.raises(Refusal, match=sentence):
        client(hub).ask("GET", "/pulls/1")
    assert len(hub.asked) == 1


@pytest.mark.parametrize("fault", [500, 502, 503, "not json"])
def test_a_passing_fault_is_tried_again(hub: Hub, fault: int | str) -> None:
    hub.add_pull(1, "a" * 40)
    hub.faults = [fault] * (TRIES - 1)
    assert client(hub).ask("GET", "/pulls/1")["number"] == 1


def test_a_lasting_fault_is_given_up_with_a_sentence(hub: Hub) -> None:
    hub.faults = [503] * TRIES
    with pytest.raises(Refusal, match=r"did not answer GET /pulls/1 in 4 tries \(status 503\)"):
        client(hub).ask("GET", "/pulls/1")


def test_nobody_listening_is_one_sentence() -> None:
    with pytest.raises(Refusal, match="did not answer"):
        GitHub("http://127.0.0.1:9", REPOSITORY, TOKEN, wait=lambda seconds: None).ask("GET", "/pulls/1")


def test_a_wrong_token_and_a_wrong_repository(hub: Hub) -> None:
    with pytest.raises(Refusal, match="does not take this token"):
        client(hub, token="other").ask("GET", "/pulls/1")
    with pytest.raises(Refusal, match="no such repository"):
        client(hub, repository="them/other").ask("GET", "/pulls/1")


def test_every_page_is_read(hub: Hub) -> None:
    for number in range(205):
        hub.add_comment(str(number))
    assert [comment["body"] for comment in client(hub).pages("/issues/1/comments")] == [str(n) for n in range(205)]
    assert len(hub.asked) == 3


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("GITHUB_REPOSITORY", "them", "must be OWNER/NAME"),
        ("GITHUB_REPOSITORY", "them/flights/../other", "must be OWNER/NAME"),
        ("GITHUB_TOKEN", " ", "GITHUB_TOKEN is not set"),
    ],
)
def test_the_environment_must_name_both(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert connect().repository == REPOSITORY
    monkeypatch.setenv(name, value)
    with pytest.raises(Refusal, match=sentence):
        connect()
