"""Which rows taught, which chose, which judged."""

from __future__ import annotations

from datetime import date
from typing import Any

from perennial.report.blocks import Drawing, Figures, Section, Table, Text, keep
from perennial.report.spans import Span, timeline
from perennial.report.words import listed, number, percent, pick, plural

Facts = dict[str, Any]
SPANS = ("train", "valid", "test")
ROLES = (*SPANS, "purged", "unlabelled")


def as_date(value: Any) -> date | None:
    """The day of an ISO instant; None when it is not one."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def tell_split(facts: Facts) -> Section:
    """Which rows taught, which chose, which judged."""
    split = facts.get("split") or {}
    roles = {name: split["roles"][name] for name in ROLES if pick(split, "roles", name, "rows")}
    first = "The model is judged on rows that come after everything it was trained and chosen on."
    if split.get("repeats"):
        first = (
            f"There are few rows, so each judges in turn: {plural(split['repeats'], 'time')} the rows are dealt into "
            f"{plural(len(split['fold_rows']), 'fold')}, whole groups together; each fold is judged by a model that "
            "was searched, fitted and calibrated on the others alone. The model that is served learns from all rows."
        )
    elif not pick(facts, "problem", "time"):
        first = "Rows are assigned by a stable hash of their key or group, so that a row never changes sides."
    purged = Text("Purged: their outcome was not yet known when the test begins, so nobody learns from them.", "note")
    blocks = (split_figure(facts, roles), split_table(roles), purged if "purged" in roles else None)
    return Section("split", "The split", keep(Text(first), *blocks))


def split_figure(facts: Facts, roles: Facts) -> Figures | None:
    """The spans on a calendar."""
    spans = []
    for name in SPANS:
        start, end = (as_date(pick(roles, name, at)) for at in ("first", "last"))
        if start and end:
            spans.append(Span(name, start, end, f"{number(pick(roles, name, 'rows'))} rows"))
    if not spans:
        return None
    now = as_date(pick(facts, "problem", "as_of"))
    told = listed([f"{s.name} from {s.start} to {s.end}" for s in spans])
    svg = timeline("Training, choosing and judging in time", f"{told}.", spans, (now, "as of") if now else None)
    return Figures((Drawing(svg, "Training, choosing and judging in time", f"{told[:1].upper()}{told[1:]}."),))


def split_table(roles: Facts) -> Table:
    """Rows, first and last day, and mean of the target per role."""
    rows = []
    for name, found in roles.items():
        first, last = (str(pick(found, at, default="–"))[:10] for at in ("first", "last"))
        rows.append((name, number(found["rows"]), first, last, target_text(found)))
    return Table(("Role", "Rows", "First", "Last", "Mean target"), tuple(rows))


def target_text(found: Facts) -> str:
    """Mean target of a role, or the share of its commonest class."""
    shares = found.get("target_shares")
    if shares:
        name, share = max(shares.items(), key=lambda item: (item[1], item[0]))
        return f"{name} {percent(share)}"
    return number(found.get("target_mean"))
