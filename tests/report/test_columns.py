from typing import Any

import pytest

from perennial.report.blocks import Figures, Folded, Table, Text
from perennial.report.columns import choose_shown, tell_columns
from tests.report.example import binary_facts, empty_facts, multiclass_facts, number_column, regression_facts


def with_suspects(*suspects: dict[str, str]) -> dict[str, Any]:
    facts = binary_facts()
    facts["profile"]["suspects"] = list(suspects)
    return facts


def test_suspects_come_first() -> None:
    block = tell_columns(with_suspects({"column": "leak", "reason": "It decides."})).blocks[1]
    assert isinstance(block, Table)
    assert block.rows == (("✕ leak", "It decides."),)


def test_no_suspect_is_said() -> None:
    block = tell_columns(with_suspects()).blocks[1]
    assert isinstance(block, Text)
    assert block.text.startswith("✓ No column")


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts()])
def test_columns_are_drawn_and_all_are_listed(facts: dict[str, Any]) -> None:
    blocks = tell_columns(facts).blocks
    figures = next(block for block in blocks if isinstance(block, Figures))
    assert [drawing.title for drawing in figures.drawings] == ["airport_delay", "origin"]
    folded = blocks[-1]
    assert isinstance(folded, Folded)
    table = folded.blocks[1]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["airport_delay", "origin"]


def test_only_so_many_are_drawn() -> None:
    facts = binary_facts()
    facts["shown"]["columns"] = 1
    figures = next(block for block in tell_columns(facts).blocks if isinstance(block, Figures))
    assert len(figures.drawings) == 1


def test_every_group_is_drawn_before_a_second_of_one() -> None:
    columns = [{"name": name, "group": group} for name, group in [("a", "x"), ("b", "x"), ("c", "y"), ("d", "")]]
    assert [column["name"] for column in choose_shown(columns, 3)] == ["a", "c", "d"]
    assert [column["name"] for column in choose_shown(columns, 4)] == ["a", "b", "c", "d"]


def test_personal_and_empty_columns_are_listed_not_drawn() -> None:
    facts = binary_facts()
    columns = [
        number_column("owner", 0.6, histogram=None, summary=None, withheld=True),
        number_column("empty", 0.5, histogram=None, summary=None, missing=1.0),
    ]
    facts["profile"] |= {"columns": columns, "strongest": ["owner", "empty"]}
    drawn = [d.title for b in tell_columns(facts).blocks if isinstance(b, Figures) for d in b.drawings]
    assert not {"owner", "empty"} & set(drawn)


def test_no_profile() -> None:
    assert tell_columns(empty_facts()).blocks == (Text("The columns have not been profiled."),)
