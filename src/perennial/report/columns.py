"""The profile of the inputs: suspects first, the strongest columns as charts, all columns as one table."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import FAILED, PASSED, Drawing, Figures, Folded, Section, Table, Text, keep
from perennial.report.charts import histogram, levels_chart, share_of_top
from perennial.report.curves import Axis, Line, bounds, line_chart
from perennial.report.svg import Box
from perennial.report.words import axis_number, number, percent, pick, plain, plural, short

Facts = dict[str, Any]


def tell_columns(facts: Facts) -> Section:
    """Distributions, gaps, far-out values, drift, association with the target."""
    profile = facts.get("profile") or {}
    columns = {column["name"]: column for column in profile.get("columns", [])}
    ordered = [columns[name] for name in profile.get("strongest", []) if name in columns]
    if not ordered:
        return Section("columns", "The columns", (Text("The columns have not been profiled."),))
    rest = Table(
        ("Column", "Type", "Missing", "Different values", "Far out", "Alone", "Drift"),
        tuple(column_row(column) for column in ordered),
        words=2,
    )
    folded = Folded(f"All {plural(len(ordered), 'column')} as a table", (Text(explain_table(profile), "note"), rest))
    charts = (
        explain_charts(profile),
        draw_columns(profile, choose_shown(ordered, facts["shown"]["columns"])),
        draw_drift(profile, ordered),
    )
    blocks = (Text(explain(ordered)), suspect_block(profile), *charts, folded)
    return Section("columns", "The columns", keep(*blocks))


def explain(ordered: list[Facts]) -> str:
    """Which column knows most, and which has most gaps."""
    best, gaps = ordered[0], max(ordered, key=lambda column: (column["missing"], column["name"]))
    first = f"The model sees {plural(len(ordered), 'column')}."
    if best["association"]["value"] is not None:
        first += f" Alone, {best['name']} says most about the outcome ({association_text(best)})."
    if gaps["missing"] > 0:
        first += f" {gaps['name']} has most gaps: {percent(gaps['missing'])} of its cells are missing."
    return first


def explain_charts(profile: Facts) -> Text:
    """How to read the small charts."""
    name, task = pick(profile, "target", "name", default="target"), pick(profile, "target", "task", default="binary")
    bars = "Bars: how many rows."
    if task == "binary":
        return Text(f"{bars} Dots: the share with {name} true, on one axis for all charts.", "note")
    return Text(f"{bars} Dots: the mean {name}." if task == "regression" else bars, "note")


def explain_table(profile: Facts) -> str:
    """How to read the table of columns."""
    measure = {
        "regression": "Spearman's rank correlation with the target, 0 is none",
        "binary": "the AUC of this column by itself, 0.5 is guessing",
    }.get(pick(profile, "target", "task", default="binary"), "the AUC of this column by itself, averaged over classes")
    return (
        f"Alone: {measure}. Far out: beyond three interquartile ranges from the middle half. Drift: the largest move "
        "of one month, in standard deviations (sd) for numbers, in share of rows for the others."
    )


def association_text(column: Facts) -> str:
    """Measure and value in words."""
    found = column["association"]
    return f"{found['measure']} {number(found['value'])}" if found["value"] is not None else "not measured"


def drift_text(column: Facts) -> str:
    """The largest monthly move with its unit."""
    shift, unit = pick(column, "drift", "shift", default=0.0), pick(column, "drift", "unit", default="")
    return percent(shift, 0) if unit == "share of rows" else f"{number(shift, 2)} sd"


def column_row(column: Facts) -> tuple[str, ...]:
    """One column as a line of the table."""
    far = pick(column, "summary", "outliers")
    return (
        column["name"],
        column["dtype"],
        percent(column["missing"]),
        number(column["distinct"]),
        percent(far) if far is not None else "–",
        number(column["association"]["value"]),
        drift_text(column),
    )


def suspect_block(profile: Facts) -> Text | Table:
    """Columns that know too much; a plain sentence when there are none."""
    suspects = profile.get("suspects") or []
    if not suspects:
        return Text(
            f"{PASSED} No column decides the outcome by itself, and none vanishes where the outcome never came."
        )
    rows = tuple((f"{FAILED} {suspect['column']}", suspect["reason"]) for suspect in suspects)
    return Table(("Leak suspect", "Why"), rows, words=2)


def choose_shown(ordered: list[Facts], count: int) -> list[Facts]:
    """The strongest column of every group, then the strongest of all, at most `count`, the strongest first."""
    groups: dict[str, str] = {}
    for column in ordered:
        groups.setdefault(column.get("group") or column["name"], column["name"])
    first = [column for column in ordered if column["name"] in groups.values()]
    chosen = (first + [column for column in ordered if column not in first])[:count]
    return [column for column in ordered if column in chosen]


def draw_columns(profile: Facts, shown: list[Facts]) -> Figures | None:
    """The strongest columns: bars are rows, dots are the mean outcome, on one axis for all."""
    task = pick(profile, "target", "task", default="binary")
    top = share_of_top(shown) if task == "binary" else None
    drawings = tuple(drawing for drawing in (draw_column(column, task, top) for column in shown) if drawing)
    return Figures(drawings, small=True) if drawings else None


def draw_column(column: Facts, task: str, top: float | None) -> Drawing | None:
    """One column as a small chart; None where there is nothing to draw."""
    shape, levels = column.get("histogram"), pick(column, "levels", "top", default=[])
    title, told = column["name"], describe(column)
    if task == "regression":
        top = share_of_top([column]) or None

    def write(value: float) -> str:
        return percent(value, 0) if task == "binary" else axis_number(float(f"{value:.3g}"))

    if shape:
        svg = histogram(title, told, shape, top=top, write=write)
    elif levels:
        svg = levels_chart(title, told, levels, top=top, write=write)
    else:
        return None
    return Drawing(svg, title, told)


def draw_drift(profile: Facts, ordered: list[Facts]) -> Figures | None:
    """The numbers whose monthly mean moves most."""
    moving = [column for column in ordered if sum(m is not None for m in column["drift"]["mean"] or []) > 2]
    most = sorted(moving, key=lambda column: (-column["drift"]["shift"], column["name"]))[:3]
    drawings = tuple(draw_months(column, profile["months"]) for column in most)
    return Figures(drawings, small=True) if drawings else None


def draw_months(column: Facts, months: list[str]) -> Drawing:
    """Monthly mean of one column as a small line."""
    points = [(float(i), mean) for i, mean in enumerate(column["drift"]["mean"]) if mean is not None]
    low, high = bounds([mean for _, mean in points], slack=0.25)
    ticks = tuple((float(i), months[i]) for i in (0, len(months) - 1))
    told = f"Its monthly mean moves by up to {drift_text(column)} from the overall mean."
    box = Box(width=250, height=120, left=34, right=22, top=10, bottom=24)
    x, y = Axis("", 0.0, len(months) - 1.0, ticks), Axis("", low, high)
    svg = line_chart(f"{column['name']} by month", told, [Line("", points, dots=True)], x=x, y=y, box=box)
    return Drawing(svg, f"{column['name']} by month", told)


def describe(column: Facts) -> str:
    """The column in one line: what it is, how it is spread, what it knows."""
    parts = [short(column.get("description") or "", 90)]
    middle = pick(column, "summary", "median")
    if middle is not None and column["dtype"] == "numeric":
        unit = f" {column['unit']}" if column.get("unit") else ""
        parts.append(f"median {plain(middle)}{unit}")
    if column["missing"] > 0:
        parts.append(f"{percent(column['missing'])} missing")
    parts.append(association_text(column))
    return "; ".join(part for part in parts if part)
