from pathlib import Path

import pytest

from perennial.io.machine import check_disk, check_environment, check_openmp, check_python, read_pins
from tests.conftest import ROOT


def test_this_machine_is_well() -> None:
    assert not check_python().wrong
    assert not check_openmp().wrong
    assert not check_environment(ROOT / "requirements/runtime.txt").wrong


def test_an_old_python_is_wrong() -> None:
    finding = check_python((3, 10, 4))
    assert finding.sentence == "3.10.4 runs, 3.11 is needed"
    assert "make PYTHON=python3.12" in finding.mend


@pytest.mark.skipif("sys.platform != 'linux'", reason="the remedy is named for this system")
def test_an_absent_system_library_is_wrong() -> None:
    finding = check_openmp("libnowhere.so.1")
    assert "libnowhere.so.1 is not installed" in finding.sentence
    assert "apt-get install libgomp1" in finding.mend


def test_an_environment_that_is_not_the_lock_is_wrong(tmp_path: Path) -> None:
    lock = tmp_path / "runtime.txt"
    lock.write_text("numpy==0.1 \\\n    --hash=sha256:0\nno-such-package==1.0 \\\n    --hash=sha256:0\n")
    finding = check_environment(lock)
    assert "numpy " in finding.sentence
    assert "not 0.1; no-such-package absent, not 1.0" in finding.sentence
    assert finding.mend == "rm -f .venv/.runtime && make setup"
    assert check_environment(tmp_path / "absent.txt").wrong


def test_packages_of_other_systems_are_not_missed(tmp_path: Path) -> None:
    lock = tmp_path / "runtime.txt"
    lock.write_text("a==1 \\\n    --hash=sha256:0\nuvloop[x]==2 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n")
    assert read_pins(lock) == {"a": "1"}


def test_a_full_disk_is_wrong() -> None:
    assert "a run may need 1e+09" in check_disk(1e9).sentence
    assert not check_disk(0).wrong
