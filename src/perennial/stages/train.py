"""train: the best settings fitted on all learned rows, calibrated out of fold; models/bundle and metrics/train.json."""

import functools
from typing import Any

from perennial.data.contract import inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.evaluation.intervals import round_numbers
from perennial.evaluation.judgement import block_values
from perennial.evaluation.sample import Sample, improvement, take_sample
from perennial.io.bundle import write_bundle
from perennial.io.contract import read_contract
from perennial.io.engine import open_engine
from perennial.io.files import read_json, write_json
from perennial.io.folds import fit_members, predict_folds
from perennial.io.learning import Learning, read_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.model.candidates import Lesson
from perennial.model.ensemble import Choice, Contenders, choose_served, pick_contenders
from perennial.model.estimator import refuse_untrusted
from perennial.model.example import withhold_values
from perennial.model.finish import Finish, describe_choice, describe_losses, finish_choice, settings_to_fit
from perennial.model.folds import OutOfFold
from perennial.model.metric import check_metric
from perennial.model.predictor import Content, Model
from perennial.model.reference import golden_rows, reference_statistics
from perennial.model.schema import describe_inputs
from perennial.model.seen import hash_keys

PARAMS: tuple[str, ...] = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.label_known_at"),
    *("problem.group", "problem.block", "problem.metric"),
    *("problem.costs.false_positive", "problem.costs.false_negative", "engine.workers", "engine.scheduler"),
    *("train.members", "train.ensemble_gain", "train.max_rounds", "train.patience", "train.replicates"),
    *("train.confidence", "train.golden_rows", "train.seed", "train.trusted_types"),
)


def sample_asked(learning: Learning, oof: OutOfFold, p: dict[str, Any]) -> Sample:
    """Return the out-of-fold rows with the draws of their blocks."""
    rows = learning.frame.iloc[oof.positions]
    time, group = (None if name is None else rows[name] for name in (p["problem.time"], p["problem.group"]))
    return take_sample(
        task=p["problem.task"],
        metric=p["problem.metric"],
        truth=oof.asked.y,
        weights=oof.asked.weights,
        blocks=block_values(p["problem.block"], time, group, len(rows)),
        replicates=p["train.replicates"],
        confidence=p["train.confidence"],
        seed=p["train.seed"],
    )


def read_rows(p: dict[str, Any]) -> Learning:
    """Return the learned rows as params `problem` mean them, which the contract must mean too."""
    named = {"key": "problem.key", "time": "problem.time", "target": "problem.target"}
    roles = {role: p[leaf] for role, leaf in (named | {"label_time": "problem.label_known_at"}).items()}
    refuse_other_roles(read_contract(), roles)
    return read_learning(
        task=p["problem.task"],
        target=p["problem.target"],
        key=p["problem.key"],
        weight=p["problem.weight"],
        time=p["problem.time"],
        known_at=p["problem.label_known_at"],
        group=p["problem.group"],
    )


def choose_and_fit(
    learning: Learning, contenders: Contenders, p: dict[str, Any]
) -> tuple[OutOfFold, Choice, dict[str, Any], Lesson, list[Content]]:
    """Return the out-of-fold predictions, what is served, its gain over the linear one, and the fitted members."""
    seed, task = p["train.seed"], p["problem.task"]
    fixed = {"num_iterations": p["train.max_rounds"], "early_stopping_round": p["train.patience"], "seed": seed}
    with scratch_folder("train") as folder, open_engine(p["engine.workers"], p["engine.scheduler"]) as engine:
        oof = predict_folds(engine, folder, learning, contenders.candidates, fixed)
        compare = functools.partial(improvement, sample_asked(learning, oof, p))
        choice, gain = choose_served(oof, contenders, task, least_gain=p["train.ensemble_gain"], compare=compare)
        settings = settings_to_fit(contenders.candidates, oof, choice, seed)
        lesson, members = fit_members(engine, folder, learning, settings)
    refuse_untrusted(members, p["train.trusted_types"])
    return oof, choice, gain, lesson, members


def write_model(model: Model, learning: Learning, finish: Finish, p: dict[str, Any]) -> dict[str, Any]:
    """Write the bundle and return what metrics/train.json says of it."""
    frame, time, schema = learning.frame, p["problem.time"], describe_inputs(inputs_of(read_contract()))
    seen_until = None if time is None else frame[time].max().isoformat()
    bundle = write_bundle(
        "models/bundle",
        model,
        schema=schema,
        golden_rows=golden_rows(frame, model.encoder, withheld=withhold_values(schema), count=p["train.golden_rows"]),
        reference=reference_statistics(frame, model.encoder, finish.scores),
        seen=hash_keys(frame[p["problem.key"]]),
        seen_until=seen_until,
    )
    return {
        "bundle": bundle,
        "family": model.family,
        "rows": len(frame),
        "seen_until": seen_until,
        "threshold": finish.threshold,
        "calibration": finish.calibration["kind"],
        "calibration_map": finish.calibration,
    }


def main() -> None:
    """Read settings and rows, predict out of fold, choose, fit, write the bundle."""
    p = read_params(PARAMS)
    check_metric(p["problem.task"], p["problem.metric"])
    task, learning = p["problem.task"], read_rows(p)
    contenders = pick_contenders(read_json("models/best.json"), p["train.members"])
    oof, choice, gain, lesson, members = choose_and_fit(learning, contenders, p)
    finish = finish_choice(oof, choice, task, p["problem.costs.false_positive"], p["problem.costs.false_negative"])
    model = Model(
        task=task,
        target=p["problem.target"],
        encoder=lesson.encoder,
        members=tuple(members),
        weights=choice.weights,
        classes=learning.problem.classes,
        calibration=finish.calibration,
        threshold=finish.threshold,
    )
    facts = write_model(model, learning, finish, p) | {
        "members": describe_choice(contenders.candidates, oof, choice),
        "out_of_fold": describe_losses(task, oof, choice, contenders.linear),
        "improvement_over_linear": gain,
    }
    write_json("metrics/train.json", round_numbers(facts))


if __name__ == "__main__":
    run_stage(main)
