"""Which inputs are worth keeping: each is held against shuffled copies of itself, on rows not learned from.

Shuffled copies as rivals are those of Boruta (Kursa and Rudnicki, Feature Selection with the Boruta Package, Journal of
Statistical Software 36(11), 2010); importance is what an input's contributions say of the outcomes of held-out rows,
the mean over rows of contribution times outcome (Li et al., A Debiased MDI Feature Importance Measure for Random
Forests, NeurIPS 2019), which is zero on average for noise, however many values it has. An input that knows nothing is
one of its copies, so that it beats all of n copies once in n + 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import lightgbm
import numpy as np
import pandas as pd

from perennial.model.boosting import Rows, fit_boosting
from perennial.model.encoder import Array
from perennial.model.encoding import Input, count_features
from perennial.model.folds import Fold, take_rows
from perennial.model.learned import Truth, read_outcomes

COPIES = 19
ASKED_ROWS = 5_000
CELLS = 1_000_000  # rows times inputs that are looked at
MOST_ROWS, FEWEST_ROWS = 12_000, 1_000
MOST_TRIED = 12  # inputs that are brought back one by one
ALIKE = 0.99999  # correlation from which on one number says what the other says
_QUICK = {"num_iterations": 50, "learning_rate": 0.1, "num_leaves": 8, "lambda_l2": 5.0, "feature_fraction": 0.5}


@dataclass(frozen=True)
class Weighed:
    """The importance of each input in a fold and that of one shuffled copy of each, both (inputs,); rows asked."""

    own: Array
    copy: Array
    rows: int


def limit_rows(inputs: int) -> int:
    """Return how many rows a selection among so many inputs looks at."""
    return max(FEWEST_ROWS, min(MOST_ROWS, CELLS // max(inputs, 1)))


def find_needless(frame: pd.DataFrame, inputs: Sequence[Input]) -> dict[str, str]:
    """Return {input: why} of those that are the same on every row, or say what one before them says.

    Numbers on one line say the same, levels that go one to one, and other values that are equal.
    """
    needless: dict[str, str] = {}
    seen: dict[tuple[str, bytes], list[tuple[str, Array]]] = {}
    for column in inputs:
        values = frame[column.name]
        if values.nunique(dropna=False) < 2:
            needless[column.name] = "the same on every row"
            continue
        alike = seen.setdefault((column.dtype, values.isna().to_numpy().tobytes()), [])
        signed = sign_values(values.dropna(), column.dtype)
        like = next((name for name, other in alike if say_same(signed, other, column.dtype)), None)
        if like is None:
            alike.append((column.name, signed))
        else:
            needless[column.name] = f"says what {like} says"
    return needless


def sign_values(values: pd.Series, dtype: str) -> Array:
    """Return what known values are compared by, (n,): numbers of mean 0 and length 1, levels as they first come."""
    if dtype == "numeric":
        numbers = values.to_numpy(np.float64)
        with np.errstate(all="ignore"):
            return np.asarray((numbers - numbers.mean()) / (numbers.std() * np.sqrt(len(numbers))))
    if dtype in ("text", "datetime"):
        return np.asarray(pd.util.hash_pandas_object(values, index=False).to_numpy())
    codes, levels = pd.factorize(values)
    # Where almost every row has a level of its own, any two columns go one to one.
    return np.asarray(codes if len(levels) < len(values) / 2 else np.full(len(values), np.nan), dtype=np.float64)


def say_same(left: Array, right: Array, dtype: str) -> bool:
    """Tell whether what two columns are compared by is the same; NaN says the same as nothing."""
    return bool(abs(left @ right) > ALIKE) if dtype == "numeric" else bool(np.array_equal(left, right))


def weigh_inputs(fold: Fold, copy: int, *, threads: int = 1) -> Weighed:
    """Return how a quick model of the inputs and a shuffled copy of all leans on them in the rows of the fold."""
    draw = np.random.default_rng([copy, fold.number])
    learned, places = fold.lesson.rows, np.arange(len(fold.asked.y))
    asked = take_rows(fold.asked, places[:: max(1, -(-len(places) // ASKED_ROWS))])
    categorical = list(fold.lesson.encoder["categorical"])
    width = learned.X.shape[1]
    doubled = [*categorical, *(place + width for place in categorical)]
    settings = {**_QUICK, "min_data_in_leaf": max(5, len(learned.y) // 200), "seed": copy}
    classes = fold.lesson.n_classes
    X = with_copy(learned.X, draw)
    text = fit_boosting(X, learned.y, doubled, settings, threads, learned.weights, classes)
    told = tell_outcomes(text, Rows(with_copy(asked.X, draw), asked.y, asked.weights), classes, threads)
    sums = [sum_by_input(part, fold.lesson.encoder) for part in (told[:width], told[width:])]
    return Weighed(sums[0], sums[1], len(asked.y))


def with_copy(X: Array, draw: np.random.Generator) -> Array:
    """Return the features beside themselves dealt to other rows: all by one order, so that copies stay alike too."""
    return np.hstack([X, X[draw.permutation(len(X))]])


def tell_outcomes(text: str, rows: Rows, classes: int, threads: int) -> Array:
    """Return the mean over rows of each feature's contribution times the outcome less its mean, (features,)."""
    booster = lightgbm.Booster(model_str=text)
    found = np.asarray(booster.predict(rows.X, pred_contrib=True, num_threads=threads))
    outcomes = read_outcomes(Truth(rows.y, classes))
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    told = (outcomes - np.average(outcomes, axis=0, weights=weights)) * weights[:, None] / weights.sum()
    parts = found.reshape(len(rows.y), outcomes.shape[1], rows.X.shape[1] + 1)[:, :, :-1]
    return np.asarray(np.einsum("rof,ro->f", parts, told))


def sum_by_input(features: Array, encoder: Mapping[str, Any]) -> Array:
    """Return the sum over the features of each input, (inputs,)."""
    ends = np.cumsum([0, *map(count_features, encoder["columns"])])
    return np.array([features[start:end].sum() for start, end in pairwise(ends)])


def judge_inputs(names: Sequence[str], weighed: Sequence[Sequence[Weighed]]) -> list[dict[str, Any]]:
    """Return per input its importance, those of its copies, and whether it beats them all; `weighed` by copy and fold.

    Importances are shares of what all inputs tell; an input that tells nothing is below zero as often as above.
    """
    rows = [np.array([one.rows for one in folds], dtype=np.float64) for folds in weighed]
    own = np.mean(
        [np.average([one.own for one in f], axis=0, weights=r) for f, r in zip(weighed, rows, strict=True)], 0
    )
    copies = np.array([np.average([o.copy for o in f], axis=0, weights=r) for f, r in zip(weighed, rows, strict=True)])
    whole = float(np.maximum(own, 0.0).sum()) or 1.0
    judged = []
    for place, name in enumerate(names):
        better = int((copies[:, place] >= own[place]).sum())
        said = f"{better} of {len(copies)} copies tell as much" if better else f"beats all {len(copies)} copies"
        judged.append(
            {
                "column": name,
                "importance": _digits(own[place] / whole),
                "copy": _digits(copies[:, place].mean() / whole),
                "best_copy": _digits(copies[:, place].max() / whole),
                "kept": bool(better == 0 and own[place] > 0),
                "reason": said,
            }
        )
    return judged


def loses_more(without: Sequence[float], fuller: Sequence[float]) -> bool:
    """Tell whether a model loses more than a fuller one over the same folds, by more than one standard error."""
    apart = np.asarray(without) - np.asarray(fuller)
    return bool(apart.mean() > apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else bool(apart[0] > 0)


def restore_inputs(
    judged: Sequence[Mapping[str, Any]], losses_without: Callable[[Sequence[str]], Sequence[float]]
) -> list[dict[str, Any]]:
    """Return the evidence with those inputs kept after all that a model misses.

    What tells something only beside another input, such as a part beside the whole, is not important by itself.
    `losses_without` gives the losses over the folds of a model that lacks some inputs. Where no few of them make up for
    what is lost, all are kept.
    """
    columns = [dict(one) for one in judged]
    out = [one["column"] for one in columns if not one["kept"]]
    if not out or not loses_more(chosen := losses_without(out), whole := losses_without([])):
        return columns
    ranked = sorted((one for one in columns if not one["kept"]), key=lambda one: -float(one["importance"]))
    tried = [one["column"] for one in ranked[:MOST_TRIED]]
    missed = {name for name in tried if loses_more(chosen, losses_without([other for other in out if other != name]))}
    if loses_more(losses_without([name for name in out if name not in missed]), whole):
        missed = set(out)
    for one in columns:
        if one["column"] in missed:
            one |= {"kept": True, "reason": f"{one['reason']}, yet a model without it loses more"}
    return columns


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def describe_selection(
    judged: Sequence[Mapping[str, Any]], needless: Mapping[str, str], names: Sequence[str], rows: int
) -> dict[str, Any]:
    """Return the evidence of every input in order; where none beats its copies, the best is kept all the same."""
    columns = {one["column"]: dict(one) for one in judged}
    if columns and not any(one["kept"] for one in columns.values()):
        best = max(columns.values(), key=lambda one: one["importance"])
        best |= {"kept": True, "reason": f"{best['reason']}, kept as the best of none"}
    for name, reason in needless.items():
        none = {"importance": None, "copy": None, "best_copy": None}
        columns[name] = {"column": name, **none, "kept": False, "reason": reason}
    return {"rows": rows, "copies": COPIES, "columns": [columns[name] for name in names]}


def list_left_out(selection: Mapping[str, Any]) -> list[str]:
    """Return the inputs that are left out; none where nothing was selected."""
    return [one["column"] for one in selection.get("columns", ()) if not one["kept"]]
