"""A folder with everything that evaluate reads, for each kind of task, made of a world whose truth is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from perennial.data.contract import Contract, inputs_of, parse_contract
from perennial.evaluation.intervals import Array
from perennial.io.bundle import write_bundle
from perennial.io.crosswise import list_fold_models
from perennial.io.files import write_json
from perennial.io.tables import write_table
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.linear_fit import fit_linear
from perennial.model.predictor import Model
from perennial.model.seen import hash_keys
from perennial.model.target import encode_target, find_classes
from tests.conftest import FLIGHTS, set_params
from tests.evaluation.world import know_logit, simulate_days

TARGET_DTYPE = {"binary": "boolean", "multiclass": "category", "regression": "numeric"}
GOLDEN = [{"delay": 0.5, "wind": None, "carrier": "AA"}, {"delay": -1.0, "wind": 0.0, "carrier": "new"}]


def make_contract(task: str) -> dict[str, object]:
    source = {"path": "x.csv", "key": ["key"], "columns": {"key": {"dtype": "id", "known_at": "static"}}}
    examples = {
        "key": {"dtype": "id", "role": "key"},
        "at": {"dtype": "datetime", "role": "time"},
        "delay": {"dtype": "numeric", "role": "input", "group": "history"},
        "wind": {"dtype": "numeric", "role": "input", "group": "weather"},
        "carrier": {"dtype": "category", "role": "input", "sensitive": True},
        "late": {"dtype": TARGET_DTYPE[task], "role": "target"},
    }
    return {"sources": {"flights": source}, "examples": examples}


def make_examples(task: str) -> pd.DataFrame:
    """Return 120 days: 90 to learn from and 30 of test."""
    rows = simulate_days(4, days=120, per_day=50)
    late = rows["late"].to_numpy() > 0
    if task == "multiclass":
        rows["late"] = np.where(late, np.where(rows["wind"] > 0, "late", "later"), "in time")
    elif task == "regression":
        rows["late"] = 10.0 * know_logit(rows) + np.random.default_rng(0).normal(scale=8.0, size=len(rows))
    else:
        rows["late"] = late
    at = pd.Timestamp("2013-01-01") + pd.to_timedelta(rows["day"], "D")
    return rows.assign(at=at.astype("datetime64[us]"))[["key", "at", "delay", "wind", "carrier", "late"]]


def train_linear(
    contract: Contract, learned: pd.DataFrame, task: str, c: float = 1.0, weights: Array | None = None
) -> Model:
    classes = find_classes(learned["late"], task)
    state = fit_encoder(learned, inputs_of(contract))
    truth = encode_target(learned["late"], classes)
    content = fit_linear(encode_frame(state, learned), truth, state, {"C": c}, weights=weights, classes=len(classes))
    return Model(task, "late", state, (content,), classes=classes, threshold=0.25 if task == "binary" else None)


def write_model(folder: Path, model: Model, keys: pd.Series, seen_until: str = "2013-03-31T00:00:00") -> str:
    seen = hash_keys(keys)
    return write_bundle(folder, model, schema=[], golden_rows=GOLDEN, reference={}, seen=seen, seen_until=seen_until)


def make_project(folder: Path, task: str) -> Path:
    """Write params, contract, examples, split, bundle, audit and an empty champion."""
    document, rows = make_contract(task), make_examples(task)
    role = np.select([rows["at"] >= "2013-04-01", rows["at"] >= "2013-03-11"], ["test", "valid"], "train")
    learned = rows[role != "test"].reset_index(drop=True)
    (folder / "data").mkdir()
    (folder / "data/contract.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    write_table(folder / "data/examples.parquet", rows)
    split = pd.DataFrame({"key": rows["key"], "role": role.astype(object), "fold": np.int8(0)})
    write_table(folder / "data/split.parquet", split)
    write_model(folder / "models/bundle", train_linear(parse_contract(document), learned, task), learned["key"])
    write_json(folder / "models/champion.json", {})
    list_fold_models(folder / "models/folds", [])
    audit = {"auditable": True, "passed": True, "differences": [], "rows_compared": 9}
    write_json(folder / "metrics/point_in_time.json", audit)
    (folder / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    names = {"task": task, "target": "late", "key": "key", "time": "at", "group": None, "block": "day"}
    metric = "rmse" if task == "regression" else "log_loss"
    small = {"evaluate.replicates": 200, "evaluate.importance_rows": 300, "evaluate.slice_rows": 50}
    set_params(
        folder, {"problem.metric": metric, **{f"problem.{name}": value for name, value in names.items()}, **small}
    )
    return folder
