"""Charts of two axes: lines, ROC, precision and recall, calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.report.svg import (
    Box,
    Point,
    element,
    figure,
    join,
    line,
    nice_ticks,
    path,
    rectangle,
    scale,
    text,
    x_axis,
    y_axis,
)
from perennial.report.words import axis_number

STYLES = ("stroke", "stroke dashed", "stroke dotted", "stroke mixed")
UNIT = (0.0, 1.0)


@dataclass(frozen=True)
class Line:
    """A named curve; dots instead of or on the stroke."""

    name: str
    points: Sequence[Point]
    dots: bool = False
    stroke: bool = True


@dataclass(frozen=True)
class Axis:
    """The name, range and labelled positions of an axis; no ticks means round numbers."""

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    write: Callable[[float], str] = axis_number


def legend(lines: Sequence[Line], x: float, y: float) -> Markup:
    """Names beside a sample of each line's style, so that colour is never the only signal; two stand side by side."""
    parts = []
    for i, item in enumerate(lines):
        x, at = (x + 110 * min(i, 1), y) if len(lines) == 2 else (x, y + 16 * i)
        dot = element("circle", cx=x + 11, cy=at, r=3, klass="dot faint")
        parts.append(line((x, at), (x + 22, at), STYLES[i % len(STYLES)]) if item.stroke else dot)
        parts.append(text(x + 28, at + 4, item.name, "tick"))
    return join(parts)


def line_chart(
    title: str,
    description: str,
    lines: Sequence[Line],
    *,
    x: Axis,
    y: Axis,
    diagonal: bool = False,
    named_at: Point | None = None,
    box: Box | None = None,
) -> Markup:
    """Curves over common axes; `named_at` places the legend in user units, `diagonal` draws chance or perfection."""
    box = box or Box(top=30 if y.name else 14, bottom=42 if x.name else 26)
    to_x, to_y = scale(x.low, x.high, box.left, box.x_end), scale(y.low, y.high, box.y_end, box.top)
    labels = x.ticks or tuple((tick, axis_number(tick)) for tick in nice_ticks(x.low, x.high, 5))
    parts = [y_axis(box, nice_ticks(y.low, y.high, 4), to_y, label=y.name, write=y.write)]
    parts.append(x_axis(box, [(to_x(at), name) for at, name in labels], x.name))
    if diagonal:
        parts.append(line((to_x(x.low), to_y(y.low)), (to_x(x.high), to_y(y.high)), "ref"))
    for i, item in enumerate(lines):
        parts.append(curve(item, STYLES[i % len(STYLES)], to_x, to_y))
    if named_at and len(lines) > 1:
        parts.append(legend(lines, *named_at))
    return figure(title, description, join(parts), width=box.width, height=box.height)


def curve(item: Line, style: str, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Markup:
    """One line with its dots, in user units."""
    placed = [(to_x(a), to_y(b)) for a, b in item.points]
    kind = "dot" if item.stroke else "dot faint"
    dots = [element("circle", cx=a, cy=b, r=2.6, klass=kind) for a, b in placed] if item.dots else []
    return join([path(placed, style) if item.stroke else Markup(""), *dots])


def roc(title: str, description: str, lines: Sequence[Line]) -> Markup:
    """True against false positive rate; the dashed diagonal is guessing."""
    x, y = Axis("share of the others warned of", *UNIT), Axis("share of the cases found", *UNIT)
    return line_chart(title, description, lines, x=x, y=y, diagonal=True, named_at=(180, 150))


def precision_recall(title: str, description: str, lines: Sequence[Line]) -> Markup:
    """Precision against recall."""
    return line_chart(
        title, description, lines, x=Axis("recall", *UNIT), y=Axis("precision", *UNIT), named_at=(60, 140)
    )


@dataclass(frozen=True)
class Bin:
    """One group of alike predictions: what was said, what happened, and in how many rows."""

    predicted: float
    observed: float
    rows: int


def calibration(title: str, description: str, bins: Sequence[Bin]) -> Markup:
    """Observed share against predicted probability, with a strip of row counts below; the diagonal is perfection."""
    box = Box(height=290, bottom=92)
    top = max([0.1, *(value for one in bins for value in (one.predicted, one.observed))])
    top = min(1.0, top * 1.05)
    to_x, to_y = scale(0.0, top, box.left, box.x_end), scale(0.0, top, box.y_end, box.top)
    ticks = nice_ticks(0.0, top, 5)
    parts = [y_axis(box, nice_ticks(0.0, top, 4), to_y), x_axis(box, [(to_x(t), axis_number(t)) for t in ticks])]
    parts.append(line((to_x(0), to_y(0)), (to_x(top), to_y(top)), "ref"))
    parts.append(curve(Line("", [(b.predicted, b.observed) for b in bins], dots=True), "stroke thin", to_x, to_y))
    parts.append(count_strip(bins, to_x, box))
    parts.append(text((box.left + box.x_end) / 2, box.height - 6, "predicted probability", "axis", "middle"))
    return figure(title, description, join(parts), width=box.width, height=box.height)


def count_strip(bins: Sequence[Bin], to_x: Callable[[float], float], box: Box) -> Markup:
    """A small bar of rows under each calibration point."""
    most, base = max([1, *(b.rows for b in bins)]), box.height - 24
    bars = [rectangle(to_x(b.predicted) - 5, base - 34 * b.rows / most, 10, 34 * b.rows / most, "bar") for b in bins]
    return join([line((box.left, base), (box.x_end, base), "base"), text(0, base, "rows", "axis"), *bars])


def bounds(values: Sequence[float], slack: float = 0.08) -> tuple[float, float]:
    """A range that holds all values with a little room; (0, 1) for none."""
    if not values:
        return UNIT
    low, high = min(values), max(values)
    room = (high - low) * slack or abs(high) * slack or 1.0
    return low - room, high + room
