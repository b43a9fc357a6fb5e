"""All the facts of a run in one mapping: the only thing that the page, the Markdown and the card are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FORMAT = 1
MOST_POINTS = 200

METRICS = (
    "validation",
    "assembly",
    "point_in_time",
    "profile",
    "split",
    "search",
    "train",
    "evaluation",
    "gate",
    "rehearsal",
)
CURVES = ("roc", "precision_recall", "calibration", "search_history", "search_importances")


def gather_facts(
    *,
    params: Mapping[str, Any],
    metrics: Mapping[str, Any],
    curves: Mapping[str, Sequence[Mapping[str, str]]],
    champion: Mapping[str, Any],
) -> dict[str, Any]:
    """Collect every metric file (None where absent), the plotted curves, the released model.

    params: leaves of `problem` and `report` by dotted name. curves: rows of each plot file as text, thinned here to
    `MOST_POINTS`.
    """
    tree = nest(params)
    return {
        "format": FORMAT,
        "problem": tree["problem"],
        "shown": tree["report"],
        "champion": dict(champion),
        "curves": {name: read_curve(rows) for name, rows in sorted(curves.items())},
    } | {name: metrics.get(name) for name in METRICS}


def nest(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted names into nested mappings."""
    tree: dict[str, Any] = {}
    for name, value in leaves.items():
        *parents, last = name.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = value
    return tree


def read_curve(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The points of every class of a plotted curve, each class thinned by itself."""
    classes: dict[str | None, list[Mapping[str, str]]] = {}
    for row in rows:
        classes.setdefault(row.get("class"), []).append(row)
    return [read_row(row) for points in classes.values() for row in thin(points)]


def thin(rows: Sequence[Mapping[str, str]], most: int = MOST_POINTS) -> list[Mapping[str, str]]:
    """At most `most` rows, evenly spread, first and last included."""
    if len(rows) <= most:
        return list(rows)
    positions = sorted({index * (len(rows) - 1) // (most - 1) for index in range(most)})
    return [rows[position] for position in positions]


def read_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Turn the cells of a plot file into numbers where they are numbers, rounded to six digits."""
    return {name: read_cell(cell) for name, cell in row.items()}


def read_cell(cell: Any) -> Any:
    """A finite number, None for an empty or not finite one, or the text itself."""
    try:
        value = float(str(cell).strip())
    except (TypeError, ValueError):
        return cell or None
    if value != value or value in (float("inf"), float("-inf")):
        return None
    return int(value) if value == int(value) and "." not in str(cell) else float(f"{value:.6g}")
