"""The classes of the test rows, those included that no training row has."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from perennial.evaluation.intervals import Array
from perennial.refusal import Refusal


def admit_unseen(task: str, truth: Array, classes: int) -> tuple[Array, int]:
    """Return the truth with test rows of an unknown class (NaN) as one more class, and the number of classes.

    A model gives such a row probability 0, which costs it; hiding the row would flatter. Raises Refusal when a binary
    task meets a third class.
    """
    unseen = np.isnan(truth)
    if task == "binary" and unseen.any():
        raise Refusal(
            f"{int(unseen.sum())} test rows have neither class of the binary target: set `problem.task` to multiclass, "
            "or let the query leave them without a label."
        )
    return np.where(unseen, classes, truth), classes + int(unseen.any())


def name_classes(known: Sequence[Any], classes: int) -> list[str]:
    """Return the classes as text; a class that only the test has is `(unseen)`."""
    return [str(name) for name in known] + ["(unseen)"] * (classes - len(known))


def pad_classes(prediction: Array, classes: int) -> Array:
    """Return (n, classes) probabilities with zeros for classes that the model does not know; others unchanged."""
    if prediction.ndim == 1 or prediction.shape[1] == classes:
        return prediction
    return np.pad(prediction, ((0, 0), (0, classes - prediction.shape[1])))
