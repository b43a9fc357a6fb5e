"""A fresh environment from a lock, with the real installer and the index of this machine."""

import subprocess
from pathlib import Path

import pytest

from perennial.io.environment import fresh_environment
from perennial.refusal import Refusal
from tests.conftest import ROOT

LOCK = (ROOT / "requirements/uv.txt").read_text()


@pytest.mark.slow
def test_it_holds_what_the_lock_names_and_nothing_of_this_environment(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(LOCK)
    (tmp_path / "place").mkdir()
    (tmp_path / "place/left.txt").write_text("of one that was killed")
    with fresh_environment(tmp_path / "lock.txt", tmp_path / "place") as python:
        code = "import importlib.util as u; print([n for n in ('uv', 'numpy', 'pip') if u.find_spec(n)])"
        said = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
        assert said.stdout == "['uv']\n"
        assert not (tmp_path / "place/left.txt").exists()
    assert not (tmp_path / "place").exists()


def test_a_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    lines = LOCK.splitlines()
    (tmp_path / "lock.txt").write_text(f"{lines[0]}\n    --hash=sha256:{'0' * 64}\n")
    with (
        pytest.raises(Refusal, match="no fresh environment could be made"),
        fresh_environment(tmp_path / "lock.txt", tmp_path / "place"),
    ):
        pass
    assert not (tmp_path / "place").exists()
