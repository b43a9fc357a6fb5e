from typing import Any

import pytest

from perennial.report.change import Run
from perennial.report.declared import months, tell_changes


@pytest.mark.parametrize(
    ("instants", "told"),
    [
        (("2013-01-01", "2013-09-14 23:59:00"), ", 2013-01 to 2013-09"),
        (("2013-01-01", "2013-01-02"), ", 2013-01"),
        ((None, None), ""),
    ],
)
def test_months(instants: tuple[Any, ...], told: str) -> None:
    assert months(*instants) == told


def test_rows_and_months_of_sources_and_roles() -> None:
    def run(rows: int, last: str, bad: int = 0) -> Run:
        sources = {"flights": {"rows": rows, "bad": bad, "span": ["2013-01-01", last]}}
        roles = {"test": {"rows": rows, "first": "2013-01-01", "last": last}}
        return Run("r", metrics={"validation": {"sources": sources}, "split": {"roles": roles}})

    text = tell_changes(run(10, "2013-02-01"), run(1, "2013-03-01", bad=2), ())
    assert "| source flights | 10 rows, 2013-01 to 2013-02 | 1 row, 2 bad, 2013-01 to 2013-03 |" in text
    assert "| role test | 10 rows, 2013-01 to 2013-02 | 1 row, 2013-01 to 2013-03 |" in text


def test_columns_gained_and_lost() -> None:
    runs = [Run("r", metrics={"profile": {"columns": [{"name": name} for name in names]}}) for names in ("ab", "bc")]
    assert tell_changes(*runs, ()) == "New columns: c. Columns that are gone: a.\n"


def test_nothing_changed() -> None:
    assert tell_changes(Run("r"), Run("r", {"a": 1}), ()) == ""
