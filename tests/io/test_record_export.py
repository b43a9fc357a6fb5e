from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perennial.io import records
from perennial.io.record_export import export_predictions
from perennial.io.records import insert_labels, insert_predictions
from tests.io.logged import START, make_label, make_row, open_new


def test_each_input_is_a_column_and_labels_stand_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "READ_AT_ONCE", 2)
    engine = open_new(tmp_path)
    inputs = (
        '{"x": null, "name": "a"}',
        '{"x": 2, "name": null, "flag": true}',
        '{"x": 0.5}',
        '{"mixed": 1, "none": null}',
        '{"mixed": "a"}',
    )
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(number, inputs=text) for number, text in enumerate(inputs)])
        insert_labels(connection, [make_label(1)])
    assert export_predictions(engine, tmp_path / "x.parquet") == 5
    table = pq.read_table(tmp_path / "x.parquet").to_pydict()
    assert table["id"] == [f"{number:08d}-0" for number in range(5)]
    assert table["input.x"] == [None, 2.0, 0.5, None, None]
    assert table["input.name"] == ["a", None, None, None, None]
    assert table["input.flag"] == [None, True, None, None, None]
    assert table["input.mixed"] == [None, None, None, "1", "a"]
    assert table["input.none"] == [None] * 5
    assert table["label"] == [None, "True", None, None, None]
    assert table["at"][0] == START
    assert pq.read_schema(tmp_path / "x.parquet").field("at").type == pa.timestamp("us", "UTC")


def test_an_empty_log_is_an_empty_table(tmp_path: Path) -> None:
    assert export_predictions(open_new(tmp_path), tmp_path / "x.parquet") == 0
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 0
