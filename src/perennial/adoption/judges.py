"""Which rows judge: a last span of time, a fifth by a stable hash, or all of them in turn where there are few."""

import math
from typing import Any

from perennial.adoption.plan import TablePlan

FEW = 5_000  # a fifth of fewer rows is under a thousand, whose intervals are too wide to prove a gain of some percent
FOLDS, REPEATS = 5, 3
ONCE = 1_500  # rows from which on the luck of one deal of the folds is small beside that of the rows themselves
DEVIATION = 0.8  # of a row's gain in loss, in losses of a constant; .5 to 1 on tables of many kinds


def judges_crosswise(plan: TablePlan) -> bool:
    """Return whether all rows judge in turn: they are few, and none comes before another."""
    return plan.time is None and len(plan.target.values) < FEW


def judged_rows(plan: TablePlan) -> int:
    """Return how many rows judge."""
    return len(plan.target.values) if judges_crosswise(plan) else max(1, plan.rows // 5)


def count_repeats(plan: TablePlan) -> int:
    """Return how often all rows judge in turn: each time costs as much again, and tells less where rows are many."""
    return REPEATS if len(plan.target.values) < ONCE else 1


def proven_within(rows: float) -> float:
    """Return the half width of a 95 % interval of the gain over a constant, as a share, when so many rows judge."""
    return 1.96 * DEVIATION / math.sqrt(rows)


def split_params(plan: TablePlan) -> dict[str, Any]:
    """Return the leaves of the section `split`, by dotted name."""
    crosswise = judges_crosswise(plan)
    return {
        "split.method": "cross_validation" if crosswise else "span",
        "split.repeats": count_repeats(plan),
        "split.folds": FOLDS if crosswise else 4,
        "split.test_days": max(1, plan.days // 5) if plan.time else 62,
        "split.valid_days": max(1, plan.days // 7) if plan.time else 30,
    }


def say_split(plan: TablePlan, group: str | None) -> str:
    """Return how rows are divided, and why; `group` is what the rows of the examples share."""
    if plan.time:
        return f"by time, {plan.time}, over {plan.days:,} days; the last fifth judges"
    whole = f" of {group}" if group else ""
    if not judges_crosswise(plan):
        return f"at random by a stable hash{whole}; there is no time to split by"
    rows = len(plan.target.values)
    times = "once" if count_repeats(plan) == 1 else f"{count_repeats(plan)} times"
    # Models of different folds share what they learned: of five folds four ninths of the rows count as evidence.
    alone, crosswise = (proven_within(n) for n in (rows / 5, rows * (FOLDS - 1) / (2 * FOLDS - 1)))
    return (
        f"cross-validation, {FOLDS} folds{whole} by a stable hash, {times}: {rows:,} rows are few; a fifth of "
        f"them would prove a gain only to about ±{alone:.0%} of the loss, all of them in turn to ±{crosswise:.0%}"
    )
