import json
from pathlib import Path
from typing import Any

import pytest

from perennial.io.bento import verify_sums
from tests.conftest import run_stage
from tests.tiny import write_tiny_bundle, write_tiny_project, write_verdict


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """A project with a blessed bundle."""
    return write_tiny_project(tmp_path)


def package(folder: Path) -> list[str]:
    """Run the stage, which must succeed, and return the reasons of its refusal."""
    done = run_stage(folder, "package")
    assert done.returncode == 0, done.stderr
    record = folder / "models/bento/refusal.json"
    return json.loads(record.read_text())["reasons"] if record.exists() else []


def test_a_blessed_bundle_becomes_a_bento_and_a_refusal_replaces_it(tmp_path: Path, bundle: str) -> None:
    assert package(tmp_path) == []
    verify_sums(tmp_path / "models/bento")
    assert json.loads((tmp_path / "models/bento/src/limits.json").read_text())["max_rows"] == 1000
    write_verdict(tmp_path, bundle, blessed=False)
    assert len(package(tmp_path)) == 1
    assert [path.name for path in (tmp_path / "models/bento").iterdir()] == ["refusal.json"]


FAILED = {"name": "beats_constant", "passed": False, "sentence": "It does not."}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blessed": False, "checks": [FAILED]}, "beats_constant: It does not."),
        ({"bundle": "0" * 64}, "the verdict is of bundle 000"),
    ],
)
def test_no_blessing_no_bento(tmp_path: Path, bundle: str, changes: dict[str, Any], reason: str) -> None:
    write_verdict(tmp_path, bundle, **changes)
    [found] = package(tmp_path)
    assert reason in found


def test_an_altered_bundle_is_not_packaged(tmp_path: Path, bundle: str) -> None:
    path = tmp_path / "models/bundle/encoder.json"
    path.write_bytes(path.read_bytes() + b" ")
    [reason] = package(tmp_path)
    assert reason.startswith("altered: models/bundle/encoder.json is not the file that was packed")


def test_another_bundle_under_the_same_verdict_is_not_packaged(tmp_path: Path, bundle: str) -> None:
    other = write_tiny_bundle(tmp_path / "models/bundle", intercept=-2.0)
    [reason] = package(tmp_path)
    assert other in reason
