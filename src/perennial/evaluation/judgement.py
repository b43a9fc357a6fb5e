"""Everything that is said of a model on its test rows, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.repeats import count_repeats, hash_rows
from perennial.evaluation.cost import judge_cost
from perennial.evaluation.curves import confusion_counts
from perennial.evaluation.gaps import judge_gaps
from perennial.evaluation.intervals import Array
from perennial.evaluation.leakage import missing_alone, rank_suspects, reaches_into
from perennial.evaluation.sample import CALIBRATION, Sample, decide, improvement, point_scores, score
from perennial.evaluation.slices import cut_slices, judge_slices
from perennial.refusal import Refusal

SUSPECTS_KEPT = 10


@dataclass(frozen=True)
class SliceRules:
    """How slices are cut: smallest number of rows and of blocks, bands of a number, columns declared sensitive."""

    rows: int
    blocks: int
    bands: int
    sensitive: tuple[str, ...] = ()


def block_values(block: str, time: pd.Series | None, group: pd.Series | None, rows: int) -> npt.NDArray[Any]:
    """Return what tells the blocks apart: the UTC day, the group, or the row number.

    Raises Refusal when the block needs a column that the table does not have.
    """
    if block == "row":
        return np.arange(rows)
    column = {"day": time, "group": group}.get(block)
    if column is None:
        raise Refusal(
            f"`problem.block` is {block!r}: use `day` with `problem.time`, `group` with `problem.group`, or `row`."
        )
    if block == "day":
        return column.to_numpy().astype("datetime64[D]").astype(np.int64)
    return pd.factorize(column, sort=True, use_na_sentinel=False)[0]


def predict_constant(task: str, truth: Array, classes: int, rows: int) -> Array:
    """Return the best constant prediction of the training truth: rate of True, rates of k classes, or mean."""
    if task != "multiclass":
        return np.full(rows, truth.mean())
    return np.tile(np.bincount(truth.astype(np.int64), minlength=classes) / len(truth), (rows, 1))


def admit_unseen(task: str, truth: Array, classes: int) -> tuple[Array, int]:
    """Return the truth with test rows of an unknown class (NaN) as one more class, and the number of classes.

    A model gives such a row probability 0, which costs it; hiding the row would flatter. Raises Refusal when a binary
    task meets a third class.
    """
    unseen = np.isnan(truth)
    if task == "binary" and unseen.any():
        raise Refusal(
            f"{int(unseen.sum())} test rows have neither class of the binary target: set `problem.task` to multiclass, "
            "or let the query leave them without a label."
        )
    return np.where(unseen, classes, truth), classes + int(unseen.any())


def name_classes(known: Sequence[Any], classes: int) -> list[str]:
    """Return the classes as text; a class that only the test has is `(unseen)`."""
    return [str(name) for name in known] + ["(unseen)"] * (classes - len(known))


def pad_classes(prediction: Array, classes: int) -> Array:
    """Return (n, classes) probabilities with zeros for classes that the model does not know; others unchanged."""
    if prediction.ndim == 1 or prediction.shape[1] == classes:
        return prediction
    return np.pad(prediction, ((0, 0), (0, classes - prediction.shape[1])))


def _tables(
    sample: Sample, predictions: Mapping[str, Array], frame: pd.DataFrame, dtypes: Mapping[str, str], rules: SliceRules
) -> tuple[list[dict[str, Any]], list[tuple[str, str, Any]]]:
    slices = list(cut_slices(frame, dtypes, rows=rules.rows, bands=rules.bands))
    judged = judge_slices(sample, predictions, slices, blocks=rules.blocks)
    return judged, [one for one in slices if one[0] in rules.sensitive]


def judge(
    sample: Sample,
    predictions: Mapping[str, Array],
    frame: pd.DataFrame,
    *,
    dtypes: Mapping[str, str],
    names: Sequence[str],
    threshold: float | None,
    costs: Mapping[str, float],
    rules: SliceRules,
) -> dict[str, Any]:
    """Return scores, baselines, improvements, slices, gaps, cost and confusion of `predictions["model"]`.

    `predictions` also holds "constant", "linear" and perhaps "champion"; `frame` the inputs named in `dtypes`;
    `names` the classes (empty for a regression). Costs are judged for binary tasks only.
    """
    model, binary = predictions["model"], sample.task == "binary"
    metrics = score(sample, model, threshold)
    slices, sensitive = _tables(sample, predictions, frame, dtypes, rules)
    decision = decide(sample.task, model, threshold)
    return {
        "task": sample.task,
        "metric": sample.metric,
        "rows": len(sample.truth),
        "blocks": sample.blocks,
        "confidence": sample.confidence,
        "unpredicted_rows": int((~np.isfinite(model)).reshape(len(model), -1).any(axis=1).sum()),
        "metrics": metrics,
        "calibration": metrics[CALIBRATION[sample.task]],
        "baselines": {name: point_scores(sample, predictions[name], threshold) for name in ("constant", "linear")},
        "improvement": {
            f"over_{name}": improvement(sample, model, predictions[name])
            for name in ("constant", "linear", "champion")
            if name in predictions
        },
        "slices": slices,
        "sensitive": judge_gaps(sample, decision, sensitive) if binary else [],
        "cost": judge_cost(sample, model, 0.5 if threshold is None else threshold, **costs) if binary else None,
        "confusion": {"classes": list(names), "counts": confusion_counts(sample.truth, decision, len(names))}
        if names
        else None,
    }


def find_leaks(
    task: str,
    train: tuple[pd.DataFrame, Array],
    test: tuple[pd.DataFrame, Array],
) -> dict[str, Any]:
    """Return leak suspects, and how many test rows repeat training rows.

    `train` and `test` are each inputs and truth.
    """
    gaps = missing_alone(train[0])
    train_looked = pd.concat([train[0], pd.DataFrame(gaps, index=train[0].index)], axis=1)
    test_gaps = {name: test[0][name.removesuffix(" is missing")].isna() for name in gaps}
    test_looked = pd.concat([test[0], pd.DataFrame(test_gaps, index=test[0].index)], axis=1)
    return {
        "suspects": rank_suspects(task, train_looked, train[1], test_looked, test[1])[:SUSPECTS_KEPT],
        "repeats": count_repeats(hash_rows(*train), hash_rows(*test)),
    }


def compare_champion(
    *,
    bundle: str,
    released: str,
    present: str,
    absent: Sequence[str],
    overlap_rows: int,
    seen_until: str | None,
    first: str | None,
) -> dict[str, Any]:
    """Return {"bundle", "same", "obstacle"}: an obstacle is why the two models cannot be compared honestly.

    `released` is the hash that models/champion.json names and `present` that of models/champion/; `absent` are inputs
    of the released model that the table has no longer, `overlap_rows` the test rows that it was trained on,
    `seen_until` the newest instant it has seen and `first` the first of the test (ISO, None without time).
    """
    obstacle, release = None, "empty models/champion.json to release without a comparison"
    if present != released:
        obstacle = f"models/champion/ holds the bundle {present}, not the released {released}: run `dvc checkout`."
    elif absent:
        obstacle = f"The released model needs {', '.join(absent)}, which the table has no longer: {release}."
    elif overlap_rows:
        obstacle = f"The released model was trained on {overlap_rows} of the test rows: advance `problem.as_of`."
    elif reaches_into(seen_until, first):
        obstacle = f"The test starts {first}, the released model has seen until {seen_until}: advance `problem.as_of`."
    same = bundle == released
    return {"bundle": released, "same": same, "obstacle": None if same else obstacle}


def flat_scores(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Return the few numbers that read well side by side in `dvc metrics diff`."""
    flat = {name: one["value"] for name, one in evaluation["metrics"].items()}
    flat |= {f"improvement_{name}": one["value"] for name, one in evaluation["improvement"].items()}
    if evaluation["cost"]:
        flat |= {"cost": evaluation["cost"]["model"], "cost_saving": evaluation["cost"]["saving"]["value"]}
    return {name: value for name, value in flat.items() if value is not None}
