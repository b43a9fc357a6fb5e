"""The model card: what the model is for, what it is not for, how it does, and where it fails."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import Section, Text
from perennial.report.markdown import escape_text, render_section
from perennial.report.story import tell_story, title_of
from perennial.report.words import pick

CARD = ("verdict", "problem", "data", "model", "metrics", "calibration", "cost", "slices", "rehearsal", "provenance")


def render_card(facts: dict[str, Any]) -> str:
    """The model card as Markdown (after Mitchell et al., Model Cards for Model Reporting, 2019)."""
    sections = {section.name: section for section in tell_story(facts)}
    ordered = [sections[name] for name in CARD if name in sections]
    ordered.insert(2, tell_limits(facts))
    parts = [f"# Model card: {escape_text(title_of(facts))}\n"]
    parts += [render_section(section, folded=False) for section in ordered]
    return "\n".join(parts)


def tell_limits(facts: dict[str, Any]) -> Section:
    """What the model must not be used for."""
    moment = pick(facts, "problem", "moment", default="the moment it was made for")
    audience = pick(facts, "problem", "audience", default="those it was made for")
    return Section(
        "limits",
        "What it is not for",
        (
            Text(f"It answers one question, {moment}, for {audience}. Any other moment or reader is untested."),
            Text("It learned what goes together, not what causes what: changing an input does not change the outcome."),
            Text("It knows nothing after the day it has seen until, given below; monitor it, and retrain it."),
        ),
    )
