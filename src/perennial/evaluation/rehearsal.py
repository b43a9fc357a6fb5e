"""What a rehearsed service must hold: answers as offline, explanations that add up, budgets; and what says so."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.refusal import Refusal

TOLERANCE = 1e-9

Array = NDArray[np.float64]
Row = Mapping[str, Any]
Inputs = Sequence[Mapping[str, Any]]


def is_taken(inputs: Inputs, row: Row) -> bool:
    """Return whether the service must answer this row: nothing is null, and no category, that may not be."""
    for column in inputs:
        value = row[column["name"]]
        if value is None and not column["nullable"]:
            return False
        if value is not None and column["allowed"] and value not in column["allowed"]:
            return False
    return True


def check_sums(explained: Sequence[Row]) -> str:
    """Return a sentence when the parts of every explanation add up to its raw score; raises Refusal otherwise."""
    for place, one in enumerate(explained):
        names = list(one["raw"]) if isinstance(one["raw"], Mapping) else [None]
        parts = [one["base"], *one["contributions"].values()]
        for name in names:
            raw = one["raw"] if name is None else one["raw"][name]
            total = math.fsum(part if name is None else part[name] for part in parts)
            if not abs(total - raw) <= TOLERANCE * max(1.0, abs(raw)):
                raise Refusal(f"the explanation of row {place} adds up to {total:.9g}, its raw score is {raw:.9g}.")
    return f"{len(explained)} explanations add up to their raw scores, within {TOLERANCE:g}."


def read_scores(answers: Sequence[Row], classes: Sequence[Any], task: str) -> Array:
    """Return the scores of answers: (rows,) for binary and regression, (rows, classes) for multiclass.

    Of a regression with bounds score, lower and upper: (rows, 3).
    """
    if task == "multiclass":
        names = [str(name) for name in classes]
        return np.array([[answer["scores"][name] for name in names] for answer in answers], dtype=np.float64)
    if any("lower" in answer for answer in answers):
        names = ["score", "lower", "upper"]
        return np.array([[answer[name] for name in names] for answer in answers], dtype=np.float64)
    return np.array([answer["score"] for answer in answers], dtype=np.float64)


def compare_scores(expected: Array, got: Array) -> str:
    """Return a sentence when every score is within `TOLERANCE` of the offline one; raises Refusal otherwise."""
    if expected.ndim != got.ndim:
        raise Refusal("the service answers without the bounds that the model has, or with bounds that it has not.")
    if expected.shape != got.shape:
        raise Refusal(f"the service answered {got.shape[0]} rows with {expected.shape[0]} asked.")
    apart = np.abs(expected - got) / np.maximum(1.0, np.abs(expected))
    differing = ~(apart.reshape(len(apart), -1) <= TOLERANCE).all(axis=1) if len(apart) else np.zeros(0, dtype=bool)
    if differing.any():
        row = int(np.argmax(differing))
        raise Refusal(
            f"{int(differing.sum())} of {len(apart)} rows are answered differently over HTTP, first row {row}: "
            f"{np.array2string(got[row], precision=9)} instead of {np.array2string(expected[row], precision=9)}."
        )
    return f"{len(apart)} rows answered over HTTP as offline, within {TOLERANCE:g}."


def hold_budget(what: str, measured: float, budget: float, unit: str) -> str:
    """Return a sentence without the measurement, which differs from run to run; raises Refusal above the budget."""
    if measured > budget:
        raise Refusal(f"{what} is above its budget of {budget:g} {unit}: see reports/rehearsal_timings.json.")
    return f"{what} is within its budget of {budget:g} {unit}."


def rehearsal_reasons(rehearsal: Row, bundle: str) -> list[str]:
    """Return why a rehearsal does not let this bundle out; empty when it does."""
    if not rehearsal["rehearsed"]:
        return [f"rehearsal: {rehearsal['reason']}"]
    if rehearsal["bundle"] != bundle:
        return [f"rehearsal: it was of bundle {rehearsal['bundle']}, not of {bundle}: run `dvc repro rehearse`."]
    failed = [check for check in rehearsal["checks"] if not check["passed"]]
    return [f"rehearsal, {check['name']}: {check['sentence']}" for check in failed]
