"""What an adopted table means, written down: contract, query, params; and the table that a person reads first."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from perennial.adoption.joining import Joined, joined_relation
from perennial.adoption.judges import judged_rows, say_split, split_params
from perennial.adoption.plan import ColumnPlan, TablePlan
from perennial.data.fetching import SNAPSHOTS
from perennial.data.point_in_time import quote

ROW, COPY = "row_id", "copies"
MANY_INPUTS, FEW_ROWS = 12, 20_000  # from and up to which noise among the inputs costs more than looking for it


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


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entry(name: str, spec: dict[str, Any], comment: str = "", indent: str = "      ") -> str:
    body = ", ".join(f"{key}: {_text(value)}" for key, value in spec.items())
    # YAML takes a key of more than 128 characters only where it is announced.
    key = f"{_text(name)}: " if len(_text(name)) < 100 else f"? {_text(name)}\n{indent}: "
    said = " ".join(comment.split())
    return f"{indent}{key}{{{body}}}" + (f" # {said}" if said else "")


def _about(column: ColumnPlan) -> dict[str, Any]:
    spec: dict[str, Any] = {"dtype": column.dtype, "nullable": column.nullable}
    if column.low is not None and column.dtype == "numeric":
        spec["range"] = [column.low, column.high]
    return spec | ({"unit": column.unit} if column.unit else {}) | ({"pii": True} if column.pii else {})


def render_contract(
    plan: TablePlan,
    path: str,
    fetch: Mapping[str, Any] | None = None,
    joined: Sequence[Joined] = (),
    fetches: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return data/contract.yaml for the table whose plain copy lies at `path`; `fetch` says how it is fetched again.

    `fetches` says that of the tables that are joined.
    """
    key, known = row_name(plan), plan.time or "static"
    elsewhere = {name for other in joined for name in other.columns.values()}
    known_at = {"known_at": quote(known) if plan.time else known}
    columns = [] if plan.key else [_entry(key, {"dtype": "id", "nullable": False} | known_at, "the row's number")]
    # Not demanded of the source: an unlabelled row is a decision whose outcome is not known yet.
    columns += [_entry(c.name, _about(c) | known_at, c.reason) for c in plan.columns if c.name not in elsewhere]
    return "\n".join(
        [
            "# What the table looks like, and when each cell of it is known: one line per column of its plain copy.",
            "# Everything here was proposed from the data: read the reasons, and correct what you know better.",
            "sources:",
            f"  {_text(plan.name)}:",
            f"    path: {_text(path)}",
            f"    key: [{_text(key)}]",
            *([f"    time: {_text(plan.time)}"] if plan.time else []),
            f"    rows: [{max(1, plan.rows // 2)}, {max(1000, plan.rows * 20)}]",
            "    max_bad_share: 0.01",
            "    missing: ['']",
            *_fetch_lines(fetch),
            "    columns:",
            *columns,
            *(line for other in joined for line in _joined_lines(plan, other, (fetches or {}).get(other.name))),
            "",
            "examples:",
            "  # What examples.sql yields, in order: what is an input is what a caller sends to the service.",
            *_example_lines(plan),
            "",
        ]
    )


def _fetch_lines(fetch: Mapping[str, Any] | None) -> list[str]:
    return ["    fetch:", *(f"      {name}: {_text(value)}" for name, value in fetch.items())] if fetch else []


def _joined_lines(plan: TablePlan, other: Joined, fetch: Mapping[str, Any] | None) -> list[str]:
    planned = {column.name: column for column in plan.columns}
    static = {"known_at": "static"}
    key = _entry(other.key, {"dtype": planned[other.key].dtype, "nullable": False} | static, "the key of the join")
    # Rows that no decision finds were not looked at, so that of the columns no more than the dtype is demanded.
    columns = [
        _entry(name, {"dtype": planned[among].dtype, "nullable": True} | static, planned[among].reason)
        for name, among in other.columns.items()
    ]
    return [
        f"  {_text(other.name)}:",
        f"    path: {_text(f'{SNAPSHOTS}/{other.name}')}",
        f"    key: [{_text(other.key)}]",
        "    max_bad_share: 0.01",
        "    missing: ['']",
        *_fetch_lines(fetch),
        "    columns:",
        key,
        *columns,
    ]


def _example_lines(plan: TablePlan) -> list[str]:
    entry = functools.partial(_entry, indent="  ")
    lines = [entry(row_name(plan), {"dtype": "id", "role": "key", "nullable": False})]
    group = group_name(plan)
    if group and not plan.group:
        lines.append(entry(group, {"dtype": "id", "role": "group"}, "rows that are copies of one another share it"))
    for column in plan.columns:
        if column.role in ("time", "group"):
            role = {"dtype": column.dtype, "role": column.role, "nullable": column.nullable}
            lines.append(entry(column.name, role | ({"input": True} if column.role == "time" else {})))
        elif column.role == "input":
            sensitive = {"sensitive": True} if column.sensitive else {}
            lines.append(entry(column.name, {**_about(column), "role": "input", **sensitive}))
        elif _suspected(column):
            lines.append(entry(column.name, {"dtype": column.dtype, "role": "ignored"}, column.reason))
    dtype = {"binary": "boolean", "multiclass": "category", "regression": "numeric"}[plan.target.task]
    return [*lines, entry(plan.target.name, {"dtype": dtype, "role": "target"})]


def target_sql(plan: TablePlan) -> str:
    """Return the SQL of the target among the examples: a flag, a class or a number."""
    target, name = plan.target, quote(plan.target.name)
    if target.task != "binary" or target.dtype == "boolean":
        return name
    value = target.positive or ""
    if target.dtype != "numeric":
        value = "'" + value.replace("'", "''") + "'"
    return f"({name} = {value}) AS {name}"


def render_query(plan: TablePlan, joined: tuple[Joined, ...] = ()) -> str:
    """Return data/examples.sql: one row per row of the table, without what is left out."""
    group = group_name(plan)
    inputs = [quote(column.name) for column in plan.columns if column.role == "input"]
    chosen = [quote(row_name(plan))]
    if group and not plan.group:
        cells = ", ".join(f"coalesce(CAST({quote(c.name)} AS VARCHAR), '')" for c in plan.columns if _counts(c))
        chosen.append(f"md5(concat_ws(chr(31), {cells})) AS {quote(group)}")
    kept = [column for column in plan.columns if column.role != "key" and column.name != plan.target.name]
    chosen += [quote(column.name) for column in kept if column.role in ("time", "group", "input") or _suspected(column)]
    lines = ",\n    ".join([*chosen, target_sql(plan)])
    said = (
        f"-- One row per row of the table {plan.name}, {len(inputs)} inputs. A feature is one more line here, and one\n"
    )
    order = quote(row_name(plan))
    rows = joined_relation(plan.name, joined)
    return f"{said}-- in data/contract.yaml.\nSELECT\n    {lines}\nFROM {rows}\nORDER BY {order}\n"


def _counts(column: ColumnPlan) -> bool:
    return column.role in ("input", "target")


def _suspected(column: ColumnPlan) -> bool:
    return column.role == "ignored" and column.reason.startswith("suspected leak")


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
        *(
            [f"copies: {plan.copies:,} rows repeat another; copies stay on one side of the split"]
            if plan.copies
            else []
        ),
        "",
        *_columns_of_text(rows),
        "",
        *(f"! {warning}" for warning in plan.warnings),
    ]


def _copies_words(plan: TablePlan) -> str:
    return "" if plan.time or plan.group else "; copies stay on one side of the split"


def _columns_of_text(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return ["  ".join([*(row[n].ljust(widths[n]) for n in range(4)), row[4]]).rstrip() for row in rows]
