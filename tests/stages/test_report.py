import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.io.files import read_json
from perennial.report.facts import nest
from perennial.stages import report
from tests.report.example import CURVES, PARAMS, binary_metrics, check


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which every stage before the report has written its files."""
    monkeypatch.chdir(tmp_path)
    files: dict[str, Any] = {f"metrics/{name}.json": found for name, found in binary_metrics().items()}
    for name, content in (files | {"models/champion.json": {}}).items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(json.dumps(content))
    os.mkdir("metrics/plots")
    header, *_ = CURVES["roc"]
    rows = [",".join(row.values()) for row in CURVES["roc"]]
    Path("metrics/plots/roc.csv").write_text("\n".join([",".join(header), *rows]) + "\n")
    Path("params.yaml").write_text(yaml.safe_dump(nest(PARAMS)))
    return tmp_path


def test_facts_and_views_are_written(finished: Path) -> None:
    report.main()
    facts = read_json("reports/facts.json")
    assert facts["gate"]["blessed"] is True
    assert len(facts["curves"]["roc"]) == 11
    names = ["facts.json", "index.html", "model_card.md", "report.md"]
    assert sorted(path.name for path in (finished / "reports").iterdir()) == names


def test_the_same_run_gives_the_same_facts(finished: Path) -> None:
    report.main()
    first = Path("reports/facts.json").read_bytes()
    report.main()
    assert Path("reports/facts.json").read_bytes() == first


def test_an_unblessed_model_without_rehearsal_still_has_a_page(finished: Path) -> None:
    (finished / "metrics/rehearsal.json").unlink()
    gate = {"bundle": "x", "blessed": False, "checks": [check("slices", False)]}
    (finished / "metrics/gate.json").write_text(json.dumps(gate))
    report.main()
    page = Path("reports/index.html").read_text()
    assert "Not blessed" in page
    assert "Not rehearsed" in page
