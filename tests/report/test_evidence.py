from typing import Any

import pytest

from perennial.report.blocks import Figures, Table, Text
from perennial.report.evidence import tell_audit, tell_data
from tests.report.example import binary_facts, empty_facts, multiclass_facts, regression_facts


def tables_of(section: Any) -> dict[str, Table]:
    return {block.caption: block for block in section.blocks if isinstance(block, Table)}


def test_data_counts_what_was_kept_and_what_never_came() -> None:
    tables = tables_of(tell_data(binary_facts()))
    assert tables["Sources"].rows[1] == ("flights", "229,000", "228,988", "12", "2013-01-01", "2013-08-31")
    assert tables["Why rows went to quarantine"].rows == (("flights", "dep_time out of range", "12"),)
    assert [row[0] for row in tables["What became of each decision"].rows] == [
        "arrived",
        "cancelled",
        "diverted",
        "pending",
    ]


@pytest.mark.parametrize(
    ("facts", "drawn"), [(binary_facts(), True), (regression_facts(), True), (multiclass_facts(), False)]
)
def test_the_season_is_drawn_where_there_is_one(facts: dict[str, Any], drawn: bool) -> None:
    assert any(isinstance(block, Figures) for block in tell_data(facts).blocks) == drawn


@pytest.mark.parametrize(
    ("audit", "start", "tone"),
    [
        (
            {"auditable": True, "passed": True, "cuts_total": 1, "rows_compared": 9, "differences": []},
            "✓ No. At 1 instant",
            "",
        ),
        (
            {
                "auditable": True,
                "passed": False,
                "cuts": [],
                "rows_compared": 9,
                "differences": [{"column": "dep_delay", "rows": 3}],
            },
            "✕ Yes.",
            "warn",
        ),
        ({"auditable": False}, "○ This table has no time", "warn"),
        (None, "○ The audit has not run", "warn"),
    ],
)
def test_audit(audit: dict[str, Any] | None, start: str, tone: str) -> None:
    text = tell_audit(binary_facts(point_in_time=audit)).blocks[0]
    assert isinstance(text, Text)
    assert text.text.startswith(start)
    assert text.tone == tone


def test_a_peek_is_named() -> None:
    audit = {"passed": False, "cuts": [], "rows_compared": 9, "differences": [{"column": "dep_delay", "rows": [1, 2]}]}
    table = tell_audit(binary_facts(point_in_time=audit)).blocks[1]
    assert isinstance(table, Table)
    assert (table.head, table.rows) == (("column", "rows"), (("dep_delay", "1 and 2"),))


def test_nothing_run_still_reads() -> None:
    assert tell_data(empty_facts()).blocks == ()
