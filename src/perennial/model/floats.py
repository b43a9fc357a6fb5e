"""Long lists of floats in JSON, by their bits: half as long as their digits, and exact as these."""

import base64
from typing import Any

import numpy as np

MARK = "f8"
"""The only key of what stands for a list: base64 of float64, the lowest byte first."""
LONG = 8


def fold_floats(value: Any) -> Any:
    """Return JSON with its long lists of floats folded where that is shorter."""
    if isinstance(value, dict):
        return {name: fold_floats(each) for name, each in value.items()}
    if not isinstance(value, list | tuple):
        return value
    if len(value) < LONG or not all(type(each) is float for each in value):
        return [fold_floats(each) for each in value]
    folded = base64.b64encode(np.array(value, dtype="<f8").tobytes()).decode()
    return {MARK: folded} if len(folded) < sum(len(repr(each)) + 1 for each in value) else list(value)


def unfold_floats(value: Any) -> Any:
    """Return the JSON that `fold_floats` folded."""
    if isinstance(value, dict) and value.keys() == {MARK}:
        return np.frombuffer(base64.b64decode(value[MARK]), dtype="<f8").tolist()
    if isinstance(value, dict):
        return {name: unfold_floats(each) for name, each in value.items()}
    return [unfold_floats(each) for each in value] if isinstance(value, list) else value
