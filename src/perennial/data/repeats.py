"""Rows that copy one another: how many test rows repeat a learned row, and how many do so by nature."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.refusal import Refusal

Hashes = npt.NDArray[np.uint64]


def hash_rows(frame: pd.DataFrame, truth: "pd.Series[Any] | npt.NDArray[Any]") -> Hashes:
    """Return one hash per row of all inputs and the truth, shape (n,)."""
    whole = frame.assign(**{"": truth})
    return np.asarray(pd.util.hash_pandas_object(whole, index=False), dtype=np.uint64)


def count_repeats(train: Hashes, test: Hashes) -> dict[str, float]:
    """Return the share of test rows that are identical to a training row, and how far that exceeds what is natural.

    In a table of few values equal rows occur by themselves; as often as a training row has a twin in training, give or
    take two standard errors of a binomial share.
    """
    _, codes, counts = np.unique(train, return_inverse=True, return_counts=True)
    natural = float((counts[codes.ravel()] > 1).mean()) if len(train) else 0.0
    share = float(np.isin(test, train).mean()) if len(test) else 0.0
    chance = 2.0 * math.sqrt(natural * (1.0 - natural) / max(len(test), 1))
    return {"share": share, "natural": natural, "excess": max(0.0, share - natural - chance)}


def count_crosswise(rows: Hashes, folds: npt.NDArray[Any]) -> dict[str, float]:
    """Return what `count_repeats` says of each fold beside the others, as the mean over the rows; fold -1 is left out.

    The chance that is taken off is that of all rows, not of a fold.
    """
    numbers = [number for number in np.unique(folds) if number >= 0]
    each = [count_repeats(rows[(folds >= 0) & (folds != number)], rows[folds == number]) for number in numbers]
    sizes = [int((folds == number).sum()) for number in numbers]
    share, natural = (float(np.average([one[name] for one in each], weights=sizes)) for name in ("share", "natural"))
    chance = 2.0 * math.sqrt(natural * (1.0 - natural) / max(sum(sizes), 1))
    return {"share": share, "natural": natural, "excess": max(0.0, share - natural - chance)}


def check_crosswise(rows: Hashes, folds: npt.NDArray[Any], max_excess: float) -> int:
    """Return how many rows repeat a row of another fold; raises Refusal as `check_repeats`."""
    return refuse_excess(count_crosswise(rows, folds), int((folds >= 0).sum()), max_excess)


def check_repeats(learned: Hashes, tested: Hashes, max_excess: float) -> int:
    """Return how many test rows repeat a learned row, by their hashes.

    Raises Refusal when their share exceeds that of the learned rows with a twin among themselves by over `max_excess`.
    """
    return refuse_excess(count_repeats(learned, tested), len(tested), max_excess)


def refuse_excess(found: dict[str, float], tested: int, max_excess: float) -> int:
    """Return how many of the `tested` rows repeat a learned one; raises Refusal when there are too many of them."""
    repeated = round(found["share"] * tested)
    if found["excess"] > max_excess:
        raise Refusal(
            f"{repeated} of {tested} test rows repeat a train or valid row in every input and the target, while "
            f"{found['natural']:.2%} of those rows repeat each other: the excess is more than split.max_repeated = "
            f"{max_excess}; drop the copies in data/examples.sql, or name what they share in problem.group."
        )
    return repeated
