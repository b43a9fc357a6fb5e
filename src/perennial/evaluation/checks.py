"""The registry of the gate's checks: each goes from the facts of the evaluation to one judged sentence."""

from dataclasses import asdict
from typing import Any

from perennial.evaluation import harm_checks, leak_checks
from perennial.evaluation.finding import Check, Facts, GateLimits
from perennial.extensions import add_extensions, load_extensions

CHECKS: dict[str, Check] = {
    "finite": harm_checks.check_finite,
    "enough_rows": harm_checks.check_enough_rows,
    "point_in_time": leak_checks.check_point_in_time,
    "overlap": leak_checks.check_overlap,
    "repeated_rows": leak_checks.check_repeated_rows,
    "leak_suspects": leak_checks.check_leak_suspects,
    "beats_constant": harm_checks.check_beats_constant,
    "not_worse_than_linear": harm_checks.check_not_worse_than_linear,
    "calibration": harm_checks.check_calibration,
    "coverage": harm_checks.check_coverage,
    "slices": harm_checks.check_slices,
    "slice_level": harm_checks.check_slice_level,
    "slice_regression": harm_checks.check_slice_regression,
    "sensitive_gap": harm_checks.check_sensitive_gap,
    "decision_cost": harm_checks.check_decision_cost,
    "champion": harm_checks.check_champion,
}


def run_checks(evaluation: Facts, audit: Facts, limits: GateLimits) -> list[dict[str, Any]]:
    """Return what every check found that applies, in the order of the registry, added ones last; none stops another."""
    checks: dict[str, Check] = add_extensions(CHECKS, load_extensions("checks"), "checks")
    found = {name: check(evaluation, audit, limits) for name, check in checks.items()}
    return [{"name": name, **asdict(finding)} for name, finding in found.items() if finding is not None]
