from collections.abc import Sequence
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from perennial.model.candidates import FAMILIES, Candidate, plan_families
from perennial.model.folds import FoldScore
from perennial.model.search import Stop, batch_seed, pick_survivors, rank_trials, run_search, screening_fold

FOLDS = [1, 2, 3]


def bowl(candidate: Candidate, fold: int) -> float:
    """A loss whose best settings are known: trees of 60 leaves, or C = 0.01, which is worse."""
    if candidate.family == "linear":
        return 0.6 + abs(candidate.params["C"] - 0.01) / 100 + fold / 1000
    return 0.5 + abs(candidate.params["num_leaves"] - 60) / 1000 + candidate.params["learning_rate"] / 10 + fold / 1000


class Scorer:
    """Scores by `bowl` and keeps the order in which it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, pairs: Sequence[tuple[Candidate, int]], stop: Stop | None = None) -> list[FoldScore]:
        scores: list[FoldScore] = []
        for candidate, fold in pairs:
            self.asked.append((candidate.family, fold))
            scores.append(FoldScore(bowl(candidate, fold), 10 * fold))
            if stop is not None and stop():
                break
        return scores

    def stop_after(self, pieces: int) -> Stop:
        """Return what asks to stop when so many pieces have been scored."""
        return lambda: "by hand" if len(self.asked) >= pieces else None


def search(trials: int = 14, score: Any = None, **options: Any) -> list[FrozenTrial]:
    names = {"plan": plan_families(["lightgbm", "linear"], trials), "batch": 4, "seed": 7, "folds": FOLDS}
    return run_search(**(names | options), score=score or Scorer()).trials


def essence(trials: Sequence[FrozenTrial]) -> list[Any]:
    return [(t.number, t.state, t.value, t.params, t.user_attrs["losses"], t.user_attrs["rounds"]) for t in trials]


def test_the_same_seed_searches_the_same() -> None:
    assert essence(search()) == essence(search())
    assert essence(search()) != essence(search(seed=8))


@pytest.mark.parametrize("cut", [4, 8, 12])
def test_resumed_is_uninterrupted(cut: int) -> None:
    whole = search()
    done = search(trials=cut)
    assert essence(search(done=done)) == essence(whole)


def test_a_search_cut_in_a_batch_goes_on_to_the_same_end() -> None:
    heard: list[FrozenTrial] = []
    scorer, calls = Scorer(), 0

    def interrupted(pairs: Sequence[tuple[Candidate, int]], _stop: Stop) -> list[FoldScore]:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return scorer(pairs)

    with pytest.raises(KeyboardInterrupt):
        search(score=interrupted, report=heard.extend)
    assert len(heard) == 8
    assert essence(search(done=heard)) == essence(search())


@pytest.mark.parametrize("pieces", [1, 2, 5, 9, 12, 13, 17, 24, 31, 60])
def test_a_search_that_is_stopped_anywhere_keeps_what_it_has(pieces: int) -> None:
    whole = essence(search(trials=40))
    scorer, heard = Scorer(), list[FrozenTrial]()
    names = {"plan": plan_families(["lightgbm", "linear"], 40), "batch": 4, "seed": 7, "folds": FOLDS}
    found = run_search(**names, score=scorer, stop=scorer.stop_after(pieces), report=heard.extend)  # type: ignore[arg-type]
    assert found.stopped == "by hand"
    assert [trial.number for trial in found.trials] == list(range(len(found.trials)))
    assert rank_trials(found.trials)
    assert len(scorer.asked) <= max(pieces, 3) + 2
    remembered = essence(heard)
    assert remembered == whole[: len(heard)], "what is gone on from are whole batches"
    assert essence(search(trials=40, done=heard)) == whole


def test_a_search_that_did_all_its_trials_was_not_stopped() -> None:
    scorer = Scorer()
    names = {"plan": ["lightgbm"] * 4, "batch": 4, "seed": 7, "folds": FOLDS}
    full = run_search(**names, score=scorer)  # type: ignore[arg-type]
    late = run_search(**names, score=(again := Scorer()), stop=again.stop_after(len(scorer.asked)))  # type: ignore[arg-type]
    assert full.stopped is late.stopped is None


def test_every_family_is_tried_from_its_first_settings_and_never_pruned() -> None:
    trials = search()
    for number, name in enumerate(("lightgbm", "linear")):
        assert trials[number].user_attrs == trials[number].user_attrs | {"family": name, "params": FAMILIES[name].first}
        assert trials[number].state == TrialState.COMPLETE


def test_pruned_trials_are_scored_on_the_screening_fold_only() -> None:
    trials = search()
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert {tuple(trial.user_attrs["losses"]) for trial in pruned} == {("2",)}
    assert {tuple(t.user_attrs["losses"]) for t in trials if t.state == TrialState.COMPLETE} == {("1", "2", "3")}


def test_the_score_is_the_mean_over_folds() -> None:
    best = rank_trials(search())[0]
    losses = best.user_attrs["losses"].values()
    assert best.value == pytest.approx(sum(losses) / 3, abs=1e-12)


def test_the_search_finds_more_than_it_began_with() -> None:
    trials = search(trials=40)
    assert rank_trials(trials)[0].value < trials[0].value - 0.001


def test_each_batch_is_two_maps_the_long_folds_first() -> None:
    scorer = Scorer()
    search(trials=2, score=scorer)
    assert scorer.asked == [
        *[("lightgbm", 2), ("linear", 2)],
        *[("lightgbm", 3), ("linear", 3), ("lightgbm", 1), ("linear", 1)],
    ]


@pytest.mark.parametrize(
    ("losses", "spared", "past", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], [False] * 4, [], [True, True, False, False]),
        ([1.0, 2.0, 3.0, 4.0], [False, False, False, True], [], [True, True, False, True]),
        ([3.0, 4.0], [False, False], [1.0, 1.0, 2.0], [False, False]),
        ([2.0], [False], [2.0, 2.0], [True]),
    ],
)
def test_survivors(losses: list[float], spared: list[bool], past: list[float], expected: list[bool]) -> None:
    assert pick_survivors(losses, spared, past) == expected


@pytest.mark.parametrize(("folds", "expected"), [([1], 1), ([1, 2], 1), ([1, 2, 3, 4], 2), ([0, 1, 2, 3, 4], 2)])
def test_screening_fold_is_in_the_middle(folds: list[int], expected: int) -> None:
    assert screening_fold(folds) == expected


def test_batch_seeds_differ_and_stay() -> None:
    assert batch_seed(0, 4) == batch_seed(0, 4)
    assert len({batch_seed(seed, done) for seed in range(5) for done in range(0, 40, 4)}) == 50


def test_a_small_table_is_searched_from_another_place_than_a_large_one() -> None:
    first = {rows: search(trials=2, rows=rows)[0].user_attrs["params"] for rows in (None, 300, 60_000)}
    assert first[None] == first[60_000] == FAMILIES["lightgbm"].first
    assert first[300]["min_data_in_leaf"] == 5
    assert essence(search(rows=300)) == essence(search(rows=300, done=search(trials=8, rows=300)))
