"""Time replayed on the visits: what a query may use, and what it may not."""

from pathlib import Path

import numpy as np
import pytest

from perennial.data.contract import Contract
from perennial.io.engine import Engine, map_here, open_engine
from perennial.io.examples import Span, create_sources, run_examples, run_span
from perennial.io.replay import Replay, read_instants, replay_cuts, replay_whole_cuts
from perennial.io.tables import write_batches
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal
from tests.io.visits import CONTRACT, write_visits

HONEST = """
SELECT id, start, (SELECT avg(p.minutes) FROM visits AS p WHERE p.ended <= v.start) AS feature
FROM visits AS v
"""
PEEKING = HONEST.replace("p.ended <= v.start", "p.start < v.start")
CUTS = [np.datetime64(f"2024-01-{day:02d}T12:30", "us") for day in (5, 9, 12, 20)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Forty days of visits in the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_visits("valid")


def replay(folder: str, query: str, contract: Contract = CONTRACT) -> Replay:
    return Replay(
        contract,
        folder,
        query,
        window_hours=6,
        lookback_days=2,
        ahead_days=1,
        history_days=2,
        memory_gb=1.0,
        as_of="2024-02-10",
    )


def test_a_query_that_only_uses_what_was_known_is_equal_at_every_cut(folder: str) -> None:
    rows, found = replay_cuts(Engine(map_here, 1, 1), replay(folder, HONEST), CUTS)
    assert (rows, found) == (4 * 12, [])


def test_a_query_that_peeks_differs_in_the_rows_whose_future_it_used(folder: str) -> None:
    rows, found = replay_cuts(Engine(map_here, 1, 1), replay(folder, PEEKING), CUTS)
    assert rows == 4 * 12
    assert {one.column for one in found} == {"feature"}
    assert {one.cut for one in found} == {str(cut)[:16] for cut in CUTS}
    assert all(one.full != one.masked for one in found)


def test_two_workers_find_what_one_finds(folder: str) -> None:
    many = [cut + np.timedelta64(hours, "h") for cut in CUTS for hours in range(3)]
    with open_engine(workers=2) as pool:
        assert replay_cuts(pool, replay(folder, PEEKING), many) == replay_cuts(
            Engine(map_here, 1, 1), replay(folder, PEEKING), many
        )


def test_cuts_that_are_replayed_together_find_what_each_finds_alone(folder: str) -> None:
    """A feature of all days before sees what other cuts have hidden: that is no peek."""
    here = Engine(map_here, 1, 1)
    clock = "SELECT id, start, getvariable('as_of') > start + INTERVAL 3 DAY AS feature FROM visits"
    for query in (HONEST, PEEKING, clock):
        alone = [replay_cuts(here, replay(folder, query), [cut]) for cut in CUTS]
        together = replay_cuts(here, replay(folder, query), CUTS)
        assert together == (sum(rows for rows, _ in alone), [one for _, found in alone for one in found])


def test_a_row_that_only_the_future_makes_is_a_difference_of_the_key(folder: str) -> None:
    query = f"SELECT * FROM ({HONEST}) AS e WHERE id IN (SELECT id FROM visits WHERE ended IS NOT NULL)"
    _, found = replay_cuts(Engine(map_here, 1, 1), replay(folder, query), CUTS)
    assert {(one.column, one.full, one.masked) for one in found} == {("id", "there", "absent")}


FAR = "SELECT id, start, lead(minutes, 480) OVER (ORDER BY start) AS feature FROM visits"


def test_a_peek_further_ahead_than_a_cut_sees_is_found_at_a_whole_cut(folder: str) -> None:
    here, far = Engine(map_here, 1, 1), replay(folder, FAR)
    assert replay_cuts(here, far, CUTS) == (4 * 12, [])
    everything = Span(None, np.datetime64("2024-02-10", "us"))
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        write_batches("examples.parquet", run_span(database, CONTRACT, FAR, everything, "2024-02-10"))
    rows, [found] = replay_whole_cuts(here, far, Path("examples.parquet"), [everything], CUTS[:1])
    assert rows == 4 * 48 + 26
    assert (found.column, found.rows) == ("feature", rows)


@pytest.mark.parametrize("query", [HONEST, FAR], ids=["honest", "peeking"])
def test_whole_cuts_compare_what_was_written(folder: str, query: str) -> None:
    everything = Span(None, np.datetime64("2024-02-10", "us"))
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        write_batches("examples.parquet", run_span(database, CONTRACT, query, everything, "2024-02-10"))
    _, found = replay_whole_cuts(
        Engine(map_here, 1, 1), replay(folder, query), Path("examples.parquet"), [everything], CUTS
    )
    assert bool(found) == (query == FAR)


def test_instants_at_which_something_becomes_known_are_found(folder: str) -> None:
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        instants = read_instants(database, CONTRACT, "known")
    assert {name: len(values) for name, values in instants.items()} == {"visits.ended": 1920}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("SELECT id, start FROM visits", "feature"), ("SELECT * FROM visit", "visit")],
    ids=["a column of the contract is missing", "a source that is not there"],
)
def test_a_query_that_does_not_run_is_refused_in_the_words_of_the_database(
    folder: str, query: str, sentence: str
) -> None:
    with open_warehouse(1.0, 1) as database:
        create_sources(database, CONTRACT, folder)
        with pytest.raises(Refusal, match=rf"data/examples\.sql does not run: .*{sentence}"):
            run_examples(database, "known", query, CONTRACT.examples, "true", "2024-02-01")
