"""Each fold as a lesson and a question: encoded rows known before it starts, and the rows of the fold itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.model.boosting import Rows
from perennial.model.calibration import mean_loss
from perennial.model.candidates import Candidate, Lesson, Params, count_rounds, fit_watched, read_smear, score_raw
from perennial.model.encoder import Array
from perennial.model.encoding import Input, encode_learned, fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.learned import Truth
from perennial.model.target import encode_target
from perennial.refusal import Refusal

Folds = npt.NDArray[np.integer[Any]]
Halves = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Problem:
    """What the columns of the examples mean to a model: names of columns, the task, and its classes."""

    task: str
    target: str
    classes: tuple[Any, ...]
    inputs: tuple[Input, ...]
    weight: str | None = None
    time: str | None = None
    known_at: str | None = None
    group: str | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fold:
    """What a model may learn before the fold, the rows it is asked about, and the half (0 or 1) of each of these."""

    number: int
    lesson: Lesson
    asked: Rows
    halves: Halves


@dataclass(frozen=True)
class FoldScore:
    """The loss on a fold, the rounds of boosting it took, and the raw scores of its rows when they were wanted.

    `smear` is that of a linked number, the mean over the halves.
    """

    loss: float
    rounds: int
    raw: Array | None = None
    smear: float | None = None


def encode_rows_of(frame: pd.DataFrame, problem: Problem, encoder: dict[str, Any]) -> Rows:
    """Return the labelled rows of `frame` as numbers."""
    truth = read_truth(frame, problem)
    return Rows(encode_frame(encoder, frame), truth.y, truth.weights)


def read_truth(frame: pd.DataFrame, problem: Problem) -> Truth:
    """Return the outcomes of labelled rows."""
    weights = None if problem.weight is None else frame[problem.weight].to_numpy(np.float64)
    groups = None if problem.group is None else frame[problem.group]
    return Truth(encode_target(frame[problem.target], problem.classes), len(problem.classes), weights, groups)


def make_lesson(frame: pd.DataFrame, problem: Problem) -> Lesson:
    """Return the lesson of `frame`: the encoder is fitted on just these rows."""
    truth = read_truth(frame, problem)
    encoder = fit_encoder(frame, problem.inputs, time=problem.time, truth=truth, left_out=problem.left_out)
    rows = Rows(encode_learned(encoder, frame, truth), truth.y, truth.weights)
    return Lesson(rows, encoder, problem.task, len(problem.classes))


def known_before(frame: pd.DataFrame, folds: Folds, number: int, problem: Problem) -> npt.NDArray[np.bool_]:
    """Return which rows a model of fold `number` may learn from, shape (n,).

    With time: earlier folds, less the labels that came after the fold started. Without: every other fold. Of a group
    that the fold asks about nothing is learned.
    """
    asked = folds == number
    before = (folds >= 0) & (~asked if problem.time is None else folds < number)
    if problem.time is not None and problem.known_at is not None:
        before &= (frame[problem.known_at] < frame.loc[asked, problem.time].min()).to_numpy(bool)
    if problem.group is not None:
        before &= ~frame[problem.group].isin(frame.loc[asked, problem.group].dropna()).to_numpy(bool)
    return np.asarray(before)


def scored_folds(folds: Folds, problem: Problem) -> list[int]:
    """Return the folds that are scored: all but the first where there is time, all where there is none."""
    numbers = [int(number) for number in np.unique(folds) if number >= 0]
    return numbers[1:] if problem.time is not None else numbers


def halve_rows(frame: pd.DataFrame, problem: Problem) -> Halves:
    """Return 0 or 1 for each row by turns, shape (n,): whole groups, or else whole days, or rows without either."""
    units = pd.Series(range(len(frame)), dtype=object)
    if problem.group is not None:
        own = frame[problem.group].reset_index(drop=True)
        units = own.astype(object).where(own.notna(), units)
    elif problem.time is not None:
        units = frame[problem.time].dt.floor("D").reset_index(drop=True)
    codes, values = pd.factorize(units)
    return np.asarray((codes if len(values) > 1 else np.arange(len(frame))) % 2, dtype=np.int8)


def make_fold(frame: pd.DataFrame, folds: Folds, number: int, problem: Problem) -> Fold:
    """Return fold `number`; raises Refusal when nothing can be learned before it."""
    learned = frame[known_before(frame, folds, number, problem)]
    if learned.empty or (problem.task != "regression" and learned[problem.target].nunique() < 2):
        finer = "" if problem.group is None else f", or name finer groups than {problem.group} in problem.group"
        raise Refusal(f"Fold {number} has no two classes to learn from before it: make split.folds smaller{finer}.")
    lesson = make_lesson(learned, problem)
    asked = frame[folds == number]
    return Fold(number, lesson, encode_rows_of(asked, problem, dict(lesson.encoder)), halve_rows(asked, problem))


def score_fold(fold: Fold, candidate: Candidate, fixed: Params, *, threads: int = 1, keep: bool = False) -> FoldScore:
    """Return how a candidate does on a fold, in the unit of the metric (log loss, or root mean squared error).

    Each half is scored by trees that were stopped on the other one: stopped on its own rows, a score flatters.
    """
    places = [np.flatnonzero(fold.halves == half) for half in (0, 1)]
    watched = [take_rows(fold.asked, place) for place in reversed(places) if len(place)]
    contents = fit_watched(candidate, fold.lesson, watched, threads=threads, fixed=fixed)
    scores = [score_raw(one, fold.asked.X[at], threads) for one, at in zip(contents, places, strict=False)]
    raw = np.concatenate(scores)[np.argsort(np.concatenate(places))]
    rounds = round(float(np.mean([count_rounds(one) for one in contents])))
    smears = [smear for smear in map(read_smear, contents) if smear is not None]
    smear = float(np.mean(smears)) if smears else None
    return FoldScore(task_loss(fold.lesson.task, raw, fold.asked), rounds, raw if keep else None, smear)


def take_rows(rows: Rows, places: npt.NDArray[np.intp]) -> Rows:
    """Return the rows at `places`."""
    return Rows(rows.X[places], rows.y[places], None if rows.weights is None else rows.weights[places])


def task_loss(task: str, raw: Array, rows: Rows) -> float:
    """Return log loss, or root mean squared error for regression, to 12 digits."""
    loss = mean_loss(task, raw, rows.y, rows.weights)
    return float(f"{loss**0.5 if task == 'regression' else loss:.12g}")


def choose_rounds(rounds: Sequence[int], learned: Sequence[int]) -> int:
    """Return the rounds to boost on all rows: the mean over folds, weighted by the rows each learned from."""
    return max(1, round(float(np.average(rounds, weights=learned)))) if any(rounds) else 0


def mean_smear(smears: Sequence[float | None], learned: Sequence[int]) -> float | None:
    """Return the smear to fit with on all rows: the mean over folds, weighted by the rows each learned from."""
    known = [smear for smear in smears if smear is not None]
    return float(f"{np.average(known, weights=learned):.12g}") if known else None


@dataclass(frozen=True)
class OutOfFold:
    """The scored rows, fold after fold, with fold and position in the frame; raw scores, rounds, smear by candidate."""

    asked: Rows
    folds: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    raws: tuple[Array, ...]
    rounds: tuple[int, ...]
    smears: tuple[float | None, ...] = ()


def join_folds(folds: Folds, asked: Sequence[Fold], scores: Sequence[Sequence[FoldScore]]) -> OutOfFold:
    """Return the out-of-fold predictions; `folds` numbers the rows, `scores` holds each candidate's score per fold."""
    positions = np.concatenate([np.flatnonzero(folds == fold.number) for fold in asked])
    weights = [fold.asked.weights for fold in asked if fold.asked.weights is not None]
    labels = np.concatenate([fold.asked.y for fold in asked])
    learned = [len(fold.lesson.rows.y) for fold in asked]
    return OutOfFold(
        asked=Rows(np.empty((0, 0)), labels, np.concatenate(weights) if weights else None),
        folds=folds[positions].astype(np.int64),
        positions=positions,
        raws=tuple(np.concatenate([np.asarray(score.raw) for score in own]) for own in scores),
        rounds=tuple(choose_rounds([score.rounds for score in own], learned) for own in scores),
        smears=tuple(mean_smear([score.smear for score in own], learned) for own in scores),
    )
