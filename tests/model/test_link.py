"""A skewed number learned as its logarithm: its mean comes back right, and it is chosen only where it loses less."""

from collections.abc import Sequence

import numpy as np
import pytest

from perennial.model.boosting import Rows
from perennial.model.candidates import (
    Candidate,
    Lesson,
    count_rounds,
    fit_candidate,
    fit_watched,
    read_smear,
    score_raw,
)
from perennial.model.encoder import Array
from perennial.model.ensemble import pick_contenders
from perennial.model.folds import FoldScore
from perennial.model.link import find_smear, may_link, unlink_numbers
from perennial.model.search import Stop, choose_link, with_link

TREES = {"num_leaves": 7, "learning_rate": 0.2, "min_data_in_leaf": 20, "num_iterations": 30}
STATE = {"columns": [{"name": "x", "kind": "numeric"}], "features": ["x"], "categorical": []}
LINKED = {"link": "log1p"}


def skewed(seed: int, rows: int = 3000) -> Rows:
    """Return whole numbers from 0 up whose errors grow with their size."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(rows, 1))
    return Rows(X, np.floor(np.exp(1.0 + X[:, 0] + draw.normal(scale=0.8, size=rows))))


def lesson() -> Lesson:
    return Lesson(skewed(0), STATE, "regression", 0)


def rmse(one: Array, rows: Rows) -> float:
    return float(np.sqrt(np.mean((one - rows.y) ** 2)))


@pytest.mark.parametrize("candidate", [Candidate("lightgbm", TREES | LINKED), Candidate("linear", {"C": 1.0} | LINKED)])
def test_the_mean_of_a_linked_number_is_right(candidate: Candidate) -> None:
    fresh, stopped = skewed(1, 20_000), skewed(2, 20_000)
    [content] = fit_watched(candidate, lesson(), [stopped], fixed={"early_stopping_round": 10})
    scores = score_raw(content, fresh.X)
    assert scores.mean() == pytest.approx(fresh.y.mean(), rel=0.05)
    unsmeared = (scores + 1.0) / float(read_smear(content) or 0.0) - 1.0
    assert unsmeared.mean() < 0.85 * fresh.y.mean()
    assert (scores > -1.0).all()


def test_a_line_of_a_skewed_number_is_better_as_logarithm() -> None:
    fresh = skewed(1)
    plain, linked = (fit_candidate(Candidate("linear", {"C": 1.0} | link), lesson()) for link in ({}, LINKED))
    assert rmse(score_raw(linked, fresh.X), fresh) < rmse(score_raw(plain, fresh.X), fresh)


def test_a_linked_member_is_fitted_with_the_smear_of_its_folds() -> None:
    content = fit_candidate(Candidate("lightgbm", TREES | LINKED), lesson(), fixed={"smear": 1.5})
    assert read_smear(content) == 1.5
    assert count_rounds(content) == 30
    assert read_smear(fit_candidate(Candidate("linear", {"C": 1.0}), lesson())) is None


def test_a_prediction_is_kept_from_0_to_twice_the_largest() -> None:
    [content] = fit_watched(Candidate("linear", {"C": 1.0} | LINKED), lesson(), [skewed(2)])
    far = score_raw(content, np.array([[-1e9], [1e9]]))
    smear = read_smear(content) or 0.0
    assert -1.0 < far[0] < smear
    assert far[1] <= 2 * (skewed(0).y.max() + 1) * smear


def test_the_smear_makes_the_means_equal_by_weight() -> None:
    linked, y, weights = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.0, 5.0])
    scores = unlink_numbers(linked, find_smear(linked, y, 10.0, weights), 10.0)
    assert np.average(scores, weights=weights) == pytest.approx(np.average(y, weights=weights))


@pytest.mark.parametrize(
    ("task", "y", "offered"),
    [
        ("regression", [0, 3], True),
        ("regression", [-1, 3], False),
        ("regression", [0, 0], False),
        ("binary", [0, 1], False),
    ],
)
def test_only_numbers_from_0_up_may_be_linked(task: str, y: list[float], offered: bool) -> None:
    assert may_link(task, np.array(y, dtype=float)) == offered


@pytest.mark.parametrize(("gain", "chosen"), [(0.1, "log1p"), (0.0, None), (-0.1, None)])
def test_the_link_is_chosen_by_what_it_loses(gain: float, chosen: str | None) -> None:
    def score(pairs: Sequence[tuple[Candidate, int]]) -> list[FoldScore]:
        return [FoldScore(2.0 + fold - (gain if "link" in one.params else 0.0), 1) for one, fold in pairs]

    assert choose_link(["lightgbm", "linear"], [0, 1], score, offered=True) == chosen
    assert choose_link(["linear"], [0, 1], score, offered=False) is None


def test_all_that_is_searched_and_combined_learns_the_link() -> None:
    seen: list[Candidate] = []

    def score(pairs: Sequence[tuple[Candidate, int]], _stop: Stop | None = None) -> list[FoldScore]:
        seen.extend(one for one, _ in pairs)
        return []

    with_link(score, "log1p")([(Candidate("linear", {"C": 1.0}), 0)])
    assert seen == [Candidate("linear", {"C": 1.0, "link": "log1p"})]
    best = {"link": "log1p", "trials": [{"family": "lightgbm", "params": TREES}], "families": {}}
    assert all(one.params["link"] == "log1p" for one in pick_contenders(best, 2).candidates)
