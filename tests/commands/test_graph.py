from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from perennial.commands.graph import rewrite_graph
from perennial.refusal import Refusal
from tests.conftest import ROOT


def test_a_stale_graph_is_refused_and_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = "stages:\n  gate:\n    cmd: python -m perennial.stages.gate\n    deps:\n      - metrics/evaluation.json\n"
    (tmp_path / "dvc.yaml").write_text(stage)
    (tmp_path / "src").symlink_to(ROOT / "src")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal, match="run `make graph`"):
        rewrite_graph(parse_arguments(["graph", "--check"]))
    assert (tmp_path / "dvc.yaml").read_text() == stage
    rewrite_graph(parse_arguments(["graph"]))
    assert "src/perennial/evaluation/gate.py" in (tmp_path / "dvc.yaml").read_text()
    rewrite_graph(parse_arguments(["graph", "--check"]))
