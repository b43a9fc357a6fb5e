from typing import Any

import pytest

from perennial.report.story import tell_story, title_of
from tests.report.example import binary_facts, empty_facts, multiclass_facts, regression_facts


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts(), empty_facts()])
def test_the_problem_comes_first_then_the_verdict(facts: dict[str, Any]) -> None:
    names = [section.name for section in tell_story(facts)]
    assert names[:2] == ["problem", "verdict"]
    assert names[-1] == "provenance"
    assert len(names) == len(set(names))


def test_sixteen_sections_for_a_whole_run() -> None:
    assert len(tell_story(binary_facts())) == 16


def test_title() -> None:
    assert title_of(binary_facts()).startswith("Will this flight")
    assert title_of({"problem": {}}) == "A model and its verdict"
