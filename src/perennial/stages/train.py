"""train: the best settings fitted on all learned rows, calibrated out of fold; models/bundle and metrics/train.json."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perennial.data.contract import inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.evaluation.intervals import round_numbers
from perennial.evaluation.judgement import block_values
from perennial.evaluation.sample import Sample, improvement, take_sample
from perennial.io.bundle import write_bundle
from perennial.io.contract import read_contract
from perennial.io.crosswise import FOLDER, list_fold_models, read_fold_models, score_crosswise, write_fold_model
from perennial.io.engine import Engine, open_engine
from perennial.io.files import read_json, replace_folder, write_json
from perennial.io.folds import fit_members, predict_folds
from perennial.io.learning import Learning, leave_out, outer_lessons, read_learning
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.scratch import scratch_folder
from perennial.model.candidates import Lesson
from perennial.model.conformal import refuse_certainty
from perennial.model.encoder import Array
from perennial.model.ensemble import choose_served, pick_contenders
from perennial.model.estimator import refuse_untrusted
from perennial.model.example import withhold_values
from perennial.model.finish import Finish, describe_choice, describe_losses, finish_choice, settings_to_fit
from perennial.model.folds import OutOfFold
from perennial.model.metric import check_metric
from perennial.model.predictor import Model
from perennial.model.reference import golden_rows, reference_statistics
from perennial.model.schema import describe_inputs
from perennial.model.seen import hash_each, hash_keys
from perennial.refusal import Refusal

PARAMS: tuple[str, ...] = (
    *("problem.task", "problem.target", "problem.key", "problem.weight", "problem.time", "problem.label_known_at"),
    *("problem.group", "problem.block", "problem.metric"),
    *("problem.costs.false_positive", "problem.costs.false_negative", "engine.workers", "engine.scheduler"),
    *("train.members", "train.ensemble_gain", "train.max_rounds", "train.patience", "train.replicates"),
    *("train.confidence", "train.golden_rows", "train.seed", "train.coverage"),
    "train.trusted_types",
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


def fit_model(
    engine: Engine, folder: Path, learning: Learning, best: Mapping[str, Any], p: dict[str, Any]
) -> tuple[Model, Finish, Lesson, dict[str, Any]]:
    """Return the model of the learned rows, its finish, the rows as encoded, and what is said of the choice."""
    seed, task = p["train.seed"], p["problem.task"]
    contenders = pick_contenders(best, p["train.members"])
    fixed = {"num_iterations": p["train.max_rounds"], "early_stopping_round": p["train.patience"], "seed": seed}
    oof = predict_folds(engine, folder, learning, contenders.candidates, fixed)
    compare = functools.partial(improvement, sample_asked(learning, oof, p))
    choice, gain = choose_served(oof, contenders, task, least_gain=p["train.ensemble_gain"], compare=compare)
    settings = settings_to_fit(contenders.candidates, oof, choice, seed)
    lesson, members = fit_members(engine, folder, learning, settings)
    refuse_untrusted(members, p["train.trusted_types"])
    costs = {
        "false_positive": p["problem.costs.false_positive"],
        "false_negative": p["problem.costs.false_negative"],
    }
    finish = finish_choice(oof, choice, task, costs, p["train.coverage"])
    model = Model(
        task=task,
        target=p["problem.target"],
        encoder=lesson.encoder,
        members=tuple(members),
        weights=choice.weights,
        classes=learning.problem.classes,
        calibration=finish.calibration,
        threshold=finish.threshold,
        bounds=finish.bounds,
    )
    facts = {
        "members": describe_choice(contenders.candidates, oof, choice),
        "out_of_fold": describe_losses(task, oof, choice, contenders.linear),
        "improvement_over_linear": gain,
    }
    return model, finish, lesson, facts


def fit_beside(
    engine: Engine, folder: Path, learning: Learning, best: Mapping[str, Any], p: dict[str, Any]
) -> Array | None:
    """Write the model of every outer fold into models/folds; return all rows' out-of-fold scores, None for a span."""
    outer = {(one["repeat"], one["fold"]): one for one in best.get("outer", ())}
    withheld = withhold_values(describe_inputs(inputs_of(read_contract())))
    with replace_folder(FOLDER) as place:
        names = []
        for repeat, number, lesson in outer_lessons(learning):
            if (repeat, number) not in outer:
                raise Refusal(f"models/best.json holds no search beside fold {number} of repeat {repeat}: search anew.")
            name = f"{repeat}_{number}"
            found = outer[repeat, number]
            kept = leave_out(lesson, found.get("left_out", ()))
            model, *_ = fit_model(engine, folder / name, kept, found, p)
            write_fold_model(place, name, model, lesson.frame, p["problem.key"], withheld)
            names.append(name)
        list_fold_models(place, names)
    if learning.repeats is None:
        return None
    scores = score_crosswise(read_fold_models(), learning.frame, learning.repeats)
    return np.asarray(scores[np.argsort(hash_each(learning.frame[p["problem.key"]]))])


def write_model(
    model: Model, learning: Learning, lesson: Lesson, finish: Finish, out_of_fold: Array | None, p: dict[str, Any]
) -> dict[str, Any]:
    """Write the bundle and return what metrics/train.json says of it."""
    frame, time, schema = learning.frame, p["problem.time"], describe_inputs(inputs_of(read_contract()))
    seen_until = None if time is None else frame[time].max().isoformat()
    bundle = write_bundle(
        "models/bundle",
        model,
        schema=schema,
        golden_rows=golden_rows(frame, model.encoder, withheld=withhold_values(schema), count=p["train.golden_rows"]),
        reference=reference_statistics(frame, model.encoder, finish.scores, lesson.rows.X),
        seen=hash_keys(frame[p["problem.key"]]),
        seen_until=seen_until,
        out_of_fold=out_of_fold,
    )
    return {
        "bundle": bundle,
        "family": model.family,
        "rows": len(frame),
        "seen_until": seen_until,
        "threshold": finish.threshold,
        "calibration": finish.calibration["kind"],
        "calibration_map": finish.calibration,
        **({"bounds": finish.bounds} if finish.bounds else {}),
    }


def main() -> None:
    """Read settings and rows; predict out of fold, choose, fit, write the models of the folds and the bundle."""
    p = read_params(PARAMS)
    check_metric(p["problem.task"], p["problem.metric"])
    refuse_certainty(p["train.coverage"])
    best = read_json("models/best.json")
    learning = leave_out(read_rows(p), best.get("left_out", ()))
    with scratch_folder("train") as folder, open_engine(p["engine.workers"], p["engine.scheduler"]) as engine:
        model, finish, lesson, facts = fit_model(engine, folder / "whole", learning, best, p)
        out_of_fold = fit_beside(engine, folder, learning, best, p)
    facts = write_model(model, learning, lesson, finish, out_of_fold, p) | facts
    write_json("metrics/train.json", round_numbers(facts))


if __name__ == "__main__":
    run_stage(main)
