"""Encoded folds on disk, mapped into memory by every worker instead of sent to each."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from perennial.io.engine import Engine, Stop
from perennial.io.files import read_json, write_json
from perennial.io.learning import Learning
from perennial.model.boosting import Rows
from perennial.model.candidates import Candidate, Lesson, Params, fit_candidate
from perennial.model.encoder import Array
from perennial.model.folds import (
    Fold,
    FoldScore,
    OutOfFold,
    join_folds,
    make_fold,
    make_lesson,
    score_fold,
    scored_folds,
)
from perennial.model.predictor import Content
from perennial.model.selection import COPIES, Weighed, weigh_inputs

ALL = "all"


@dataclass(frozen=True)
class Piece:
    """A candidate for one fold (or the lesson `all`) of a folder; with `keep` its raw scores come back too."""

    folder: str
    name: str
    candidate: Candidate
    fixed: Params
    threads: int
    keep: bool = False


@dataclass(frozen=True)
class Copy:
    """One shuffled copy of all inputs, for one fold of a folder."""

    folder: str
    fold: int
    number: int
    threads: int


def _write_rows(folder: Path, name: str, rows: Rows) -> None:
    for part, array in (("X", rows.X), ("y", rows.y), ("weights", rows.weights)):
        if array is not None:
            np.save(folder / f"{name}_{part}.npy", array)


def _read_rows(folder: Path, name: str) -> Rows:
    def read(part: str) -> Array:
        return np.asarray(np.load(folder / f"{name}_{part}.npy", mmap_mode="r"))

    return Rows(read("X"), read("y"), read("weights") if (folder / f"{name}_weights.npy").exists() else None)


def write_lesson(folder: str | Path, lesson: Lesson) -> None:
    """Write a lesson into a new folder."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    _write_rows(folder, "learned", lesson.rows)
    meaning = {"encoder": dict(lesson.encoder), "task": lesson.task, "n_classes": lesson.n_classes}
    write_json(folder / "lesson.json", meaning)


@functools.lru_cache(maxsize=32)
def read_lesson(folder: str | Path) -> Lesson:
    """Read a lesson; its arrays stay on disk until they are used."""
    meaning = read_json(Path(folder) / "lesson.json")
    return Lesson(_read_rows(Path(folder), "learned"), meaning["encoder"], meaning["task"], meaning["n_classes"])


def write_fold(folder: str | Path, fold: Fold) -> None:
    """Write a fold under its number."""
    place = Path(folder) / str(fold.number)
    write_lesson(place, fold.lesson)
    _write_rows(place, "asked", fold.asked)
    np.save(place / "asked_halves.npy", fold.halves)


def write_folds(folder: Path, learning: Learning, numbers: Iterable[int]) -> None:
    """Encode the folds one after the other and write each."""
    for number in numbers:
        write_fold(folder, make_fold(learning.frame, learning.folds, number, learning.problem))


def read_fold(folder: str | Path, number: int) -> Fold:
    """Read fold `number`."""
    place = Path(folder) / str(number)
    return Fold(number, read_lesson(place), _read_rows(place, "asked"), np.load(place / "asked_halves.npy"))


def score_piece(piece: Piece) -> FoldScore:
    """Score one candidate on one fold; what the engine maps in search and train."""
    fold = read_fold(piece.folder, int(piece.name))
    return score_fold(fold, piece.candidate, piece.fixed, threads=piece.threads, keep=piece.keep)


def fit_piece(piece: Piece) -> Content:
    """Fit one candidate on the lesson under its name."""
    lesson = read_lesson(Path(piece.folder) / piece.name)
    return fit_candidate(piece.candidate, lesson, threads=piece.threads, fixed=piece.fixed)


def score_pieces(
    engine: Engine,
    folder: Path,
    pairs: Iterable[tuple[Candidate, int]],
    fixed: Params,
    *,
    keep: bool = False,
    stop: Stop | None = None,
) -> list[FoldScore]:
    """Score (candidate, fold) pairs wherever the engine runs, in their order; the first ones where `stop` says so."""
    return engine.map(score_piece, _pieces(engine, folder, pairs, fixed, keep), stop=stop)


def weigh_copy(copy: Copy) -> Weighed:
    """Weigh the inputs of a fold beside a shuffled copy of them."""
    return weigh_inputs(read_fold(copy.folder, copy.fold), copy.number, threads=copy.threads)


def weigh_copies(engine: Engine, folder: Path, folds: Sequence[int]) -> list[list[Weighed]]:
    """Return by copy and by fold what was weighed, wherever the engine runs."""
    copies = [Copy(str(folder), fold, number, engine.threads) for number in range(COPIES) for fold in folds]
    weighed = engine.map(weigh_copy, copies)
    return [weighed[start : start + len(folds)] for start in range(0, len(weighed), len(folds))]


def predict_folds(
    engine: Engine, folder: Path, learning: Learning, candidates: Sequence[Candidate], fixed: Params
) -> OutOfFold:
    """Return the out-of-fold predictions of every candidate on all scored folds."""
    numbers = scored_folds(learning.folds, learning.problem)
    write_folds(folder, learning, numbers)
    # The last fold has the most to learn from: first, so that no worker waits for it at the end.
    pairs = [(candidate, number) for number in reversed(numbers) for candidate in candidates]
    scores = score_pieces(engine, folder, pairs, fixed, keep=True)
    own = [list(reversed(scores[place :: len(candidates)])) for place in range(len(candidates))]
    return join_folds(learning.folds, [read_fold(folder, number) for number in numbers], own)


def fit_members(
    engine: Engine, folder: Path, learning: Learning, members: Iterable[tuple[Candidate, Params]]
) -> tuple[Lesson, list[Content]]:
    """Fit each (candidate, settings) on every learned row; return the lesson and the members in their order."""
    write_lesson(folder / ALL, make_lesson(learning.frame, learning.problem))
    pieces = [Piece(str(folder), ALL, candidate, fixed, engine.threads) for candidate, fixed in members]
    return read_lesson(folder / ALL), engine.map(fit_piece, pieces)


def _pieces(
    engine: Engine, folder: Path, pairs: Iterable[tuple[Candidate, int]], fixed: Params, keep: bool
) -> Sequence[Piece]:
    return [Piece(str(folder), str(number), candidate, fixed, engine.threads, keep) for candidate, number in pairs]
