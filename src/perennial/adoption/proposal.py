"""The proposal for a table as a person reads it before it is written."""

from collections.abc import Sequence

from perennial.adoption.judges import say_split
from perennial.adoption.names import group_name
from perennial.adoption.plan import TablePlan


def read_out(plan: TablePlan) -> list[str]:
    """Return the proposal as lines that a person reads: the question, the split, every column, the warnings."""
    target, rows = plan.target, [("column", "dtype", "role", "missing", "why")]
    for column in plan.columns:
        empty = int((plan.cells[column.name] == "").sum())
        missing = f"{empty / plan.rows:.1%}" if empty else ""
        reason = "; ".join(filter(None, (column.reason, "sensitive" if column.sensitive else "")))
        rows.append((column.name[:32], column.dtype, column.role, missing, reason))
    shares = ", ".join(f"{name} {share:.1%}" for name, share in target.shares[:6])
    return [
        f"{plan.name}: {plan.rows:,} rows, {len(plan.columns)} columns",
        f"asked: {target.name}, {target.task} ({target.reason}){f': {shares}' if shares else ''}",
        f"key: {plan.key or 'none is unique, so rows are numbered'}",
        f"split: {say_split(plan, group_name(plan))}",
        *([f"copies: {plan.copies:,} rows repeat another{_say_kept(plan)}"] if plan.copies else []),
        "",
        *_columns_of_text(rows),
        "",
        *(f"! {warning}" for warning in plan.warnings),
    ]


def _say_kept(plan: TablePlan) -> str:
    # Rows that are split by time, or by a group of the table's own, are split so whether they are copies or not.
    return "; copies stay on one side of the split" if not plan.group and group_name(plan) else ""


def _columns_of_text(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return ["  ".join([*(row[n].ljust(widths[n]) for n in range(4)), row[4]]).rstrip() for row in rows]
