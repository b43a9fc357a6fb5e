"""A small table with a signal in each kind of input, for the tests of models."""

from typing import Any

import numpy as np
import pandas as pd

from perennial.data.contract import Column
from perennial.model.boosting import fit_boosting
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.linear_fit import fit_linear
from perennial.model.predictor import Model

COLUMNS = [Column("x", "numeric"), Column("flag", "boolean"), Column("text", "category"), Column("at", "datetime")]
CLASSES = {"regression": (), "binary": (False, True), "multiclass": ("a", "b", "c")}
PARAMS: dict[str, Any] = {"num_iterations": 12, "num_leaves": 8, "min_data_in_leaf": 5}


def make_frame(rows: int = 400) -> pd.DataFrame:
    """Return inputs with missing cells, always the same."""
    rng = np.random.default_rng(0)
    seconds = pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=rows),
            "flag": rng.random(rows) > 0.5,
            "text": rng.choice(list("pqrst"), rows),
            "at": pd.Timestamp("2013-01-01") + seconds,
        }
    )
    frame.loc[::7, "x"] = np.nan
    frame.loc[::11, "text"] = None
    return frame


def make_labels(frame: pd.DataFrame, task: str) -> np.ndarray:
    """Return class numbers or values that follow the inputs, with noise."""
    noise = np.random.default_rng(1).normal(size=len(frame)) / 2
    value = (frame["x"].fillna(0.5) + (frame["text"] == "p") - frame["flag"] + noise).to_numpy()
    return (
        value if task == "regression" else np.digitize(value, [0.0] if task == "binary" else [-0.5, 0.5]).astype(float)
    )


def make_model(task: str = "binary", families: str = "lightgbm linear", **options: Any) -> Model:
    """Return a model of one or two fitted members."""
    frame = make_frame()
    y, state = make_labels(frame, task), fit_encoder(frame, COLUMNS, min_count=1)
    X, classes = encode_frame(state, frame), CLASSES[task]
    fits = {
        "lightgbm": lambda: fit_boosting(X, y, state["categorical"], PARAMS, classes=len(classes)),
        "linear": lambda: fit_linear(X, y, state, {"C": 1.0}, classes=len(classes)),
    }
    members = tuple(fits[family]() for family in families.split())
    weights = (0.75, 0.25) if len(members) == 2 else (1.0,)
    return Model(task, "y", state, members, weights, classes, **options)
