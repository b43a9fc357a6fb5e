"""gate: the verdict on the evaluated bundle; a refusal is an output, not an exit code."""

from perennial.evaluation.finding import GateLimits, name_limits
from perennial.evaluation.gate import judge_gate
from perennial.io.files import read_json, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage

PARAMS = ("problem.success", "problem.time", *(f"gate.{name}" for name in name_limits()))


def read_limits() -> GateLimits:
    """Return the limits of params.yaml."""
    p = read_params(PARAMS)
    limits = {name: p[f"gate.{name}"] for name in name_limits()}
    return GateLimits(success=p["problem.success"], has_time=p["problem.time"] is not None, **limits)


def main() -> None:
    """Read evaluation, audit and released model; write the verdict."""
    evaluation, audit = read_json("metrics/evaluation.json"), read_json("metrics/point_in_time.json")
    released = read_json("models/champion.json").get("bundle")
    write_json("metrics/gate.json", judge_gate(evaluation, audit, released, read_limits()))


if __name__ == "__main__":
    run_stage(main)
