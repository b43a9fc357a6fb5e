"""The checks of the gate, one function each: from the facts of the evaluation to one judged sentence."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perennial.evaluation.leakage import reaches_into

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class GateLimits:
    """The limits of the gate; the fields are the leaves `gate.*`, `problem.success` and whether the table has time."""

    success: float
    has_time: bool
    min_rows: int
    min_blocks: int
    linear_margin: float
    calibration_error: float
    slice_improvement: float
    slice_regression: float
    sensitive_gap: float
    cost_saving: float
    suspect_auc: float
    suspect_correlation: float
    declared_strong: tuple[str, ...]
    repeated_rows: float
    champion_margin: float


@dataclass(frozen=True)
class Finding:
    """What a check found: `interval` is null where the value is exact."""

    passed: bool
    sentence: str
    value: float | int | None = None
    threshold: float | int | None = None
    interval: list[float] | None = None
    rows: int | None = None


Check = Callable[[Facts, Facts, GateLimits], Finding]


def _holds(condition: Callable[[float], bool], value: float | None) -> bool:
    """Return whether a value that may be missing (not finite) meets a condition; a missing one never does."""
    return value is not None and condition(value)


def _show(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def check_finite(evaluation: Facts, _audit: Facts, _limits: GateLimits) -> Finding:
    """Every prediction and every score is a finite number."""
    missing = sorted(name for name, one in evaluation["metrics"].items() if one["value"] is None)
    count = evaluation["unpredicted_rows"]
    sentence = f"{count} test rows have a prediction that is not finite"
    sentence += f"; no value for {', '.join(missing)} (is one class missing from the test?)." if missing else "."
    return Finding(not missing and not count, sentence, count + len(missing), 0, rows=evaluation["rows"])


def check_enough_rows(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The test is long enough for its intervals to mean something."""
    rows, blocks = evaluation["rows"], evaluation["blocks"]
    passed = rows >= limits.min_rows and blocks >= limits.min_blocks
    sentence = f"{rows} test rows in {blocks} blocks; {limits.min_rows} and {limits.min_blocks} are needed."
    return Finding(passed, sentence, blocks, limits.min_blocks, rows=rows)


def check_beats_constant(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The lower bound of the improvement over the constant exceeds the declared success."""
    found = evaluation["improvement"]["over_constant"]
    passed = _holds(lambda low: low > limits.success, found["interval"][0])
    sentence = (
        f"{evaluation['metric']} is {_show(found['value'])} of the constant's lower, at least "
        f"{_show(found['interval'][0])}; more than {limits.success:g} is declared as success."
    )
    return Finding(passed, sentence, found["value"], limits.success, found["interval"], evaluation["rows"])


def check_not_worse_than_linear(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The linear model is not better by more than the margin, clear of zero."""
    found, margin = evaluation["improvement"]["over_linear"], -limits.linear_margin
    passed = _holds(lambda high: high >= margin, found["interval"][1])
    sentence = f"{evaluation['metric']} is {_show(found['value'])} of the linear model's lower"
    sentence += "." if passed else ": the linear model is better clear of zero; choose the linear family."
    return Finding(passed, sentence, found["value"], margin, found["interval"], evaluation["rows"])


def check_calibration(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The calibration error is not above its limit clear of the noise of the blocks."""
    found = evaluation["calibration"]
    passed = _holds(lambda low: low <= limits.calibration_error, found["interval"][0])
    sentence = (
        f"The calibration error is {_show(found['value'])}, at least {_show(found['interval'][0])} when the noise of "
        f"the blocks is taken off; the limit is {limits.calibration_error:g}."
    )
    return Finding(passed, sentence, found["value"], limits.calibration_error, found["interval"], evaluation["rows"])


def _worst_slice(slices: list[Facts], against: str, floor: float, what: str) -> Finding:
    """Find the slice whose corrected upper bound is lowest; it fails when even that lies under the floor."""
    known = [one for one in slices if against in one]
    if not known:
        return Finding(True, f"There is nothing to judge slices {what}.", threshold=floor)
    worst = min(known, key=lambda one: -math.inf if one[against]["upper"] is None else one[against]["upper"])
    under = [one for one in known if not _holds(lambda high: high >= floor, one[against]["upper"])]
    named = ", ".join(f"{one['column']} = {one['value']}" for one in under[:5])
    sentence = (
        f"{len(under)} of {len(known)} slices lie under {floor:g} {what}, corrected for their number"
        + (f": {named}" if under else f"; the lowest bound has {worst['column']} = {worst['value']}")
        + "."
    )
    bounds = [worst[against]["lower"], worst[against]["upper"]]
    return Finding(not under, sentence, worst[against]["value"], floor, bounds, worst["rows"])


def check_slices(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No slice's improvement over the constant lies under its floor, corrected for the number of slices."""
    return _worst_slice(evaluation["slices"], "over_constant", limits.slice_improvement, "over the constant")


def check_slice_regression(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No slice is worse than the released model by more than is allowed, corrected for the number of slices."""
    return _worst_slice(evaluation["slices"], "over_champion", -limits.slice_regression, "against the released model")


def _gap_sizes(gaps: list[Facts]) -> Iterator[tuple[float, str, Facts]]:
    for one in gaps:
        for rate in ("true_positive_rate", "false_positive_rate"):
            if one[rate]["clear"] is not None:
                yield one[rate]["clear"], f"{rate} of {one['column']} = {one['value']}", one[rate]


def check_sensitive_gap(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The decision's rates for the values of a sensitive column do not lie further apart than the limit."""
    sizes = list(_gap_sizes(evaluation["sensitive"]))
    if not sizes:
        return Finding(True, "No sensitive column has a rate to compare.", threshold=limits.sensitive_gap)
    clear, name, found = max(sizes, key=lambda one: one[0])
    sentence = f"The {name} lies {_show(found['gap'])} from the others', {clear:.4g} clear of chance."
    return Finding(clear <= limits.sensitive_gap, sentence, found["gap"], limits.sensitive_gap, found["interval"])


def check_decision_cost(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """Deciding by the model is cheaper than the cheaper of always and never, clear of zero."""
    cost = evaluation["cost"]
    if cost is None:
        return Finding(True, f"A {evaluation['task']} task has no decision cost.", threshold=limits.cost_saving)
    found = cost["saving"]
    passed = _holds(lambda low: low > limits.cost_saving, found["interval"][0])
    sentence = (
        f"A decision costs {_show(cost['model'])} with the model, {_show(cost['always'])} always, "
        f"{_show(cost['never'])} never: {_show(found['value'])} saved, at least {_show(found['interval'][0])}."
    )
    return Finding(passed, sentence, found["value"], limits.cost_saving, found["interval"], evaluation["rows"])


def check_leak_suspects(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No single input almost decides the target, unless it is declared honest."""
    limit = limits.suspect_correlation if evaluation["task"] == "regression" else limits.suspect_auc
    open_ones = [one for one in evaluation["suspects"] if one["column"] not in limits.declared_strong]
    over = [one for one in open_ones if _holds(lambda value: value >= limit, one["strength"])]
    strongest = max((one["strength"] or 0.0 for one in open_ones), default=None)
    names = ", ".join(f"`{one['column']}` ({one['strength']:.4g})" for one in over)
    sentence = (
        f"{names} alone almost decides the target: remove it, or declare it in `gate.declared_strong`."
        if over
        else f"The strongest single input reaches {_show(strongest)}; {limit:g} is suspect."
    )
    return Finding(not over, sentence, strongest, limit)


def check_overlap(evaluation: Facts, _audit: Facts, _limits: GateLimits) -> Finding:
    """The model has not been trained on a test row, nor on anything as late as the test."""
    count, first, seen = evaluation["overlap_rows"], evaluation["first"], evaluation["seen_until"]
    late = reaches_into(seen, first)
    sentence = f"{count} test keys are among those trained on"
    sentence += f"; the test starts {first}, the model has seen until {seen}." if late else "."
    return Finding(count == 0 and not late, sentence, count, 0, rows=evaluation["rows"])


def check_repeated_rows(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """Test rows are not copies of training rows under other keys, beyond what equal rows occur by themselves."""
    found = evaluation["repeats"]
    sentence = (
        f"{found['share']:.4g} of the test rows equal a training row in every input and the target; "
        f"{found['natural']:.4g} of the training rows have such a twin themselves."
    )
    passed = found["excess"] <= limits.repeated_rows
    return Finding(passed, sentence, found["excess"], limits.repeated_rows, rows=evaluation["rows"])


def check_point_in_time(_evaluation: Facts, audit: Facts, limits: GateLimits) -> Finding:
    """The audit has replayed time and found no peek; a table declared without time is said to be not auditable."""
    rows = audit.get("rows_compared")
    if not audit["auditable"]:
        sentence = "Not auditable: " + (
            "a time is declared, yet the audit did not run." if limits.has_time else "the table has no time."
        )
        return Finding(not limits.has_time, sentence, rows=rows)
    differences = len(audit.get("differences", []))
    sentence = "No feature changed when what was not yet known was hidden."
    if not audit["passed"]:
        sentence = f"{differences} features changed when what was not yet known was hidden: they peek."
    return Finding(bool(audit["passed"]), sentence, differences, 0, rows=rows)


def check_champion(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The model is not worse than the released one by more than the margin, on rows that neither has seen."""
    champion, margin = evaluation["champion"], -limits.champion_margin
    if champion is None:
        return Finding(True, "No model is released yet: nothing to compare with.", threshold=margin)
    if champion["same"]:
        return Finding(True, "Same bundle as the released model.", 0.0, margin, rows=evaluation["rows"])
    if champion["obstacle"] is not None:
        return Finding(False, champion["obstacle"], threshold=margin, rows=evaluation["rows"])
    found = evaluation["improvement"]["over_champion"]
    passed = _holds(lambda low: low > margin, found["interval"][0])
    sentence = (
        f"{evaluation['metric']} is {_show(found['value'])} of the released model's lower, at least "
        f"{_show(found['interval'][0])}; more than {margin:g} is needed."
    )
    return Finding(passed, sentence, found["value"], margin, found["interval"], evaluation["rows"])


CHECKS: dict[str, Check] = {
    "finite": check_finite,
    "enough_rows": check_enough_rows,
    "point_in_time": check_point_in_time,
    "overlap": check_overlap,
    "repeated_rows": check_repeated_rows,
    "leak_suspects": check_leak_suspects,
    "beats_constant": check_beats_constant,
    "not_worse_than_linear": check_not_worse_than_linear,
    "calibration": check_calibration,
    "slices": check_slices,
    "slice_regression": check_slice_regression,
    "sensitive_gap": check_sensitive_gap,
    "decision_cost": check_decision_cost,
    "champion": check_champion,
}


def run_checks(evaluation: Facts, audit: Facts, limits: GateLimits) -> list[dict[str, Any]]:
    """Return what every check found, in the order of the registry; none stops another."""
    return [{"name": name, **asdict(check(evaluation, audit, limits))} for name, check in CHECKS.items()]
