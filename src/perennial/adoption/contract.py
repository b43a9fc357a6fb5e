"""What an adopted table looks like, written down: data/contract.yaml."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from perennial.adoption.columns import ColumnPlan
from perennial.adoption.joining import Joined
from perennial.adoption.names import group_name, is_suspected, row_name
from perennial.adoption.plan import TablePlan
from perennial.data.fetching import SNAPSHOTS
from perennial.data.point_in_time import quote


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
        elif is_suspected(column):
            lines.append(entry(column.name, {"dtype": column.dtype, "role": "ignored"}, column.reason))
    dtype = {"binary": "boolean", "multiclass": "category", "regression": "numeric"}[plan.target.task]
    return [*lines, entry(plan.target.name, {"dtype": dtype, "role": "target"})]


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
