"""Where it fails, and what the gate made of everything."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import OPEN, Drawing, Figures, Folded, Section, Table, Text, keep, state_mark
from perennial.report.change import judged_as
from perennial.report.ranks import Bar, ranked_rows
from perennial.report.words import (
    humanise,
    is_number,
    listed,
    number,
    percent,
    percent_interval,
    pick,
    plain,
    plain_interval,
    plural,
    short,
)

Facts = dict[str, Any]


def tell_slices(facts: Facts) -> Section:
    """The groups of rows on which it helps least."""
    found = [s for s in pick(facts, "evaluation", "slices", default=[]) if is_number(slice_gain(s))]
    worst = sorted(found, key=lambda s: (slice_gain(s), str(s["column"]), str(s["value"])))[: facts["shown"]["slices"]]
    if not worst:
        return Section("slices", "Where it fails", (Text("No group of rows was large enough to be judged by itself."),))
    failing = [s for s in found if slice_gain(s) <= 0]
    least = f"{worst[0]['column']} = {worst[0]['value']}"
    told = f"{plural(len(found), 'group')} of rows are large enough to be judged. The model helps least where {least}"
    told += f" ({percent(slice_gain(worst[0]))} better than a constant)." if slice_gain(worst[0]) > 0 else "."
    told += (
        f" In {number(len(failing))} of them it is no better than a constant."
        if failing
        else " It beats a constant in all."
    )
    bars = [slice_bar(item) for item in worst]
    caption = "Improvement over a constant with its interval; the dashed line is no improvement. Worst first."
    svg = ranked_rows("The groups where it helps least", caption, bars, reference=0.0)
    table = Table(
        ("Column", "Value", "Rows", "Loss", "Better than a constant", "Interval"), tuple(map(slice_row, worst)), 2
    )
    folded = Folded("These groups in numbers", (table,))
    drawing = Drawing(svg, "The groups where it helps least", caption)
    return Section("slices", "Where it fails", keep(Text(told), Figures((drawing,)), folded, sensitive_table(facts)))


def slice_gain(item: Facts) -> Any:
    """Improvement over the constant in one slice."""
    return pick(item, "over_constant", "value")


def slice_bar(item: Facts) -> Bar:
    """One slice as a dot with whiskers; a square where it does not beat the constant."""
    gain, (low, high) = slice_gain(item), pick(item, "over_constant", "interval", default=[None, None])
    note = f"{percent(gain)} · {plural(item['rows'], 'row')}"
    return Bar(f"{item['column']} = {short(item['value'], 24)}", gain, low, high, note, strong=gain <= 0)


def slice_row(item: Facts) -> tuple[str, ...]:
    """One slice in numbers."""
    spread = percent_interval(pick(item, "over_constant", "interval"))
    return (
        str(item["column"]),
        short(item["value"], 40),
        number(item["rows"]),
        number(item.get("loss"), 4),
        percent(slice_gain(item)),
        spread,
    )


def sensitive_table(facts: Facts) -> Table:
    """How differently the decision treats the values of sensitive columns."""
    rows = [
        (
            str(item["column"]),
            short(item["value"], 40),
            number(item.get("rows")),
            *(percent(pick(item, name, "value")) for name in ("selected", "true_positive_rate", "false_positive_rate")),
        )
        for item in pick(facts, "evaluation", "sensitive", default=[])
    ]
    head = ("Sensitive column", "Value", "Rows", "Said yes", "Of the cases", "Of the others")
    return Table(head, tuple(rows), 2, "How the decision treats the values of sensitive columns")


def tell_gate(facts: Facts) -> Section:
    """Every check with its value, threshold, interval and rows."""
    checks = pick(facts, "gate", "checks", default=[])
    if not checks:
        return Section("gate", "The gate", (Text(f"{OPEN} No check has been made.", "warn"),))
    ordered = sorted(checks, key=lambda check: (bool(check.get("passed")), not check.get("judged", True)))
    rows = tuple(
        (
            state_mark(judged_as(check)),
            humanise(check["name"]),
            plain(check.get("value"), 3),
            plain(check.get("threshold"), 3),
            plain_interval(check.get("interval")),
            number(check.get("rows")),
        )
        for check in ordered
    )
    head = ("Result", "Check", "Value", "Threshold", "Interval", "Rows")
    return Section("gate", "The gate", (Text(count_checks(checks)), Table(head, rows, 2), sentences_of(ordered)))


def count_checks(checks: list[Facts]) -> str:
    """How many checks there are, how many failed, how many do not apply."""
    failing = [humanise(check["name"]).lower() for check in checks if not check.get("passed")]
    apart = sum(not check.get("judged", True) for check in checks)
    told = plural(len(checks) - apart, "check")
    told += f", {number(len(failing))} failed: {listed(failing)}." if failing else ": all passed."
    return told + (f" {number(apart)} more could not be judged; each says why." if apart else "")


def sentences_of(checks: list[Facts]) -> Folded:
    """What each check says in words."""
    rows = tuple((humanise(check["name"]), str(check["sentence"])) for check in checks if check.get("sentence"))
    return Folded("What each check found, in words", (Table(("Check", "Found"), rows, 2),))
