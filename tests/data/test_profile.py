import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.data.profile import ProfileLimits, profile_examples

COLUMNS = (
    Column("key", "id", "key"),
    Column("at", "datetime", "time"),
    Column("delay", "numeric", "input", unit="minutes", group="state"),
    Column("leak", "numeric", "input"),
    Column("carrier", "category", "input"),
    Column("owner", "text", "input", pii=True),
    Column("night", "boolean", "input"),
    Column("bought", "datetime", "input"),
    Column("empty", "numeric", "input"),
    Column("target", "boolean", "target"),
)


def make_examples(rows: int = 3000) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    late = rng.random(rows) < 0.25
    frame = pd.DataFrame(
        {
            "key": [f"k{i}" for i in range(rows)],
            "at": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows) * 90 // 3000, unit="D"),
            "delay": rng.normal(size=rows) + late,
            "leak": late + 0.01 * rng.normal(size=rows),
            "carrier": rng.choice(["AA", "ÜA", "<b>"], rows),
            "owner": [f"person {i % 7}" for i in range(rows)],
            "night": rng.random(rows) < 0.5,
            "bought": pd.Timestamp("2000-01-01") + pd.to_timedelta(rng.integers(0, 4000, rows), unit="D"),
            "empty": np.full(rows, np.nan),
            "target": pd.Series(late, dtype="boolean"),
        }
    )
    frame.loc[rows - 100 :, "target"] = pd.NA
    frame.loc[rows - 100 :, "delay"] = np.nan
    return frame


def make_profile(frame: pd.DataFrame, task: str = "binary", time: str | None = "at", **limits: Any) -> dict[str, Any]:
    return profile_examples(frame, COLUMNS, task=task, target="target", time=time, limits=ProfileLimits(**limits))


def test_every_input_is_profiled_and_nothing_else() -> None:
    profile = make_profile(make_examples())
    names = [column["name"] for column in profile["columns"]]
    assert names == ["delay", "leak", "carrier", "owner", "night", "bought", "empty"]
    assert profile["strongest"][:2] == ["leak", "delay"]
    assert (profile["rows"], profile["labelled"], profile["months"]) == (3000, 2900, ["2013-01", "2013-02", "2013-03"])


def test_a_copy_of_the_target_and_a_vanishing_column_are_suspects() -> None:
    suspects = make_profile(make_examples())["suspects"]
    assert [suspect["column"] for suspect in suspects] == ["delay", "leak"]
    assert "rows without an outcome" in suspects[0]["reason"]
    assert "nearly decides the target" in suspects[1]["reason"]


def test_personal_data_is_never_shown() -> None:
    profile = make_profile(make_examples())
    assert "person" not in json.dumps(profile)
    assert profile["columns"][3]["withheld"] is True


def test_the_same_table_gives_the_same_bytes() -> None:
    frame = make_examples()
    assert json.dumps(make_profile(frame)) == json.dumps(make_profile(frame.copy()))


def test_a_large_table_is_thinned_from_first_to_last() -> None:
    profile = make_profile(make_examples(), max_rows=500)
    assert (profile["rows"], profile["rows_profiled"]) == (3000, 500)
    assert profile["months"] == ["2013-01", "2013-02", "2013-03"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_is_json_without_nan(task: str) -> None:
    frame = make_examples()
    if task == "regression":
        frame["target"] = frame["delay"] * 2
    if task == "multiclass":
        frame["target"] = frame["carrier"].where(frame["target"].notna())
    profile = make_profile(frame, task=task, time=None)
    assert json.loads(json.dumps(profile, allow_nan=False))["target"]["task"] == task
    best = {"binary": "leak", "multiclass": "carrier", "regression": "delay"}[task]
    assert profile["strongest"][0] == best


def test_a_table_without_rows_has_an_empty_profile() -> None:
    profile = make_profile(make_examples(200).iloc[:0])
    assert (profile["rows"], profile["suspects"]) == (0, [])


@pytest.mark.parametrize("names", [("No", "Yes"), (1.0, 2.0)])
def test_a_binary_target_of_other_words_is_profiled_alike(names: tuple[Any, Any]) -> None:
    frame = make_examples()
    said = make_profile(frame)
    other = frame["target"].astype(object).map({False: names[0], True: names[1]})
    renamed = make_profile(frame.assign(target=other))
    assert renamed["suspects"] == said["suspects"]
    assert renamed["columns"] == said["columns"]
