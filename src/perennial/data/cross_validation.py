"""Few rows: every labelled row is learned from and judged in turn, in folds that are dealt anew for each repeat."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.split import Folds, Words, check_keys, hash_shares, units_of
from perennial.refusal import Refusal

REPEAT = "repeat_"  # data/split.parquet has a column repeat_0, repeat_1, … of folds for each repeat


def check_method(method: str, time: str | None, folds: int) -> None:
    """Raise Refusal where the rows cannot be judged crosswise."""
    if method != "cross_validation":
        return
    if time is not None:
        raise Refusal(
            f"split.method is cross_validation, yet rows have a time ({time}): a model would learn from the future of "
            "the rows that judge it; set split.method to span, or problem.time to null."
        )
    if folds < 3:
        raise Refusal(f"split.folds is {folds}: give at least 3, one that judges and two to choose settings on.")


def deal_folds(units: Sequence[object], strata: Sequence[object], folds: int, seed: int, repeat: int) -> Folds:
    """Return a fold 0..folds-1 for each row, shape (n,); rows of one unit share theirs.

    Units are dealt by turns in the order of their hash, class by class, so that every fold has its part of each class
    (Kohavi 1995). A unit counts to the class of its first row.
    """
    table = pd.DataFrame(
        {
            "unit": pd.factorize(np.array(units, dtype=object))[0],
            "class": pd.factorize(np.array(strata, dtype=object))[0],
        }
    )
    first = table.drop_duplicates("unit").index
    shares = hash_shares([f"repeat {repeat}\n{units[place]}" for place in first], seed)
    order = np.lexsort((shares, table["class"].to_numpy()[first]))
    dealt = np.empty(len(first), dtype=np.int8)
    dealt[order] = np.arange(len(first)) % folds
    return np.asarray(dealt[table["unit"].to_numpy()])


def assign_repeats(
    frame: pd.DataFrame, *, target: str, key: str, group: str | None, folds: int, repeats: int, seed: int
) -> tuple[Words, npt.NDArray[np.int8]]:
    """Return the role of each row (train or unlabelled) and its fold in each repeat, shape (n, repeats).

    Raises Refusal when a key repeats or a fold stays empty.
    """
    check_keys(frame[key], key)
    labelled = frame[target].notna().to_numpy(bool)
    units = np.array(units_of(frame, key, group), dtype=object)[labelled]
    strata = class_words(frame.loc[labelled, target])
    dealt = np.full((len(frame), repeats), -1, dtype=np.int8)
    for repeat in range(repeats):
        dealt[labelled, repeat] = deal_folds(list(units), strata, folds, seed, repeat)
    if len(np.unique(dealt[labelled])) < folds:
        what = "rows" if group is None else f"groups of {group}"
        raise Refusal(f"There are fewer than {folds} labelled {what}: make split.folds smaller.")
    return np.where(labelled, "train", "unlabelled").astype(object), dealt


def class_words(target: "pd.Series[Any]") -> Sequence[object]:
    """Return the class of each row; one for all where the target is a number."""
    kind = pd.api.types.infer_dtype(target, skipna=True)
    return ["" if kind in ("floating", "integer", "mixed-integer-float") else str(value) for value in target]
