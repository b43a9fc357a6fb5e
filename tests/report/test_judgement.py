from typing import Any

import pytest

from perennial.report.blocks import Figures, Table, Text
from perennial.report.judgement import tell_metrics
from tests.report.example import binary_facts, empty_facts, multiclass_facts, regression_facts


def block_of(facts: dict[str, Any], kind: Any) -> Any:
    return next(block for block in tell_metrics(facts).blocks if isinstance(block, kind))


def titles(facts: dict[str, Any]) -> list[str]:
    return [d.title for block in tell_metrics(facts).blocks if isinstance(block, Figures) for d in block.drawings]


def test_the_primary_score_comes_first_beside_both_baselines() -> None:
    rows = block_of(binary_facts(), Table).rows
    assert rows[0] == ("Log loss", "lower", "0.4940", "0.4700 to 0.5170", "0.5850", "0.5120")
    assert rows[1][0] == "AUC"


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (
            {"value": 0.155, "interval": [0.13, 0.18]},
            "15.5 % better than always saying the same (interval 13.0 to 18.0 %).",
        ),
        ({"value": 0.01, "interval": [-0.01, 0.03]}, "(interval −1.0 to 3.0 %, not clear of zero)."),
        ({"value": -0.02, "interval": [-0.03, -0.01]}, "2.0 % worse than always saying the same"),
    ],
)
def test_the_gain_in_words(gain: dict[str, Any], said: str) -> None:
    facts = binary_facts()
    facts["evaluation"]["improvement"] = {"over_constant": gain}
    assert said in block_of(facts, Text).text.replace("\u00a0", " ")


def test_each_task_has_its_charts() -> None:
    assert titles(binary_facts()) == [
        "Cases found against false alarms (ROC)",
        "Precision against recall",
        "Said and happened",
    ]
    assert titles(multiclass_facts()) == ["Cases found against false alarms (ROC)", "Said and happened"]
    assert titles(regression_facts()) == []


@pytest.mark.parametrize(("block", "said"), [("day", "62 whole days"), ("row", "single rows")])
def test_the_interval_is_explained(block: str, said: str) -> None:
    facts = binary_facts()
    facts["problem"]["block"] = block
    assert any(isinstance(b, Text) and said in b.text for b in tell_metrics(facts).blocks)


def test_no_evaluation_is_no_pass() -> None:
    assert tell_metrics(empty_facts()).blocks == (Text("○ The model has not been evaluated.", "warn"),)


def test_bounds_of_a_number_are_told_with_what_they_hold() -> None:
    facts = regression_facts()
    facts["evaluation"]["coverage"] = {"promised": 0.9, "value": 0.88, "interval": [0.86, 0.9], "width": 12.0}
    said = tell_metrics(facts).blocks[0].text.replace("\u00a0", " ")  # type: ignore[union-attr]
    assert "12.0 apart on average: 90.0 % are to hold the truth, and 88.0 % do" in said
