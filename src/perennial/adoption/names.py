"""What the key and the group of an adopted table are called, and which of its columns are suspects."""

from perennial.adoption.columns import ColumnPlan
from perennial.adoption.plan import TablePlan

ROW, COPY = "row_id", "copies"


def row_name(plan: TablePlan) -> str:
    """Return the name of the key: the table's own, or that of the numbers the rows are given."""
    return plan.key or free_name(ROW, plan)


def free_name(wanted: str, plan: TablePlan) -> str:
    """Return a name that no column of the table has, in any case of letters."""
    taken = {column.name.lower() for column in plan.columns}
    return next(name for name in (wanted, *(f"{wanted}_{n}" for n in range(2, 999))) if name.lower() not in taken)


def group_name(plan: TablePlan) -> str | None:
    """Return the group of the examples: the table's own, or what copies of a row share where there are copies."""
    return plan.group or (free_name(COPY, plan) if plan.copies and plan.time is None else None)


def is_suspected(column: ColumnPlan) -> bool:
    """Tell whether a column is kept out of the model because it seems to know the answer."""
    return column.role == "ignored" and column.reason.startswith("suspected leak")
