"""The checks of the gate against leaks: an answer among the inputs, test rows that were learned, the future."""

from perennial.evaluation.finding import Facts, Finding, GateLimits, holds, show
from perennial.evaluation.spans import reaches_into


def check_leak_suspects(evaluation: Facts, _audit: Facts, limits: GateLimits) -> Finding:
    """No single input almost decides the target, unless it is declared honest."""
    limit = limits.suspect_correlation if evaluation["task"] == "regression" else limits.suspect_auc
    open_ones = [one for one in evaluation["suspects"] if one["column"] not in limits.declared_strong]
    over = [one for one in open_ones if holds(lambda value: value >= limit, one["strength"])]
    strongest = max((one["strength"] or 0.0 for one in open_ones), default=None)
    names = ", ".join(f"`{one['column']}` ({one['strength']:.4g})" for one in over)
    sentence = (
        f"{names} alone almost decides the target: remove it, or declare it in `gate.declared_strong`."
        if over
        else f"The strongest single input reaches {show(strongest)}; {limit:g} is suspect."
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
        return Finding(not limits.has_time, sentence, rows=rows, judged=limits.has_time)
    differences = len(audit.get("differences", []))
    sentence = "No feature changed when what was not yet known was hidden."
    if not audit["passed"]:
        sentence = f"{differences} features changed when what was not yet known was hidden: they peek."
    return Finding(bool(audit["passed"]), sentence, differences, 0, rows=rows)
