"""Charts of amounts: distributions, most frequent values, confusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
)
from perennial.report.words import axis_number, number, percent, pick, short

SMALL = Box(width=250, height=150, left=2, right=38, top=12, bottom=24)


def outcome_line(points: Sequence[Point], top: float, box: Box, write: Callable[[float], str]) -> Markup:
    """Mean outcome per bar: a line with dots, and its own axis on the right, 0 to `top`."""
    y = scale(0.0, top, box.y_end, box.top)
    placed = [(x, y(min(value, top))) for x, value in points]
    dots = [element("circle", cx=x, cy=at, r=2.4, klass="dot") for x, at in placed]
    ticks = [text(box.x_end + 5, y(tick) + 4, write(tick), "tick mean") for tick in (0.0, top)]
    return join([path(placed, "stroke thin"), *dots, *ticks])


def histogram(
    title: str,
    description: str,
    shape: dict[str, Any],
    *,
    top: float | None = None,
    write: Callable[[float], str] = axis_number,
) -> Markup:
    """Bars of counts; when `top` is given also the mean outcome of each bar on an axis from 0 to `top`.

    shape: {"counts", "edges" or "values", "target": mean outcome or None per bar}.
    """
    box, counts = SMALL, shape["counts"]
    step = (box.x_end - box.left) / max(1, len(counts))
    y = scale(0.0, max([*counts, 1]), box.y_end, box.top)
    bars = [
        rectangle(box.left + step * i + 0.6, y(count), step - 1.2, box.y_end - y(count), "bar")
        for i, count in enumerate(counts)
    ]
    means = shape.get("target") or []
    points = [(box.left + step * (i + 0.5), mean) for i, mean in enumerate(means) if mean is not None]
    curve = outcome_line(points, top, box, write) if top and points else Markup("")
    body = join([*bars, x_axis(box, histogram_ticks(shape, box)), curve])
    return figure(title, description, body, width=box.width, height=box.height)


def histogram_ticks(shape: dict[str, Any], box: Box) -> list[tuple[float, str]]:
    """Tick positions: every value, thinned, of a column of few values; round numbers of a binned one."""
    values, edges = shape.get("values"), shape.get("edges")
    if values:
        step = (box.x_end - box.left) / len(values)
        every = max(1, -(-len(values) // 8))
        return [(box.left + step * (i + 0.5), axis_number(v)) for i, v in enumerate(values) if i % every == 0]
    if not edges:
        return []
    x = scale(edges[0], edges[-1], box.left, box.x_end)
    return [(x(tick), axis_number(tick)) for tick in nice_ticks(edges[0], edges[-1], 4)]


def levels_chart(
    title: str,
    description: str,
    levels: Sequence[dict[str, Any]],
    *,
    top: float | None = None,
    most: int = 7,
    write: Callable[[float], str] = percent,
) -> Markup:
    """Most frequent values as horizontal bars of rows, each with its mean outcome as a dot and a number."""
    rows = list(levels[:most])
    width, row, left, right, end = 250.0, 19.0, 68.0, 144.0, 208.0
    height = row * max(1, len(rows)) + 8
    x = scale(0.0, max([r["rows"] for r in rows], default=1), left, right)
    z = scale(0.0, top or 1.0, right + 10, end)
    parts: list[Markup] = []
    for i, item in enumerate(rows):
        y = 4 + row * i
        parts.append(text(left - 6, y + 14, short(item["value"] or "(empty)", 10), "t", "end"))
        parts.append(rectangle(left, y + 3, max(1.0, x(item["rows"]) - left), row - 6, "bar"))
        mean = item.get("target")
        if top and mean is not None:
            parts.append(line((right + 10, y + 10), (end, y + 10), "grid"))
            parts.append(element("circle", cx=z(min(mean, top)), cy=y + 10, r=3, klass="dot"))
            parts.append(text(width, y + 14, write(mean), "tick mean", "end"))
        else:
            parts.append(text(x(item["rows"]) + 5, y + 14, number(item["rows"]), "tick"))
    return figure(title, description, join(parts), width=width, height=height)


def confusion(title: str, description: str, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Rows are what happened, columns what was said; each cell has its count and its share of the row."""
    size, left, top = 400.0, 96.0, 44.0
    cell = (size - left) / max(1, len(classes))
    tall = min(cell, 64.0)
    parts = [text(left + (size - left) / 2, 12, "predicted", "axis", "middle"), text(0, top - 8, "actual", "axis")]
    for i, actual in enumerate(counts):
        parts.append(text(left - 8, top + tall * (i + 0.5) + 4, short(classes[i], 12), "t", "end"))
        parts.append(text(left + cell * (i + 0.5), top - 8, short(classes[i], max(3, int(cell / 8))), "t", "middle"))
        total = sum(actual) or 1
        for j, count in enumerate(actual):
            x, y, share = left + cell * j, top + tall * i, count / total
            shade = element(
                "rect",
                x=x + 1,
                y=y + 1,
                width=cell - 2,
                height=tall - 2,
                rx=3,
                klass="cell right" if i == j else "cell wrong",
                fill_opacity=0.08 + 0.62 * share,
            )
            parts.append(shade)
            parts.append(
                text(
                    x + cell / 2,
                    y + tall / 2 - (0 if cell > 50 else -4),
                    axis_number(count) if cell < 70 else number(count),
                    "t strong",
                    "middle",
                )
            )
            if cell > 50:
                parts.append(text(x + cell / 2, y + tall / 2 + 16, percent(share, 0), "t", "middle"))
    return figure(title, description, join(parts), width=size, height=top + tall * len(counts) + 4)


def share_of_top(columns: Sequence[dict[str, Any]], least: float = 0.0) -> float:
    """The largest mean outcome in any bar of any column: one common axis for all small charts."""
    means: list[float] = [least]
    for column in columns:
        means += [m for m in pick(column, "histogram", "target", default=[]) if m is not None]
        means += [m["target"] for m in pick(column, "levels", "top", default=[]) if m.get("target") is not None]
    return max(means)
