"""The rows of cross-validation as they are judged: once per repeat, each by the model that has not seen it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.split import LEARNING
from perennial.evaluation.intervals import Array
from perennial.io.assigned import read_assigned, repeats_of
from perennial.io.crosswise import FoldModel
from perennial.io.judging import Rows, predict_all, read_weights
from perennial.model.conformal import bound_scores
from perennial.model.frames import predict_frame
from perennial.model.predictor import Model
from perennial.model.seen import count_overlap
from perennial.model.target import encode_target
from perennial.refusal import Refusal

JUDGE = "\x00judge"  # the column of stacked rows that numbers their model; no table can have a column of that name


def stack_rows(model: Model, models: Sequence[FoldModel], *, key: str, target: str, weight: str | None) -> Rows:
    """Return the rows that were learned from, and the same rows as judged: repeat after repeat, with their `JUDGE`.

    The weights of a row sum to its own over the repeats. Raises Refusal when a row has no model that did not see it.
    """
    examples, split = read_assigned(key)
    labelled = split["role"].isin(LEARNING)
    frame, repeats = examples[labelled].reset_index(drop=True), repeats_of(split[labelled])
    if repeats is None:
        raise Refusal("models/folds/ is of a cross-validation, data/split.parquet is not: run `dvc repro train`.")
    truth, count = encode_target(frame[target], model.classes), repeats.shape[1]
    own = np.ones(len(frame)) if weight is None else read_weights(frame[weight])
    stacked = pd.concat([frame] * count, ignore_index=True).assign(**{JUDGE: number_judges(models, repeats)})
    return Rows(
        learned=frame,
        learned_truth=truth,
        test=stacked,
        truth=np.tile(truth, count),
        classes=len(model.classes),
        first=None,
        learned_weights=None if weight is None else own,
        weights=np.tile(own / count, count),
        folds=(count, len(np.unique(repeats))),
    )


def number_judges(models: Sequence[FoldModel], repeats: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Return for each row in each repeat which of the models has not seen it, (repeats * n,)."""
    judges = np.full(repeats.shape, -1)
    for number, one in enumerate(models):
        judges[repeats[:, one.repeat] == one.number, one.repeat] = number
    if (judges < 0).any():
        raise Refusal(f"models/folds/ has no model for {int((judges < 0).sum())} rows: run `dvc repro train`.")
    return judges.T.ravel()


def predict_stacked(models: Sequence[FoldModel], frame: pd.DataFrame) -> Array:
    """Return the scores of stacked rows in any order and number, each by its judge."""
    judges = frame[JUDGE].to_numpy()
    places = [np.flatnonzero(judges == number) for number in range(len(models))]
    asked = [(one.model, at) for one, at in zip(models, places, strict=True) if len(at)]
    scores = [predict_frame(model, frame.iloc[at]) for model, at in asked]
    return np.asarray(np.concatenate(scores)[np.argsort(np.concatenate([at for _, at in asked]))])


def predict_all_stacked(models: Sequence[FoldModel], rows: Rows, *, most: int, c: float) -> dict[str, Array]:
    """Return the scores of the judges, and of both baselines as learned from the rows that the judge has learned."""
    judges = rows.test[JUDGE].to_numpy().reshape(-1, len(rows.learned))
    found: dict[str, list[Array]] = {}
    places = []
    for number, one in enumerate(models):
        asked = judges[one.repeat] == number
        places.append(one.repeat * len(rows.learned) + np.flatnonzero(asked))
        for name, scores in predict_all(one.model, _divide(rows, asked), most=most, c=c).items():
            found.setdefault(name, []).append(scores)
    order = np.argsort(np.concatenate(places))
    return {name: np.concatenate(each)[order] for name, each in found.items()}


def _divide(rows: Rows, asked: npt.NDArray[np.bool_]) -> Rows:
    weights = None if rows.learned_weights is None else rows.learned_weights[~asked]
    test = rows.learned[asked].reset_index(drop=True)
    learned, truth = rows.learned[~asked].reset_index(drop=True), rows.learned_truth[~asked]
    return Rows(learned, truth, test, rows.learned_truth[asked], rows.classes, None, weights)


def bound_stacked(models: Sequence[FoldModel], rows: Rows, scores: Array) -> tuple[Array, Array] | None:
    """Return the lower and upper bound of each stacked row's score by its judge; None where there are none."""
    judges, ends = rows.test[JUDGE].to_numpy(), np.empty((2, len(scores)))
    for number, one in enumerate(models):
        if one.model.bounds is None:
            return None
        own = judges == number
        ends[:, own] = bound_scores(one.model.bounds, scores[own])
    return ends[0], ends[1]


def stacked_thresholds(models: Sequence[FoldModel], rows: Rows) -> Array | None:
    """Return the threshold of each stacked row's judge; None where there is none."""
    thresholds = [one.model.threshold for one in models]
    if None in thresholds:
        return None
    return np.asarray(np.array(thresholds, dtype=np.float64)[rows.test[JUDGE].to_numpy()])


def count_seen(models: Sequence[FoldModel], rows: Rows, key: str) -> int:
    """Return how many rows were judged by a model that has learned them."""
    judges = rows.test[JUDGE].to_numpy()
    return sum(count_overlap(one.seen, rows.test[key][judges == number]) for number, one in enumerate(models))
