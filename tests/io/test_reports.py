from pathlib import Path

import pandas as pd

from perennial.io.reports import read_curves, read_metrics, render_table_report, write_views
from tests.report.example import binary_facts


def test_only_what_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / "gate.json").write_text('{"blessed": true}')
    (tmp_path / "roc.csv").write_text('fpr,class\n0.5,"a,b"\n')
    assert read_metrics(("gate", "train"), tmp_path) == {"gate": {"blessed": True}}
    assert read_curves(("roc", "calibration"), tmp_path) == {"roc": [{"fpr": "0.5", "class": "a,b"}]}


def test_views_are_written_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("old")
    paths = write_views(binary_facts(), tmp_path)
    assert sorted(path.name for path in paths) == ["index.html", "model_card.md", "report.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    assert (tmp_path / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_table_report_is_one_html_document() -> None:
    html = render_table_report(pd.DataFrame({"a": [1, 2], "<b>": ["x", None]}), "The examples")
    assert "<html" in html
    assert "The examples" in html
