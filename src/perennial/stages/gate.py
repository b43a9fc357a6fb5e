"""gate: the verdict on the evaluated bundle; a refusal is an output, not an exit code."""

from perennial.evaluation.checks import GateLimits
from perennial.evaluation.gate import judge_gate
from perennial.io.files import read_json, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage

PARAMS = (
    "problem.success",
    "problem.time",
    "gate.min_rows",
    "gate.min_blocks",
    "gate.linear_margin",
    "gate.calibration_error",
    "gate.slice_improvement",
    "gate.slice_regression",
    "gate.sensitive_gap",
    "gate.cost_saving",
    "gate.suspect_auc",
    "gate.suspect_correlation",
    "gate.declared_strong",
    "gate.repeated_rows",
    "gate.champion_margin",
)


def read_limits() -> GateLimits:
    """Return the limits of params.yaml."""
    p = read_params(PARAMS)
    return GateLimits(
        success=p["problem.success"],
        has_time=p["problem.time"] is not None,
        min_rows=p["gate.min_rows"],
        min_blocks=p["gate.min_blocks"],
        linear_margin=p["gate.linear_margin"],
        calibration_error=p["gate.calibration_error"],
        slice_improvement=p["gate.slice_improvement"],
        slice_regression=p["gate.slice_regression"],
        sensitive_gap=p["gate.sensitive_gap"],
        cost_saving=p["gate.cost_saving"],
        suspect_auc=p["gate.suspect_auc"],
        suspect_correlation=p["gate.suspect_correlation"],
        declared_strong=tuple(p["gate.declared_strong"]),
        repeated_rows=p["gate.repeated_rows"],
        champion_margin=p["gate.champion_margin"],
    )


def main() -> None:
    """Read evaluation, audit and released model; write the verdict."""
    evaluation, audit = read_json("metrics/evaluation.json"), read_json("metrics/point_in_time.json")
    released = read_json("models/champion.json").get("bundle")
    write_json("metrics/gate.json", judge_gate(evaluation, audit, released, read_limits()))


if __name__ == "__main__":
    run_stage(main)
