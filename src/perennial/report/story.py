"""The order in which the report is told."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import Section
from perennial.report.closing import tell_champion, tell_provenance, tell_rehearsal
from perennial.report.columns import tell_columns
from perennial.report.division import tell_split
from perennial.report.evidence import tell_audit, tell_data
from perennial.report.failures import tell_gate, tell_slices
from perennial.report.judgement import tell_metrics
from perennial.report.learning import tell_model, tell_search
from perennial.report.meaning import tell_calibration, tell_cost
from perennial.report.opening import tell_problem, tell_verdict

TELLERS = (
    tell_problem,
    tell_verdict,
    tell_data,
    tell_audit,
    tell_columns,
    tell_split,
    tell_search,
    tell_model,
    tell_metrics,
    tell_calibration,
    tell_cost,
    tell_slices,
    tell_gate,
    tell_rehearsal,
    tell_champion,
    tell_provenance,
)


def tell_story(facts: dict[str, Any]) -> tuple[Section, ...]:
    """Every section that has something to say, in order."""
    told = (teller(facts) for teller in TELLERS)
    return tuple(section for section in told if section is not None and section.blocks)


def title_of(facts: dict[str, Any]) -> str:
    """The question that the model answers."""
    return str(facts["problem"].get("statement") or "A model and its verdict")
