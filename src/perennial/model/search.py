"""The search: ask for a batch, screen it on one fold, score the survivors on the others, tell; then the next batch.

Everything random or relative happens between batches, so the result does not depend on how many workers score, and a
search that was cut short goes on from its last whole batch to the same end.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from perennial.model.candidates import Candidate, size_family
from perennial.model.folds import FoldScore
from perennial.model.link import LINK

Stop = Callable[[], str | None]  # why the search is to end before its last trial, None while it is not
Report = Callable[[Sequence[FrozenTrial]], None]
Pairs = Sequence[tuple[Candidate, int]]
Asked = tuple[optuna.Trial, Candidate]
STARTUP = 8  # random trials before the sampler trusts what it has seen


class Score(Protocol):
    """Maps over (candidate, fold)."""

    def __call__(self, pairs: Pairs, stop: Stop | None = None, /) -> Sequence[FoldScore]:
        """Return the scores in the order of the pairs; of the first pairs alone, one or more, when `stop` says why."""


@dataclass(frozen=True)
class Searched:
    """The finished trials in their order, and why there are not more of them, None when all were done."""

    trials: list[FrozenTrial]
    stopped: str | None = None


def batch_seed(seed: int, done: int) -> int:
    """Return the sampler's seed for the batch after `done` trials: a resumed search draws what it would have drawn."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{done}".encode()).digest()[:4], "big")


def new_study(done: Sequence[FrozenTrial]) -> optuna.Study:
    """Return a study in memory that holds the trials already done."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize")
    study.add_trials(done)
    return study


def screening_fold(folds: Sequence[int]) -> int:
    """Return the fold that every trial is scored on first: in the middle, to be cheap and yet have much to learn."""
    return folds[(len(folds) - 1) // 2]


def ask_trial(study: optuna.Study, family: str, *, first: bool, rows: int | None = None) -> Asked:
    """Ask for a setting of `family`; the first one is what the family begins with."""
    known = size_family(family, rows)
    if first:
        study.enqueue_trial({f"{family}.{name}": value for name, value in known.first.items()})
    # The name carries the family: two families may call different things alike.
    trial = study.ask({f"{family}.{name}": kind for name, kind in known.space.items()})
    asked = {name.partition(".")[2]: value for name, value in trial.params.items()}
    params = {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in asked.items()}
    trial.set_user_attr("family", family)
    trial.set_user_attr("params", params)
    return trial, Candidate(family, params)


def pick_survivors(losses: Sequence[float], spared: Sequence[bool], past: Sequence[float]) -> list[bool]:
    """Return which of a batch go on: the spared, and those not above the median of all screened so far."""
    limit = float(np.median([*past, *losses]))
    return [kept or loss <= limit for loss, kept in zip(losses, spared, strict=True)]


def tell_trial(study: optuna.Study, trial: optuna.Trial, scores: dict[int, FoldScore], complete: bool) -> None:
    """Tell the mean loss over the folds; a trial that was not scored on all of them is pruned."""
    trial.set_user_attr("losses", {str(fold): scores[fold].loss for fold in sorted(scores)})
    trial.set_user_attr("rounds", {str(fold): scores[fold].rounds for fold in sorted(scores)})
    mean = float(f"{np.mean([scores[fold].loss for fold in sorted(scores)]):.12g}")
    if complete:
        study.tell(trial, mean)
    else:
        trial.report(mean, step=0)
        study.tell(trial, state=TrialState.PRUNED)


def run_batch(
    study: optuna.Study,
    asked: Sequence[Asked],
    spared: Sequence[bool],
    folds: Sequence[int],
    score: Score,
    stop: Stop | None = None,
) -> bool:
    """Score one batch and tell it: all on the screening fold, then the survivors on the rest, in two maps.

    Returns whether all of it was scored. Where it was stopped, trials that were scored on every fold are told as ever,
    those that were not as pruned; the first batch gives a complete one whatever `stop` says.
    """
    screen = screening_fold(folds)
    past = [trial.user_attrs["losses"][str(screen)] for trial in study.trials if trial.state.is_finished()]
    first = score([(candidate, screen) for _, candidate in asked], stop)
    goes_on = pick_survivors([result.loss for result in first], spared[: len(first)], past)
    pairs = [(place, fold) for fold in reversed(folds) if fold != screen for place, on in enumerate(goes_on) if on]
    whole = len(first) == len(asked)
    scores = {(place, screen): result for place, result in enumerate(first)}
    if pairs and whole:
        scores |= _score_places(asked, pairs, score, stop)
    best = int(np.argmin([result.loss for result in first]))
    if not past and stop is not None and stop():
        scores |= _score_places(asked, [(best, fold) for fold in folds if (best, fold) not in scores], score)
    for place, (trial, _) in enumerate(asked[: len(first)]):
        own = {fold: result for (at, fold), result in scores.items() if at == place}
        tell_trial(study, trial, own, len(own) == len(folds))
    return whole and all(pair in scores for pair in pairs)


def _score_places(
    asked: Sequence[Asked], pairs: Sequence[tuple[int, int]], score: Score, stop: Stop | None = None
) -> dict[tuple[int, int], FoldScore]:
    """Return the scores of (place in the batch, fold), of the first ones where it was stopped."""
    return dict(zip(pairs, score([(asked[place][1], fold) for place, fold in pairs], stop), strict=False))


def run_search(  # noqa: PLR0913
    *,
    plan: Sequence[str],
    batch: int,
    seed: int,
    folds: Sequence[int],
    score: Score,
    done: Sequence[FrozenTrial] = (),
    report: Report = lambda trials: None,
    stop: Stop = lambda: None,
    rows: int | None = None,
) -> Searched:
    """Return a finished trial for each family of `plan`, the first `done` from before; `report` hears of whole batches.

    `rows` are those of the table: a family may begin otherwise where they are few. Fewer trials are returned when
    `stop` says why, yet at least one that is complete. What a stopped batch found is in the result only: to go on from
    it would end elsewhere than an uninterrupted search.
    """
    study, trials = new_study(done), len(plan)
    stopped = None
    while stopped is None and (start := len(study.trials)) < trials:
        study.sampler = optuna.samplers.TPESampler(seed=batch_seed(seed, start), n_startup_trials=STARTUP)
        numbers = range(start, min(start + batch, trials))
        spared = [plan.index(plan[number]) == number for number in numbers]
        asked = [ask_trial(study, plan[n], first=s, rows=rows) for n, s in zip(numbers, spared, strict=True)]
        whole = run_batch(study, asked, spared, folds, score, stop)
        if whole:
            report(study.trials[start:])
        stopped = None if whole and len(study.trials) >= trials else stop()
    return Searched([trial for trial in study.trials if trial.state.is_finished()], stopped)


def choose_link(
    families: Sequence[str], folds: Sequence[int], score: Score, offered: bool, rows: int | None = None
) -> str | None:
    """Return `log1p` where the first family's first setting loses less with it, on the original scale.

    `offered` tells whether the target can be learned so; None means that it is learned as it is. One family is asked,
    for the answer is a property of the target and the others' first settings come in the search anyway.
    """
    if not offered:
        return None
    first = size_family(families[0], rows).first
    candidates = [Candidate(families[0], {**first, **link}) for link in ({}, {"link": LINK})]
    scores = score([(candidate, fold) for candidate in candidates for fold in folds])
    plain, linked = (
        float(np.mean([one.loss for one in half])) for half in (scores[: len(folds)], scores[len(folds) :])
    )
    return LINK if linked < plain else None


def with_link(score: Score, link: str | None) -> Score:
    """Return a scorer whose candidates learn the link."""
    if link is None:
        return score

    def linked(pairs: Pairs, stop: Stop | None = None) -> Sequence[FoldScore]:
        return score([(Candidate(one.family, {**one.params, "link": link}), fold) for one, fold in pairs], stop)

    return linked


def rank_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the complete trials, best first; equal ones in the order they were asked."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: (trial.values[0], trial.number))
