"""What a model must not have: an answer among its inputs, or test rows among those it was trained on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from perennial.data.repeats import count_crosswise, count_repeats, hash_rows
from perennial.evaluation.intervals import Array, Codes
from perennial.evaluation.ranking import auc, mid_ranks

# A column is looked at through at most this many groups of equal size; finer than that, noise would answer too.
GROUPS = 64
# Suspects are looked for in this many rows of each side: a column that almost decides shows in far fewer.
LOOKED_AT = 40_000
SUSPECTS_KEPT = 10


def group_values(train: pd.Series, test: pd.Series, groups: int = GROUPS) -> tuple[Codes, Codes]:
    """Return the group of each train and test row: values, or bands of equal count when there are many numbers.

    Missing is a group of its own; a value that only the test has is group 0 with no training row.
    """
    if pd.api.types.is_datetime64_any_dtype(train):
        train, test = train.astype("int64"), test.astype("int64")
    if pd.api.types.is_numeric_dtype(train) and train.nunique() > groups:
        numbers = train.to_numpy(dtype=np.float64, na_value=np.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, groups + 1)[1:-1]))
        return _band(numbers, edges), _band(test.to_numpy(dtype=np.float64, na_value=np.nan), edges)
    codes, values = pd.factorize(train.astype("object"), use_na_sentinel=False)
    where = pd.Index(values).get_indexer(pd.Index(test.astype("object")))
    return codes.astype(np.int64) + 1, where.astype(np.int64) + 1


def _band(numbers: Array, edges: Array) -> Codes:
    return np.where(np.isnan(numbers), 1, np.searchsorted(edges, numbers, side="right") + 2).astype(np.int64)


def answer_by_group(train: Codes, test: Codes, truth: Array) -> Array:
    """Return for each test row the mean truth of its group in the training rows; the overall mean for a new group."""
    size = int(max(train.max(), test.max())) + 1
    rows = np.bincount(train, minlength=size)
    sums = np.bincount(train, weights=truth, minlength=size)
    return np.where(rows > 0, sums / np.maximum(rows, 1), truth.mean())[test]


def strength(task: str, truth: Array, answer: Array) -> float:
    """Return how well an answer orders the truth: AUC, or the rank correlation of a regression."""
    if task == "regression":
        ranks, answers = mid_ranks(truth), mid_ranks(answer)
        constant = np.ptp(ranks) == 0 or np.ptp(answers) == 0
        return 0.0 if constant else float(np.corrcoef(ranks, answers)[0, 1])
    return auc(truth, answer)


def _one_column(task: str, train: Codes, test: Codes, train_truth: Array, test_truth: Array) -> float:
    if task != "multiclass":
        return strength(task, test_truth, answer_by_group(train, test, train_truth))
    each, weights = [], []
    for number in np.unique(test_truth):
        one, other = (train_truth == number).astype(float), (test_truth == number).astype(float)
        each.append(auc(other, answer_by_group(train, test, one)))
        weights.append(other.sum())
    return float(np.average(each, weights=weights))


def _thin(rows: int) -> slice:
    return slice(None, None, max(1, -(-rows // LOOKED_AT)))


def rank_suspects(
    task: str, train: pd.DataFrame, train_truth: Array, test: pd.DataFrame, test_truth: Array
) -> list[dict[str, Any]]:
    """Return every input with how well it alone answers, the strongest first.

    What a value means is learnt on `train` and scored on `test`, so that a column of names cannot look strong by
    chance. AUC for classes (averaged by their rows when there are more than two), rank correlation for regression.
    The profile names suspects too, of every column before there is a test: it warns early and decides nothing, and
    what it learns crosswise from rows of the same time would refuse a column that only holds for one month.
    """
    left, right = _thin(len(train)), _thin(len(test))
    found = []
    for column in train.columns:
        codes = group_values(train[column].iloc[left], test[column].iloc[right])
        value = _one_column(task, *codes, train_truth[left], test_truth[right])
        found.append({"column": str(column), "strength": value})
    return sorted(found, key=lambda one: (-round(one["strength"], 9), one["column"]))


def missing_alone(frame: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Return for every input with gaps whether it is missing, named `<input> is missing`."""
    return {f"{name} is missing": frame[name].isna() for name in frame.columns if frame[name].isna().any()}


def find_leaks(
    task: str,
    train: tuple[pd.DataFrame, Array],
    test: tuple[pd.DataFrame, Array],
) -> dict[str, Any]:
    """Return leak suspects, and how many test rows repeat training rows.

    `train` and `test` are each inputs and truth.
    """
    suspects = suspect_inputs(task, train, test)[:SUSPECTS_KEPT]
    return {"suspects": suspects, "repeats": count_repeats(hash_rows(*train), hash_rows(*test))}


def find_leaks_crosswise(task: str, frame: pd.DataFrame, truth: Array, folds: Codes) -> dict[str, Any]:
    """Return what `find_leaks` does, of each fold (n,) beside the others: the mean strength over the rows."""
    found: dict[str, list[tuple[float, int]]] = {}
    for number in np.unique(folds):
        learned, asked = folds != number, folds == number
        for one in suspect_inputs(task, (frame[learned], truth[learned]), (frame[asked], truth[asked])):
            if np.isfinite(one["strength"]):
                found.setdefault(one["column"], []).append((one["strength"], int(asked.sum())))
    means = {
        name: sum(value * rows for value, rows in each) / sum(rows for _, rows in each) for name, each in found.items()
    }
    order = sorted(means, key=lambda name: (-round(means[name], 9), name))
    suspects = [{"column": name, "strength": means[name]} for name in order]
    return {"suspects": suspects[:SUSPECTS_KEPT], "repeats": count_crosswise(hash_rows(frame, truth), folds)}


def suspect_inputs(
    task: str, train: tuple[pd.DataFrame, Array], test: tuple[pd.DataFrame, Array]
) -> list[dict[str, Any]]:
    """Return every input, and whether it is missing, with how well it alone answers, the strongest first."""
    gaps = missing_alone(train[0])
    train_looked = pd.concat([train[0], pd.DataFrame(gaps, index=train[0].index)], axis=1)
    test_gaps = {name: test[0][name.removesuffix(" is missing")].isna() for name in gaps}
    test_looked = pd.concat([test[0], pd.DataFrame(test_gaps, index=test[0].index)], axis=1)
    return rank_suspects(task, train_looked, train[1], test_looked, test[1])
