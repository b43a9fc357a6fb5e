"""Charts of letters: they show in every client, need no picture host, and differ by shape, never by colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perennial.report.words import is_number, plain, short

WIDTH, LABEL = 48, 30
THIS, BASE, ZERO = "●", "○", "┊"


@dataclass(frozen=True)
class Range:
    """A value with its interval on one line; `other` is the same of the base."""

    label: str
    value: float
    bounds: tuple[float, float] | None = None
    other: float | None = None
    mark: str = THIS
    note: str = ""


def draw_ranges(ranges: Sequence[Range], *, reference: float | None = None) -> str:
    """Draw values and intervals below each other on one axis, as lines of equal height in a fixed-width face."""
    shown = [item for item in ranges if is_number(item.value)]
    if not shown:
        return ""
    numbers = [value for item in shown for value in (item.value, *(item.bounds or ()), item.other) if is_number(value)]
    numbers += [] if reference is None else [reference]
    low, high = spread(min(map(float, filter(is_number, numbers))), max(map(float, filter(is_number, numbers))))
    left = min(LABEL, max(len(item.label) for item in shown))
    lines = [f"{'':{left}}  {axis_line(low, high)}"]
    lines += [f"{short(item.label, left):{left}}  {draw_range(item, low, high, reference)}".rstrip() for item in shown]
    return "\n".join(lines)


def spread(low: float, high: float) -> tuple[float, float]:
    """Return bounds that are apart."""
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def axis_line(low: float, high: float) -> str:
    """The two ends of the axis in numbers."""
    left, right = plain(low, 3), plain(high, 3)
    return f"{left}{right:>{WIDTH - len(left)}}"


def draw_range(item: Range, low: float, high: float, reference: float | None) -> str:
    """One line: interval, base and value over the reference, then the note."""
    cells = [" "] * WIDTH

    def place(value: float | None, mark: str) -> None:
        if is_number(value) and value is not None:
            cells[round((value - low) / (high - low) * (WIDTH - 1))] = mark

    place(reference, ZERO)
    if item.bounds:
        start, end = (round((bound - low) / (high - low) * (WIDTH - 1)) for bound in item.bounds)
        cells[start : end + 1] = ["─" if cell == " " else cell for cell in cells[start : end + 1]]
        place(item.bounds[0], "├")
        place(item.bounds[1], "┤")
    place(item.other, BASE)
    place(item.value, item.mark)
    return f"{''.join(cells)}  {item.note}"
