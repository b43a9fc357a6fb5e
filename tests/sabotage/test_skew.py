"""A feature table that is not what training saw, each time found by `perennial materialize --check`."""

import json
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from perennial.refusal import Refusal
from tests.conftest import set_params
from tests.online import PEEKING, run, train, write_trips

AS_OF = "2024-01-20T18:30"
"""Three decisions are open; at the last of them, at six, a trip was on its way that is so still."""
Harm = Callable[[Any, Any], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trips' project, which is the current folder; nothing has run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERENNIAL_FEATURES_URL", raising=False)
    write_trips(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def change(key: str, harm: Harm) -> None:
    """Change one stored row by hand, behind everybody's back."""
    with closing(sqlite3.connect(".perennial/features/features.db")) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM features WHERE key = ?", [key]).fetchone())
        inputs = json.loads(row["inputs"])
        harm(row, inputs)
        values = {**row, "inputs": json.dumps(inputs)}
        told = ", ".join(f"{name} = :{name}" for name in values)
        database.execute(f"UPDATE features SET {told} WHERE key = :key", values)
        database.commit()


def change_text(_row: Any, inputs: Any) -> None:
    inputs["carrier"] = "AA"


def change_last_bit(_row: Any, inputs: Any) -> None:
    """Which no tolerance would see."""
    inputs["distance"] = math.nextafter(inputs["distance"], math.inf)


def forget_input(_row: Any, inputs: Any) -> None:
    del inputs["holiday"]


def move_decision(row: Any, _inputs: Any) -> None:
    row["decision_at"] = row["known_at"] = "2024-01-20 15:00:00.000000"


def test_a_changed_value_is_found(project: Path) -> None:
    train()
    run("materialize", "--as-of", AS_OF)
    kept = Path(".perennial/features/features.db").read_bytes()
    harms: dict[str, Harm] = {
        r"carrier \(1 rows; of t0237 it is 'AA' stored, 'UA' in training\)": change_text,
        r"distance \(1 rows; of t0237": change_last_bit,
        r"holiday \(1 rows; of t0237 it is 'absent' stored, True in training\)": forget_input,
        r"decision_at \(1 rows; of t0237": move_decision,
    }
    for words, harm in harms.items():
        run("materialize", "--check")
        change("t0237", harm)
        with pytest.raises(Refusal, match="is not what training assembled: of 3 decisions") as refused:
            run("materialize", "--check")
        assert refused.match(words)
        Path(".perennial/features/features.db").write_bytes(kept)


def test_a_query_that_peeks_is_found_by_the_rows_that_are_served(project: Path) -> None:
    """The audit is told to look nowhere, so that training takes the query."""
    (project / "data/examples.sql").write_text(PEEKING)
    set_params(project, {"assemble.random_cuts": 0})
    train()
    run("materialize", "--as-of", AS_OF)
    with pytest.raises(Refusal, match=r"distance \(1 rows"):
        run("materialize", "--check")


def test_a_check_that_compared_nothing_has_not_passed(project: Path) -> None:
    set_params(project, {"problem.as_of": "2024-01-10"})
    train()
    with pytest.raises(Refusal, match="nothing is materialized"):
        run("materialize", "--check")
    run("materialize", "--as-of", AS_OF)
    with pytest.raises(Refusal, match="no decision in common"):
        run("materialize", "--check")
