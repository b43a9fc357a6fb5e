"""What the model was made from: the data, and the audit of time."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import FAILED, OPEN, PASSED, Drawing, Figures, Section, Table, Text, keep
from perennial.report.curves import Axis, Line, line_chart
from perennial.report.words import axis_number, humanise, listed, number, percent, pick, plural, short

Facts = dict[str, Any]


def tell_data(facts: Facts) -> Section:
    """Sources, rows, quarantine, span, and what became of every decision."""
    assembly = facts.get("assembly") or {}
    return Section(
        "data",
        "The data",
        keep(
            *([Text(tell_rows(facts, assembly))] if assembly else []),
            source_table(facts),
            reason_table(facts),
            outcome_table(assembly),
            outcome_figure(facts),
        ),
    )


def tell_rows(facts: Facts, assembly: Facts) -> str:
    """How many decisions there are, and how many have an outcome, as one sentence."""
    rows, labelled = assembly.get("rows", 0), assembly.get("labelled", 0)
    as_of = pick(facts, "problem", "as_of")
    until = f" up to {as_of}" if as_of else ""
    share = percent(labelled / rows) if rows else "none"
    return (
        f"The table holds {plural(rows, 'decision')}{until}, one row each; the outcome of {number(labelled)} of them "
        f"({share}) is known. The others are served like any other and trained on by none."
    )


def source_table(facts: Facts) -> Table:
    """One line per source: rows read, kept, quarantined, first and last day."""
    sources = pick(facts, "validation", "sources", default={})
    rows = []
    for name, found in sorted(sources.items()):
        read, bad = found.get("rows"), found.get("bad", 0)
        kept = read - bad if isinstance(read, int) else None
        first, last = (str(day)[:10] for day in pick(found, "span", default=["–", "–"]))
        rows.append((str(name), number(read), number(kept), number(bad), first, last))
    head = ("Source", "Rows read", "Kept", "Quarantined", "First", "Last")
    return Table(head, tuple(rows), caption="Sources")


def reason_table(facts: Facts) -> Table:
    """Why rows went to quarantine."""
    sources = pick(facts, "validation", "sources", default={})
    found = [
        (name, str(reason), number(count))
        for name, source in sorted(sources.items())
        for reason, count in sorted((source.get("reasons") or {}).items(), key=lambda item: (-item[1], item[0]))
    ]
    return Table(("Source", "Reason", "Rows"), tuple(found[:20]), 2, "Why rows went to quarantine")


def outcome_table(assembly: Facts) -> Table:
    """What became of the decisions, those that never had an outcome included."""
    outcomes = assembly.get("outcomes") or {}
    total = sum(outcomes.values()) or 1
    ordered = sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple((str(name), number(count), percent(count / total)) for name, count in ordered)
    return Table(("Outcome", "Rows", "Share"), rows, caption="What became of each decision")


def outcome_figure(facts: Facts) -> Figures | None:
    """Decisions and mean outcome month by month."""
    months = pick(facts, "profile", "months", default=[])
    means = pick(facts, "profile", "target", "mean_by_month", default=[])
    points = [(float(i), mean) for i, mean in enumerate(means) if mean is not None]
    if len(points) < 2:
        return None
    regression = pick(facts, "problem", "task") == "regression"
    target, top = str(pick(facts, "profile", "target", "name", default="target")), max(v for _, v in points)
    every = max(1, -(-len(months) // 6))
    ticks = tuple((float(i), month) for i, month in enumerate(months) if i % every == 0)
    low = min(0.0, min(v for _, v in points))
    caption = f"Mean {target} by month" if regression else f"Share of decisions with {target} true, by month"
    svg = line_chart(
        caption,
        f"From {months[0]} to {months[-1]}, between {number(min(v for _, v in points))} and {number(top)}.",
        [Line(target, points, dots=True)],
        x=Axis("", -0.3, len(months) - 0.7, ticks),
        y=Axis("", low, top * 1.15 or 1.0, write=axis_number if regression else whole_percent),
    )
    return Figures((Drawing(svg, caption, "A season that moves is why the test comes after everything trained on."),))


def whole_percent(value: float) -> str:
    """A share on an axis."""
    return percent(value, 0)


def tell_audit(facts: Facts) -> Section:
    """Whether any feature used something that was not known yet."""
    audit = facts.get("point_in_time")
    if not audit:
        return Section("audit", "Does any feature see the future?", (Text(f"{OPEN} The audit has not run.", "warn"),))
    if not audit.get("auditable", True):
        text = f"{OPEN} This table has no time, so it cannot be audited. That is not a pass."
        return Section("audit", "Does any feature see the future?", (Text(text, "warn"),))
    compared = plural(audit.get("rows_compared", 0), "decision")
    how = (
        f"At {plural(audit.get('cuts_total', 0), 'instant')} everything not known by then was removed and the table "
        f"built again; {compared} made just before were compared in {number(audit.get('columns_compared'))} columns."
    )
    passed = audit.get("passed")
    text = f"{PASSED} No. {how} All were equal." if passed else f"{FAILED} Yes. {how} Some differ."
    verdict = Text(text, "" if passed else "warn")
    return Section(
        "audit", "Does any feature see the future?", keep(verdict, cut_table(audit), difference_table(audit))
    )


def cut_table(audit: Facts) -> Table:
    """How many instants of each kind were tried."""
    rows = tuple((humanise(cut["kind"]), number(cut["count"])) for cut in audit.get("cuts") or [])
    return Table(("Instants", "Tried"), rows)


def difference_table(audit: Facts) -> Table:
    """Columns that changed when the future was hidden."""
    found = audit.get("differences") or []
    names = [str(name) for name in dict.fromkeys(key for row in found for key in row)]
    rows = tuple(tuple(short(cell_text(row.get(name)), 48) for name in names) for row in found[:20])
    return Table(tuple(names), rows, len(names), "What changed when the future was hidden")


def cell_text(value: Any) -> str:
    """Lists as a sentence has them, everything else as it is."""
    return listed([str(item) for item in value]) if isinstance(value, list) else number(value)
