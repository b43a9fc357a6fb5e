"""evaluate: judge the bundle on the test rows, beside a constant, a linear and the released model."""

from collections.abc import Sequence
from typing import Any

from perennial.data.contract import Column, Contract, features_of, inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.evaluation.classes import name_classes
from perennial.evaluation.importance import judge_importances
from perennial.evaluation.intervals import Array, round_numbers
from perennial.evaluation.judgement import SliceRules, block_values, flat_scores, judge
from perennial.evaluation.leakage import find_leaks
from perennial.evaluation.sample import Sample, point_scores, take_sample
from perennial.io.bundle import load_bundle
from perennial.io.contract import read_contract
from perennial.io.files import write_json
from perennial.io.judging import (
    BUNDLE,
    Rows,
    describe_bundle,
    predict_all,
    predict_padded,
    read_champion,
    read_rows,
    write_plots,
)
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


def sample_test(rows: Rows, p: dict[str, Any]) -> Sample:
    """Return the test rows with their weights, blocks and draws."""
    times, groups = (None if name is None else rows.test[name] for name in (p["problem.time"], p["problem.group"]))
    return take_sample(
        task=p["problem.task"],
        metric=p["problem.metric"],
        truth=rows.truth,
        weights=rows.weights,
        blocks=block_values(p["problem.block"], times, groups, len(rows.test)),
        replicates=p["evaluate.replicates"],
        confidence=p["evaluate.confidence"],
        seed=p["evaluate.seed"],
    )


def judge_model(
    model: Model, sample: Sample, predictions: dict[str, Array], rows: Rows, contract: Contract, p: dict[str, Any]
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
        rows.test,
        dtypes={column.name: column.dtype for column in shown},
        names=name_classes(model.classes, rows.classes),
        threshold=model.threshold,
        costs={
            "false_positive": p["problem.costs.false_positive"],
            "false_negative": p["problem.costs.false_negative"],
        },
        rules=rules,
    )


def lean_on(model: Model, sample: Sample, rows: Rows, inputs: Sequence[Column], p: dict[str, Any]) -> dict[str, Any]:
    """Return what the model leans on, by input and by group of inputs."""
    return judge_importances(
        sample,
        lambda frame: predict_padded(model, frame, rows.classes),
        rows.test[[column.name for column in inputs]],
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
    rows = read_rows(model, key=key, target=p["problem.target"], time=time, weight=p["problem.weight"])
    champion, released = read_champion(model, names, rows.test[key], rows.first)
    predictions = predict_all(model, released, rows, most=p["evaluate.linear_rows"], c=p["evaluate.linear_c"])
    sample = sample_test(rows, p)
    if champion is not None and released is not None:
        champion["metrics"] = point_scores(sample, predictions["champion"], released.threshold)
    judged = judge_model(model, sample, predictions, rows, contract, p)
    leaks = find_leaks(model.task, (rows.learned[told], rows.learned_truth), (rows.test[told], rows.truth))
    facts = {"block": p["problem.block"], "first": rows.first, "champion": champion}
    leaned_on = lean_on(model, sample, rows, inputs, p)
    evaluation = round_numbers(judged | leaks | leaned_on | facts | describe_bundle(model, rows.test[key]))
    write_json("metrics/evaluation.json", evaluation)
    write_json("metrics/scores.json", flat_scores(evaluation))
    write_plots(evaluation, rows, predictions["model"])


if __name__ == "__main__":
    run_stage(main)
