"""Days replayed: the rows that are looked up are the rows that training saw, and so are the answers."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perennial.commands.features import find_url
from perennial.commands.moment import read_as_of, read_horizon
from perennial.refusal import Refusal
from perennial.serving.runtime import load_predictor
from tests.online import AS_OF, QUERY, plain, run, train, trained, write_trips
from tests.serving.desks import OFF, open_client

__all__ = ["trained"]
Trained = tuple[Path, pd.DataFrame]
INPUTS = ["distance", "carrier", "holiday", "at"]
REPLAYED = ["2024-01-20T01:30", "2024-01-20T13:00", "2024-01-21T06:00"]
HOURS = [f"{hour:02d}:{minute}" for hour in range(0, 24, 3) for minute in ("00", "59")]
ALL_REPLAYED = [f"2024-01-{day}T{hour}" for day in range(10, 12) for hour in HOURS]


def rows_of(name: str) -> dict[str, dict[str, Any]]:
    """Everything in a feature table, by key."""
    with closing(sqlite3.connect(name)) as database:
        database.row_factory = sqlite3.Row
        return {row["key"]: dict(row) for row in database.execute("SELECT * FROM features")}


def differing(stored: dict[str, dict[str, Any]], training: pd.DataFrame) -> list[str]:
    """The decided rows that are not to the last bit what training assembled."""
    decided = {key: json.loads(row["inputs"]) for key, row in stored.items() if row["known_at"] == row["decision_at"]}
    assert len(decided) > 0
    trained = {key: {name: plain(training.loc[key, name]) for name in INPUTS} for key in decided}
    return [key for key in decided if repr(decided[key]) != repr(trained[key])]


@pytest.mark.parametrize("instants", [REPLAYED, pytest.param(ALL_REPLAYED, marks=pytest.mark.slow)])
def test_the_rows_of_replayed_days_are_those_of_training(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str], instants: list[str]
) -> None:
    url, seen = f"sqlite:///{tmp_path}/f.db", set[str]()
    for instant in instants:
        run("materialize", "--as-of", instant, "--to", url, "--horizon", "4h")
        stored = rows_of(f"{tmp_path}/f.db")
        assert differing(stored, trained[1]) == []
        seen |= {key for key, row in stored.items() if row["known_at"] == row["decision_at"]}
        run("materialize", "--check", "--to", url)
        assert "as training assembled them, to the last bit" in capsys.readouterr().out
    assert len(seen) > len(instants) / 2


def test_predictions_by_key_equal_those_by_row_and_those_of_a_whole_table(trained: Trained, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/f.db"
    run("materialize", "--as-of", "2024-01-20T13:00", "--to", url)
    run("score", "--as-of", "2024-01-20T13:00", f"{tmp_path}/out.parquet")
    scored = pd.read_parquet(tmp_path / "out.parquet").set_index("trip")
    rows = [{name: plain(trained[1].loc[key, name]) for name in INPUTS} for key in scored.index]
    predictor = load_predictor("models/bento/src/bundle")
    with open_client(predictor, replace(OFF, features_url=url), {"key": "trip"}) as (client, _):
        for route in ("/predict", "/explain"):
            by_key = client.post(route, json={"keys": [{"trip": key} for key in scored.index]}).json()["predictions"]
            by_row = client.post(route, json={"rows": rows}).json()["predictions"]
            for one in (*by_key, *by_row):
                one.pop("id")
            times = [(one.pop("decision_at"), one.pop("known_at"), one.pop("age_seconds") > 0) for one in by_key]
            assert by_key == by_row
    assert [one["score"] for one in by_key] == pytest.approx(scored["score"].tolist(), abs=1e-12)
    assert [str(one["decision"]) for one in by_key] == scored["decision"].tolist()
    taken = [f"{instant.replace(' ', 'T')}Z" for instant in scored["decision_at"]]
    assert times == [(instant, instant, True) for instant in taken]


def test_only_what_is_new_or_changed_is_written(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    shutil.copytree(trained[0], project)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        said = []
        for instant in ("2024-01-20T13:00", "2024-01-20T13:00", "2024-01-20T15:00"):
            run("materialize", "--as-of", instant, "--horizon", "2h")
            said.append(capsys.readouterr().out.splitlines()[0].partition(": ")[2])
        # A correction of what is known already, and a trip that is called off.
        table = pd.read_csv("trips.csv", dtype=str, keep_default_na=False)
        table.loc[table["planned_at"] == "2024-01-20T16:00:00Z", "carrier"] = "ZZ"
        table[table["planned_at"] != "2024-01-20T18:00:00Z"].to_csv("trips.csv", index=False)
        run("materialize", "--as-of", "2024-01-20T15:00", "--horizon", "2h")
        said.append(capsys.readouterr().out.splitlines()[0].partition(": ")[2])
        with pytest.raises(Refusal, match=r"carrier \(1 rows; of t0236 it is 'ZZ' stored, '(AA|UA)' in training\)"):
            run("materialize", "--check")
    assert said == [
        "3 new, 0 changed, 0 unchanged; 0 withdrawn, 0 too old and removed",
        "0 new, 0 changed, 3 unchanged; 0 withdrawn, 0 too old and removed",
        "1 new, 1 changed, 1 unchanged; 0 withdrawn, 0 too old and removed",
        "0 new, 1 changed, 1 unchanged; 1 withdrawn, 0 too old and removed",
    ]


@pytest.mark.slow
def test_history_that_is_too_short_is_found_once_and_all_of_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_trips(tmp_path / "project", QUERY.replace("INTERVAL 3 DAY", "INTERVAL 9 DAY"))
    monkeypatch.chdir(tmp_path / "project")
    for told in (1, 0):
        run("materialize", "--as-of", "2024-01-20T13:00")
        said = capsys.readouterr().out
        assert said.count("distance differs with twice the 5 days of assemble.history_days") == told
    short = rows_of(".perennial/features/features.db")
    run("materialize", "--as-of", "2024-01-20T13:00", "--whole")
    assert "0 new, 0 changed" in capsys.readouterr().out
    assert len(short) == 2


def test_bad_rows_are_said_and_left_out_and_a_stale_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_trips(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    table = pd.read_csv("trips.csv", dtype=str, keep_default_na=False)
    table.loc[table["planned_at"] == "2024-01-19T16:00:00Z", "minutes"] = "many"
    table.to_csv("trips.csv", index=False)
    run("materialize", "--as-of", "2024-01-20T13:00")
    assert "rows are left out: minutes: not numeric (1)" in capsys.readouterr().out
    with pytest.raises(Refusal, match="rule `freshness`"):
        run("materialize", "--as-of", "NOW")
    assert len(rows_of(".perennial/features/features.db")) == 2, "what was there stays"


def test_without_time_every_row_without_a_label_is_there_and_held_against_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    timeless = {"problem.time": None, "problem.label_known_at": None, "problem.block": "row"}
    write_trips(tmp_path / "project", **timeless)
    monkeypatch.chdir(tmp_path / "project")
    contract = yaml.safe_load(Path("data/contract.yaml").read_text())
    for name in ("decision_at", "label_known_at"):
        contract["examples"][name]["role"] = "ignored"
    Path("data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    training = train()
    waiting = set(training.index[training["late"].isna()])
    run("materialize", "--as-of", AS_OF)
    assert set(rows_of(".perennial/features/features.db")) == waiting != set()
    run("materialize", "--as-of", "2024-02-05T06:00")
    capsys.readouterr()
    run("materialize", "--check")
    assert f"{len(waiting)} decisions are in the feature table" in capsys.readouterr().out


def test_a_horizon_belongs_to_an_instant() -> None:
    with pytest.raises(Refusal, match="--horizon belongs to --as-of"):
        run("score", "rows.csv", "answers.csv", "--horizon", "6h")


def test_passwords_come_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURES_PASSWORD", "p@ss")
    filled = find_url("postgresql+psycopg://u:${FEATURES_PASSWORD}@h/d", "", {})
    assert filled == "postgresql+psycopg://u:p%40ss@h/d"
    with pytest.raises(Refusal, match="holds a password") as refused:
        find_url("postgresql+psycopg://u:hunter2@h/d", "", {})
    assert "hunter2" not in str(refused.value)
    with pytest.raises(Refusal, match="NO_SUCH_NAME is not set"):
        find_url("postgresql+psycopg://u:${NO_SUCH_NAME}@h/d", "", {})
    assert find_url(None, "sqlite:////a.db", {"PERENNIAL_FEATURES_URL": "sqlite:////b.db"}) == "sqlite:////b.db"
    assert find_url("sqlite:////c.db", "sqlite:////a.db", {"PERENNIAL_FEATURES_URL": "sqlite:////b.db"}).endswith(
        "c.db"
    )


def test_instants_and_horizons_are_read_or_refused() -> None:
    assert str(read_as_of("2013-08-15T06:00+02:00")) == "2013-08-15T04:00:00.000000"
    assert [read_horizon(text) for text in ("90m", "6h", "2d")] == [1.5, 6.0, 48.0]
    with pytest.raises(Refusal, match="--as-of is '2999-01-01', which is still to come"):
        read_as_of("2999-01-01")
    with pytest.raises(Refusal, match="give at most 3660d"):
        read_horizon("99999999d")
    with pytest.raises(Refusal, match="--as-of is 'soon'"):
        read_as_of("soon")
    with pytest.raises(Refusal, match="--horizon is '6'"):
        read_horizon("6")
    with pytest.raises(Refusal, match="say when"):
        run("materialize")
