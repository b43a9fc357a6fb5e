"""The rows that may be learned from, read the same way by search and train."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.contract import inputs_of
from perennial.data.split import LEARNING, hash_shares
from perennial.io.assigned import read_assigned, repeats_of
from perennial.io.contract import read_contract
from perennial.io.served import refuse_unserved
from perennial.model.folds import Problem
from perennial.model.target import find_classes


@dataclass(frozen=True)
class Learning:
    """Labelled train and valid rows in their order, the fold of each, and what the columns mean.

    `repeats` (n, repeats) holds the fold of each row in each repeat of cross-validation, None where a span judges.
    """

    frame: pd.DataFrame
    folds: npt.NDArray[np.int8]
    problem: Problem
    repeats: npt.NDArray[np.int8] | None = None


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
    inputs = inputs_of(read_contract())
    refuse_unserved(column.encode for column in inputs if column.encode)
    examples, split = read_assigned(key)
    learned = split["role"].isin(LEARNING)
    frame, split = (part[learned].reset_index(drop=True) for part in (examples, split))
    problem = Problem(
        task=task,
        target=target,
        classes=find_classes(frame[target], task),
        inputs=inputs,
        weight=weight,
        time=time,
        known_at=known_at,
        group=group,
    )
    return Learning(frame, split["fold"].to_numpy(np.int8), problem, repeats_of(split))


def outer_lessons(learning: Learning) -> Iterator[tuple[int, int, Learning]]:
    """Yield (repeat, fold, the rows of all other folds with their folds) for every outer fold; none without repeats."""
    if learning.repeats is None:
        return
    for repeat, folds in enumerate(learning.repeats.T):
        for number in np.unique(folds):
            others = folds != number
            frame = learning.frame[others].reset_index(drop=True)
            yield repeat, int(number), Learning(frame, folds[others], learning.problem)


def sample_learning(learning: Learning, key: str, rows: int, seed: int) -> Learning:
    """Return the `rows` rows whose keys hash lowest (0: all of them), in their order."""
    if not rows or rows >= len(learning.frame):
        return learning
    # The split hashes the same keys: unsalted, the lowest would all be of its first roles and folds.
    shares = hash_shares([f"sample\n{value}" for value in learning.frame[key]], seed)
    chosen = np.sort(np.argsort(shares, kind="stable")[:rows])
    frame = learning.frame.iloc[chosen].reset_index(drop=True)
    repeats = None if learning.repeats is None else learning.repeats[chosen]
    return Learning(frame, learning.folds[chosen], learning.problem, repeats)


def leave_out(learning: Learning, names: Sequence[str]) -> Learning:
    """Return the same rows without what these inputs say."""
    return replace(learning, problem=replace(learning.problem, left_out=tuple(names)))
