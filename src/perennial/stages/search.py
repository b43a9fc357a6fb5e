"""search: Optuna over the families, scored on time-ordered folds; models/best.json and the plots of the search."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from perennial.data.roles import refuse_other_roles
from perennial.io.contract import read_contract
from perennial.io.engine import Engine, open_engine
from perennial.io.files import write_json
from perennial.io.folds import score_pieces, weigh_copies, write_folds
from perennial.io.learning import Learning, leave_out, outer_lessons, read_learning, sample_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.io.stopping import listen_for_stop
from perennial.io.study import identify_search, resume_search
from perennial.io.tables import write_csv
from perennial.io.tracking import watch_trials
from perennial.model.candidates import Params, plan_families
from perennial.model.folds import scored_folds
from perennial.model.history import describe_best, rank_importances, summarise_search, tabulate_history
from perennial.model.link import may_link
from perennial.model.metric import check_metric
from perennial.model.search import Score, Searched, choose_link, run_search, with_link
from perennial.model.selection import describe_selection, find_needless, judge_inputs, limit_rows, list_left_out
from perennial.model.target import encode_target

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
    """Return which inputs are worth keeping, each held against shuffled copies of itself, with the evidence.

    Nothing is said where `search.selection` is false.
    """
    if not params["search.selection"]:
        return {}
    inputs = learning.problem.inputs
    small = sample_learning(learning, params["problem.key"], limit_rows(len(inputs)), params["search.seed"])
    needless = find_needless(small.frame, inputs)
    small = leave_out(small, list(needless))
    folds = scored_folds(small.folds, small.problem)
    write_folds(folder, small, folds)
    weighed = weigh_copies(engine, folder, folds)
    names = [column.name for column in inputs]
    return describe_selection(judge_inputs(names, weighed), needless, names, len(small.frame))


def select_whole(learning: Learning, params: dict[str, Any]) -> dict[str, Any]:
    """Return what `select` says of all rows, in a scratch folder of its own."""
    with scratch_folder("selection") as folder, open_engine(params["engine.workers"], params["engine.scheduler"]) as e:
        return select(e, folder, learning, params)


def make_score(engine: Engine, folder: Path, fixed: Params) -> Score:
    """Return what scores pairs of candidate and fold of a folder wherever the engine runs."""
    return lambda pairs, stop=None: score_pieces(engine, folder, pairs, fixed, stop=stop)


def offer_link(learning: Learning) -> bool:
    """Return whether the target may be learned as its logarithm."""
    problem = learning.problem
    return may_link(problem.task, encode_target(learning.frame[problem.target], problem.classes))


def search(learning: Learning, folds: Sequence[int], params: dict[str, Any]) -> tuple[Searched, dict[str, str]]:
    """Run the search where params say, going on from where a killed one stopped; return its trials and the link.

    Ctrl-C ends it with what it has.
    """
    trials, batch, seed = params["search.trials"], params["search.batch"], params["search.seed"]
    fixed = fixed_settings(params)
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

        families, score = params["search.families"], make_score(engine, folder, fixed)
        link = choose_link(families, folds, score, offer_link(learning))
        found = run_search(
            plan=plan_families(families, trials),
            batch=batch,
            seed=seed,
            folds=folds,
            score=with_link(score, link),
            done=done,
            report=report,
            stop=stop,
        )
    return found, {"link": link} if link else {}


def search_beside(learning: Learning, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the best settings of a search beside each outer fold, whose rows it does not see; none for a span.

    What is judged is the whole way from rows to a model, so every choice is made anew without the rows that judge it
    (Varma and Simon 2006).
    """
    found: list[dict[str, Any]] = []
    if learning.repeats is None:
        return found
    fixed, pieces = fixed_settings(params), params["search.batch"] * len(np.unique(learning.repeats))
    with (
        scratch_folder("search") as folder,
        open_engine(params["engine.workers"], params["engine.scheduler"], pieces) as engine,
    ):
        for repeat, number, lesson in outer_lessons(learning):
            place, folds = folder / f"{repeat}_{number}", scored_folds(lesson.folds, lesson.problem)
            left_out = list_left_out(select(engine, place / "selection", lesson, params))
            lesson = leave_out(lesson, left_out)
            write_folds(place, lesson, folds)
            families, score = params["search.families"], make_score(engine, place, fixed)
            link = choose_link(families, folds, score, offer_link(lesson))
            found_here = run_search(
                plan=plan_families(families, params["search.outer_trials"]),
                batch=params["search.batch"],
                seed=params["search.seed"],
                folds=folds,
                score=with_link(score, link),
            )
            best = describe_best(found_here.trials, params["search.kept"]) | ({"link": link} if link else {})
            best |= {"left_out": left_out} if left_out else {}
            found.append({"repeat": repeat, "fold": number, **best})
    return found


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
    searched, link = search(sample, folds, params)
    trials, stopped = searched.trials, searched.stopped
    if stopped:
        asked = params["search.trials"]
        print(f"search: stopped {stopped} after {len(trials)} of {asked} trials, with the best so far", file=sys.stderr)
    best = describe_best(trials, params["search.kept"]) | link | ({"left_out": left_out} if left_out else {})
    outer = search_beside(learning, params)
    write_json("models/best.json", best | ({"outer": outer} if outer else {}))
    summary = summarise_search(trials, rows=len(sample.frame), folds=folds, stopped=stopped) | link
    write_json("metrics/search.json", summary | ({"selection": selection} if selection else {}))
    write_csv("metrics/plots/search_history.csv", tabulate_history(trials))
    write_csv("metrics/plots/search_importances.csv", rank_importances(trials, best["family"]))


if __name__ == "__main__":
    run_stage(main)
