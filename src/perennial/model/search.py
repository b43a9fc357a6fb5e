"""The search: ask for a batch, screen it on one fold, score the survivors on the others, tell; then the next batch.

Everything random or relative happens between batches, so the result does not depend on how many workers score, and a
search that was cut short goes on from its last whole batch to the same end.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from perennial.model.candidates import Candidate, find_family, plan_families
from perennial.model.folds import FoldScore
from perennial.model.link import LINK

Score = Callable[[Sequence[tuple[Candidate, int]]], Sequence[FoldScore]]
Report = Callable[[Sequence[FrozenTrial]], None]
Asked = tuple[optuna.Trial, Candidate]
STARTUP = 8  # random trials before the sampler trusts what it has seen


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


def ask_trial(study: optuna.Study, family: str, *, first: bool) -> Asked:
    """Ask for a setting of `family`; the first one is what the family begins with."""
    known = find_family(family)
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
    study: optuna.Study, asked: Sequence[Asked], spared: Sequence[bool], folds: Sequence[int], score: Score
) -> None:
    """Score one batch and tell it: all on the screening fold, then the survivors on the rest, in two maps."""
    screen = screening_fold(folds)
    past = [trial.user_attrs["losses"][str(screen)] for trial in study.trials if trial.state.is_finished()]
    first = score([(candidate, screen) for _, candidate in asked])
    goes_on = pick_survivors([result.loss for result in first], spared, past)
    pairs = [(place, fold) for fold in reversed(folds) if fold != screen for place, on in enumerate(goes_on) if on]
    rest = dict(zip(pairs, score([(asked[place][1], fold) for place, fold in pairs]), strict=True))
    for place, (trial, _) in enumerate(asked):
        scores = {screen: first[place]} | {fold: result for (at, fold), result in rest.items() if at == place}
        tell_trial(study, trial, scores, goes_on[place])


def run_search(
    *,
    families: Sequence[str],
    trials: int,
    batch: int,
    seed: int,
    folds: Sequence[int],
    score: Score,
    done: Sequence[FrozenTrial] = (),
    report: Report = lambda trials: None,
) -> list[FrozenTrial]:
    """Return `trials` finished trials, the first `done` of them from before; `report` hears of each new batch.

    `score` maps over (candidate, fold) and gives the results in that order.
    """
    study, plan = new_study(done), plan_families(families, trials)
    while (start := len(study.trials)) < trials:
        study.sampler = optuna.samplers.TPESampler(seed=batch_seed(seed, start), n_startup_trials=STARTUP)
        numbers = range(start, min(start + batch, trials))
        spared = [plan.index(plan[number]) == number for number in numbers]
        asked = [ask_trial(study, plan[n], first=s) for n, s in zip(numbers, spared, strict=True)]
        run_batch(study, asked, spared, folds, score)
        report(study.trials[start:])
    return list(study.trials)


def choose_link(families: Sequence[str], folds: Sequence[int], score: Score, offered: bool) -> str | None:
    """Return `log1p` where the best of the families' first settings loses less with it, on the original scale.

    `offered` tells whether the target can be learned so; None means that it is learned as it is.
    """
    if not offered:
        return None
    losses = []
    for link in ({}, {"link": LINK}):
        candidates = [Candidate(name, {**find_family(name).first, **link}) for name in families]
        scores = score([(candidate, fold) for candidate in candidates for fold in folds])
        each = [[one.loss for one in scores[start : start + len(folds)]] for start in range(0, len(scores), len(folds))]
        losses.append(min(float(np.mean(one)) for one in each))
    return LINK if losses[1] < losses[0] else None


def with_link(score: Score, link: str | None) -> Score:
    """Return a scorer whose candidates learn the link."""
    if link is None:
        return score

    def linked(pairs: Sequence[tuple[Candidate, int]]) -> Sequence[FoldScore]:
        return score([(Candidate(one.family, {**one.params, "link": link}), fold) for one, fold in pairs])

    return linked


def rank_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the complete trials, best first; equal ones in the order they were asked."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: (trial.values[0], trial.number))
