"""Rows of a real PostgreSQL server scored into a table of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from perennial.data.fetching import Fetch
from perennial.io.fetch import Patience
from perennial.io.retry import attempt
from perennial.io.scored_tables import insert_files, keep_rows
from perennial.io.scoring import score_file
from perennial.model.schema import parse_inputs
from perennial.refusal import Refusal
from tests.io.postgres import PASSWORD, USER, Postgres, postgres_server
from tests.tiny import INPUTS, tiny_model

pytestmark = pytest.mark.slow
PATIENCE = Patience(10.0, 60.0, lambda ask: attempt(ask, attempts=1, wait_seconds=0.0))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    with postgres_server() as running:
        running.run(
            'CREATE TABLE rows (trip text, distance float8, carrier text, holiday boolean, "at" timestamp)',
            "INSERT INTO rows SELECT 't' || n, n, 'UA', n % 2 = 0, timestamp '2013-07-01' + n * interval '1 hour' "
            "FROM generate_series(1, 25000) AS n",
        )
        yield running


def test_rows_of_a_server_are_scored_into_a_table_of_it(server: Postgres) -> None:
    place = Fetch(f"postgresql://{USER}:${{SHOP_PASSWORD}}@{server.place}/postgres", query="SELECT * FROM rows")
    keep_rows(place, Path("rows.parquet"), as_of=datetime(2024, 1, 1), patience=PATIENCE)
    assert pq.read_metadata("rows.parquet").num_rows == 25_000
    tally = score_file(tiny_model(), parse_inputs(INPUTS), "ab" * 32, Path("rows.parquet"), Path("out.parquet"))
    assert (tally.scored, tally.rejected) == (5000, 20_000)
    insert_files({"answers": Path("out.parquet"), "refused": Path("out.rejected.parquet")}, place, PATIENCE)
    query = "SELECT count(*) AS rows, count(score) AS scored, min(distance) AS least FROM answers"
    counted = replace(place, query=query)
    keep_rows(counted, Path("counted.parquet"), as_of=datetime(2024, 1, 1), patience=PATIENCE)
    assert pq.read_table("counted.parquet").to_pandas().to_numpy().tolist() == [["5000", "5000", "1.0"]]
    with pytest.raises(Refusal, match="the table answers is there already") as said:
        insert_files({"answers": Path("out.parquet")}, place, PATIENCE)
    assert PASSWORD not in str(said.value)
