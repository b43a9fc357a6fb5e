from typing import Any

import pytest

from perennial.report.card import render_card
from tests.report.example import binary_facts, empty_facts, multiclass_facts, regression_facts


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts(), empty_facts()])
def test_the_card_says_what_the_model_is_not_for(facts: dict[str, Any]) -> None:
    card = render_card(facts)
    assert card.startswith("# Model card: Will this flight")
    assert "two hours before scheduled departure, for The airport's operations desk" in card
    assert card.index("### The problem") < card.index("### What it is not for")


def test_a_whole_run_has_data_scores_and_failures() -> None:
    card = render_card(binary_facts())
    assert all(
        f"### {title}" in card for title in ("The data", "How good it is", "Where it fails", "Where this comes from")
    )
