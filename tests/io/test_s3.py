import pytest

from perennial.io.s3 import SENTENCES, endpoint_of, explain_failure, probe_bucket
from perennial.refusal import Refusal

FACTS = {"name": "storage", "url": "s3://team/flights", "options": {"endpointurl": "http://s3:9000"}, "seconds": 5.0}


@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_every_known_failure_is_one_sentence_that_says_what_to_do(kind: str) -> None:
    sentence = explain_failure(kind, "noise", **FACTS)
    assert sentence.endswith(".")
    assert ": " in sentence
    assert "noise" not in sentence
    assert "http://s3:9000" in sentence or "team" in sentence


def test_an_unknown_failure_is_told_in_its_own_words() -> None:
    sentence = explain_failure("SlowDown", "please\n {reduce}  your rate", **FACTS)
    assert sentence.startswith("s3://team/flights at http://s3:9000 cannot be used (please {reduce} your rate): ")


@pytest.mark.parametrize(
    ("options", "variables", "endpoint"),
    [
        ({"endpointurl": "http://a"}, {"AWS_ENDPOINT_URL": "http://b"}, "http://a"),
        ({}, {"AWS_ENDPOINT_URL": "http://b"}, "http://b"),
        ({}, {"AWS_ENDPOINT_URL": "http://b", "AWS_ENDPOINT_URL_S3": "http://c"}, "http://c"),
        ({}, {}, "Amazon S3"),
    ],
)
def test_the_address_is_the_remotes_own_or_the_environments(
    options: dict[str, str], variables: dict[str, str], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert endpoint_of(options) == endpoint


def test_without_dvc_s3_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dvc_s3", None)
    with pytest.raises(Refusal, match=r"needs dvc-s3: run `python3 requirements/install.py runtime s3`"):
        probe_bucket("storage", "s3://team/flights", {}, 1.0)


@pytest.mark.slow  # needs dvc-s3
@pytest.mark.parametrize("endpoint", ["127.0.0.1:9", "http://[", "ftp//x"])
def test_an_address_that_is_none_is_refused(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with pytest.raises(Refusal, match="cannot be used"):
        probe_bucket("storage", "s3://team/flights", {"endpointurl": endpoint}, 1.0)
