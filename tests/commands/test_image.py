"""`perennial image`, with a builder that only says what it was asked."""

from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from perennial.io.bento import write_sums
from perennial.refusal import Refusal


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with something packaged, and buildah on the search path."""
    monkeypatch.chdir(tmp_path)
    for name in ("models/bento", "requirements", "deploy/container", "bin"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("requirements/postgres.txt", "deploy/container/entrypoint.sh"):
        (tmp_path / name).write_text("")
    (tmp_path / "models/bento/bento.yaml").write_text("version: 36010eb90116\n")
    write_sums(tmp_path / "models/bento")
    (tmp_path / "bin/buildah").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/said\n')
    (tmp_path / "bin/buildah").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return tmp_path


def run(*words: str) -> None:
    arguments = parse_arguments(["image", "--builder", "buildah", *words])
    arguments.run(arguments)


def test_the_tag_is_the_version_of_the_bento(packaged: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("--option=--no-cache")
    assert capfd.readouterr().out == "built perennial:36010eb90116\n"
    assert "--tag perennial:36010eb90116 --no-cache" in (packaged / "said").read_text()


def test_what_is_not_as_packed_is_not_built(packaged: Path) -> None:
    (packaged / "models/bento/bento.yaml").write_text("version: 1\n")
    with pytest.raises(Refusal, match="not the file that was packed"):
        run()
    assert not (packaged / "said").exists()
