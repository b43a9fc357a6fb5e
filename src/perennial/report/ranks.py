"""Ranked rows: a name, a number, and a mark with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.report.svg import Point, element, figure, join, line, rectangle, scale, text
from perennial.report.words import number, short


@dataclass(frozen=True)
class Bar:
    """One ranked row: a value, its interval when there is one, and what to write beside the name."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    strong: bool = False


def ranked_rows(
    title: str, description: str, bars: Sequence[Bar], *, reference: float | None = None, from_zero: bool = False
) -> Markup:
    """Rows of a value with its interval: a bar from zero, or a dot; `reference` is a dashed line through all rows."""
    width, row, left, end = 400.0, 36.0, 4.0, 392.0
    height = row * max(1, len(bars)) + 10
    marks = [v for b in bars for v in (b.value, b.low, b.high) if v is not None]
    marks += [reference] if reference is not None else []
    marks += [0.0] if from_zero else []
    low, high = min(marks, default=0.0), max(marks, default=1.0)
    slack = 0.0 if from_zero and low >= 0 else (high - low) * 0.04
    x = scale(low - slack, high + (high - low) * 0.04, left, end)
    parts = [ranked_row(bar, 4 + row * i, x, (left, end), from_zero=from_zero) for i, bar in enumerate(bars)]
    if reference is not None:
        parts += [line((x(reference), row * i + 21), (x(reference), row * i + 35), "ref") for i in range(len(bars))]
    return figure(title, description, join(parts), width=width, height=height)


def ranked_row(bar: Bar, y: float, x: Callable[[float], float], ends: Point, *, from_zero: bool) -> Markup:
    """One row: name and number above, mark with whiskers below."""
    kind, at = " strong" if bar.strong else "", y + 23
    parts = [
        text(ends[0], y + 12, short(bar.label, 40), f"t{kind}"),
        text(ends[1], y + 12, bar.note or number(bar.value), f"tick{kind}", "end"),
        line((ends[0], at), (ends[1], at), "grid"),
    ]
    if from_zero:
        start, stop = sorted((x(0.0), x(bar.value)))
        parts.append(rectangle(start, at - 4, max(1.0, stop - start), 8, f"bar{kind}"))
    if bar.low is not None and bar.high is not None:
        parts.append(line((x(bar.low), at), (x(bar.high), at), "whisker"))
        parts += [line((x(v), at - 4), (x(v), at + 4), "whisker") for v in (bar.low, bar.high)]
    if not from_zero and bar.strong:
        parts.append(rectangle(x(bar.value) - 4, at - 4, 8, 8, "dot strong"))
    elif not from_zero:
        parts.append(element("circle", cx=x(bar.value), cy=at, r=4, klass="dot"))
    return join(parts)
