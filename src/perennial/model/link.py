"""Numbers from 0 up that are learned as their logarithm, and brought back so that their mean is right."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from perennial.model.encoder import Array

LINK = "log1p"
BEYOND = float(np.log(2.0))  # a prediction is at most twice the largest number that was learned


def may_link(task: str, y: Array) -> bool:
    """Return whether a target may be learned as its logarithm: a number that is never below 0, and not always 0."""
    return task == "regression" and bool(len(y)) and bool((y >= 0).all()) and bool(y.any())


def link_numbers(y: Array) -> Array:
    """Return log(1 + y)."""
    return np.log1p(y)


def unlink_numbers(linked: Array, smear: float, most: float) -> Array:
    """Return numbers of predicted logarithms, which are kept from 0 to `most`."""
    return np.exp(np.clip(linked, 0.0, most)) * smear - 1.0


def find_smear(linked: Array, y: Array, most: float, weights: Array | None = None) -> float:
    """Return the factor at which the mean of the predicted numbers is that of the truths.

    The exponent of a mean of logarithms is too small; the factor makes up for it (smearing, Duan 1983, as a ratio).
    """
    plain = np.average(unlink_numbers(linked, 1.0, most) + 1.0, weights=weights)
    return float(f"{np.average(y + 1.0, weights=weights) / plain:.12g}")


def wrap_member(content: Any, smear: float, most: float) -> dict[str, Any]:
    """Return a member that predicts logarithms as one that predicts numbers."""
    return {"link": LINK, "smear": smear, "most": most, "member": content}


def is_linked(content: Any) -> bool:
    """Return whether a member was wrapped by `wrap_member`."""
    return isinstance(content, Mapping) and "link" in content
