from typing import Any

from perennial.report.blocks import Folded, Table, Text
from perennial.report.selection import tell_selection


def judged(name: str, importance: float | None, best: float | None, kept: bool, reason: str) -> dict[str, Any]:
    return {"column": name, "importance": importance, "copy": 0.0, "best_copy": best, "kept": kept, "reason": reason}


COLUMNS = [
    judged("spend", 0.9, 0.02, True, "beats all 19 copies"),
    judged("noise", -0.001, 0.03, False, "12 of 19 copies tell as much"),
    judged("same", None, None, False, "the same on every row"),
]


def test_what_is_left_out_is_said_with_its_evidence() -> None:
    told, table = tell_selection({"rows": 900, "copies": 19, "columns": COLUMNS})
    assert isinstance(told, Text)
    assert "19 shuffled copies of itself" in told.text
    assert "same and noise are left out of 3 inputs; a request still sends all of them." in told.text
    assert isinstance(table, Table)
    assert table.rows[0] == ("same", "no", "the same on every row", "", "")
    assert table.rows[1] == ("noise", "no", "12 of 19 copies tell as much", "\u22120.1\u00a0%", "3.0\u00a0%")
    assert table.rows[2] == ("spend", "yes", "beats all 19 copies", "90.0\u00a0%", "2.0\u00a0%")


def test_of_many_inputs_the_table_is_folded_and_of_none_nothing_is_told() -> None:
    many = [judged(f"x{number}", 0.1, 0.0, True, "beats all 19 copies") for number in range(13)]
    told, folded = tell_selection({"rows": 900, "copies": 19, "columns": many})
    assert isinstance(told, Text)
    assert "None is left out of 13 inputs" in told.text
    assert isinstance(folded, Folded)
    assert tell_selection(None) == ()
