"""ingest on small files of its own: typed by the contract, cut at as_of, whole or not at all."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perennial.io.contract import read_contract
from perennial.io.files import read_json
from perennial.io.tables import read_table
from perennial.refusal import Refusal
from perennial.stages.ingest import ingest

COLUMNS = {
    "id": {"dtype": "id", "known_at": "planned_at"},
    "planned_at": {"dtype": "datetime", "known_at": "planned_at"},
    "delay": {"dtype": "numeric", "known_at": "done_at"},
}
DERIVED = {
    "done_at": {"dtype": "datetime", "sql": "planned_at + to_minutes(CAST(delay AS INTEGER))", "known_at": "done_at"}
}
ROWS = """id,planned_at,delay
007,2013-01-31T23:00:00Z,30
008,2013-02-01T00:00:00Z,600
009,2013-02-01T23:00:00Z,1
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    source: dict[str, Any] = {"path": "events.csv", "key": ["id"], "time": "planned_at", "columns": COLUMNS}
    Path("data/contract.yaml").write_text(yaml.safe_dump({"sources": {"events": source | {"derived": DERIVED}}}))
    Path("events.csv").write_text(ROWS)
    return tmp_path


def run(as_of: str = "2013-02-01T06:00:00") -> pd.DataFrame:
    ingest(read_contract(), as_of, 1.0, 1)
    return pd.concat([read_table(path) for path in sorted(Path("data/raw/events").glob("*.parquet"))])


def test_what_is_not_known_at_as_of_does_not_exist() -> None:
    frame = run()
    assert frame["id"].tolist() == ["007", "008"], "a row of which nothing is known vanishes"
    assert frame["delay"].tolist()[0] == 30
    assert frame["delay"].isna().tolist() == [False, True], "a cell not yet known is missing"


def test_the_clock_forward_brings_what_became_known() -> None:
    assert run("2013-02-03")["delay"].tolist() == [30, 600, 1]


def test_partitions_are_months_and_the_manifest_names_them() -> None:
    run("2013-02-03")
    manifest = read_json("data/raw/manifest.json")["sources"]["events"]
    assert {name: each["rows"] for name, each in manifest["files"].items()} == {"2013-01": 1, "2013-02": 2}
    assert manifest["span"] == ["2013-01-31 23:00:00", "2013-02-01 23:00:00"]


def test_a_withdrawn_month_leaves_no_partition_behind() -> None:
    run("2013-02-03")
    Path("events.csv").write_text("\n".join(ROWS.splitlines()[:2]) + "\n")
    run("2013-02-03")
    assert [path.name for path in Path("data/raw/events").iterdir()] == ["2013-01.parquet"]


def test_the_order_of_the_file_does_not_matter() -> None:
    run()
    first = read_json("data/raw/manifest.json")
    head, *rows = ROWS.splitlines()
    Path("events.csv").write_text("\n".join([head, *reversed(rows)]) + "\n")
    run()
    assert read_json("data/raw/manifest.json") == first


def test_a_refused_source_leaves_what_was_there(project: Path) -> None:
    run()
    Path("events.csv").write_text("id;planned_at;delay\n")
    with pytest.raises(Refusal):
        run()
    assert Path("data/raw/events/2013-01.parquet").exists()
    assert [path.name for path in (project / "data").glob(".*")] == []


def test_a_cell_that_does_not_parse_is_kept_beside() -> None:
    Path("events.csv").write_text(ROWS.replace(",30", ',"1,030"'))
    frame = run("2013-02-03")
    assert frame["_unparsed"].tolist()[0] == '{"delay":"1,030"}'


def test_a_row_that_cannot_be_dated_is_kept_whole_for_the_quarantine() -> None:
    Path("events.csv").write_text(ROWS.replace("2013-01-31T23:00:00Z", "31/01/2013"))
    run("2013-02-03")
    row = read_table("data/raw/events/none.parquet")
    assert row[["id", "delay", "_unparsed"]].to_numpy().tolist() == [["007", 30, '{"planned_at":"31/01/2013"}']]


def test_a_sound_row_without_an_instant_is_merely_not_known_yet() -> None:
    Path("events.csv").write_text(ROWS.replace("2013-01-31T23:00:00Z", ""))
    assert run("2013-02-03")["id"].tolist() == ["008", "009"]


def test_an_expression_that_does_not_compute_is_refused() -> None:
    path = Path("data/contract.yaml")
    path.write_text(path.read_text().replace("to_minutes", "to_munites"))
    with pytest.raises(
        Refusal, match=r"source events: a `sql` or `known_at` of its contract does not compute \(.*to_mu"
    ):
        run()


def test_the_bytes_do_not_depend_on_the_number_of_threads() -> None:
    rows = "".join(f"{n},2013-01-{n % 31 + 1:02}T00:00:00Z,{n % 7}\n" for n in range(300_000))
    Path("events.csv").write_text(ROWS.splitlines(keepends=True)[0] + rows)
    manifests = []
    for workers in (1, 4):
        ingest(read_contract(), "2013-02-03", 1.0, workers)
        manifests.append(read_json("data/raw/manifest.json"))
    assert manifests[0] == manifests[1]
