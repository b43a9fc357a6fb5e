"""What each family and the ensemble bring: out-of-fold losses on the learned rows of each table; the test is not read.

One search over all families, the best three settings of each predicted out of fold, then the loss of the best single
one and of the ensemble, with families added one by one.
"""

import argparse
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from perennial.io.engine import open_engine
from perennial.io.folds import predict_folds
from perennial.io.learning import read_learning
from perennial.io.scratch import scratch_folder
from perennial.model.candidates import Candidate
from perennial.model.ensemble import choose_members, choose_single
from perennial.model.folds import OutOfFold
from quality import Facts, list_tables, make_project, run_stages

STEPS = ("lightgbm", "linear", "small_trees", "extra_trees", "network")
OF_EACH = 3


def search(project: Path, trials: int) -> list[Candidate]:
    """Search over all families and return the best settings of each."""
    path = project / "params.yaml"
    document = yaml.safe_load(path.read_text())
    document["search"] |= {"families": list(STEPS), "trials": trials, "kept": trials, "time_limit_s": None}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    run_stages(project, ["search"])
    best = json.loads((project / "models/best.json").read_text())
    found: list[Candidate] = []
    for family in STEPS:
        own = [trial for trial in best["trials"] if trial["family"] == family][:OF_EACH]
        found += [Candidate(family, trial["params"]) for trial in own]
    return found


def predict(problem: Facts, candidates: Sequence[Candidate]) -> OutOfFold:
    """Return the out-of-fold predictions of the project in the current folder."""
    names = {name: problem[name] for name in ("task", "target", "key", "weight", "time", "group")}
    learning = read_learning(**names, known_at=problem["label_known_at"])
    fixed = {"num_iterations": 2000, "early_stopping_round": 40, "seed": 0}
    with scratch_folder("ablation") as folder, open_engine() as engine:
        return predict_folds(engine, folder, learning, candidates, fixed)


def some(oof: OutOfFold, places: Sequence[int]) -> OutOfFold:
    """Return the predictions of some candidates alone."""
    raws, rounds = (tuple(values[place] for place in places) for values in (oof.raws, oof.rounds))
    return OutOfFold(oof.asked, oof.folds, oof.positions, raws, rounds)


def ablate(name: str, problem: Facts, candidates: Sequence[Candidate], oof: OutOfFold) -> list[str]:
    """Return a line per step: families so far, best single, ensemble."""
    lines = []
    for end in range(2, len(STEPS) + 1):
        places = [n for n, one in enumerate(candidates) if one.family in STEPS[:end]]
        part = some(oof, places)
        single = choose_single(part, range(len(places)), problem["task"]).loss
        both = choose_members(part, problem["task"], offered=len(places), least_gain=0.002)
        members = len(both.members)
        lines.append(f"| {name} | {' + '.join(STEPS[:end])} | {single:.5f} | {both.loss:.5f} | {members} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, help="a folder of CSV files, as for quality.py")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--trials", type=int, default=40)
    arguments = parser.parse_args()
    if not arguments.tables:
        print("give a folder of tables: --tables DIR")
        return
    print("| table | families | best single | ensemble | members |\n|---|---|---|---|---|", flush=True)
    with scratch_folder("ablation_projects") as folder:
        for name, table in list_tables(arguments.tables).items():
            if table is None or (arguments.only and name not in arguments.only):
                continue
            project = folder / name
            problem: dict[str, Any] = make_project(project, table, 60)
            candidates = search(project, arguments.trials)
            with contextlib.chdir(project):
                oof = predict(problem, candidates)
            print("\n".join(ablate(name, problem, candidates, oof)), flush=True)


if __name__ == "__main__":
    main()
