"""Stretches of time, one below the other, on a common calendar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from perennial.report.svg import Point, figure, join, line, rectangle, scale, text


@dataclass(frozen=True)
class Span:
    """A named stretch of days with a note such as its rows."""

    name: str
    start: date
    end: date
    note: str = ""


def timeline(title: str, description: str, spans: Sequence[Span], marker: tuple[date, str] | None = None) -> Markup:
    """One lane per span on a common calendar; `marker` is a dated vertical line such as the pretended now."""
    width, row, left, end = 400.0, 38.0, 4.0, 396.0
    days = [d.toordinal() for s in spans for d in (s.start, s.end)] + ([marker[0].toordinal()] if marker else [])
    x = scale(min(days, default=0), max(days, default=1), left, end)
    bottom = 18 + row * len(spans)
    parts: list[Markup] = []
    for i, item in enumerate(spans):
        y, start, stop = 16 + row * i, x(item.start.toordinal()), x(item.end.toordinal())
        parts.append(text(left, y + 10, item.name, "t strong"))
        parts.append(text(left + 56, y + 10, item.note, "tick"))
        parts.append(line((left, y + 23), (end, y + 23), "grid"))
        parts.append(rectangle(start, y + 17, max(2.0, stop - start), 12, f"span span-{i}"))
    parts.append(calendar_axis(min(days, default=1), max(days, default=2), x, bottom, (left, end)))
    if marker:
        at = x(marker[0].toordinal())
        parts.append(line((at, 12), (at, bottom), "ref"))
        parts.append(text(at, 9, marker[1], "tick", "end" if at > width / 2 else "start"))
    return figure(title, description, join(parts), width=width, height=bottom + 20)


def calendar_axis(first: int, last: int, x: Callable[[float], float], y: float, ends: Point) -> Markup:
    """Month names under a base line, thinned to at most eight, the year on the first of each year."""
    start, stop = date.fromordinal(first), date.fromordinal(last)
    span = range(start.month - 1, 12 * (stop.year - start.year) + stop.month)
    months = [date(start.year + month // 12, month % 12 + 1, 1) for month in span]
    every = max(1, -(-len(months) // 8))
    parts = [line((ends[0], y), (ends[1], y), "base")]
    for day in [day for day in months if first <= day.toordinal() <= last][::every]:
        at = x(day.toordinal())
        name = day.strftime("%b %Y") if day.month <= every and len(months) > 12 else day.strftime("%b")
        side = "start" if at - ends[0] < 12 else "end" if ends[1] - at < 12 else "middle"
        parts.append(text(at, y + 15, name, "tick", side))
    return join(parts)
