from pathlib import Path

import pandas as pd
import pytest

from perennial.io.files import read_json
from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal
from perennial.stages import split
from tests.stages.learned import make_project


def test_roles_are_consecutive_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p"))
    split.main()
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="key")
    spans = rows.groupby("role")["at"].agg(["min", "max"])
    assert spans.loc["train", "max"] < spans.loc["valid", "min"] <= spans.loc["valid", "max"] < spans.loc["test", "min"]
    assert (spans.loc["test", "min"], spans.loc["valid", "min"]) == (
        pd.Timestamp("2013-04-01"),
        pd.Timestamp("2013-03-12"),
    )
    facts = read_json("metrics/split.json")
    assert facts["rows"] == len(rows) == sum(role["rows"] for role in facts["roles"].values())


def test_rows_without_time_are_split_by_hash_and_groups_stay_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "p", problem__time=None, problem__group="team", problem__block="group")
    monkeypatch.chdir(folder)
    examples = read_table("data/examples.parquet").drop(columns="at")
    write_table("data/examples.parquet", examples.assign(team=[f"t{i % 200}" for i in range(len(examples))]))
    split.main()
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="key")
    assert set(rows.groupby("team")["role"].nunique()) == {1}
    assert rows["role"].eq("test").mean() == pytest.approx(0.2, abs=0.08)


def test_test_rows_repeated_in_train_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "p"))
    rows = read_table("data/examples.parquet")
    early = rows.head(100).assign(at=rows["at"].max(), key=[f"copy{i}" for i in range(100)])
    write_table("data/examples.parquet", pd.concat([rows, early]).reset_index(drop=True))
    with pytest.raises(Refusal, match=r"100 of .* test rows repeat"):
        split.main()
