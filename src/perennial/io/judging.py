"""The rows and models that are judged, read the same way whatever the task, and the plots that are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perennial.data.split import LEARNING
from perennial.evaluation.champion import compare_champion
from perennial.evaluation.classes import admit_unseen, pad_classes
from perennial.evaluation.constant import predict_constant
from perennial.evaluation.curves import confusion_rows, draw_curves
from perennial.evaluation.intervals import Array
from perennial.evaluation.paired import Losses
from perennial.evaluation.sample import check_weights
from perennial.evaluation.slices import slice_table
from perennial.io.assigned import read_assigned
from perennial.io.bundle import bundle_hash, load_bundle, read_out_of_fold, read_seen_keys, verify_bundle
from perennial.io.engine import count_cores
from perennial.io.files import read_json, write_text
from perennial.model.encoding import encode_learned
from perennial.model.frames import predict_frame
from perennial.model.learned import Truth
from perennial.model.linear_fit import fit_linear
from perennial.model.predictor import Model
from perennial.model.seen import count_overlap, own_scores
from perennial.model.target import encode_target
from perennial.refusal import Refusal

BUNDLE, CHAMPION = "models/bundle", "models/champion/src/bundle"


@dataclass(frozen=True)
class Rows:
    """What was learned from (train and valid) and what is judged (test), with truths as numbers and weights if any."""

    learned: pd.DataFrame
    learned_truth: Array
    test: pd.DataFrame
    truth: Array
    classes: int
    first: str | None
    learned_weights: Array | None = None
    weights: Array | None = None
    folds: tuple[int, int] | None = None
    """Repeats of cross-validation and folds of each, None where a span is judged."""


def read_rows(model: Model, *, key: str, target: str, time: str | None, weight: str | None = None) -> Rows:
    """Return the rows by role, in the order of the examples."""
    rows, split = read_assigned(key)
    learned, test = (rows[split["role"].isin(roles)].reset_index(drop=True) for roles in (LEARNING, ("test",)))
    truth, classes = encode_target(test[target], model.classes), 0
    if model.classes:
        truth, classes = admit_unseen(model.task, truth, len(model.classes))
    first = None if time is None or test.empty else pd.Timestamp(test[time].min()).isoformat()
    learned_weights, weights = (None if weight is None else read_weights(part[weight]) for part in (learned, test))
    learned_truth = encode_target(learned[target], model.classes)
    return Rows(learned, learned_truth, test, truth, classes, first, learned_weights, weights)


def read_weights(column: pd.Series) -> Array:
    """Return the weights of rows as numbers; raises Refusal when one is missing or below 0."""
    return check_weights(column.to_numpy(dtype=np.float64, na_value=np.nan))


def predict_linear_baseline(model: Model, rows: Rows, *, most: int, c: float) -> Array:
    """Return the test scores of a linear model on the bundle's encoding, fitted on at most `most` learned rows."""
    step, state = max(1, -(-len(rows.learned) // most)), model.encoder
    weights = None if rows.learned_weights is None else rows.learned_weights[::step]
    truth = Truth(rows.learned_truth[::step], len(model.classes), weights)
    matrix = encode_learned(state, rows.learned.iloc[::step], truth)
    coefficients = fit_linear(matrix, truth.y, state, {"C": c}, weights=weights, classes=len(model.classes))
    return predict_frame(Model(model.task, model.target, state, (coefficients,), classes=model.classes), rows.test)


def predict_padded(model: Model, frame: pd.DataFrame, classes: int) -> Array:
    """Return the scores of a frame, with zeros for classes that the model does not know."""
    return pad_classes(predict_frame(model, frame, num_threads=count_cores()), classes)


def predict_all(model: Model, rows: Rows, *, most: int, c: float) -> dict[str, Array]:
    """Return the test scores of the model and of both baselines."""
    known = len(model.classes)
    predictions = {
        "constant": predict_constant(model.task, rows.learned_truth, known, len(rows.test), rows.learned_weights),
        "linear": predict_linear_baseline(model, rows, most=most, c=c),
    }
    padded = {name: pad_classes(one, rows.classes) for name, one in predictions.items()}
    return {**padded, "model": predict_padded(model, rows.test, rows.classes)}


def predict_released(released: Model, rows: Rows, key: str) -> Array:
    """Return the scores of the released model; of rows it has learned, those that its cross-validation gave them."""
    scores, own = predict_padded(released, rows.test, rows.classes), read_out_of_fold(CHAMPION)
    if own is None:
        return scores
    repeats = np.arange(len(rows.test)) // max(1, len(rows.learned)) if rows.folds else np.zeros(len(rows.test))
    known, honest = own_scores(read_seen_keys(CHAMPION), own, rows.test[key], repeats.astype(np.int64))
    scores[known] = pad_classes(honest, rows.classes)
    return scores


def read_champion(
    model: Model, inputs: Sequence[str], keys: pd.Series, first: str | None
) -> tuple[dict[str, Any] | None, Model | None]:
    """Return what is said of the released model, and the model where it can be compared; nothing without one."""
    released = read_json("models/champion.json").get("bundle")
    if released is None:
        return None, None
    if not Path(CHAMPION).is_dir():
        raise Refusal(f"models/champion/ does not hold the released bundle {released}: `dvc pull models/champion`.")
    champion = load_bundle(CHAMPION)
    absent = sorted(set(champion.inputs) - set(inputs))
    found = compare_champion(
        bundle=bundle_hash(BUNDLE),
        released=released,
        present=bundle_hash(CHAMPION),
        absent=absent if champion.classes == model.classes else [*absent, f"the classes {champion.classes}"],
        # Of rows that it was trained on and judged by without them, a released model brings honest scores.
        overlap_rows=0 if read_out_of_fold(CHAMPION) is not None else count_overlap(read_seen_keys(CHAMPION), keys),
        seen_until=verify_bundle(CHAMPION)["seen_until"],
        first=first,
    )
    return found, champion if found["obstacle"] is None else None


def describe_bundle(model: Model, overlap: int) -> dict[str, Any]:
    """Return which bundle is judged and what it has seen; `overlap` rows were judged by a model that learned them."""
    return {
        "bundle": bundle_hash(BUNDLE),
        "family": model.family,
        "seen_until": verify_bundle(BUNDLE)["seen_until"],
        "overlap_rows": overlap,
    }


def write_plots(evaluation: Mapping[str, Any], rows: Rows, prediction: Array, losses: Losses) -> None:
    """Write the plots as small CSV files under metrics/plots/."""
    confusion = evaluation["confusion"] or {"classes": [], "counts": []}
    tables = {
        **draw_curves(rows.truth, prediction, confusion["classes"], rows.weights),
        "confusion": confusion_rows(confusion["counts"], confusion["classes"]),
        "slices": slice_table(evaluation["slices"]),
        "importances": pd.DataFrame(evaluation["importances"], columns=["column", "value"]),
        "blocks": pd.DataFrame(losses, columns=["block", "loss", "weight"]),
    }
    for name, table in tables.items():
        text = table.to_csv(index=False, float_format="%.8g", lineterminator="\n")
        write_text(f"metrics/plots/{name}.csv", text)
