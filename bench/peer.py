"""What serving.py and batch.py stand beside: a scikit-learn pipeline as large, fitted on the same rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from measure import ROOT
from perennial.data.split import LEARNING
from perennial.evaluation.metrics import METRICS
from perennial.io.bundle import load_bundle, read_part
from perennial.io.files import read_json
from perennial.io.params import read_params
from perennial.io.tables import read_table
from perennial.model.frames import predict_frame
from perennial.model.predictor import Model

PYTHON = ROOT / ".perennial" / "bench" / "bin" / "python"
TAKEN = ("numeric", "boolean", "category")


def run_peer(*command: str) -> list[str]:
    """Return a command in the peer's environment; ends when that is not there."""
    if not PYTHON.exists():
        sys.exit("the peer has no environment: `make .perennial/bench`.")
    return [str(PYTHON), *command]


def peer_environment() -> dict[str, str]:
    """Return the environment of a peer: none of this project's modules."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def plain(frame: pd.DataFrame, bundle: Path) -> pd.DataFrame:
    """Return the inputs as the peer takes them: flags as numbers."""
    inputs = read_part(bundle, "schema.json")["inputs"]
    if odd := [column["name"] for column in inputs if column["dtype"] not in TAKEN]:
        sys.exit(f"the peer takes numbers, flags and categories; `{odd[0]}` is none.")
    flags = [column["name"] for column in inputs if column["dtype"] == "boolean"]
    return frame[[column["name"] for column in inputs]].astype(dict.fromkeys(flags, float))


def size_of(model: Model) -> dict[str, float]:
    """Return how large the peer shall be: as many trees, each as large, as the model has."""
    text = model.members[0]
    if len(model.members) > 1 or not isinstance(text, str) or model.task != "binary":
        sys.exit("the peer of a model that is not one forest for two classes would say little.")
    params = read_json(ROOT / "models/best.json")["families"]["lightgbm"]["params"]
    return {
        "trees": text.count("\nTree="),
        "leaves": params["num_leaves"],
        "learning_rate": params["learning_rate"],
        "least_rows": params["min_data_in_leaf"],
    }


def fit_peer(folder: Path, bundle: Path) -> pd.DataFrame:
    """Fit the peer in a folder, say how good it is beside the model, and return all rows with their roles."""
    model, p = load_bundle(bundle), read_params(("problem.key", "problem.target", "problem.metric"))
    rows = read_table(ROOT / "data/examples.parquet").merge(
        read_table(ROOT / "data/split.parquet"), on=p["problem.key"]
    )
    target, learned, test = p["problem.target"], rows["role"].isin(LEARNING), rows["role"] == "test"
    frame, truth = plain(rows, bundle), (rows[target] == model.classes[1]).astype(float)
    frame[learned].assign(_target_=truth[learned]).to_parquet(folder / "learned.parquet")
    frame[test].to_parquet(folder / "test.parquet")
    texts = [column["name"] for column in model.encoder["columns"] if column["dtype"] == "category"]
    (folder / "settings.json").write_text(json.dumps({"texts": texts, **size_of(model)}))
    (folder / "schema.json").write_text(json.dumps(read_part(bundle, "schema.json")))
    script = str(ROOT / "bench/peers/pipeline.py")
    print("fitting the peer", file=sys.stderr, flush=True)
    subprocess.run(run_peer(script, "fit", str(folder)), env=peer_environment(), check=True)
    loss = METRICS[p["problem.metric"]].function
    ours = loss(truth[test].to_numpy(), predict_frame(model, rows[test]))
    theirs = loss(truth[test].to_numpy(), np.load(folder / "scores.npy"))
    print(f"{p['problem.metric']} of the test rows: {ours:.4f}, HistGradientBoosting of the same size {theirs:.4f}")
    return rows
