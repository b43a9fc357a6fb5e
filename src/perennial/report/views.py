"""Every view of the facts by its file name."""

from __future__ import annotations

from typing import Any

from perennial.report.card import render_card
from perennial.report.markdown import render_markdown
from perennial.report.page import render_page


def render_views(facts: dict[str, Any]) -> dict[str, str]:
    """Text of each file below `reports/`; the same facts give the same bytes."""
    return {
        "index.html": render_page(facts),
        "report.md": render_markdown(facts),
        "model_card.md": render_card(facts),
    }
