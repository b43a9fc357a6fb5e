"""A small table without time, judged by cross-validation: from its split to the verdict."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from perennial.io.files import write_json
from perennial.io.tables import read_table, write_table
from perennial.stages import evaluate, gate, search, split, train
from tests.stages.learned import make_project

TINY: dict[str, Any] = {
    **{"problem__time": None, "problem__block": "row", "split__method": "cross_validation"},
    **{"split__folds": 3, "split__repeats": 2, "search__outer_trials": 2, "search__trials": 2, "search__batch": 2},
    **{"search__max_rounds": 5, "train__max_rounds": 5, "evaluate__replicates": 200, "evaluate__slice_rows": 50},
    "gate__min_rows": 200,
}


def make_table(folder: Path, task: str, rows: int = 360, **changes: Any) -> Path:
    """Write params, contract and examples without time."""
    make_project(folder, task, **(TINY | changes))
    write_rows(folder, read_table(folder / "data/examples.parquet").drop(columns="at").head(rows))
    write_json(folder / "models/champion.json", {})
    write_json(folder / "metrics/point_in_time.json", {"auditable": False})
    return folder


def write_rows(folder: Path, rows: pd.DataFrame) -> None:
    """Write the examples."""
    write_table(folder / "data/examples.parquet", rows)


def judge_table() -> tuple[dict[str, Any], dict[str, Any]]:
    """Run split to gate in the working folder; return the evaluation and the verdict."""
    for stage in (split, search, train, evaluate, gate):
        stage.main()
    return read_judged()


def read_judged() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the evaluation and the verdict."""
    evaluation, verdict = (json.loads(Path(f"metrics/{name}.json").read_text()) for name in ("evaluation", "gate"))
    return evaluation, verdict


def failing(verdict: dict[str, Any]) -> set[str]:
    """Return the names of the checks that did not pass."""
    return {check["name"] for check in verdict["checks"] if not check["passed"]}
