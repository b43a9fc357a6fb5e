"""What the model leans on: how much worse it gets when an input's values are dealt to other rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perennial.evaluation.intervals import Array, Codes, percentile_interval, replicate, sum_blocks
from perennial.evaluation.sample import Sample, loss_parts

Predict = Callable[[pd.DataFrame], Array]


def name_groups(columns: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the columns of each feature group, in order; `columns` are (name, group), `""` for none."""
    groups: dict[str, list[str]] = {}
    for name, group in columns:
        if group:
            groups.setdefault(group, []).append(name)
    return groups


def choose_rows(rows: int, most: int, seed: int) -> Codes:
    """Return at most `most` row numbers, drawn without replacement, in order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def shuffle_columns(frame: pd.DataFrame, columns: Sequence[str], order: Codes) -> pd.DataFrame:
    """Return a copy whose `columns` are dealt together to other rows, as `order` says."""
    dealt = frame.copy(deep=False)
    for column in columns:
        dealt[column] = frame[column].take(order).set_axis(frame.index)
    return dealt


def permutation_importances(
    sample: Sample,
    predict: Predict,
    frame: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    *,
    rows: int,
    repeats: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Return for each named set of inputs the rise of the primary loss when it is shuffled, the largest first.

    `frame` holds the test rows in the order of the sample; at most `rows` of them are used. The interval is over
    blocks, paired. Inputs that say the same share their importance: look at the groups too.
    """
    chosen = choose_rows(len(frame), rows, seed)
    small, rng = frame.iloc[chosen].reset_index(drop=True), np.random.default_rng([seed, 1])
    orders = [rng.permutation(len(small)) for _ in range(repeats)]
    before = _block_losses(sample, chosen, predict(small))
    found = []
    for name, columns in groups.items():
        after = sum(_block_losses(sample, chosen, predict(shuffle_columns(small, columns, o))) for o in orders)
        found.append({"column": name, **_rise(sample, before, np.asarray(after) / repeats)})
    return sorted(found, key=lambda one: (-round(one["value"], 9), one["column"]))


def _block_losses(sample: Sample, chosen: Codes, prediction: Array) -> Array:
    return sum_blocks(loss_parts(sample, prediction, chosen), sample.codes[chosen], sample.draws.shape[1])


def _rise(sample: Sample, before: Array, after: Array) -> dict[str, Any]:
    finish = sample.primary.finish
    assert finish is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = replicate(sample.draws, after, finish) - replicate(sample.draws, before, finish)
    value = float(finish(after.sum(axis=0)) - finish(before.sum(axis=0)))
    return {"value": value, "interval": percentile_interval(drawn, sample.confidence)}


def judge_importances(
    sample: Sample,
    predict: Predict,
    frame: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    rows: int,
    repeats: int,
    seed: int,
) -> dict[str, Any]:
    """Return {"importances", "groups"}: of each input in `groups` (input to group, "" for none) and of each group."""

    def shuffle(sets: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        return permutation_importances(sample, predict, frame, sets, rows=rows, repeats=repeats, seed=seed)

    return {"importances": shuffle({name: [name] for name in groups}), "groups": shuffle(name_groups(groups.items()))}
