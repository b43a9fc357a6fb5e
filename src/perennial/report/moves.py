"""How the scores of one run stand beside those of another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from perennial.report.blocks import Table
from perennial.report.change import Run, same_test
from perennial.report.textplot import BASE, THIS, Range, draw_ranges
from perennial.report.words import humanise, interval, is_number, number, pick, signed

DOWN, UP, LEVEL = "▼", "▲", "＝"


def metric_of(run: Run) -> str:
    """The primary score of a run."""
    return str(pick(run.metrics.get("evaluation"), "metric", default=""))


def score_of(run: Run, name: str) -> dict[str, Any]:
    """One score with its interval and direction; empty where it was not measured."""
    return dict(pick(run.metrics.get("evaluation"), "metrics", name, default={}))


def tell_move(old: Any, new: Any, direction: Any) -> str:
    """An arrow with the change and whether it is for the better: "▼ −0.0067, better"."""
    if not (is_number(old) and is_number(new)):
        return "–"
    if old == new:
        return f"{LEVEL} the same"
    arrow = UP if new > old else DOWN
    better = "" if direction not in ("lower", "higher") else judged(new > old, direction)
    return f"{arrow} {signed(new - old, 4)}{better}"


def judged(rose: bool, direction: str) -> str:
    """Whether a rise or a fall is for the better."""
    return ", better" if rose == (direction == "higher") else ", worse"


def tell_primary(base: Run, run: Run, difference: Mapping[str, Any] | None = None) -> str:
    """The primary score, base to now, with the interval of their paired difference, in one line."""
    name = metric_of(run)
    new, old = score_of(run, name), score_of(base, name)
    if not is_number(new.get("value")):
        return "no score was measured"
    told = f"{humanise(name)} {number(new['value'], 4)}, interval {interval(new.get('interval'), 4)}"
    if not base.metrics.get("evaluation"):
        return f"{told}; the base has no metrics to compare with"
    if metric_of(base) != name:
        return f"{told}; the base was judged by {humanise(metric_of(base))}"
    start = f"{humanise(name)} {number(old.get('value'), 4)} → {number(new['value'], 4)}"
    told = f"{start} {tell_move(old.get('value'), new['value'], new.get('direction'))}"
    return told if difference is None else f"{told} (paired difference {interval(difference['interval'], 4)})"


def tell_comparable(base: Run, run: Run, difference: Mapping[str, Any] | None = None) -> str:
    """What the two intervals may be read for; empty when there is no base. `difference` is of the paired blocks."""
    if not base.metrics.get("evaluation"):
        return ""
    if not same_test(base, run):
        return "The two were judged on other test rows: their scores cannot be compared."
    if difference is None:
        return "Both were judged on the same test rows; the intervals are of each run alone, not of their difference."
    low, high = difference["interval"]
    clear = "no change that is clear of chance" if low <= 0 <= high else "clear of chance"
    told = f"{signed(difference['value'], 4)}, interval {interval((low, high), 4)}: {clear}"
    return f"Both were judged on the same test rows. Paired by block ({difference['blocks']} of them), {told}."


def score_table(base: Run, run: Run) -> Table | None:
    """Every score of this run beside the base, the primary one first; None where nothing was measured."""
    primary, found = metric_of(run), pick(run.metrics.get("evaluation"), "metrics", default={})
    names = sorted(found, key=lambda name: (name != primary, name))
    rows = tuple(score_row(name, score_of(base, name), score_of(run, name)) for name in names)
    return Table(("Score", "Base", "Now", "Interval", "Move"), rows) if rows else None


def score_row(name: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """One score: base, now, interval and arrow."""
    move = tell_move(old.get("value"), new.get("value"), new.get("direction"))
    base, now = number(old.get("value"), 4), number(new.get("value"), 4)
    return humanise(name), base, now, interval(new.get("interval"), 4), move


def draw_scores(base: Run, run: Run) -> str:
    """The primary score of base and now with their intervals, beside a constant and a linear model."""
    name = metric_of(run)
    same = metric_of(base) == name
    ranges = [range_of("base", score_of(base, name), BASE)] if same else []
    ranges.append(range_of("now", score_of(run, name), THIS))
    others = pick(run.metrics.get("evaluation"), "baselines", default={})
    ranges += [range_of(who, {"value": found.get(name)}, "◆") for who, found in sorted(others.items())]
    return draw_ranges([item for item in ranges if is_number(item.value)])


def range_of(label: str, score: dict[str, Any], mark: str) -> Range:
    """A score as one line of a drawing."""
    bounds = score.get("interval")
    value = score.get("value")
    shown = float(value) if is_number(value) and value is not None else math.nan
    note = number(value, 4) + (f", {interval(bounds, 4)}" if bounds else "")
    return Range(label, shown, tuple(bounds) if bounds else None, mark=mark, note=note)
