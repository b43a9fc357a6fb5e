from typing import Any

import pytest

from perennial.report.blocks import Table
from perennial.report.markdown import MOST_CHARACTERS, escape_text, render_markdown, render_table
from tests.report.example import binary_facts, empty_facts, multiclass_facts, number_column, regression_facts


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts(), empty_facts()])
def test_the_verdict_comes_first(facts: dict[str, Any]) -> None:
    text = render_markdown(facts)
    assert text.index("### The verdict") < text.index("<details>")
    assert text.count("<details>") == text.count("</details>")
    assert "<svg" not in text


def test_a_huge_run_fits_into_a_comment() -> None:
    facts = binary_facts()
    columns = [number_column(f"column {i} " + "x" * 400, 0.6) for i in range(800)]
    facts["profile"] |= {"columns": columns, "strongest": [column["name"] for column in columns]}
    facts["profile"]["suspects"] = [{"column": "c", "reason": "y" * 3000}] * 50
    text = render_markdown(facts)
    assert len(text) < 65_536
    assert "does not fit here" in text
    assert MOST_CHARACTERS < 65_536


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", "a&#124;b"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("@team", "@\u200bteam"),
        ("#12 GH-12", "#\u200b12 GH\u200b-12"),
        ("https://a.b www.a.b", "https\u200b://a.b www\u200b.a.b"),
        (":x: 12:30:00 $a$", ":\u200bx: 12:\u200b30:00 &#36;a&#36;"),
        ("two\nlines", "two lines"),
        ("log_loss", "log_loss"),
        ("_x_", "&#95;x&#95;"),
        ("東京", "東京"),
    ],
)
def test_text_is_harmless(text: str, escaped: str) -> None:
    assert escape_text(text) == escaped


def test_numbers_are_aligned_to_the_right() -> None:
    lines = render_table(Table(("Name", "Rows"), (("a", "1"),), caption="Some")).splitlines()
    assert lines == ["Some:", "", "| Name | Rows |", "| :-- | --: |", "| a | 1 |"]


def test_a_long_table_says_what_is_missing() -> None:
    assert "5 more rows" in render_table(Table(("Name",), tuple((str(i),) for i in range(35))))
