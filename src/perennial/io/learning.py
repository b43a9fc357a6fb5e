"""The rows that may be learned from, read the same way by search and train."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.contract import inputs_of
from perennial.data.split import LEARNING, hash_shares
from perennial.io.contract import read_contract
from perennial.io.tables import read_table
from perennial.model.encoding import find_classes
from perennial.model.folds import Problem


@dataclass(frozen=True)
class Learning:
    """Labelled train and valid rows in their order, the fold of each, and what the columns mean."""

    frame: pd.DataFrame
    folds: npt.NDArray[np.int8]
    problem: Problem


def read_learning(
    *,
    task: str,
    target: str,
    key: str,
    weight: str | None,
    time: str | None,
    known_at: str | None,
    group: str | None,
) -> Learning:
    """Read data/examples.parquet and data/split.parquet; the names are those of params `problem`."""
    examples, split = read_table("data/examples.parquet"), read_table("data/split.parquet")
    joined = examples.merge(split, on=key, how="left", validate="one_to_one")
    frame = joined[joined["role"].isin(LEARNING)].reset_index(drop=True)
    problem = Problem(
        task=task,
        target=target,
        classes=find_classes(frame[target], task),
        inputs=inputs_of(read_contract()),
        weight=weight,
        time=time,
        known_at=known_at,
        group=group,
    )
    folds = frame["fold"].to_numpy(np.int8)
    return Learning(frame.drop(columns=["role", "fold"]), folds, problem)


def sample_learning(learning: Learning, key: str, rows: int, seed: int) -> Learning:
    """Return the `rows` rows whose keys hash lowest (0: all of them), in their order."""
    if not rows or rows >= len(learning.frame):
        return learning
    # The split hashes the same keys: unsalted, the lowest would all be of its first roles and folds.
    shares = hash_shares([f"sample\n{value}" for value in learning.frame[key]], seed)
    chosen = np.sort(np.argsort(shares, kind="stable")[:rows])
    frame = learning.frame.iloc[chosen].reset_index(drop=True)
    return Learning(frame, learning.folds[chosen], learning.problem)


def leave_out(learning: Learning, names: Sequence[str]) -> Learning:
    """Return the same rows without what these inputs say."""
    return replace(learning, problem=replace(learning.problem, left_out=tuple(names)))
