import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.model.boosting import Rows
from perennial.model.candidates import Candidate
from perennial.model.folds import (
    Fold,
    FoldScore,
    Problem,
    choose_rounds,
    halve_rows,
    join_folds,
    known_before,
    make_fold,
    score_fold,
    scored_folds,
    task_loss,
)
from perennial.refusal import Refusal

DAYS = pd.date_range("2013-01-01", periods=60, freq="D")
FOLDS = np.repeat([0, 1, 2], 20)
PLAIN = Problem("binary", "late", (False, True), (Column("x", "numeric"),), time="at")


def frame() -> pd.DataFrame:
    x = np.random.default_rng(0).normal(size=60)
    return pd.DataFrame({"x": x, "late": x > 0, "at": DAYS, "known": DAYS + pd.Timedelta("36h"), "mass": 2.0})


def timed(**changes: object) -> Problem:
    return Problem(**(PLAIN.__dict__ | changes))  # type: ignore[arg-type]


def test_with_time_only_earlier_folds_are_learned_from() -> None:
    assert np.flatnonzero(known_before(frame(), FOLDS, 1, PLAIN)).tolist() == list(range(20))
    assert scored_folds(FOLDS, PLAIN) == [1, 2]


def test_labels_that_came_after_the_fold_started_are_not_learned() -> None:
    known = known_before(frame(), FOLDS, 1, timed(known_at="known"))
    assert np.flatnonzero(known).tolist() == list(range(19))


@pytest.mark.parametrize("time", ["at", None])
def test_a_group_that_is_asked_about_is_not_learned_from(time: str | None) -> None:
    groups = np.array([f"g{number % 7}" for number in range(60)], dtype=object)
    groups[30:] = None
    groups[25] = "g1"
    known = known_before(frame().assign(of=groups), FOLDS, 1, timed(time=time, group="of"))
    asked = set(groups[FOLDS == 1]) - {None}
    assert known.any()
    assert asked.isdisjoint(groups[known])


def test_without_time_all_other_folds_are_learned_from() -> None:
    known = known_before(frame(), FOLDS, 1, timed(time=None))
    assert np.flatnonzero(~known).tolist() == list(range(20, 40))
    assert scored_folds(FOLDS, timed(time=None)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("time", "learned"), [("at", [10, *range(12, 20)]), (None, [10, *range(12, 20), *range(40, 60)])]
)
def test_nothing_is_learned_of_a_group_that_is_asked(time: str | None, learned: list[int]) -> None:
    teams = [*range(10), None, 11, *range(12, 20), *range(10), None, 11, *range(22, 30), *range(40, 60)]
    known = known_before(frame().assign(team=teams), FOLDS, 1, timed(time=time, group="team"))
    assert np.flatnonzero(known).tolist() == learned


def test_a_fold_holds_what_is_learned_and_what_is_asked() -> None:
    fold = make_fold(frame(), FOLDS, 2, timed(weight="mass"))
    assert (fold.lesson.rows.X.shape, fold.asked.X.shape) == ((40, 1), (20, 1))
    assert fold.asked.weights is not None
    assert fold.lesson.encoder["features"] == ["x"]


def test_a_fold_with_one_class_before_it_is_refused() -> None:
    with pytest.raises(Refusal, match="Fold 1 has no two classes"):
        make_fold(frame().assign(late=[True] * 20 + [False] * 40), FOLDS, 1, PLAIN)


def test_score_of_a_fold_keeps_raw_scores_on_demand() -> None:
    fold = make_fold(frame(), FOLDS, 2, PLAIN)
    score = score_fold(fold, Candidate("linear", {"C": 1.0}), {}, keep=True)
    assert score.raw is not None
    assert score.loss == task_loss("binary", score.raw, fold.asked) < 0.4
    assert score_fold(fold, Candidate("linear", {"C": 1.0}), {}).raw is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"time": "at", "group": "team"}, [0, 1, 0, 1, 0]),
        ({"time": "at"}, [0, 0, 1, 1, 0]),
        ({"time": None}, [0, 1, 0, 1, 0]),
        ({"time": "once"}, [0, 1, 0, 1, 0]),
    ],
)
def test_halves_keep_groups_and_days_whole(names: dict[str, str | None], expected: list[int]) -> None:
    at = pd.to_datetime([f"2013-01-{day}:00" for day in ("01T00", "01T09", "02T00", "02T01", "03T00")])
    table = pd.DataFrame({"at": at, "once": at[0], "team": ["a", None, "b", None, "a"]})
    assert halve_rows(table, timed(**names)).tolist() == expected


@pytest.mark.parametrize("half", [0, 1])
def test_no_row_decides_when_the_trees_that_score_it_stop(half: int) -> None:
    rng = np.random.default_rng(0)
    x, days = rng.normal(size=600), np.repeat(DAYS, 10)
    table = pd.DataFrame({"x": x, "late": x + rng.normal(size=600) > 0, "at": days})
    fold = make_fold(table, np.repeat(FOLDS, 10), 2, PLAIN)
    own = fold.halves == half
    turned = Fold(2, fold.lesson, Rows(fold.asked.X, np.where(own, 1 - fold.asked.y, fold.asked.y)), fold.halves)
    fixed = {"num_iterations": 100, "early_stopping_round": 10, "seed": 0}
    trees = Candidate("lightgbm", {"num_leaves": 4, "min_data_in_leaf": 5})
    honest, other = (score_fold(one, trees, fixed, keep=True).raw for one in (fold, turned))
    assert honest is not None
    assert other is not None
    assert (honest[own] == other[own]).all()
    assert not (honest[~own] == other[~own]).any()


@pytest.mark.parametrize(
    ("task", "raw", "y", "expected"),
    [
        ("binary", [0.0, 0.0], [0.0, 1.0], np.log(2)),
        ("regression", [1.0, 5.0], [1.0, 1.0], 8**0.5),
        ("multiclass", [[0.0, 0.0, 0.0]], [2.0], np.log(3)),
    ],
)
def test_loss_by_task(task: str, raw: list[float], y: list[float], expected: float) -> None:
    assert task_loss(task, np.array(raw), Rows(np.empty((0, 0)), np.array(y))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rounds", "learned", "expected"), [([10, 20], [100, 300], 18), ([0, 0], [1, 1], 0), ([1, 1], [5, 5], 1)]
)
def test_rounds_weigh_folds_by_what_they_learned(rounds: list[int], learned: list[int], expected: int) -> None:
    assert choose_rounds(rounds, learned) == expected


def test_joined_folds_point_at_their_rows() -> None:
    folds: list[Fold] = [make_fold(frame(), FOLDS, number, PLAIN) for number in (1, 2)]
    scores = [[FoldScore(0.5, 10, np.full(20, number)) for number in (1.0, 2.0)]]
    oof = join_folds(FOLDS, folds, scores)
    assert oof.positions.tolist() == list(range(20, 60))
    assert oof.folds.tolist() == oof.raws[0].tolist() == [1] * 20 + [2] * 20
    assert oof.asked.y.tolist() == frame()["late"].to_numpy(float)[20:].tolist()
    assert oof.rounds == (10,)
