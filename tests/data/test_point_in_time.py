from typing import Any

import duckdb
import pytest

from perennial.data.contract import Column, Source
from perennial.data.point_in_time import mask_sql, undatable_sql

PLANNED = Column("planned", "datetime", nullable=False, known_at="planned")
DELAY = Column("delay", "numeric", known_at="done")
TAIL = Column("tail", "id", known_at="planned", missing_known_at="done")
DONE = Column("done", "datetime", known_at="done")
KEY = Column("id", "id", nullable=False, known_at="planned")
EVENTS = Source("e", "e.csv", ("id",), "planned", None, None, 0.0, ("",), (KEY, PLANNED, DELAY, TAIL), (DONE,))
ROWS = """(VALUES ('a', TIMESTAMP '2013-01-01 10:00', 5.0, 'N1', TIMESTAMP '2013-01-01 12:00'),
                  ('b', TIMESTAMP '2013-01-01 10:00', 5.0, NULL, TIMESTAMP '2013-01-01 12:00'),
                  ('c', TIMESTAMP '2013-01-02 10:00', 5.0, 'N3', NULL)) AS r (id, planned, delay, tail, done)"""


def known_at(cut: str, **options: Any) -> list[tuple[object, ...]]:
    query = mask_sql(EVENTS, f"TIMESTAMP '{cut}'", ROWS, **options)
    return duckdb.sql(f"SELECT id, delay, tail, done IS NOT NULL FROM ({query}) ORDER BY id NULLS LAST").fetchall()


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("2013-01-01T09:59", []),
        ("2013-01-01T10:00", [("a", None, "N1", False), ("b", None, "unknown tail~b", False)]),
        ("2013-01-01T12:00", [("a", 5.0, "N1", True), ("b", 5.0, None, True)]),
        ("2013-01-03", [("a", 5.0, "N1", True), ("b", 5.0, None, True), ("c", None, "N3", False)]),
    ],
    ids=["nothing is known yet", "the plan, with a stand-in for the gap", "the outcome, and that it is a gap", "all"],
)
def test_a_cut_shows_what_was_known_then(cut: str, expected: list[tuple[object, ...]]) -> None:
    assert known_at(cut) == expected


def test_without_a_stand_in_a_gap_shows() -> None:
    assert known_at("2013-01-01T10:00", stand_in=False)[1] == ("b", None, None, False)


def test_a_source_with_a_static_column_keeps_every_row() -> None:
    source = Source("s", "s.csv", ("id",), None, None, None, 0.0, ("",), (Column("id", "id", known_at="static"),), ())
    query = mask_sql(source, "TIMESTAMP '1900-01-01'", "(SELECT 'a' AS id)")
    assert duckdb.sql(query).fetchall() == [("a",)]
    assert undatable_sql(source, "true") == "false"


@pytest.mark.parametrize(
    ("planned", "done", "broken", "kept"),
    [
        ("NULL", "NULL", "true", True),
        ("NULL", "NULL", "false", True),
        ("NULL", "now()", "true", False),
        ("now()", "NULL", "true", False),
    ],
    ids=["broken and undated", "a required cell missing and undated", "dated by one cell", "dated by another"],
)
def test_a_row_is_undatable_when_it_is_broken_and_no_instant_dates_it(
    planned: str, done: str, broken: str, kept: bool
) -> None:
    row = f"SELECT 'a' AS id, {planned}::TIMESTAMP AS planned, {done}::TIMESTAMP AS done"
    assert duckdb.sql(f"SELECT {undatable_sql(EVENTS, broken)} FROM ({row})").fetchall() == [(kept,)]
