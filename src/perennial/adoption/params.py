"""What params.yaml says of an adopted table."""

from typing import Any

from perennial.adoption.judges import judged_rows, split_params
from perennial.adoption.names import group_name, row_name
from perennial.adoption.plan import TablePlan

MANY_INPUTS, FEW_ROWS = 12, 20_000  # from and up to which noise among the inputs costs more than looking for it


def plan_params(plan: TablePlan, as_of: str) -> dict[str, Any]:
    """Return the leaves of params.yaml that this table needs, by dotted name; `as_of` where there is no time."""
    target, tested = plan.target, judged_rows(plan)
    spanned = plan.time is not None and plan.days // 5 >= 14
    return {
        "problem.statement": f"What is {target.name}?",
        "problem.decision": "Say here what is done with the answer",
        "problem.audience": "Say here who decides",
        "problem.moment": f"at {plan.time}" if plan.time else "say here when the answer is needed",
        "problem.label": f"{target.name} = {target.positive}" if target.task == "binary" else target.name,
        "problem.label_delay": "say here when the outcome is known",
        "problem.task": target.task,
        "problem.target": target.name,
        "problem.key": row_name(plan),
        "problem.time": plan.time,
        "problem.group": group_name(plan),
        "problem.weight": None,
        "problem.block": "day" if spanned else "group" if group_name(plan) else "row",
        "problem.label_known_at": None,
        "problem.metric": "rmse" if target.task == "regression" else "log_loss",
        **_costs(plan),
        "problem.as_of": plan.until or as_of,
        "assemble.days": [],
        **split_params(plan),
        "search.selection": is_worth_selecting(plan),
        "evaluate.slice_rows": min(300, max(20, tested // 10)),
        "gate.min_rows": min(1000, max(20, int(0.7 * tested))),
        "gate.min_blocks": 14,
        **plan_search(plan.rows),
    }


def plan_search(rows: int) -> dict[str, Any]:
    """Return how a table is searched: where rows are few a fit is cheap, and several models that differ tell more.

    There the ensemble is served when it is likelier better than the linear model than not, three to one.
    """
    if rows > FEW_ROWS:
        return {}
    return {
        "search.families": ["small_trees", "extra_trees", "network", "linear"],
        "search.trials": 40,
        "search.max_rounds": 1000,
        "search.patience": 40,
        "search.kept": 10,
        "train.members": 10,
        "train.max_rounds": 2000,
        "train.patience": 40,
        "train.confidence": 0.5,
    }


def is_worth_selecting(plan: TablePlan) -> bool:
    """Tell whether inputs are to be held against shuffled copies: many inputs, few rows, or free text."""
    inputs = [column for column in plan.columns if column.role == "input"]
    many = len(inputs) >= MANY_INPUTS or plan.rows <= FEW_ROWS
    return len(inputs) >= 3 and (many or any(column.dtype == "text" for column in inputs))


def _costs(plan: TablePlan) -> dict[str, Any]:
    """Costs at which saying always and saying never are equally dear, until somebody knows better."""
    if plan.target.task != "binary":
        return {}
    share = dict(plan.target.shares).get(plan.target.positive or "", 0.5)
    return {"problem.costs.false_positive": 1.0, "problem.costs.false_negative": float(f"{(1 - share) / share:.2g}")}
