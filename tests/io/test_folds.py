from pathlib import Path

import numpy as np
import pytest

from perennial.io.engine import open_engine
from perennial.io.folds import fit_members, predict_folds, read_fold, score_pieces, write_folds
from perennial.io.learning import Learning
from perennial.model.candidates import Candidate, score_raw
from perennial.model.folds import make_fold, score_fold
from tests.model.test_folds import FOLDS, frame, timed

LINE, STIFF = Candidate("linear", {"C": 1.0}), Candidate("linear", {"C": 0.01})


@pytest.fixture
def learning() -> Learning:
    keyed = frame().assign(key=[f"k{number}" for number in range(60)])
    return Learning(keyed, FOLDS.astype(np.int8), timed(weight="mass"))


def test_a_fold_is_read_as_it_was_written(learning: Learning, tmp_path: Path) -> None:
    write_folds(tmp_path, learning, [1, 2])
    made, read = make_fold(learning.frame, learning.folds, 2, learning.problem), read_fold(tmp_path, 2)
    assert (made.lesson.rows.X == read.lesson.rows.X).all()
    assert (made.asked.y == read.asked.y).all()
    assert (made.lesson.encoder, made.lesson.task) == (read.lesson.encoder, read.lesson.task)
    assert read.asked.weights is not None


def test_pieces_score_as_folds_do(learning: Learning, tmp_path: Path) -> None:
    write_folds(tmp_path, learning, [1, 2])
    with open_engine(workers=1) as engine:
        scores = score_pieces(engine, tmp_path, [(LINE, 2), (STIFF, 1)], {})
    expected = [
        score_fold(make_fold(learning.frame, FOLDS, n, learning.problem), c, {}) for c, n in ((LINE, 2), (STIFF, 1))
    ]
    assert [score.loss for score in scores] == [score.loss for score in expected]


def test_out_of_fold_scores_stand_beside_their_rows(learning: Learning, tmp_path: Path) -> None:
    with open_engine(workers=1) as engine:
        oof = predict_folds(engine, tmp_path, learning, [LINE, STIFF], {})
        lesson, members = fit_members(engine, tmp_path, learning, [(STIFF, {})])
    assert oof.positions.tolist() == list(range(20, 60))
    x = learning.frame["x"].to_numpy()[oof.positions]
    assert [np.corrcoef(x, raw)[0, 1] > 0.8 for raw in oof.raws] == [True, True]
    assert np.abs(oof.raws[1]).max() < np.abs(oof.raws[0]).max()
    assert score_raw(members[0], lesson.rows.X).shape == (60,)
