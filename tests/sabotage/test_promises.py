"""A service that takes or answers other than its OpenAPI document says must be found out by whoever reads that."""

import shutil
from pathlib import Path

import pytest

from perennial.io.bento import write_sums
from perennial.io.server import run_server
from tests.serving.test_schemathesis import ask_everything

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ONE = ("--include-path=/predict", "--phases=examples,fuzzing", "--max-examples=40", "--max-failures=1")


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("asked.py", 'not in ("rows", "keys", "partial")', "in ()", "Schema-violating request accepted"),
        ("answers.py", ', "bundle": predictor.bundle}, "pre', '}, "pre', "Response violates schema"),
    ],
    ids=["takes more", "answers less"],
)
def test_a_broken_promise_is_found(bento: Path, tmp_path: Path, name: str, old: str, new: str, found: str) -> None:
    harmed = Path(shutil.copytree(bento, tmp_path / "bento"))
    path = harmed / "src/perennial/serving" / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    write_sums(harmed)
    with run_server(harmed, timeout=150) as server:
        done = ask_everything(server.port, tmp_path, *ONE)
    assert done.returncode == 1, done.stdout[-3000:]
    assert found in done.stdout, done.stdout[-2500:]
