import stat
from pathlib import Path

import pytest

from perennial.io.image import build_image, collect_context, find_builder, read_version
from perennial.refusal import Refusal


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole search path: put a builder into it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr("perennial.io.image.BUILDERS", ("first", "second"))
    return folder


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_first_builder_that_answers_is_taken(builder: Path) -> None:
    put(builder, "first", "exit 1  # a client without its daemon")
    put(builder, "second", "exit 0")
    assert find_builder() == "second"
    with pytest.raises(Refusal, match="none of first is installed and answers"):
        find_builder("first")


def test_without_a_builder_it_is_said(builder: Path) -> None:
    with pytest.raises(Refusal, match="no image can be built: none of first, second is installed and answers"):
        find_builder()


def test_the_context_is_the_bento_and_the_driver_readable_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bento = tmp_path / "models/bento"
    (bento / "src/__pycache__").mkdir(parents=True)
    (bento / "src/a.py").write_text("")
    (bento / "bento.yaml").write_text("version: 0123\n")
    (bento / "src/a.py").chmod(0o600)
    for name in ("requirements/postgres.txt", "deploy/container/entrypoint.sh"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    context = tmp_path / "context"
    collect_context(context, bento)
    files = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}
    assert files == {"bento/bento.yaml", "bento/src/a.py", "postgres.txt", "entrypoint.sh"}
    assert stat.S_IMODE((context / "bento/src/a.py").stat().st_mode) == 0o644
    assert stat.S_IMODE((context / "bento/src").stat().st_mode) == 0o755
    (bento / "bento.yaml").write_text("version: 36010eb90116\n")
    assert read_version(bento) == "36010eb90116"


def test_the_builder_gets_tag_base_and_its_own_options(builder: Path, tmp_path: Path) -> None:
    put(builder, "first", f'echo "$@" >{tmp_path}/said')
    build_image("first", tmp_path, "perennial:1", "base@sha256:0", ["--no-cache"])
    said = (tmp_path / "said").read_text().split()
    assert said[0] == "build"
    assert said[said.index("--tag") + 1] == "perennial:1"
    assert said[said.index("--build-arg") + 1] == "BASE=base@sha256:0"
    assert said[-2:] == ["--no-cache", str(tmp_path)]


def test_a_build_that_fails_is_refused(builder: Path, tmp_path: Path) -> None:
    put(builder, "first", "exit 3")
    with pytest.raises(Refusal, match="first did not build the image perennial:1"):
        build_image("first", tmp_path, "perennial:1", None)
