"""Examples assembled at once or in pieces of time: the same rows, as long as no feature looks further back."""

from pathlib import Path

import numpy as np
import pytest

from perennial.io.examples import (
    DAY,
    Span,
    create_sources,
    find_first,
    limit_sql,
    plan_spans,
    refuse_undeclared,
    run_spans,
)
from perennial.io.replay import Replay, refuse_short_history
from perennial.io.tables import write_batches
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal
from tests.io.visits import CONTRACT, write_visits

AS_OF = np.datetime64("2024-02-10", "us")
QUERY = """
SELECT id, start, count(*) OVER recent + avg(minutes) OVER recent AS feature FROM visits
WINDOW recent AS (ORDER BY start RANGE BETWEEN INTERVAL 60 HOUR PRECEDING AND CURRENT ROW)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Forty days of visits in the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_visits("valid")


def spans(piece_days: int | None, history_days: int = 3) -> list[Span]:
    first = np.datetime64("2024-01-01", "us")
    return plan_spans(first, AS_OF, piece_days=piece_days, history_days=history_days, ahead_days=1)


@pytest.mark.parametrize("days", [1, 7, 13, 39])
def test_pieces_are_consecutive_from_the_beginning_until_as_of(days: int) -> None:
    pieces = spans(days)
    assert (pieces[0].since, pieces[0].low, pieces[-1].until) == (None, None, AS_OF)
    assert [one.until for one in pieces[:-1]] == [one.since for one in pieces[1:]]
    assert all(one.until - one.since <= days * DAY for one in pieces[1:] if one.since)
    assert all(one.since - one.low == 3 * DAY for one in pieces[1:] if one.since and one.low)
    assert all(one.high == one.until + DAY for one in pieces)


@pytest.mark.parametrize("days", [None, 40, 10_000])
def test_what_fits_is_one_piece_that_sees_everything(days: int | None) -> None:
    assert spans(days) == [Span(None, AS_OF)]


def assemble(folder: str, piece_days: int | None, name: str) -> bytes:
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        write_batches(name, run_spans(database, CONTRACT, QUERY, spans(piece_days), "2024-02-10"))
    return Path(name).read_bytes()


def test_pieces_give_the_bytes_of_the_whole(folder: str) -> None:
    whole = assemble(folder, None, "whole.parquet")
    assert assemble(folder, 9, "pieces.parquet") == whole
    assert assemble(folder, 1, "days.parquet") == whole


@pytest.mark.parametrize("history_days", [1, 3])
def test_a_history_shorter_than_a_feature_looks_back_is_refused(folder: str, history_days: int) -> None:
    replay = Replay(
        CONTRACT,
        folder,
        QUERY,
        window_hours=6,
        lookback_days=2,
        ahead_days=1,
        history_days=history_days,
        memory_gb=1.0,
        as_of="2024-02-10",
    )
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        if history_days >= 3:
            refuse_short_history(database, replay, spans(9, history_days), history_days)
            return
        with pytest.raises(Refusal, match=r"history_days is 1, but `feature` of v\d+ is .* with twice"):
            refuse_short_history(database, replay, spans(9, history_days), history_days)


def test_a_column_that_the_contract_does_not_describe_is_refused(folder: str) -> None:
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        refuse_undeclared(database, CONTRACT, QUERY, "2024-02-10")
        with pytest.raises(Refusal, match="yields 'weekend', which"):
            refuse_undeclared(database, CONTRACT, QUERY.replace("SELECT id,", "SELECT id, 1 AS weekend,"), "2024-02-10")


def test_the_first_time_of_any_source_is_found(folder: str) -> None:
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        assert find_first(database, CONTRACT) == np.datetime64("2024-01-01", "us")


def test_a_source_is_limited_by_its_time_only() -> None:
    source = CONTRACT.sources["visits"]
    low = np.datetime64("2024-01-05", "s")
    assert (
        limit_sql(source, low, None)
        == """SELECT * FROM known."visits" WHERE "start" >= TIMESTAMP '2024-01-05T00:00:00'"""
    )
    assert limit_sql(source, None, None) == 'SELECT * FROM known."visits"'


def test_a_source_without_partitions_is_refused(folder: str) -> None:
    for path in Path(folder).rglob("*.parquet"):
        path.unlink()
    with open_warehouse(1.0) as database, pytest.raises(Refusal, match=r"visits holds no Parquet that can be read"):
        create_sources(database, CONTRACT, folder)
