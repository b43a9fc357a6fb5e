import pytest

from perennial.report.blocks import Table, Text, Verdict, keep, state_mark


@pytest.mark.parametrize(("passed", "mark"), [(True, "✓ passed"), (False, "✕ failed"), (None, "○ not judged")])
def test_state_mark(passed: bool | None, mark: str) -> None:
    assert state_mark(passed) == mark


@pytest.mark.parametrize(("state", "symbol"), [("passed", "✓"), ("failed", "✕"), ("open", "○")])
def test_a_verdict_has_a_sign(state: str, symbol: str) -> None:
    assert Verdict(state, "", "").symbol == symbol


def test_keep_drops_what_is_not_there() -> None:
    text, table = Text("x"), Table(("a",), (("1",),))
    assert keep(None, text, Table(("a",), ()), table) == (text, table)
