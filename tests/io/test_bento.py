import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from perennial.io.bento import (
    MIGRATIONS,
    bento_environment,
    build_bento,
    choose_lock,
    list_pins,
    verify_sums,
    write_sums,
)
from perennial.model.predictor import Model
from perennial.refusal import Refusal
from tests.conftest import ROOT
from tests.tiny import with_link, with_network, write_tiny_bundle

LOCK = ROOT / "requirements" / "serve.txt"
LIMITS = {"max_rows": 5, "max_body_bytes": 999}


def build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build the tiny bento in a project below a hidden folder, which BentoML itself would refuse."""
    project = folder / ".hidden" / "project"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    write_tiny_bundle(Path("models/bundle"))
    build_bento(
        "models/bundle", "models/bento", limits=LIMITS, as_of="2013-09-01", lock=str(LOCK), source=f"{ROOT}/src"
    )
    return project / "models/bento"


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_elsewhere_and_later_have_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(tmp_path / "a", monkeypatch)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    second = build(tmp_path / "b", monkeypatch)
    assert read_all(first) == read_all(second)
    verify_sums(first)
    assert sorted(os.listdir(first.parents[1])) == [".perennial", "models"]
    assert os.listdir(first.parents[1] / ".perennial/tmp") == []

    content = read_all(first)
    assert str(tmp_path) not in b"".join(content.values()).decode(errors="replace")
    description = yaml.safe_load(content["bento.yaml"])
    assert description["creation_time"] == "2013-09-01T00:00:00+00:00"
    assert description["labels"]["bundle"].startswith(description["version"])
    assert len(description["services"]) == 1
    assert content["env/python/requirements.txt"] == LOCK.read_bytes()
    sources = {name for name in content if name.endswith(".py")}
    assert "src/perennial/serving/service.py" in sources
    learning = ("stages", "io/tables", "data/contract", "data/query", "data/split", "fit", "warehouse")
    assert not any(part in name for name in sources for part in learning)
    sums = dict(reversed(line.split("  ")) for line in content["SHA256SUMS"].decode().splitlines())
    assert sums == {name: sha256(data).hexdigest() for name, data in content.items() if name != "SHA256SUMS"}


@pytest.mark.parametrize("change", [with_network, with_link])
def test_what_the_runtime_answers_itself_asks_for_its_lock_only(
    change: Callable[[Model], Model], tmp_path: Path
) -> None:
    write_tiny_bundle(tmp_path / "bundle", task="regression", change=change)
    assert choose_lock(tmp_path / "bundle") == "requirements/serve.txt"


def test_every_third_party_import_is_in_the_lock_of_the_service() -> None:
    pins = list_pins(LOCK.read_text())
    assert all(f"{name}==" in pins for name in ("bentoml", "lightgbm", "numpy", "starlette"))
    assert not any(f"{name}==" in pins for name in ("pandas", "scikit-learn", "pyarrow", "duckdb", "dvc"))
    assert "--hash" not in pins
    assert "\\" not in pins


@pytest.fixture
def summed(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.json").write_text("1")
    (tmp_path / "b.txt").write_text("2")
    write_sums(tmp_path)
    return tmp_path


def test_sums_do_not_count_byte_code(summed: Path) -> None:
    (summed / "src" / "__pycache__").mkdir()
    (summed / "src" / "__pycache__" / "a.pyc").write_text("")
    verify_sums(summed)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "b.txt").write_text("3"), r"b.txt is not the file that was packed"),
        (lambda folder: (folder / "b.txt").unlink(), r"b.txt is missing"),
        (lambda folder: (folder / "c.txt").write_text("3"), r"c.txt is extra"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), r"SHA256SUMS is not there"),
    ],
)
def test_an_altered_bento_is_refused_by_name(summed: Path, harm, sentence: str) -> None:
    harm(summed)
    with pytest.raises(Refusal, match=sentence):
        verify_sums(summed)


def test_bentoml_writes_inside_the_repository_and_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = bento_environment()
    assert {environment[name].startswith(str(tmp_path)) for name in ("BENTOML_HOME", "TMPDIR")} == {True}
    assert environment["BENTOML_DO_NOT_TRACK"] == "true"


def test_a_build_that_fails_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny_bundle(Path("bundle"))
    package = tmp_path / "src/perennial/serving"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "service.py").write_text("raise RuntimeError('no such service')")
    with pytest.raises(Refusal, match="BentoML did not build the bento"):
        build_bento("bundle", "bento", limits=LIMITS, as_of="2013-09-01", lock=str(LOCK))
    assert not Path("bento").exists()
    assert os.listdir(".perennial/tmp") == []


def test_every_migration_of_the_log_is_shipped() -> None:
    folder = ROOT / "src/perennial/io/migrations"
    there = {path.relative_to(folder).with_suffix("").as_posix().replace("/", ".") for path in folder.rglob("*.py")}
    assert {name for name in there if not name.endswith("__init__")} == set(MIGRATIONS)
