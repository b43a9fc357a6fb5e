from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.io.files import read_json
from perennial.io.tables import write_table
from perennial.report.facts import nest
from perennial.stages import profile
from tests.data.test_profile import COLUMNS, make_examples

PARAMS = {
    "problem.target": "target",
    "problem.task": "binary",
    "problem.time": "at",
    "profile.bins": 24,
    "profile.max_rows": 1000000,
    "profile.suspect_auc": 0.85,
    "profile.suspect_correlation": 0.99,
    "profile.suspect_missing": 0.9,
    "profile.table_report": False,
    "profile.table_rows": 100,
    "profile.top": 12,
}


@pytest.fixture
def assembled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with examples and their contract."""
    monkeypatch.chdir(tmp_path)
    columns = {c.name: {"dtype": c.dtype, "role": c.role, "pii": c.pii} for c in COLUMNS}
    source = {"path": "x.csv", "key": ["a"], "columns": {"a": {"dtype": "id", "known_at": "static"}}}
    contract = {"sources": {"s": source}, "examples": columns}
    Path("data").mkdir()
    Path("data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    write_table("data/examples.parquet", make_examples(600))
    return tmp_path


def run_profile(**changes: Any) -> dict[str, Any]:
    Path("params.yaml").write_text(yaml.safe_dump(nest(PARAMS | changes)))
    profile.main()
    found: dict[str, Any] = read_json("metrics/profile.json")
    return found


def test_the_profile_is_written(assembled: Path) -> None:
    found = run_profile()
    assert (found["rows"], found["labelled"]) == (600, 500)
    assert {suspect["column"] for suspect in found["suspects"]} == {"delay", "leak"}
    assert not (assembled / "reports").exists()


def test_a_bounded_table_report_on_demand_without_personal_data(assembled: Path) -> None:
    run_profile(**{"profile.table_report": True})
    html = (assembled / "reports/profile.html").read_text()
    assert "<html" in html
    assert "person 1" not in html
