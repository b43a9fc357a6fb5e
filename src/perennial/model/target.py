"""Targets to class numbers or values, and the classes that a table has."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perennial.model.encoder import Array
from perennial.refusal import Refusal


def find_classes(target: pd.Series, task: str) -> tuple[Any, ...]:
    """Return the sorted classes of the labelled rows as JSON values, none for regression; binary's last is "yes".

    Raises Refusal when binary has not two classes, or multiclass not three or more.
    """
    if task == "regression":
        return ()
    classes = tuple(sorted(value.item() if hasattr(value, "item") else value for value in target.dropna().unique()))
    if (task == "binary") != (len(classes) == 2) or len(classes) < 2:
        raise Refusal(
            f"target `{target.name}` has {len(classes)} classes, {classes!r:.200}: "
            "binary needs two, multiclass three or more."
        )
    return classes


def encode_target(target: pd.Series, classes: Sequence[Any]) -> Array:
    """Return labels as class numbers, or as themselves for regression (no classes); missing or unknown is NaN."""
    if not classes:
        return target.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.Index(classes, dtype=object).get_indexer(pd.Index(target.astype(object), dtype=object))
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
