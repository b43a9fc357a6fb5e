"""What judges a bundle: the rows, what is predicted of them and how; of a span of time or of a cross-validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perennial.evaluation.intervals import Array
from perennial.evaluation.leakage import find_leaks, find_leaks_crosswise
from perennial.evaluation.sample import Threshold
from perennial.io.bundle import read_seen_keys
from perennial.io.crosswise import FoldModel, read_fold_models
from perennial.io.judging import BUNDLE, Rows, predict_all, predict_padded, read_rows
from perennial.io.stacking import (
    JUDGE,
    bound_stacked,
    count_seen,
    predict_all_stacked,
    predict_stacked,
    stack_rows,
    stacked_thresholds,
)
from perennial.model.conformal import bound_scores
from perennial.model.predictor import Model
from perennial.model.seen import count_overlap


@dataclass(frozen=True)
class Judged:
    """The rows that judge, what is predicted of them and how, the thresholds, leaks, and rows that had been learned.

    `ends` are the bounds of predicted numbers, None without any; `beside` names further columns that `predict` needs.
    """

    rows: Rows
    predictions: dict[str, Array]
    predict: Callable[[pd.DataFrame], Array]
    threshold: Threshold
    leaks: dict[str, Any]
    overlap: int
    ends: tuple[Array, Array] | None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """The columns of the examples that are no inputs, as params `problem` name them."""

    key: str
    target: str
    time: str | None
    weight: str | None


def judge_span(model: Model, inputs: list[str], named: Named, *, most: int, c: float) -> Judged:
    """Return the test rows as the bundle's model predicts them; `most` and `c` are of the linear baseline."""
    rows = read_rows(model, key=named.key, target=named.target, time=named.time, weight=named.weight)
    predictions = predict_all(model, rows, most=most, c=c)
    return Judged(
        rows=rows,
        predictions=predictions,
        predict=lambda frame: predict_padded(model, frame, rows.classes),
        threshold=model.threshold,
        leaks=find_leaks(model.task, (rows.learned[inputs], rows.learned_truth), (rows.test[inputs], rows.truth)),
        overlap=count_overlap(read_seen_keys(BUNDLE), rows.test[named.key]),
        ends=None if model.bounds is None else bound_scores(model.bounds, predictions["model"]),
    )


def judge_crosswise(
    model: Model, models: Sequence[FoldModel], inputs: list[str], named: Named, *, most: int, c: float
) -> Judged:
    """Return all labelled rows, each once per repeat as the model of its fold predicts it."""
    rows = stack_rows(model, models, key=named.key, target=named.target, weight=named.weight)
    first = rows.test[JUDGE].to_numpy()[: len(rows.learned)]
    predictions = predict_all_stacked(models, rows, most=most, c=c)
    return Judged(
        rows=rows,
        predictions=predictions,
        predict=lambda frame: predict_stacked(models, frame),
        threshold=stacked_thresholds(models, rows),
        leaks=find_leaks_crosswise(model.task, rows.learned[inputs], rows.learned_truth, first),
        overlap=count_seen(models, rows, named.key),
        ends=bound_stacked(models, rows, predictions["model"]),
        beside=(JUDGE,),
    )


def read_judged(model: Model, inputs: list[str], named: Named, *, most: int, c: float) -> Judged:
    """Return what judges: the test rows, or all labelled rows where models/folds/ holds a cross-validation.

    `most` is how many rows the linear baseline learns from at most, `c` the inverse of its penalty.
    """
    models = read_fold_models()
    if models:
        return judge_crosswise(model, models, inputs, named, most=most, c=c)
    return judge_span(model, inputs, named, most=most, c=c)
