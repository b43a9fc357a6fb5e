"""train: the best settings fitted on all learned rows, calibrated out of fold; models/bundle and metrics/train.json."""

from collections.abc import Sequence
from typing import Any

from perennial.data.contract import inputs_of
from perennial.evaluation.intervals import round_numbers
from perennial.evaluation.judgement import block_values
from perennial.evaluation.sample import improvement, take_sample
from perennial.io.bundle import write_bundle
from perennial.io.contract import read_contract
from perennial.io.engine import open_engine
from perennial.io.files import read_json, scratch_folder, write_json
from perennial.io.folds import fit_members, predict_folds
from perennial.io.learning import Learning, read_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.model.calibration import inverse_link
from perennial.model.candidates import Candidate
from perennial.model.ensemble import (
    Choice,
    choose_members,
    choose_single,
    combine_choice,
    pick_contenders,
    prefer_linear,
)
from perennial.model.finish import Finish, describe_choice, describe_losses, finish_choice, settings_to_fit
from perennial.model.folds import OutOfFold
from perennial.model.metric import check_metric
from perennial.model.predictor import Model
from perennial.model.reference import golden_rows, reference_statistics
from perennial.model.schema import describe_inputs
from perennial.model.seen import hash_keys

PARAMS: tuple[str, ...] = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.label_known_at"),
    *("problem.group", "problem.block", "problem.metric"),
    *("problem.costs.false_positive", "problem.costs.false_negative", "engine.workers", "engine.scheduler"),
    *("train.members", "train.ensemble_gain", "train.max_rounds", "train.patience", "train.replicates"),
    *("train.confidence", "train.golden_rows", "train.seed"),
)


def improve_linear(
    learning: Learning, oof: OutOfFold, choice: Choice, linear: int, p: dict[str, Any]
) -> dict[str, Any]:
    """Return by which share of the linear model's out-of-fold loss the choice is better, with its interval."""
    rows = learning.frame.iloc[oof.positions]
    time, group = (None if name is None else rows[name] for name in (p["problem.time"], p["problem.group"]))
    sample = take_sample(
        task=p["problem.task"],
        metric=p["problem.metric"],
        truth=oof.asked.y,
        blocks=block_values(p["problem.block"], time, group, len(rows)),
        replicates=p["train.replicates"],
        confidence=p["train.confidence"],
        seed=p["train.seed"],
    )
    ours, theirs = (inverse_link(sample.task, raw) for raw in (combine_choice(oof.raws, choice), oof.raws[linear]))
    return improvement(sample, ours, theirs)


def choose(
    learning: Learning, oof: OutOfFold, contenders: Sequence[Candidate], linear: int, p: dict[str, Any]
) -> tuple[Choice, dict[str, Any]]:
    """Return what is served, and its improvement over the linear model, which is served where that is not clear."""
    choice = choose_members(oof, p["problem.task"], least_gain=p["train.ensemble_gain"])
    gain = improve_linear(learning, oof, choice, linear, p)
    if prefer_linear(contenders, choice, gain["interval"][0]):
        choice = choose_single(oof, (linear,), p["problem.task"])
    return choice, gain


def write_model(model: Model, learning: Learning, finish: Finish, p: dict[str, Any]) -> dict[str, Any]:
    """Write the bundle and return what metrics/train.json says of it."""
    frame, time = learning.frame, p["problem.time"]
    seen_until = None if time is None else frame[time].max().isoformat()
    bundle = write_bundle(
        "models/bundle",
        model,
        schema=describe_inputs(inputs_of(read_contract())),
        golden_rows=golden_rows(frame, model.encoder, count=p["train.golden_rows"]),
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
    task, seed = p["problem.task"], p["train.seed"]
    learning = read_learning(
        task=task,
        target=p["problem.target"],
        key=p["problem.key"],
        weight=p["problem.weight"],
        time=p["problem.time"],
        known_at=p["problem.label_known_at"],
        group=p["problem.group"],
    )
    contenders, linear = pick_contenders(read_json("models/best.json"), p["train.members"])
    fixed = {"num_iterations": p["train.max_rounds"], "early_stopping_round": p["train.patience"], "seed": seed}
    with scratch_folder("train") as folder, open_engine(p["engine.workers"], p["engine.scheduler"]) as engine:
        oof = predict_folds(engine, folder, learning, contenders, fixed)
        choice, gain = choose(learning, oof, contenders, linear, p)
        lesson, members = fit_members(engine, folder, learning, settings_to_fit(contenders, oof, choice, seed))
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
        "members": describe_choice(contenders, oof, choice),
        "out_of_fold": describe_losses(task, oof, choice, linear),
        "improvement_over_linear": gain,
    }
    write_json("metrics/train.json", round_numbers(facts))


if __name__ == "__main__":
    run_stage(main)
