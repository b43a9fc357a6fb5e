import re
from pathlib import Path

import pytest

from perennial.cli import WORDS, build_parser, main, parse_arguments
from perennial.refusal import Refusal
from tests.conftest import ROOT
from tests.tiny import write_tiny_project


@pytest.mark.parametrize(
    "words",
    [
        *(["serve", "--port", "3001"], ["serve"], ["verdict"], ["report"], ["graph", "--check"], ["declarations"]),
        *(["experiment", "--base", "main", "-S", "search.trials=50"], ["check-lock"], ["comment", "--base", "main"]),
        *(["post", "--file", "comment.md"], ["request", "--pull-request=5", "--text=/exp", "--association=OWNER"]),
    ],
)
def test_every_command_of_the_makefile_is_known(words: list[str]) -> None:
    assert callable(parse_arguments(words).run)
    assert f"perennial {words[0]}" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["remote", "s3://team/flights", "--endpoint", "http://127.0.0.1:9000"],
        ["push", "--seconds", "60"],
        ["pull"],
        ["verify-data", "--heal", "--cache-only"],
        ["merge-lock", "--install"],
        ["doctor"],
        ["fetch", "orders", "--whole"],
    ],
)
def test_every_command_around_the_remote_and_its_faults_is_in_the_readme(words: list[str]) -> None:
    assert callable(parse_arguments(words).run)
    assert f"perennial {words[0]}" in (ROOT / "README.md").read_text()


def test_every_word_is_declared_by_the_module_that_is_named() -> None:
    for word, module in WORDS.items():
        assert re.search(rf"(?m)^ +{word}\b", build_parser([module]).format_help()), word


@pytest.mark.parametrize("words", [[], ["serv"], ["serve", "--port", "x"]])
def test_other_words_end_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(words)
    assert ended.value.code == 2
    assert "usage: perennial" in capsys.readouterr().err


def test_a_refusal_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["perennial", "verdict"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "refused: models/bundle/manifest.json is not there: make the bundle with `dvc repro train`.\n"
    )


def test_a_verdict_without_rehearsal_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal, match=r"metrics/rehearsal.json is not there: run `dvc repro`"):
        parse_arguments(["verdict"]).run(None)
