"""evaluate: judge the bundle on the test rows, beside a constant, a linear and the released model."""

from perennial.data.contract import inputs_of
from perennial.evaluation.importance import judge_importances
from perennial.evaluation.intervals import round_numbers
from perennial.evaluation.judgement import SliceRules, block_values, find_leaks, flat_scores, judge, name_classes
from perennial.evaluation.sample import point_scores, take_sample
from perennial.io.bundle import load_bundle
from perennial.io.contract import read_contract
from perennial.io.files import write_json
from perennial.io.judging import (
    BUNDLE,
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

PARAMS = (
    "problem.task",
    "problem.target",
    "problem.key",
    "problem.time",
    "problem.group",
    "problem.block",
    "problem.metric",
    "problem.costs.false_positive",
    "problem.costs.false_negative",
    "evaluate.replicates",
    "evaluate.confidence",
    "evaluate.seed",
    "evaluate.slice_rows",
    "evaluate.slice_blocks",
    "evaluate.bands",
    "evaluate.importance_rows",
    "evaluate.importance_repeats",
    "evaluate.linear_rows",
    "evaluate.linear_c",
)


def main() -> None:
    """Read bundle and rows, judge, write the facts and the plots."""
    p = read_params(PARAMS)
    check_metric(p["problem.task"], p["problem.metric"])
    contract, model = read_contract(), load_bundle(BUNDLE)
    inputs, sensitive = inputs_of(contract), [column for column in contract.examples if column.sensitive]
    names, key, time, group = [c.name for c in inputs], p["problem.key"], p["problem.time"], p["problem.group"]
    rows = read_rows(model, key=key, target=p["problem.target"], time=time)
    champion, released = read_champion(model, names, rows.test[key], rows.first)
    predictions = predict_all(model, released, rows, most=p["evaluate.linear_rows"], c=p["evaluate.linear_c"])
    times, groups = (None if name is None else rows.test[name] for name in (time, group))
    sample = take_sample(
        task=p["problem.task"],
        metric=p["problem.metric"],
        truth=rows.truth,
        blocks=block_values(p["problem.block"], times, groups, len(rows.test)),
        replicates=p["evaluate.replicates"],
        confidence=p["evaluate.confidence"],
        seed=p["evaluate.seed"],
    )
    if champion is not None and released is not None:
        champion = {**champion, "metrics": point_scores(sample, predictions["champion"], released.threshold)}
    judged = judge(
        sample,
        predictions,
        rows.test,
        dtypes={column.name: column.dtype for column in (*inputs, *sensitive)},
        names=name_classes(model.classes, rows.classes),
        threshold=model.threshold,
        costs={
            "false_positive": p["problem.costs.false_positive"],
            "false_negative": p["problem.costs.false_negative"],
        },
        rules=SliceRules(
            p["evaluate.slice_rows"], p["evaluate.slice_blocks"], p["evaluate.bands"], tuple(c.name for c in sensitive)
        ),
    )
    leaks = find_leaks(model.task, (rows.learned[names], rows.learned_truth), (rows.test[names], rows.truth))
    leaned_on = judge_importances(
        sample,
        lambda frame: predict_padded(model, frame, rows.classes),
        rows.test[names],
        {column.name: column.group for column in inputs},
        rows=p["evaluate.importance_rows"],
        repeats=p["evaluate.importance_repeats"],
        seed=p["evaluate.seed"],
    )
    facts = {"block": p["problem.block"], "first": rows.first, "champion": champion}
    evaluation = round_numbers(judged | leaks | leaned_on | facts | describe_bundle(model, rows.test[key]))
    write_json("metrics/evaluation.json", evaluation)
    write_json("metrics/scores.json", flat_scores(evaluation))
    write_plots(evaluation, rows.truth, predictions["model"])


if __name__ == "__main__":
    run_stage(main)
