from perennial.report.blocks import Figures, Folded, Table, Text
from perennial.report.failures import tell_gate, tell_slices
from tests.report.example import BUNDLE, binary_facts, check, empty_facts


def test_the_worst_group_is_named_and_drawn_first() -> None:
    told, figures, folded = tell_slices(binary_facts()).blocks
    assert isinstance(told, Text)
    assert "helps least where carrier = HA" in told.text
    assert "In 1 of them it is no better than a constant." in told.text
    assert isinstance(figures, Figures)
    assert 'class="dot strong"' in figures.drawings[0].svg
    assert isinstance(folded, Folded)


def test_sensitive_values_are_listed() -> None:
    rates = {name: {"value": 0.25} for name in ("selected", "true_positive_rate", "false_positive_rate")}
    facts = binary_facts()
    facts["evaluation"]["sensitive"] = [{"column": "sex", "value": "f", "rows": 50, **rates}]
    table = tell_slices(facts).blocks[-1]
    assert isinstance(table, Table)
    assert table.rows[0][:3] == ("sex", "f", "50")


def test_no_slice_was_large_enough() -> None:
    assert len(tell_slices(empty_facts()).blocks) == 1


def test_failed_checks_come_first() -> None:
    gate = {"bundle": BUNDLE, "blessed": False, "checks": [check("overlap"), check("slices", False)]}
    told, table, folded = tell_gate(binary_facts(gate=gate)).blocks
    assert told == Text("2 checks, 1 failed: slices.")
    assert isinstance(table, Table)
    assert table.rows[0] == ("✕ failed", "Slices", "0.1", "0.03", "0.08 to 0.12", "57,000")
    assert isinstance(folded, Folded)


def test_a_check_that_does_not_apply_is_not_counted_as_passed() -> None:
    gate = {"bundle": BUNDLE, "blessed": True, "checks": [check("champion") | {"judged": False}, check("slices")]}
    told, table, _ = tell_gate(binary_facts(gate=gate)).blocks
    assert told == Text("1 check: all passed. 1 more could not be judged; each says why.")
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["✓ passed", "○ not judged"]


def test_no_gate_is_no_pass() -> None:
    assert tell_gate(empty_facts()).blocks == (Text("○ No check has been made.", "warn"),)
