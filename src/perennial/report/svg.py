"""The strokes every chart is made of: escaped elements, scales, ticks, axes, and a figure that can be read aloud."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from perennial.report.words import axis_number

Scale = Callable[[float], float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The drawing area inside a figure, in user units; y grows downwards."""

    width: float = 400
    height: float = 240
    left: float = 46
    right: float = 14
    top: float = 14
    bottom: float = 42

    @property
    def x_end(self) -> float:
        """Right edge of the drawing area."""
        return self.width - self.right

    @property
    def y_end(self) -> float:
        """Lower edge of the drawing area."""
        return self.height - self.bottom


def element(name: str, content: str | Markup = "", /, **attributes: str | float) -> Markup:
    """One SVG element; attribute values and plain content are escaped, `_` becomes `-`, `klass` becomes `class`."""
    names = {"klass": "class"}
    parts = [
        f' {names.get(key, key.replace("_", "-"))}="{escape(coordinate(value))}"' for key, value in attributes.items()
    ]
    return Markup(f"<{name}{''.join(parts)}>{escape(content)}</{name}>")


def coordinate(value: str | float) -> str:
    """A number with at most two decimals, so that the page is the same everywhere; text unchanged."""
    if isinstance(value, str):
        return value
    return f"{round(value, 2) + 0.0:g}"


def join(parts: Sequence[Markup]) -> Markup:
    """Concatenate markup."""
    return Markup("").join(parts)


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Map [low, high] linearly to [start, end]; an empty range maps to the middle."""
    if high <= low:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About `count` round values inside [low, high] (Heckbert, Graphics Gems, 1990)."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def text(x: float, y: float, content: str, klass: str = "t", anchor: str = "start") -> Markup:
    """A label; anchor is start, middle or end."""
    return element("text", content, x=x, y=y, klass=klass, text_anchor=anchor)


def line(start: Point, end: Point, klass: str) -> Markup:
    """A straight stroke."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], klass=klass)


def path(points: Sequence[Point], klass: str) -> Markup:
    """A polyline through points."""
    if not points:
        return Markup("")
    steps = " L".join(f"{coordinate(x)},{coordinate(y)}" for x, y in points)
    return element("path", d=f"M{steps}", klass=klass)


def rectangle(x: float, y: float, width: float, height: float, klass: str) -> Markup:
    """A box; negative sizes become zero."""
    return element("rect", x=x, y=y, width=max(0.0, width), height=max(0.0, height), klass=klass)


def y_axis(
    box: Box, ticks: Sequence[float], y: Scale, *, label: str = "", write: Callable[[float], str] = axis_number
) -> Markup:
    """Horizontal grid lines with their values on the left, and the axis name above them."""
    parts = []
    for tick in ticks:
        parts.append(line((box.left, y(tick)), (box.x_end, y(tick)), "grid"))
        parts.append(text(box.left - 7, y(tick) + 4, write(tick), "tick", "end"))
    if label:
        parts.append(text(0, 11, label, "axis"))
    return join(parts)


def x_axis(box: Box, ticks: Sequence[tuple[float, str]], label: str = "") -> Markup:
    """The base line with labelled positions (already in user units), and the axis name below."""
    parts = [line((box.left, box.y_end), (box.x_end, box.y_end), "base")]
    parts += [text(at, box.y_end + 16, name, "tick", "middle") for at, name in ticks]
    if label:
        parts.append(text((box.left + box.x_end) / 2, box.height - 6, label, "axis", "middle"))
    return join(parts)


def figure(title: str, description: str, body: Markup, *, width: float, height: float) -> Markup:
    """A whole drawing with a title and a description for people who do not see it."""
    head = element("title", title) + element("desc", description)
    return element(
        "svg",
        head + body,
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        role="img",
        aria_label=f"{title}. {description}",
        klass="chart",
    )
