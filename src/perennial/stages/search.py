"""search: Optuna over the families, scored on time-ordered folds; models/best.json and the plots of the search."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from perennial.data.roles import refuse_other_roles
from perennial.io.contract import read_contract
from perennial.io.engine import Engine, open_engine
from perennial.io.files import write_json
from perennial.io.learning import Learning, leave_out, outer_lessons, read_learning, sample_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.io.searching import Way, search_rows
from perennial.io.selecting import select_inputs
from perennial.io.stopping import HAND, listen_for_stop, share_time
from perennial.io.study import identify_search
from perennial.io.tables import write_csv
from perennial.io.tracking import watch_trials
from perennial.model.folds import scored_folds
from perennial.model.history import describe_best, rank_importances, summarise_search, tabulate_history
from perennial.model.metric import check_metric
from perennial.model.search import Searched
from perennial.model.selection import list_left_out

PARAMS: tuple[str, ...] = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.label_known_at"),
    *("problem.group", "problem.metric"),
    *("engine.workers", "engine.scheduler", "search.families", "search.trials", "search.batch", "search.seed"),
    *("search.sample_rows", "search.max_rounds", "search.patience", "search.kept", "search.outer_trials"),
    *("search.selection", "search.time_limit_s"),
)
_WHERE_AND_HOW_LONG: tuple[str, ...] = (
    *("engine.workers", "engine.scheduler", "search.trials", "search.kept", "search.outer_trials"),
    "search.time_limit_s",
)


def fixed_settings(params: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of boosting that are not searched."""
    return {
        "num_iterations": params["search.max_rounds"],
        "early_stopping_round": params["search.patience"],
        "seed": params["search.seed"],
    }


def select(engine: Engine, folder: Path, learning: Learning, params: dict[str, Any]) -> dict[str, Any]:
    """Return which inputs are worth keeping, with the evidence; nothing where `search.selection` is false."""
    if not params["search.selection"]:
        return {}
    return select_inputs(
        engine,
        folder,
        learning,
        key=params["problem.key"],
        seed=params["search.seed"],
        family=params["search.families"][0],
        fixed=fixed_settings(params),
    )


def select_whole(learning: Learning, params: dict[str, Any]) -> dict[str, Any]:
    """Return what `select` says of all rows, in a scratch folder of its own."""
    with scratch_folder("selection") as folder, open_engine(params["engine.workers"], params["engine.scheduler"]) as e:
        return select(e, folder, learning, params)


def plan_way(params: dict[str, Any], trials: int) -> Way:
    """Return how rows are searched; finished trials are kept by all that decides them."""
    decisive = {name: value for name, value in params.items() if name not in _WHERE_AND_HOW_LONG}
    return Way(
        families=params["search.families"],
        trials=trials,
        batch=params["search.batch"],
        seed=params["search.seed"],
        fixed=fixed_settings(params),
        identity=identify_search(decisive),
    )


def search(
    learning: Learning, folds: Sequence[int], params: dict[str, Any], seconds: float | None
) -> tuple[Searched, dict[str, str]]:
    """Run the search where params say; return its trials and the link. Ctrl-C ends it with what it has."""
    trials = params["search.trials"]
    with (
        listen_for_stop(seconds) as stop,
        scratch_folder("search") as folder,
        open_engine(params["engine.workers"], params["engine.scheduler"], params["search.batch"] * len(folds)) as e,
        watch_trials(trials) as watch,
    ):
        return search_rows(e, folder, learning, folds, plan_way(params, trials), stop=stop, watch=watch)


def search_beside(
    learning: Learning, params: dict[str, Any], share: Callable[[int], float | None], by_hand: bool
) -> tuple[list[dict[str, Any]], list[Searched]]:
    """Return the best settings of a search beside each outer fold, whose rows it does not see; none for a span.

    What is judged is the whole way from rows to a model, so every choice is made anew without the rows that judge it
    (Varma and Simon 2006). Each goes on from where a killed one stopped; `share` gives each its part of the time. Once
    one was ended `by_hand`, each of the others ends with the first setting that is scored.
    """
    found: list[dict[str, Any]] = []
    searched: list[Searched] = []
    if learning.repeats is None:
        return found, searched
    way, pieces = (
        plan_way(params, params["search.outer_trials"]),
        params["search.batch"] * len(np.unique(learning.repeats)),
    )
    waiting = sum(len(np.unique(folds)) for folds in learning.repeats.T)
    with (
        scratch_folder("search") as folder,
        open_engine(params["engine.workers"], params["engine.scheduler"], pieces) as engine,
    ):
        for repeat, number, lesson in outer_lessons(learning):
            here, folds = folder / f"{repeat}_{number}", scored_folds(lesson.folds, lesson.problem)
            with listen_for_stop(0.0 if by_hand else share(waiting - len(found))) as stop:
                left_out = list_left_out(select(engine, here / "selection", lesson, params))
                own_way = replace(way, identity={**way.identity, "beside": [repeat, number]})
                kept = leave_out(lesson, left_out)
                own, link = search_rows(engine, here, kept, folds, own_way, stop=stop)
            by_hand = by_hand or own.stopped == HAND
            best = describe_best(own.trials, params["search.kept"]) | link
            found.append({"repeat": repeat, "fold": number, **best, **({"left_out": left_out} if left_out else {})})
            searched.append(own)
    return found, searched


def tell_stopped(searched: Searched, beside: Sequence[Searched], params: dict[str, Any]) -> dict[str, Any]:
    """Print which searches were stopped; return what metrics/search.json says of those beside the folds, if any was."""
    if searched.stopped:
        asked, done = params["search.trials"], len(searched.trials)
        print(
            f"search: stopped {searched.stopped} after {done} of {asked} trials, with the best so far", file=sys.stderr
        )
    cut = [one for one in beside if one.stopped]
    if not cut:
        return {}
    fewest = min(len(one.trials) for one in cut)
    print(
        f"search: {len(cut)} of {len(beside)} searches beside a fold stopped {cut[0].stopped}, "
        f"one after {fewest} of {params['search.outer_trials']} trials",
        file=sys.stderr,
    )
    return {"beside": {"searches": len(beside), "stopped": len(cut), "fewest_trials": fewest}}


def main() -> None:
    """Read the learned rows, search, write the best settings and what was tried."""
    params = read_params(PARAMS)
    check_metric(params["problem.task"], params["problem.metric"])
    refuse_other_roles(
        read_contract(),
        {
            "key": params["problem.key"],
            "time": params["problem.time"],
            "target": params["problem.target"],
            "label_time": params["problem.label_known_at"],
        },
    )
    learning = read_learning(
        task=params["problem.task"],
        target=params["problem.target"],
        key=params["problem.key"],
        weight=params["problem.weight"],
        time=params["problem.time"],
        known_at=params["problem.label_known_at"],
        group=params["problem.group"],
    )
    sample = sample_learning(learning, params["problem.key"], params["search.sample_rows"], params["search.seed"])
    selection = select_whole(sample, params) if params["search.selection"] else {}
    left_out = list_left_out(selection)
    sample = leave_out(sample, left_out)
    folds = scored_folds(sample.folds, sample.problem)
    share = share_time(params["search.time_limit_s"])
    searched, link = search(sample, folds, params, share(1 if learning.repeats is None else 2))
    trials = searched.trials
    best = describe_best(trials, params["search.kept"]) | link | ({"left_out": left_out} if left_out else {})
    outer, beside = search_beside(learning, params, share, searched.stopped == HAND)
    cut = tell_stopped(searched, beside, params)
    write_json("models/best.json", best | ({"outer": outer} if outer else {}))
    summary = summarise_search(trials, rows=len(sample.frame), folds=folds, stopped=searched.stopped) | link | cut
    write_json("metrics/search.json", summary | ({"selection": selection} if selection else {}))
    write_csv("metrics/plots/search_history.csv", tabulate_history(trials))
    write_csv("metrics/plots/search_importances.csv", rank_importances(trials, best["family"]))


if __name__ == "__main__":
    run_stage(main)
