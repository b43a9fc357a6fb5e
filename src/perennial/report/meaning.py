"""Whether a prediction means what it says, and what acting on it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perennial.report.blocks import Drawing, Figures, Section, Text, keep
from perennial.report.curves import Axis, Bin, Line, bounds, calibration, line_chart
from perennial.report.ranks import Bar, ranked_rows
from perennial.report.words import is_number, number, percent, percent_interval, pick, plain, short, value_of

Facts = dict[str, Any]
MOST_CLASSES = 3
PERFECTION = "The dashed diagonal is perfection."


def tell_calibration(facts: Facts) -> Section:
    """How far what is said lies from what happens, in one sentence and as charts."""
    regression = pick(facts, "problem", "task") == "regression"
    name = "scaled_calibration_error" if regression else "calibration_error"
    gap = value_of(pick(facts, "evaluation", "metrics", name))
    told = None
    if is_number(gap):
        size = f"{number(gap)} standard deviations" if regression else f"{number(100 * gap, 1)} percentage points"
        how = f"{size} apart on average, over groups of alike predictions"
        told = Text(f"What the model says and what happens lie {how}.")
    drawings = calibration_drawings(facts, regression)
    read = Text(drawings[0].caption) if len(drawings) == 1 else None
    if read:
        drawings = (replace(drawings[0], caption=PERFECTION),)
    blocks = (told, read, Figures(drawings) if drawings else None)
    return Section("calibration", "Does it mean what it says?", keep(*blocks))


def calibration_drawings(facts: Facts, regression: bool) -> tuple[Drawing, ...]:
    """Said against happened: one chart, or one for each of the first classes."""
    classes: dict[str, list[Bin]] = {}
    for row in pick(facts, "curves", "calibration", default=[]):
        if is_number(row.get("score")) and is_number(row.get("rate")):
            made = Bin(row["score"], row["rate"], int(row.get("rows") or 0))
            classes.setdefault(str(row.get("class") or ""), []).append(made)
    if regression:
        return (draw_numbers(classes[""]),) if len(classes.get("", [])) > 1 else ()
    only = len(classes) == 1
    drawings = [draw_bins("" if only else f" of {short(name, 20)}", bins) for name, bins in classes.items()]
    return tuple(drawings[:MOST_CLASSES])


def draw_bins(whose: str, bins: list[Bin]) -> Drawing:
    """Calibration of one class."""
    low, high = bins[0], bins[-1]
    told = (
        f"Where it said about {percent(low.predicted, 0)}, {percent(low.observed, 0)} happened; "
        f"where it said about {percent(high.predicted, 0)}, {percent(high.observed, 0)} did."
    )
    svg = calibration(f"Calibration{whose}", told, bins)
    return Drawing(svg, f"Predicted against observed{whose}", told)


def draw_numbers(bins: list[Bin]) -> Drawing:
    """Mean prediction against mean truth of a regression."""
    low, high = bounds([value for item in bins for value in (item.predicted, item.observed)])
    told = f"Where it said about {plain(bins[-1].predicted, 3)}, the mean was {plain(bins[-1].observed, 3)}."
    lines = [Line("", [(item.predicted, item.observed) for item in bins], dots=True)]
    x, y = Axis("mean prediction", low, high), Axis("mean of what happened", low, high)
    svg = line_chart("Calibration", told, lines, x=x, y=y, diagonal=True)
    return Drawing(svg, "Predicted against observed", told)


def tell_cost(facts: Facts) -> Section | None:
    """What the decisions cost, beside always and never."""
    cost = pick(facts, "evaluation", "cost", default={})
    if not is_number(value_of(cost.get("model"))):
        return None
    prices = {
        name: float(value_of(cost[name]))
        for name in ("model", "always", "never")
        if is_number(value_of(cost.get(name)))
    }
    best = min(value for name, value in prices.items() if name != "model") if len(prices) > 1 else prices["model"]
    saving = pick(cost, "saving", "value", default=(best - prices["model"]) / best if best else 0.0)
    told = f"A decision costs {number(prices['model'])} on average; that {'saves' if saving >= 0 else 'loses'} "
    told += f"{percent(abs(saving))} of the best rule without a model"
    spread = pick(cost, "saving", "interval")
    told += f" (interval {percent_interval(spread)})." if spread else "."
    if is_number(cost.get("threshold")):
        told += f" It says yes from a probability of {plain(cost['threshold'], 3)}, chosen without a test row."
    names = {"model": "this model", "always": "always say yes", "never": "never say yes"}
    bars = [Bar(names[name], value, note=number(value), strong=name == "model") for name, value in prices.items()]
    svg = ranked_rows("Cost of a decision", told, bars, from_zero=True)
    drawing = Drawing(svg, "Average cost of one decision", "In the units of the costs above; less is better.")
    return Section("cost", "What decisions cost", (Text(told), Figures((drawing,))))
