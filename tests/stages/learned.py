"""A folder with everything that split, search and train read: a world of 120 days whose truth is known."""

from pathlib import Path
from typing import Any

import yaml

from perennial.io.tables import write_table
from tests.conftest import FLIGHTS, set_params
from tests.stages.judged import make_contract, make_examples

SMALL: dict[str, Any] = {
    **{"problem.target": "late", "problem.key": "key", "problem.time": "at", "problem.group": None},
    **{"problem.label_known_at": None, "problem.as_of": "2013-05-01", "problem.block": "day"},
    **{"split.test_days": 30, "split.valid_days": 20, "split.folds": 3, "engine.workers": 1},
    **{"search.trials": 6, "search.batch": 3, "search.max_rounds": 20, "search.sample_rows": 3000},
    **{"train.max_rounds": 30, "train.members": 2, "train.replicates": 100},
}


def make_project(folder: Path, task: str = "binary", **changes: Any) -> Path:
    """Write params, contract and examples."""
    (folder / "data").mkdir(parents=True)
    contract: dict[str, Any] = make_contract(task)
    if "problem__time" in changes:
        contract["examples"]["at"]["role"] = "time" if changes["problem__time"] else "ignored"
    (folder / "data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    write_table(folder / "data/examples.parquet", make_examples(task))
    (folder / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    metric = "rmse" if task == "regression" else "log_loss"
    named = {name.replace("__", "."): value for name, value in changes.items()}
    set_params(folder, SMALL | {"problem.task": task, "problem.metric": metric} | named)
    return folder
