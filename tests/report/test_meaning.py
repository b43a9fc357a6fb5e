from typing import Any

import pytest

from perennial.report.blocks import Figures, Text
from perennial.report.meaning import tell_calibration, tell_cost
from tests.report.example import CURVES, binary_facts, empty_facts, multiclass_facts, regression_facts


def drawings(section: Any) -> list[Any]:
    return [drawing for block in section.blocks if isinstance(block, Figures) for drawing in block.drawings]


def test_calibration_in_words_and_as_chart() -> None:
    section = tell_calibration(binary_facts())
    assert isinstance(section.blocks[0], Text)
    assert "2.1 percentage points apart" in section.blocks[0].text
    assert isinstance(section.blocks[1], Text)
    assert "said about 10 %, 11 % happened" in section.blocks[1].text.replace("\u00a0", " ")
    assert len(drawings(section)) == 1


def test_calibration_of_numbers() -> None:
    section = tell_calibration(regression_facts())
    assert isinstance(section.blocks[0], Text)
    assert "0.030 standard deviations apart" in section.blocks[0].text
    assert section.blocks[1] == Text("Where it said about −3, the mean was −2.")


def test_every_class_has_its_chart_up_to_three() -> None:
    facts = multiclass_facts()
    rows = [{"score": 0.1, "rate": 0.2, "rows": 5}, {"score": 0.4, "rate": 0.3, "rows": 5}]
    facts["curves"]["calibration"] = [row | {"class": name} for name in "abcd" for row in rows]
    assert [d.title for d in drawings(tell_calibration(facts))] == [
        f"Predicted against observed of {name}" for name in "abc"
    ]


def test_cost_is_told_beside_always_and_never() -> None:
    section = tell_cost(binary_facts())
    assert section is not None
    assert isinstance(section.blocks[0], Text)
    assert "saves 34.0 % of the best rule without a model" in section.blocks[0].text.replace("\u00a0", " ")


@pytest.mark.parametrize("facts", [multiclass_facts(), regression_facts(), empty_facts()])
def test_no_costs_no_section(facts: dict[str, Any]) -> None:
    assert tell_cost(facts) is None


def test_the_example_has_a_calibration_curve() -> None:
    assert len(CURVES["calibration"]) == 8
