"""The groups of rows on which a model helps least, beside where the base stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.report.blocks import Text
from perennial.report.change import Run
from perennial.report.parts import blocks_of, fence
from perennial.report.textplot import Range, draw_ranges
from perennial.report.words import is_number, percent, pick, plural


def tell_worst(base: Run, run: Run, most: int = 8) -> str:
    """The groups of rows on which it helps least, beside where the base stood."""
    slices = [s for s in pick(run.metrics.get("evaluation"), "slices", default=[]) if is_number(gain(s))]
    olds = {slice_name(s): gain(s) for s in pick(base.metrics.get("evaluation"), "slices", default=[])}
    worst = sorted(slices, key=lambda s: (gain(s), slice_name(s)))[:most]
    ranges = [
        Range(
            slice_name(item),
            gain(item),
            tuple(pick(item, "over_constant", "interval", default=())) or None,
            olds.get(slice_name(item)),
            note=f"{percent(gain(item))} of {plural(item.get('rows'), 'row')}",
        )
        for item in worst
    ]
    if not ranges:
        return ""
    told = "Improvement over a constant: ● now with its interval, ○ base, ┊ no improvement. Worst first."
    return blocks_of(Text(told)) + "\n" + fence(draw_ranges(ranges, reference=0.0))


def slice_name(item: Mapping[str, Any]) -> str:
    """A slice in a few printable letters."""
    text = f"{item['column']} = {item['value']}"
    return "".join(char if char.isprintable() else " " for char in text)


def gain(item: Mapping[str, Any]) -> Any:
    """Improvement over the constant in one slice."""
    return pick(item, "over_constant", "value")
