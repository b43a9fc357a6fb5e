"""Added transformers that must not be served: each is harmed in one way, and one sentence says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perennial.io.added import hash_added, refuse_other_added
from perennial.io.served import refuse_unserved
from perennial.refusal import Refusal
from tests.conftest import ROOT
from tests.page import FILES

FILE = "extensions/transformers/frequency.py"
WRITE = """
import numpy as np
from dataclasses import replace
from perennial.io.bundle import write_bundle
from tests.tiny import INPUTS, ROW, tiny_model
model = tiny_model()
columns = [dict(one) for one in model.encoder["columns"]]
columns[0] |= {"kind": "added", "dtype": "text", "by": "frequency", "parts": ["share"], "learned": {"UA": 0.25}}
encoder = {**model.encoder, "columns": columns}
rows = [{**ROW, "distance": text} for text in ("UA", "new", None)]
write_bundle("bundle", replace(model, encoder=encoder), schema=INPUTS, golden_rows=rows, reference={},
             seen=np.array([1], dtype=np.uint64), seen_until=None)
"""
LOAD = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "sklearn", "pyarrow", "duckdb"):
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
from perennial.io.bundle import load_bundle
from perennial.refusal import Refusal
try:
    load_bundle("bundle")
except Refusal as refusal:
    print(refusal)
"""


def run(folder: Path, code: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{folder / 'src'}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that needs the transformer of the page, beside the source that has it, sound without pandas."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "src/perennial" / FILE
    file.write_text(FILES[FILE])
    run(tmp_path, WRITE)
    assert run(tmp_path, LOAD) == ""
    return file


def test_a_bundle_refuses_to_start_without_its_transformer_or_with_another(bundle: Path) -> None:
    bundle.write_text(bundle.read_text().replace("0.0", "0.5"))
    said = "src/perennial/extensions/transformers/frequency.py is not the file that the bundle was trained with"
    assert run(bundle.parents[4], LOAD).startswith(said)
    bundle.unlink()
    assert run(bundle.parents[4], LOAD).startswith(f"the bundle needs {said.split(' ')[0]}, which is not here")


def test_files_are_held_to_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "perennial" / FILE
    file.parent.mkdir(parents=True)
    file.write_text("1")
    named = hash_added(["frequency"], tmp_path)
    refuse_other_added(named, tmp_path)
    file.write_text("2")
    with pytest.raises(Refusal, match="is not the file that the bundle was trained with"):
        refuse_other_added(named, tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import pandas as pd", r"imports pandas \(in frequency\.py\)"),
        ("def late():\n    from sklearn import svm", "imports sklearn"),
        ("from perennial.model.frames import BLOCKS", r"imports pandas \(in frames\.py\)"),
    ],
)
def test_one_that_the_service_cannot_import_is_refused_before_it_learns(tmp_path: Path, line: str, said: str) -> None:
    shutil.copytree(ROOT / "src/perennial/model", tmp_path / "perennial/model")
    file = tmp_path / "perennial" / FILE
    file.parent.mkdir(parents=True)
    file.write_text("import numpy\nimport math\n")
    refuse_unserved(["frequency"], tmp_path)
    file.write_text(f"{line}\n")
    with pytest.raises(Refusal, match=said):
        refuse_unserved(["frequency"], tmp_path)
