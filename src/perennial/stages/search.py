"""search: Optuna over the families, scored on time-ordered folds; models/best.json and the plots of the search."""

import sys
from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial

from perennial.data.roles import refuse_other_roles
from perennial.io.contract import read_contract
from perennial.io.engine import open_engine
from perennial.io.files import write_json
from perennial.io.folds import score_pieces, write_folds
from perennial.io.learning import Learning, read_learning, sample_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.io.stopping import listen_for_stop
from perennial.io.study import identify_search, resume_search
from perennial.io.tables import write_csv
from perennial.io.tracking import watch_trials
from perennial.model.candidates import plan_families
from perennial.model.folds import scored_folds
from perennial.model.history import describe_best, rank_importances, summarise_search, tabulate_history
from perennial.model.metric import check_metric
from perennial.model.search import Searched, run_search

PARAMS: tuple[str, ...] = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.label_known_at"),
    *("problem.group", "problem.metric"),
    *("engine.workers", "engine.scheduler", "search.families", "search.trials", "search.batch", "search.seed"),
    *("search.sample_rows", "search.max_rounds", "search.patience", "search.kept", "search.time_limit_s"),
)
_WHERE_AND_HOW_LONG = ("engine.workers", "engine.scheduler", "search.trials", "search.kept", "search.time_limit_s")


def search(learning: Learning, folds: Sequence[int], params: dict[str, Any]) -> Searched:
    """Run the search where params say, going on from where a killed one stopped; ctrl-C ends it with what it has."""
    trials, batch, seed = params["search.trials"], params["search.batch"], params["search.seed"]
    fixed = {
        "num_iterations": params["search.max_rounds"],
        "early_stopping_round": params["search.patience"],
        "seed": seed,
    }
    identity = {name: value for name, value in params.items() if name not in _WHERE_AND_HOW_LONG}
    done, remember = resume_search(identify_search(identity), batch, trials)
    with (
        listen_for_stop(params["search.time_limit_s"]) as stop,
        scratch_folder("search") as folder,
        open_engine(params["engine.workers"], params["engine.scheduler"], batch * len(folds)) as engine,
        watch_trials(trials) as watch,
    ):
        write_folds(folder, learning, folds)
        watch(done)

        def report(new: Sequence[FrozenTrial]) -> None:
            remember(new)
            watch(new)

        return run_search(
            plan=plan_families(params["search.families"], trials),
            batch=batch,
            seed=seed,
            folds=folds,
            score=lambda pairs, until=None: score_pieces(engine, folder, pairs, fixed, stop=until),
            done=done,
            report=report,
            stop=stop,
        )


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
    folds = scored_folds(sample.folds, sample.problem)
    searched = search(sample, folds, params)
    trials, stopped = searched.trials, searched.stopped
    if stopped:
        asked = params["search.trials"]
        print(f"search: stopped {stopped} after {len(trials)} of {asked} trials, with the best so far", file=sys.stderr)
    best = describe_best(trials, params["search.kept"])
    write_json("models/best.json", best)
    write_json("metrics/search.json", summarise_search(trials, rows=len(sample.frame), folds=folds, stopped=stopped))
    write_csv("metrics/plots/search_history.csv", tabulate_history(trials))
    write_csv("metrics/plots/search_importances.csv", rank_importances(trials, best["family"]))


if __name__ == "__main__":
    run_stage(main)
