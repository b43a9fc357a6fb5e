"""From raw out-of-fold scores to what is served with the model: calibration, threshold, honest scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perennial.model.calibration import apply_calibration, choose_threshold, fit_calibration, inverse_link
from perennial.model.candidates import Candidate, Params
from perennial.model.conformal import Bounds, choose_bounds
from perennial.model.encoder import Array
from perennial.model.ensemble import Choice, combine_choice
from perennial.model.folds import OutOfFold, task_loss


@dataclass(frozen=True)
class Finish:
    """The calibration, the threshold (None unless binary), and the calibrated out-of-fold scores (probabilities).

    `bounds` are those of a regression's scores.
    """

    calibration: Mapping[str, Any]
    threshold: float | None
    scores: Array
    bounds: Bounds | None = None


def finish_choice(
    oof: OutOfFold, choice: Choice, task: str, costs: Mapping[str, float], coverage: float = 0.9
) -> Finish:
    """Return what the out-of-fold rows say about calibration, the cheapest threshold and the bounds of a number.

    `costs` are of a `false_positive` and a `false_negative`, `coverage` is how many truths the bounds must hold.
    """
    raw, weights = combine_choice(oof.raws, choice), oof.asked.weights
    calibration = fit_calibration(task, raw, oof.asked.y, oof.folds, weights)
    scores = inverse_link(task, apply_calibration(calibration, raw))
    if task == "regression":
        return Finish(calibration, None, scores, choose_bounds(scores, oof.asked.y, coverage, weights))
    if task == "multiclass":
        return Finish(calibration, None, scores)
    threshold = choose_threshold(scores, oof.asked.y, weights=weights, **costs)
    return Finish(calibration, float(f"{threshold:.9g}"), scores)


def settings_to_fit(
    contenders: Sequence[Candidate], oof: OutOfFold, choice: Choice, seed: int
) -> list[tuple[Candidate, Params]]:
    """Return each chosen member with the rounds that its folds took, and its smear where it is linked."""
    smears = dict(enumerate(oof.smears))
    return [
        (
            contenders[m],
            {"num_iterations": oof.rounds[m], "seed": seed} | ({} if smears.get(m) is None else {"smear": smears[m]}),
        )
        for m in choice.members
    ]


def describe_choice(contenders: Sequence[Candidate], oof: OutOfFold, choice: Choice) -> list[dict[str, Any]]:
    """Return the members as JSON: family, settings, weight, rounds."""
    return [
        {
            "family": contenders[member].family,
            "params": dict(contenders[member].params),
            "weight": weight,
            "rounds": oof.rounds[member],
        }
        for member, weight in zip(choice.members, choice.weights, strict=True)
    ]


def describe_losses(task: str, oof: OutOfFold, choice: Choice, linear: int) -> dict[str, Any]:
    """Return rows and uncalibrated out-of-fold losses: of the choice, of the linear model, of every contender."""
    losses = [task_loss(task, raw, oof.asked) for raw in oof.raws]
    return {"rows": len(oof.asked.y), "loss": choice.loss, "linear": losses[linear], "contenders": losses}
