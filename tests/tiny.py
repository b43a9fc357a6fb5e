"""A bundle small enough to read: a linear model of three inputs and an instant it looks at only for its hour."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perennial.io.bundle import write_bundle
from perennial.io.files import write_json
from perennial.io.tables import write_table
from perennial.model.instants import DATETIME_PARTS
from perennial.model.link import wrap_member
from perennial.model.predictor import Content, Model
from tests.conftest import FLIGHTS, ROOT, set_params

ROW: dict[str, Any] = {"distance": 500.0, "carrier": "UA", "holiday": False, "at": "2013-07-01T12:00:00"}
INPUTS = [
    {"name": "distance", "dtype": "numeric", "nullable": True, "range": [0, 5000], "allowed": None},
    {"name": "carrier", "dtype": "category", "nullable": True, "range": None, "allowed": None},
    {"name": "holiday", "dtype": "boolean", "nullable": False, "range": None, "allowed": None},
    {"name": "at", "dtype": "datetime", "nullable": False, "range": None, "allowed": None},
]
ENCODER = {
    "columns": [
        {"name": "distance", "dtype": "numeric", "kind": "numeric"},
        {"name": "carrier", "dtype": "category", "kind": "category", "categories": ["AA", "UA"]},
        {"name": "holiday", "dtype": "boolean", "kind": "boolean"},
        {"name": "at", "dtype": "datetime", "kind": "datetime"},
    ],
    "features": ["distance", "carrier", "holiday", *(f"at.{part}" for part in DATETIME_PARTS)],
    "categorical": [1],
}


REFERENCE: dict[str, Any] = {
    "rows": 4,
    "inputs": {"distance": {"missing": 0.5}, "carrier": {"missing": 0.0, "shares": {"UA": 1.0}, "other": 0.0}},
    "scores": [{"edges": [0.0, 0.2, 0.4, 1.0], "counts": [2, 1, 1], "missing": 0.0}],
}
CLASSES: dict[str, tuple[Any, ...]] = {"binary": (False, True), "multiclass": ("a", "b", "c"), "regression": ()}


def tiny_model(intercept: float = -1.0, task: str = "binary") -> Model:
    """Return a linear model whose raw scores are easy to move."""
    outputs = 3 if task == "multiclass" else 1
    hour = 3 + DATETIME_PARTS.index("hour")
    scaling = {
        "numeric": [0, 2, hour],
        "low": [0.0, 0.0, 0.0],
        "high": [5000.0, 1.0, 24.0],
        "mean": [1000.0, 0.0, 12.0],
        "scale": [1000.0, 1.0, 6.0],
        "indicators": [0],
        "categorical": [1],
        "sizes": [2],
    }
    content = {
        "scaling": scaling,
        "intercept": [intercept * number for number in range(1, outputs + 1)],
        "dense": [[0.5, 1.0, 0.8, 0.25]] * outputs,
        "one_hot": [[0.1, -0.2, 0.0]] * outputs,
    }
    return Model(
        task=task,
        target="late",
        encoder=ENCODER,
        members=(content,),
        classes=CLASSES[task],
        threshold=0.25 if task == "binary" else None,
    )


def tiny_network(linear: Content) -> Content:
    """Return a network of two units that reads what a linear member reads, and has as many outputs."""
    assert not isinstance(linear, str)
    outputs = len(linear["intercept"])
    return {
        "scaling": linear["scaling"],
        "dense": [[0.3, -0.5, 0.2, 0.1], [-0.4, 0.6, 0.1, -0.2]],
        "one_hot": [[0.1, -0.1], [0.2, 0.3], [0.0, 0.0]],
        "bias": [0.5, 1.0],
        "output": [[0.7, -0.6]] * outputs,
        "output_bias": [0.1 * number for number in range(outputs)],
    }


def with_network(model: Model) -> Model:
    """Return the ensemble of a linear model and a network."""
    [linear] = model.members
    return replace(model, members=(linear, tiny_network(linear)), weights=(0.5, 0.5))


def with_link(model: Model) -> Model:
    """Return a regression that learned logarithms."""
    return replace(model, members=tuple(wrap_member(member, smear=1.1, most=9.0) for member in model.members))


def write_tiny_bundle(
    folder: Path,
    intercept: float = -1.0,
    task: str = "binary",
    reference: dict[str, Any] | None = None,
    change: Callable[[Model], Model] = lambda model: model,
) -> str:
    """Write the bundle and return its hash; that of a regression has bounds. `change` gives another model."""
    bounds = {"kind": "shift", "coverage": 0.9, "low": -1.5, "high": 2.0} if task == "regression" else None
    model = change(replace(tiny_model(intercept, task), bounds=bounds))
    return write_bundle(
        folder,
        model,
        schema=INPUTS,
        golden_rows=[
            ROW,
            ROW | {"carrier": None, "distance": None},
            ROW | {"at": "2013-12-31T23:59:00", "holiday": True},
        ],
        reference=reference or {},
        seen=np.array([1, 2, 3], dtype=np.uint64),
        seen_until="2013-08-01",
    )


def write_verdict(folder: Path, bundle: str, /, **changes: Any) -> None:
    """Write a gate's verdict, blessed unless `changes` say otherwise."""
    verdict = {"bundle": bundle, "blessed": True, "checks": [{"name": "auc", "passed": True, "sentence": "Good."}]}
    write_json(folder / "metrics/gate.json", verdict | changes)


def write_tiny_project(
    folder: Path, task: str = "binary", change: Callable[[Model], Model] = lambda model: model
) -> str:
    """Write what package and rehearse read, and return the bundle's hash."""
    bundle = write_tiny_bundle(folder / "models/bundle", task=task, change=change)
    write_verdict(folder, bundle)
    shutil.copy(FLIGHTS / "params.yaml", folder / "params.yaml")
    small = {"problem.key": "key", "problem.as_of": "2013-09-01", "rehearse.rows": 20, "rehearse.requests": 20}
    set_params(folder, small)
    for name in ("src", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    numbers = np.arange(40)
    examples = pd.DataFrame(
        {
            "key": [f"k{number}" for number in numbers],
            "distance": np.where(numbers % 7, numbers * 100.0, np.nan),
            "carrier": np.where(numbers % 5, "UA", None),
            "holiday": numbers % 2 == 0,
            "at": pd.Timestamp("2013-01-01") + pd.to_timedelta(numbers, "h"),
        }
    )
    write_table(folder / "data/examples.parquet", examples)
    roles = np.where(numbers < 10, "train", "test").astype(object)
    write_table(folder / "data/split.parquet", pd.DataFrame({"key": examples["key"], "role": roles}))
    return bundle
