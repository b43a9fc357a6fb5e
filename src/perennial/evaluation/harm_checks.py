"""The checks of the gate against harm: too few rows, no benefit, scores that lie, slices and groups that suffer."""

import math
from collections.abc import Iterator

from perennial.evaluation.finding import Facts, Finding, GateLimits, holds, show


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
    passed = holds(lambda low: low > limits.success, found["interval"][0])
    sentence = (
        f"{evaluation['metric']} is {show(found['value'])} of the constant's lower, at least "
        f"{show(found['interval'][0])}; more than {limits.success:g} is declared as success."
    )
    return Finding(passed, sentence, found["value"], limits.success, found["interval"], evaluation["rows"])


def check_not_worse_than_linear(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The linear model is not better by more than the margin, clear of zero."""
    found, margin = evaluation["improvement"]["over_linear"], -limits.linear_margin
    passed = holds(lambda high: high >= margin, found["interval"][1])
    sentence = f"{evaluation['metric']} is {show(found['value'])} of the linear model's lower"
    sentence += "." if passed else ": the linear model is better clear of zero; choose the linear family."
    return Finding(passed, sentence, found["value"], margin, found["interval"], evaluation["rows"])


def check_calibration(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The calibration error is not above its limit clear of the noise of the blocks."""
    found = evaluation["calibration"]
    passed = holds(lambda low: low <= limits.calibration_error, found["interval"][0])
    sentence = (
        f"The calibration error is {show(found['value'])}, at least {show(found['interval'][0])} when the noise of "
        f"the blocks is taken off; the limit is {limits.calibration_error:g}."
    )
    return Finding(passed, sentence, found["value"], limits.calibration_error, found["interval"], evaluation["rows"])


def check_coverage(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding | None:
    """The bounds of a predicted number do not hold fewer truths than promised, clear of the noise of the blocks.

    Nothing is asked where no bounds are served.
    """
    found = evaluation.get("coverage")
    if found is None:
        return None
    floor = found["promised"] - limits.coverage_margin
    passed = holds(lambda high: high >= floor, found["interval"][1])
    sentence = (
        f"The bounds hold {show(found['value'])} of the truths, at most {show(found['interval'][1])}; "
        f"{found['promised']:g} is promised, and {floor:.4g} needed."
    )
    return Finding(passed, sentence, found["value"], floor, found["interval"], evaluation["rows"])


def _worst_slice(slices: list[Facts], against: str, floor: float, what: str) -> Finding:
    """Find the slice whose corrected upper bound is lowest; it fails when even that lies under the floor."""
    known = [one for one in slices if against in one]
    if not known:
        return Finding(True, f"There is nothing to judge slices {what}.", threshold=floor, judged=False)
    worst = min(known, key=lambda one: -math.inf if one[against]["upper"] is None else one[against]["upper"])
    under = [one for one in known if not holds(lambda high: high >= floor, one[against]["upper"])]
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


def check_slice_level(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No slice is worse than a constant that knows the slice's own mean by more than is allowed, corrected.

    The learned constant cannot show a slice whose level is wrong: it may be as wrong as the model.
    """
    return _worst_slice(evaluation["slices"], "over_own", -limits.slice_level, "over the constant of their own mean")


def check_slice_regression(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No slice is worse than the released model by more than is allowed, corrected for the number of slices."""
    return _worst_slice(evaluation["slices"], "over_champion", -limits.slice_regression, "against the released model")


def _gap_sizes(gaps: list[Facts]) -> Iterator[tuple[float, str, Facts]]:
    for one in gaps:
        for rate in ("true_positive_rate", "false_positive_rate"):
            if one[rate]["clear"] is not None:
                yield one[rate]["clear"], rate, one


def check_sensitive_gap(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The decision's rates for the values of a sensitive column do not lie further apart than the limit."""
    declared, limit = evaluation["sensitive_columns"], limits.sensitive_gap
    sizes = list(_gap_sizes(evaluation["sensitive"]))
    unjudged = ", ".join(f"`{name}`" for name in declared if name not in {one["column"] for _, _, one in sizes})
    if not declared:
        return Finding(True, "No column is declared sensitive.", threshold=limit, judged=False)
    if evaluation["task"] != "binary":
        sentence = f"Declared sensitive, not judged: {unjudged}; a {evaluation['task']} task has no such rates."
        return Finding(True, sentence, threshold=limit, judged=False)
    if unjudged:
        sentence = f"Declared sensitive, not judged: {unjudged}; no value has enough rows, or they are dates or text."
        return Finding(False, sentence, threshold=limit)
    clear, rate, found = max(sizes, key=lambda one: one[0])
    name, gap = f"{rate} of {found['column']} = {found['value']}", found[rate]
    sentence = f"The {name} lies {show(gap['gap'])} from the others', {clear:.4g} clear of chance."
    return Finding(clear <= limit, sentence, gap["gap"], limit, gap["interval"])


def check_decision_cost(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """Deciding by the model is cheaper than the cheaper of always and never, clear of zero."""
    cost = evaluation["cost"]
    if cost is None:
        sentence = f"A {evaluation['task']} task has no decision cost."
        return Finding(True, sentence, threshold=limits.cost_saving, judged=False)
    found = cost["saving"]
    passed = holds(lambda low: low > limits.cost_saving, found["interval"][0])
    sentence = (
        f"A decision costs {show(cost['model'])} with the model, {show(cost['always'])} always, "
        f"{show(cost['never'])} never: {show(found['value'])} saved, at least {show(found['interval'][0])}."
    )
    return Finding(passed, sentence, found["value"], limits.cost_saving, found["interval"], evaluation["rows"])


def check_champion(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """The model is not worse than the released one by more than the margin, on rows that neither has seen."""
    champion, margin = evaluation["champion"], -limits.champion_margin
    if champion is None:
        return Finding(True, "No model is released yet: nothing to compare with.", threshold=margin, judged=False)
    if champion["same"]:
        return Finding(True, "Same bundle as the released model.", 0.0, margin, rows=evaluation["rows"])
    if champion["obstacle"] is not None:
        return Finding(False, champion["obstacle"], threshold=margin, rows=evaluation["rows"])
    found = evaluation["improvement"]["over_champion"]
    passed = holds(lambda low: low > margin, found["interval"][0])
    sentence = (
        f"{evaluation['metric']} is {show(found['value'])} of the released model's lower, at least "
        f"{show(found['interval'][0])}; more than {margin:g} is needed."
    )
    return Finding(passed, sentence, found["value"], margin, found["interval"], evaluation["rows"])
