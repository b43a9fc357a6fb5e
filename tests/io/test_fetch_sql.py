"""Rows of database files, only ever read; their sentences."""

import sqlite3
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from perennial.data.fetching import Fetch
from perennial.io.fetch import count_remote
from perennial.io.retry import Down
from perennial.refusal import Refusal
from tests.io.fetched import AS_OF, fetch, patience

TABLE = "CREATE TABLE t (id INTEGER, name TEXT, seen TIMESTAMP, size REAL)"
ROWS = "INSERT INTO t VALUES (1, 'Zoë', '2024-04-30 23:59:59', 1.5), (2, 'a;b', '2024-05-01 00:00:00', NULL)"
FIRST, SECOND = ["1", "Zoë", "2024-04-30 23:59:59", "1.5"], ["2", "a;b", "2024-05-01 00:00:00", ""]


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    opened = sqlite3.connect("t.db") if request.param == "sqlite" else duckdb.connect("t.db")
    with closing(opened) as connection:  # type: ignore[type-var]
        connection.execute(TABLE)
        connection.execute(ROWS)
        connection.commit()
    return f"{request.param}:///t.db"


def test_a_query_with_the_clock_and_parameters(database: str) -> None:
    assert fetch(url=database, query="SELECT * FROM t ORDER BY id;").to_numpy().tolist() == [FIRST, SECOND]
    assert fetch(url=database, query="SELECT * FROM t WHERE seen < :as_of").to_numpy().tolist() == [FIRST]
    named = "SELECT * FROM t WHERE name = :name -- one"
    assert fetch(url=database, query=named, parameters={"name": "a;b"}).to_numpy().tolist() == [SECOND]


def test_from_the_watermark_on(database: str) -> None:
    query = "SELECT * FROM t -- all"
    midnight = datetime(2024, 5, 1)
    assert fetch(midnight, url=database, query=query, watermark="seen").to_numpy().tolist() == [SECOND]
    assert fetch(2, url=database, query=query, watermark="id").to_numpy().tolist() == [SECOND]
    own = "SELECT * FROM t WHERE id > :since"
    assert fetch(1, url=database, query=own, watermark="id").to_numpy().tolist() == [SECOND]
    declared = Fetch(url=database, query=own, watermark="id")
    assert count_remote(declared, as_of=AS_OF, since=0, patience=patience()) == 2


def test_it_is_only_read(database: str) -> None:
    before = Path("t.db").read_bytes()
    for query in ("DROP TABLE t", "DELETE FROM t"):
        with pytest.raises(Refusal, match="does not answer the query"):
            fetch(url=database, query=query)
    assert Path("t.db").read_bytes() == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (None, "needs a query"),
        ("SELECT none FROM t", "does not answer the query"),
        ("SELECT * FROM t WHERE id = :wanted", "names :wanted, which is no parameter"),
        ("SELECT id, id FROM t", "there are two columns 'id'"),
        ("SELECT CAST('a' AS BLOB) AS photo", "bytes are no cells of a table"),
    ],
)
def test_a_query_that_gives_no_table(database: str, query: str | None, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        fetch(url=database, query=query)


def test_a_file_that_is_not_there_is_not_made(database: str) -> None:
    address = database.replace("t.db", "typo.db")
    with pytest.raises(Refusal, match=r"typo\.db is not there"):
        fetch(url=address, query="SELECT 1")
    assert not Path("typo.db").exists()


def test_a_locked_database_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("t.db")) as other:
        other.execute(TABLE)
        other.commit()
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Down, match=r"t\.db is busy \(database is locked\) \(2 attempts"):
            fetch(url="sqlite:///t.db", query="SELECT * FROM t", waiting=patience(attempts=2, seconds=0.05))


def test_a_kind_that_is_not_known() -> None:
    with pytest.raises(Refusal, match=r"ftp:// is not read: give a path, or a url of sqlite, duckdb, postgresql"):
        fetch(url="ftp://host/t.csv")
    with pytest.raises(Refusal, match=r"mysql:// needs its driver: install the Python module MySQLdb into"):
        fetch(url="mysql://host/db", query="SELECT 1")


def test_a_driver_that_is_absent_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Refusal, match=r"needs its driver: run `python3 requirements/install\.py runtime postgres`"):
        fetch(url="postgresql://host/db", query="SELECT 1")
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(Refusal, match=r"needs its client: run `python3 requirements/install\.py runtime s3`"):
        fetch(url="s3://bucket/t.csv")


def test_a_query_without_end_ends(database: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n"
    begun = time.monotonic()
    with pytest.raises(Refusal, match=r"raise fetch\.deadline_seconds"):
        fetch(url=database, query=endless, waiting=patience(deadline=0.3))
    assert time.monotonic() - begun < 10
