"""Golden rows as a bundle keeps them: the names once, and of a row that is nearly the first what differs."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_CHANGES = 3


def fold_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return {inputs, rows}: each row its values in the order of the inputs, or {input: what the first row has not}.

    A row without an input has null there.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {
        "inputs": names,
        "rows": [_fold_row(row, rows[0] if place else None, names) for place, row in enumerate(rows)],
    }


def _fold_row(
    row: Mapping[str, Any], first: Mapping[str, Any] | None, names: Sequence[str]
) -> list[Any] | dict[str, Any]:
    if first is not None:
        # By how they are written: 1, 1.0 and true are equal, and encoded each in its way.
        changed = {name: row.get(name) for name in names if repr(row.get(name)) != repr(first.get(name))}
        if len(changed) <= MOST_CHANGES < len(names):
            return changed
    return [row.get(name) for name in names]


def unfold_rows(folded: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that `fold_rows` folded, or those of the first bundles, which were written out."""
    if "inputs" not in folded:
        return list(folded["rows"])
    rows: list[dict[str, Any]] = []
    for row in folded["rows"]:
        rows.append({**rows[0], **row} if isinstance(row, dict) else dict(zip(folded["inputs"], row, strict=True)))
    return rows
