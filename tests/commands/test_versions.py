"""What was released, in a table and one by one."""

import shutil
from pathlib import Path

import pytest

from perennial.refusal import Refusal
from tests.released import run


def test_the_table_is_read_from_git_alone(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in (".dvc", "models", "dvc.yaml"):
        shutil.rmtree(place) if Path(place).is_dir() else Path(place).unlink()
    run("versions")
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.startswith("version  stages")
    assert first.split()[:2] == ["v1.0.0", "-"]
    assert second.split()[:2] == ["v1.1.0", "prod"]
    assert second.endswith("Ann Other <ann@example.org>  a new season")


def test_one_version_is_shown_with_its_scores_and_its_history(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("show", "1.0.0")
    said = capsys.readouterr().out
    for words in (
        "stages    none",
        "tag       perennial@v1.0.0",
        "auc                        0.6",
        "promote to prod by Ann",
    ):
        assert words in said
    with pytest.raises(Refusal, match="no version 2 was released"):
        run("show", "2")


def test_before_the_first_release_it_says_how(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tags = Path(".git/refs/tags")
    shutil.rmtree(tags)
    run("versions")
    assert "nothing is released yet: `perennial promote" in capsys.readouterr().out
