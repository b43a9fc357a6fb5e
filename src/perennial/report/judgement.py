"""How good it is, beside a constant and a linear model."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import OPEN, Drawing, Figures, Section, Table, Text, keep
from perennial.report.charts import confusion
from perennial.report.curves import STYLES, Line, precision_recall, roc
from perennial.report.opening import metric_name, sure
from perennial.report.words import (
    humanise,
    interval,
    is_number,
    number,
    percent,
    percent_interval,
    pick,
    plural,
    short,
    value_of,
)

Facts = dict[str, Any]


def tell_metrics(facts: Facts) -> Section:
    """Every score with its interval, beside a constant and a linear model."""
    found = facts.get("evaluation") or {}
    if not found:
        return Section("metrics", "How good it is", (Text(f"{OPEN} The model has not been evaluated.", "warn"),))
    rows = tuple(metric_row(name, found) for name in ordered_metrics(facts))
    head = ("Score", "Better", "Model", "Interval", "Constant", "Linear")
    blocks = (
        Table(head, rows, 2),
        Text(explain_interval(facts), "note"),
        curve_figures(facts),
        confusion_figure(facts),
    )
    return Section("metrics", "How good it is", keep(Text(tell_gain(facts)), *blocks))


def ordered_metrics(facts: Facts) -> list[str]:
    """The primary score first, the others by name."""
    names = sorted(pick(facts, "evaluation", "metrics", default={}))
    primary = pick(facts, "problem", "metric")
    return sorted(names, key=lambda name: (name != primary, name))


def metric_row(name: str, found: Facts) -> tuple[str, ...]:
    """One score of the model with its interval, and of both baselines."""
    score = found["metrics"][name]
    others = [number(value_of(pick(found, "baselines", who, name)), 4) for who in ("constant", "linear")]
    return (
        humanise(name),
        str(pick(score, "direction", default="–")),
        number(value_of(score), 4),
        interval(pick(score, "interval"), 4),
        *others,
    )


def explain_interval(facts: Facts) -> str:
    """What the intervals resample, and over how much."""
    block, blocks = pick(facts, "problem", "block", default="row"), pick(facts, "evaluation", "blocks")
    first = f"Intervals are sure to {sure(facts)}; they resample"
    if block == "row" or not is_number(blocks):
        return f"{first} single rows."
    return f"{first} {plural(blocks, f'whole {block}')}, because the rows of one {block} share their luck."


def tell_gain(facts: Facts) -> str:
    """The improvement over both baselines as sentences."""
    rows = pick(facts, "evaluation", "rows")
    parts = [f"Judged on {plural(rows, 'row')} that the model has never seen."] if rows else []
    metric = metric_name(facts)
    for key, who in (("over_constant", "always saying the same"), ("over_linear", "a linear model")):
        gain = pick(facts, "evaluation", "improvement", key)
        if not is_number(pick(gain, "value")):
            continue
        size, low = percent(abs(gain["value"])), pick(gain, "interval", 0)
        worse = "worse" if gain["value"] < 0 else "better"
        clear = ", not clear of zero" if worse == "better" and is_number(low) and low <= 0 else ""
        parts.append(
            f"Its {metric} is {size} {worse} than {who} (interval {percent_interval(gain.get('interval'))}{clear})."
        )
    bounds = pick(facts, "evaluation", "coverage")
    if bounds:
        parts.append(
            f"Beside each number it gives a lower and an upper bound, {number(bounds['width'])} apart on average: "
            f"{percent(bounds['promised'])} are to hold the truth, and {percent(bounds['value'])} do "
            f"(interval {percent_interval(bounds['interval'])})."
        )
    return " ".join(parts)


def curve_figures(facts: Facts) -> Figures | None:
    """ROC, and precision against recall; one line per class."""
    drawings = []
    ranks, recalls = (
        curve_lines(facts, "roc", "fpr", "tpr"),
        curve_lines(facts, "precision_recall", "recall", "precision"),
    )
    if ranks:
        name = "auc" if len(ranks) == 1 else "macro_auc"
        area = number(value_of(pick(facts, "evaluation", "metrics", name)))
        told = f"Area {area}; the dashed diagonal, 0.5, is guessing."
        drawings.append(Drawing(roc("ROC curve", told, ranks), "Cases found against false alarms (ROC)", told))
    if recalls:
        told = "How many of the warnings are right, as more and more of the cases are found."
        if len(recalls) == 1:
            area = number(value_of(pick(facts, "evaluation", "metrics", "average_precision")))
            told = f"Average precision {area}: {told[:1].lower()}{told[1:]}"
        svg = precision_recall("Precision and recall", told, recalls)
        drawings.append(Drawing(svg, "Precision against recall", told))
    return Figures(tuple(drawings)) if drawings else None


def curve_lines(facts: Facts, name: str, across: str, up: str) -> list[Line]:
    """A plotted curve as lines, one per class, at most as many as have a style of their own."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in pick(facts, "curves", name, default=[]):
        if is_number(row.get(across)) and is_number(row.get(up)):
            points.setdefault(str(row.get("class") or "this model"), []).append((row[across], row[up]))
    names = list(points)[: len(STYLES)]
    only = len(points) == 1
    return [Line("this model" if only else short(key, 16), points[key]) for key in names if len(points[key]) > 1]


def confusion_figure(facts: Facts) -> Figures | None:
    """What was said against what happened."""
    found = pick(facts, "evaluation", "confusion", default={})
    counts, classes = pick(found, "counts"), pick(found, "classes", default=[])
    if not counts or len(counts) > 12:
        return None
    names = [str(name) for name in classes] or ["no", "yes"]
    total = sum(map(sum, counts)) or 1
    right = sum(counts[i][i] for i in range(len(counts)))
    told = f"{percent(right / total)} of {number(total)} decisions were right. Percentages are shares of what happened."
    return Figures((Drawing(confusion("Said and happened", told, names, counts), "Said and happened", told),))
