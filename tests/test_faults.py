"""docs/faults.md is true: every fault names a test, and every test it names exists."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "faults.md").read_text()


def fault_rows(text: str) -> list[str]:
    """The rows of the tables, without their heads."""
    return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| fault |")]


def missing_tests(text: str, root: Path) -> list[str]:
    """The rows whose last cell does not name a test that is in its file."""
    missing = []
    for row in fault_rows(text):
        named = re.search(r"\| `(tests/[\w/]+\.py)::(test_\w+)` \|$", row)
        path = root / named.group(1) if named else None
        if path is None or not path.is_file() or f"def {named.group(2)}(" not in path.read_text():
            missing.append(row)
    return missing


def test_every_fault_has_a_test_that_exists() -> None:
    assert len(fault_rows(PAGE)) > 40
    assert missing_tests(PAGE, ROOT) == []


@pytest.mark.parametrize("cell", ["`tests/io/test_files.py::test_no_such`", "`tests/no_such.py::test_x`", "none", ""])
def test_a_fault_without_a_test_is_found(cell: str) -> None:
    assert len(missing_tests(f"| a fault | a word | {cell} |", ROOT)) == 1
