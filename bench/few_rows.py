"""Where `lightgbm` begins on few rows, against where it begins on many: the loss of the best of a few trials.

Tables of scikit-learn and generated ones; 70 % of the rows are learned in three folds, the rest is asked once. Means
over seeds, with the ratio of the losses: below 1 the scaled start is better. `python bench/few_rows.py [TRIALS]`.
"""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn import datasets

from perennial.data.contract import Column
from perennial.model.candidates import Candidate, fit_candidate, plan_families, score_raw
from perennial.model.folds import Fold, Problem, encode_rows_of, make_fold, make_lesson, score_fold, task_loss
from perennial.model.search import rank_trials, run_search
from perennial.model.target import find_classes

FIXED = {"num_iterations": 500, "early_stopping_round": 20, "seed": 0}
FOLDS, SEEDS, LIMIT = [0, 1, 2], 3, 1.02
SHIPPED = {"breast_cancer": "binary", "wine": "multiclass", "diabetes": "regression"}
MADE = {"steps": "binary", "categories": "binary", "curves": "regression"}


def list_tables() -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield name, task and rows with the target `y`."""
    for name, task in SHIPPED.items():
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame.rename(columns={"target": "y"})
        kind = {"binary": bool, "multiclass": str, "regression": float}[task]
        yield name, task, frame.assign(y=frame["y"].astype(kind))
    for name, rows in (("steps", 220), ("steps", 800), ("steps", 3000), ("categories", 700), ("curves", 400)):
        yield f"{name} {rows}", MADE[name], make_table(name, rows)


def make_table(name: str, rows: int) -> pd.DataFrame:
    """Return eight numbers and a category, and a target that follows some of them."""
    draw = np.random.default_rng(0)
    x, levels = draw.normal(size=(rows, 8)), draw.integers(0, 10, rows)
    effects = draw.normal(size=10) * 1.5
    truth = {
        "steps": 2.0 * ((x[:, 0] > 0.3) & (x[:, 1] < 0)) - ((x[:, 2] > 0) ^ (x[:, 3] > 0.5)) + 0.5 * x[:, 4],
        "categories": effects[levels] * (1 + (x[:, 1] > 1)) + 0.4 * x[:, 0],
        "curves": 10 * np.sin(x[:, 0] * x[:, 1]) + 5 * x[:, 2] ** 2 + 3 * x[:, 3],
    }[name]
    noisy = truth + draw.normal(size=rows)
    y = noisy if MADE[name] == "regression" else draw.random(rows) < 1 / (1 + np.exp(-1.5 * truth))
    return pd.DataFrame(x, columns=[f"x{n}" for n in range(8)]).assign(c=[f"c{n}" for n in levels], y=y)


def search_table(frame: pd.DataFrame, task: str, seed: int, trials: int, scaled: bool) -> tuple[float, float]:
    """Return the loss of the best trial over the folds, and that of the best `lightgbm` on the rows left aside."""
    inputs = tuple(Column(str(c), "category" if c == "c" else "numeric") for c in frame if c != "y")
    problem = Problem(task, "y", find_classes(frame["y"], task), inputs)
    order = np.random.default_rng(seed).permutation(len(frame))
    parts = np.split(order, [round(0.7 * len(order))])
    learned, asked = (frame.iloc[part].reset_index(drop=True) for part in parts)
    folds: list[Fold] = [make_fold(learned, np.arange(len(learned)) % 3, number, problem) for number in FOLDS]
    found = run_search(
        plan=plan_families(["lightgbm", "linear"], trials),
        batch=3,
        seed=seed,
        folds=FOLDS,
        score=lambda pairs, stop=None: [score_fold(folds[number], one, FIXED) for one, number in pairs],
        rows=len(learned) if scaled else None,
    )
    ranked = rank_trials(found.trials)
    best = next(trial for trial in ranked if trial.user_attrs["family"] == "lightgbm")
    lesson = make_lesson(learned, problem)
    rounds = max(1, round(float(np.mean(list(best.user_attrs["rounds"].values())))))
    candidate = Candidate("lightgbm", best.user_attrs["params"])
    member = fit_candidate(candidate, lesson, fixed=FIXED | {"num_iterations": rounds})
    rows = encode_rows_of(asked, problem, dict(lesson.encoder))
    return ranked[0].values[0], task_loss(task, score_raw(member, rows.X), rows)


def main() -> None:
    """Print a line per table; end with 1 where the scaled start is clearly worse than the other."""
    trials, worst = int(sys.argv[1]) if len(sys.argv) > 1 else 6, 0.0
    print(f"{'table':16}{'rows':>6}{'search':>10}{'scaled':>10}{'ratio':>8}{'test':>10}{'scaled':>10}{'ratio':>8}")
    for name, task, frame in list_tables():
        plain, scaled = (
            np.mean([search_table(frame, task, seed, trials, scaled) for seed in range(SEEDS)], axis=0)
            for scaled in (False, True)
        )
        ratios = scaled / plain
        worst = max(worst, ratios[0])
        cells = "".join(f"{plain[n]:10.4f}{scaled[n]:10.4f}{ratios[n]:8.3f}" for n in (0, 1))
        print(f"{name:16}{len(frame):6}{cells}", flush=True)
    if worst > LIMIT:
        sys.exit(f"the scaled start is worse by {worst:.3f} somewhere, more than {LIMIT}")


if __name__ == "__main__":
    main()
