"""evaluate: judge the bundle on the test rows, beside a constant, a linear and the released model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from perennial.data.contract import Column, Contract, features_of, inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.evaluation.classes import name_classes
from perennial.evaluation.coverage import judge_coverage
from perennial.evaluation.importance import judge_importances
from perennial.evaluation.intervals import Array, round_numbers
from perennial.evaluation.judgement import SliceRules, block_values, flat_scores, judge
from perennial.evaluation.paired import Losses, block_losses
from perennial.evaluation.sample import Sample, point_scores, stack_sample, take_sample
from perennial.io.bundle import load_bundle
from perennial.io.contract import read_contract
from perennial.io.files import write_json
from perennial.io.judged import Judged, Named, read_judged
from perennial.io.judging import BUNDLE, Rows, describe_bundle, predict_released, read_champion, write_plots
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.model.metric import check_metric
from perennial.model.predictor import Model

PARAMS = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.group"),
    *("problem.block", "problem.metric", "problem.costs.false_positive", "problem.costs.false_negative"),
    *("evaluate.replicates", "evaluate.confidence", "evaluate.seed"),
    *("evaluate.slice_rows", "evaluate.slice_blocks", "evaluate.bands"),
    *("evaluate.importance_rows", "evaluate.importance_repeats", "evaluate.linear_rows", "evaluate.linear_c"),
)


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
    named = Named(key, p["problem.target"], time, p["problem.weight"])
    judged = read_judged(model, told, named, most=p["evaluate.linear_rows"], c=p["evaluate.linear_c"])
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
