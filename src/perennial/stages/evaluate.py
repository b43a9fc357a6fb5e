"""evaluate: judge the bundle on the test rows, beside a constant, a linear and the released model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.contract import Column, Contract, features_of, inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.evaluation.classes import name_classes
from perennial.evaluation.coverage import judge_coverage
from perennial.evaluation.importance import judge_importances
from perennial.evaluation.intervals import Array, round_numbers
from perennial.evaluation.judgement import SliceRules, block_values, flat_scores, judge
from perennial.evaluation.leakage import find_leaks, find_leaks_crosswise
from perennial.evaluation.paired import Losses, block_losses
from perennial.evaluation.sample import Sample, Threshold, point_scores, stack_sample, take_sample
from perennial.io.bundle import load_bundle, read_seen_keys
from perennial.io.contract import read_contract
from perennial.io.crosswise import FoldModel, read_fold_models
from perennial.io.files import write_json
from perennial.io.judging import (
    BUNDLE,
    Rows,
    describe_bundle,
    predict_all,
    predict_padded,
    predict_released,
    read_champion,
    read_rows,
    write_plots,
)
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.stacking import (
    JUDGE,
    bound_stacked,
    count_seen,
    predict_all_stacked,
    predict_stacked,
    stack_rows,
    stacked_thresholds,
)
from perennial.model.conformal import bound_scores
from perennial.model.metric import check_metric
from perennial.model.predictor import Model
from perennial.model.seen import count_overlap

PARAMS = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.group"),
    *("problem.block", "problem.metric", "problem.costs.false_positive", "problem.costs.false_negative"),
    *("evaluate.replicates", "evaluate.confidence", "evaluate.seed"),
    *("evaluate.slice_rows", "evaluate.slice_blocks", "evaluate.bands"),
    *("evaluate.importance_rows", "evaluate.importance_repeats", "evaluate.linear_rows", "evaluate.linear_c"),
)


@dataclass(frozen=True)
class Judged:
    """The rows that judge, what is predicted of them and how, the thresholds, leaks, and rows that had been learned.

    `ends` are the bounds of predicted numbers, None without any; `beside` names further columns that `predict` needs.
    """

    rows: Rows
    predictions: dict[str, Array]
    predict: Callable[[pd.DataFrame], Array]
    threshold: Threshold
    leaks: dict[str, Any]
    overlap: int
    ends: tuple[Array, Array] | None
    beside: tuple[str, ...] = ()


def judge_span(model: Model, inputs: list[str], p: dict[str, Any]) -> Judged:
    """Return the test rows as the bundle's model predicts them."""
    key, named = p["problem.key"], {name: p[f"problem.{name}"] for name in ("target", "time", "weight")}
    rows = read_rows(model, key=key, **named)
    predictions = predict_all(model, rows, most=p["evaluate.linear_rows"], c=p["evaluate.linear_c"])
    return Judged(
        rows=rows,
        predictions=predictions,
        predict=lambda frame: predict_padded(model, frame, rows.classes),
        threshold=model.threshold,
        leaks=find_leaks(model.task, (rows.learned[inputs], rows.learned_truth), (rows.test[inputs], rows.truth)),
        overlap=count_overlap(read_seen_keys(BUNDLE), rows.test[key]),
        ends=None if model.bounds is None else bound_scores(model.bounds, predictions["model"]),
    )


def judge_crosswise(model: Model, models: Sequence[FoldModel], inputs: list[str], p: dict[str, Any]) -> Judged:
    """Return all labelled rows, each once per repeat as the model of its fold predicts it."""
    key = p["problem.key"]
    rows = stack_rows(model, models, key=key, target=p["problem.target"], weight=p["problem.weight"])
    first = rows.test[JUDGE].to_numpy()[: len(rows.learned)]
    predictions = predict_all_stacked(models, rows, most=p["evaluate.linear_rows"], c=p["evaluate.linear_c"])
    return Judged(
        rows=rows,
        predictions=predictions,
        predict=lambda frame: predict_stacked(models, frame),
        threshold=stacked_thresholds(models, rows),
        leaks=find_leaks_crosswise(model.task, rows.learned[inputs], rows.learned_truth, first),
        overlap=count_seen(models, rows, key),
        ends=bound_stacked(models, rows, predictions["model"]),
        beside=(JUDGE,),
    )


def read_judged(model: Model, inputs: list[str], p: dict[str, Any]) -> Judged:
    """Return what judges: the test rows, or all labelled rows where models/folds/ holds a cross-validation."""
    models = read_fold_models()
    return judge_crosswise(model, models, inputs, p) if models else judge_span(model, inputs, p)


def blocks_of(rows: Rows, p: dict[str, Any]) -> npt.NDArray[Any]:
    """Return what tells the blocks of the rows that judge apart, each row once."""
    once = rows.test if rows.folds is None else rows.learned
    times, groups = (None if name is None else once[name] for name in (p["problem.time"], p["problem.group"]))
    return block_values(p["problem.block"], times, groups, len(once))


def sample_test(rows: Rows, p: dict[str, Any]) -> Sample:
    """Return the test rows with their weights, blocks and draws."""
    blocks = blocks_of(rows, p)
    sample = take_sample(
        task=p["problem.task"],
        metric=p["problem.metric"],
        truth=rows.truth,
        weights=rows.weights,
        blocks=blocks if rows.folds is None else np.tile(blocks, rows.folds[0]),
        replicates=p["evaluate.replicates"],
        confidence=p["evaluate.confidence"],
        seed=p["evaluate.seed"],
    )
    return sample if rows.folds is None else stack_sample(sample, *rows.folds, p["evaluate.seed"])


def judge_model(
    model: Model, judged: Judged, sample: Sample, predictions: dict[str, Array], contract: Contract, p: dict[str, Any]
) -> dict[str, Any]:
    """Return what is said of the model's scores, slices, gaps and costs."""
    shown = [column for column in contract.examples if column.role == "input" or column.sensitive]
    rules = SliceRules(
        rows=p["evaluate.slice_rows"],
        blocks=p["evaluate.slice_blocks"],
        bands=p["evaluate.bands"],
        sensitive=tuple(column.name for column in shown if column.sensitive),
        pii=tuple(column.name for column in shown if column.pii),
    )
    return judge(
        sample,
        predictions,
        judged.rows.test,
        dtypes={column.name: column.dtype for column in shown},
        names=name_classes(model.classes, judged.rows.classes),
        threshold=judged.threshold,
        costs={
            "false_positive": p["problem.costs.false_positive"],
            "false_negative": p["problem.costs.false_negative"],
        },
        rules=rules,
    )


def lose_by_block(sample: Sample, judged: Judged, p: dict[str, Any]) -> Losses:
    """Return the loss of each block; none under cross-validation, whose rows are no evidence of their own each."""
    if judged.rows.folds is not None:
        return []
    return block_losses(sample, judged.predictions["model"], p["problem.block"], blocks_of(judged.rows, p))


def lean_on(judged: Judged, sample: Sample, inputs: Sequence[Column], p: dict[str, Any]) -> dict[str, Any]:
    """Return what the model leans on, by input and by group of inputs."""
    return judge_importances(
        sample,
        judged.predict,
        judged.rows.test[[*(column.name for column in inputs), *judged.beside]],
        {column.name: column.group for column in inputs},
        rows=p["evaluate.importance_rows"],
        repeats=p["evaluate.importance_repeats"],
        seed=p["evaluate.seed"],
    )


def main() -> None:
    """Read bundle and rows, judge, write the facts and the plots."""
    p = read_params(PARAMS)
    check_metric(p["problem.task"], p["problem.metric"])
    contract, model = read_contract(), load_bundle(BUNDLE)
    inputs, key, time = inputs_of(contract), p["problem.key"], p["problem.time"]
    names = [column.name for column in inputs]
    told = [column.name for column in features_of(contract)]
    refuse_other_roles(contract, {"key": key, "time": time, "target": p["problem.target"]})
    judged = read_judged(model, told, p)
    rows, sample, predictions = judged.rows, sample_test(judged.rows, p), judged.predictions
    champion, released = read_champion(model, names, rows.test[key].drop_duplicates(), rows.first)
    if champion is not None and released is not None:
        predictions["champion"] = predict_released(released, rows, key)
        champion["metrics"] = point_scores(sample, predictions["champion"], released.threshold)
    said = judge_model(model, judged, sample, predictions, contract, p)
    if judged.ends is not None and model.bounds is not None:
        said["coverage"] = judge_coverage(sample, *judged.ends, model.bounds["coverage"])
    facts = {"block": p["problem.block"], "first": rows.first, "champion": champion}
    leaned_on = lean_on(judged, sample, inputs, p)
    evaluation = round_numbers(said | judged.leaks | leaned_on | facts | describe_bundle(model, judged.overlap))
    write_json("metrics/evaluation.json", evaluation)
    write_json("metrics/scores.json", flat_scores(evaluation))
    write_plots(evaluation, rows, predictions["model"], lose_by_block(sample, judged, p))


if __name__ == "__main__":
    run_stage(main)
