"""Which inputs were kept, each beside its shuffled copies."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import Block, Folded, Table, Text
from perennial.report.words import is_number, listed, percent, plural

Facts = dict[str, Any]
SHOWN = 12  # a longer table is folded


def tell_selection(selection: Facts | None) -> tuple[Block, ...]:
    """Which inputs are left out because they do not beat shuffled copies of themselves, and the evidence for each."""
    if not selection:
        return ()
    columns, copies = selection["columns"], plural(selection["copies"], "shuffled copy", "shuffled copies")
    ranked = sorted(columns, key=lambda one: (one["kept"], -(one["importance"] or 0.0), one["column"]))
    left = [one["column"] for one in ranked if not one["kept"]]
    said = f"{listed(left)} {'is' if len(left) == 1 else 'are'} left out" if left else "None is left out"
    told = (
        f"Each input was held against {copies} of itself on rows not learned from, before the search. {said} of "
        f"{plural(len(columns), 'input')}; a request still sends all of them."
    )
    table = Table(
        ("Input", "Kept", "Why", "Importance", "Its best copy"),
        tuple((one["column"], "yes" if one["kept"] else "no", one["reason"], *selection_shares(one)) for one in ranked),
        words=3,
        caption="Importance: share of what all inputs say of the outcomes of held-out rows",
    )
    return Text(told), table if len(ranked) <= SHOWN else Folded("Every input beside its copies", (table,))


def selection_shares(one: Facts) -> tuple[str, str]:
    """The importance of an input and that of its best shuffled copy, empty where there was nothing to weigh."""
    if not is_number(one["importance"]):
        return "", ""
    return percent(one["importance"]), percent(one["best_copy"])
