import pytest

from perennial.model.history import describe_best, rank_importances, summarise_search, tabulate_history
from tests.model.test_search import search

TRIALS = search(trials=30)


def test_the_best_is_first_and_each_family_has_one() -> None:
    best = describe_best(TRIALS, kept=3)
    scores = [trial["score"] for trial in best["trials"]]
    assert len(scores) == 3
    assert scores == sorted(scores)
    assert (best["score"], best["params"]) == (scores[0], best["trials"][0]["params"])
    assert set(best["families"]) == {"lightgbm", "linear"}


def test_the_counts_add_up() -> None:
    facts = summarise_search(TRIALS, rows=500, folds=[1, 2, 3])
    families = facts["families"].values()
    assert facts["trials"] == sum(family["complete"] + family["pruned"] for family in families) == 30
    assert (facts["rows"], facts["folds"], facts["best"]["family"]) == (500, 3, "lightgbm")


def test_the_history_falls() -> None:
    table = tabulate_history(TRIALS)
    assert table["best"].is_monotonic_decreasing
    assert set(table["state"]) == {"complete", "pruned"}


def test_importances_name_what_matters() -> None:
    table = rank_importances(TRIALS, "lightgbm")
    assert table["importance"].is_monotonic_decreasing
    assert table["importance"].sum() == pytest.approx(1.0, abs=1e-4)
    assert "num_leaves" in table["setting"].tolist()[:3]
    assert table.equals(rank_importances(TRIALS, "lightgbm"))


def test_too_few_trials_tell_nothing() -> None:
    assert rank_importances(TRIALS[:3], "lightgbm").empty
