"""What a search found: the best settings, a table of every trial, and which settings mattered."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
import pandas as pd
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from perennial.model.search import new_study, rank_trials

LEAST_FOR_IMPORTANCE = 4


def describe_trial(trial: FrozenTrial) -> dict[str, Any]:
    """Return a trial as JSON: family, settings, mean loss, loss and rounds by fold."""
    facts = {name: trial.user_attrs[name] for name in ("family", "params", "losses", "rounds")}
    return {"number": trial.number, "score": _digits(trial.value), **facts}


def _digits(value: float | None) -> float:
    return float(f"{value:.10g}")


def describe_best(trials: Sequence[FrozenTrial], kept: int) -> dict[str, Any]:
    """Return the best family and settings, the `kept` best trials, and the best trial of every family."""
    ranked = rank_trials(trials)
    best: dict[str, dict[str, Any]] = {}
    for trial in ranked:
        best.setdefault(trial.user_attrs["family"], describe_trial(trial))
    first = describe_trial(ranked[0])
    return {
        "family": first["family"],
        "params": first["params"],
        "score": first["score"],
        "trials": [describe_trial(trial) for trial in ranked[:kept]],
        "families": best,
    }


def summarise_search(
    trials: Sequence[FrozenTrial], *, rows: int, folds: Sequence[int], stopped: str | None = None
) -> dict[str, Any]:
    """Return the best score, and per family its best score and how many trials were complete and pruned.

    `stopped` is why there are fewer trials than were asked for.
    """
    best = describe_best(trials, 1)
    families = {}
    for name in sorted(best["families"]):
        own = [trial for trial in trials if trial.user_attrs["family"] == name]
        complete = sum(trial.state == TrialState.COMPLETE for trial in own)
        families[name] = {
            "score": best["families"][name]["score"],
            "complete": complete,
            "pruned": len(own) - complete,
        }
    counts = {"trials": len(trials), "complete": sum(family["complete"] for family in families.values())}
    top = {"family": best["family"], "score": best["score"]}
    return {"best": top, "families": families, "rows": rows, "folds": len(folds), "stopped": stopped, **counts}


def tabulate_history(trials: Sequence[FrozenTrial]) -> pd.DataFrame:
    """Return a row per trial: number, family, state, loss, and the best loss so far."""
    values = [trial.value if trial.state == TrialState.COMPLETE else None for trial in trials]
    table = pd.DataFrame(
        {
            "trial": [trial.number for trial in trials],
            "family": [trial.user_attrs["family"] for trial in trials],
            "state": [trial.state.name.lower() for trial in trials],
            "loss": [_digits(trial.value) for trial in trials],
            "best": pd.Series(values, dtype=float).cummin().ffill(),
        }
    )
    return table


def rank_importances(trials: Sequence[FrozenTrial], family: str) -> pd.DataFrame:
    """Return which settings of the family set its good trials apart (PED-ANOVA, Watanabe et al. 2023), largest first.

    Empty when there are too few complete trials to tell.
    """
    own = [trial for trial in rank_trials(trials) if trial.user_attrs["family"] == family]
    shares: Mapping[str, float] = {}
    if len(own) >= LEAST_FOR_IMPORTANCE and len({trial.value for trial in own}) > 1:
        evaluator = PedAnovaImportanceEvaluator(target_quantile=0.25)
        shares = optuna.importance.get_param_importances(new_study(own), evaluator=evaluator)
    rows = [(name.partition(".")[2], float(f"{share:.6g}")) for name, share in shares.items()]
    rows = sorted(rows, key=lambda row: (-row[1], row[0]))
    return pd.DataFrame(rows, columns=["setting", "importance"])
