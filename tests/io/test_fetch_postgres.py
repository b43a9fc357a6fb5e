"""A real PostgreSQL: typed rows, the clock, the watermark, a wrong password, a server that goes and comes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.data.fetching import Fetch
from perennial.io.fetch import count_remote
from perennial.io.retry import Down
from perennial.io.server import find_free_port
from perennial.refusal import Refusal
from tests.adoption.tables import orders
from tests.conftest import run_command, run_stages
from tests.io.fetched import AS_OF, fetch, make_repository, patience
from tests.io.postgres import PASSWORD, USER, Postgres, postgres_server
from tests.io.s3 import listener

pytestmark = pytest.mark.slow
SHAPE = (
    "id uuid, at timestamptz, day date, price numeric(10, 2), size double precision, paid boolean, note text, "
    "more jsonb, tags text[]"
)
ROW = (
    "'0b0e7a9c-6a4e-4a70-9e5c-000000000001', '2024-04-30 23:30:00+02', '2024-04-30', 12.50, 0.1, true, 'Zoë', "
    "'{\"b\": 1}', '{x,y}'"
)
CELLS = [
    *("0b0e7a9c-6a4e-4a70-9e5c-000000000001", "2024-04-30 21:30:00+00:00", "2024-04-30", "12.50", "0.1", "true"),
    *("Zoë", '{"b": 1}', '["x", "y"]'),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres_server() as running:
        running.run(f"CREATE TABLE rows ({SHAPE})", f"INSERT INTO rows VALUES ({ROW})")
        running.run("INSERT INTO rows (at, note) VALUES ('2024-05-01 00:00:00+00', 'next')")
        yield running


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_USER", USER)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)


def url_of(server: Postgres) -> str:
    return f"postgresql://${{SHOP_USER}}:${{SHOP_PASSWORD}}@{server.place}/postgres"


def test_typed_rows_are_text_cells(server: Postgres) -> None:
    frame = fetch(url=url_of(server), query="SELECT * FROM rows WHERE at < :as_of")
    assert frame.to_numpy().tolist() == [CELLS]
    frame = fetch(url=url_of(server), query="SELECT price::text FROM rows WHERE note = :n", parameters={"n": "next"})
    assert frame.to_numpy().tolist() == [[""]]


def test_from_the_watermark_on(server: Postgres) -> None:
    declared = {"url": url_of(server), "query": 'SELECT note, at AS "At" FROM rows', "watermark": "At"}
    assert fetch(AS_OF, **declared)["note"].tolist() == ["next"]
    assert count_remote(Fetch(**declared), as_of=AS_OF, since=None, patience=patience()) == 2


def test_it_is_only_read(server: Postgres) -> None:
    server.run("CREATE SEQUENCE IF NOT EXISTS numbers")
    with pytest.raises(Refusal, match="read-only transaction"):
        fetch(url=url_of(server), query="SELECT nextval('numbers') AS n")
    with pytest.raises(Refusal, match="syntax error"):
        fetch(url=url_of(server), query="DELETE FROM rows RETURNING id")
    with pytest.raises(Refusal, match=r'does not answer the query .*column "none" does not exist'):
        fetch(url=url_of(server), query="SELECT none FROM rows")


def test_a_wrong_password_is_not_tried_again_and_none_is_told(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "wr0ng/ & p@ss")
    begun = time.monotonic()
    with pytest.raises(Refusal, match="password authentication failed for user") as refused:
        fetch(url=url_of(server), query="SELECT 1 AS a", waiting=patience(attempts=100))
    assert not isinstance(refused.value, Down)
    assert time.monotonic() - begun < 5
    assert "wr0ng" not in str(refused.value)
    assert USER not in str(refused.value)


def test_a_whole_url_from_the_environment(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.parse import quote

    monkeypatch.setenv("SHOP_URL", f"postgres://{USER}:{quote(PASSWORD, safe='')}@{server.place}/postgres")
    assert fetch(url="${SHOP_URL}", query="SELECT 1 AS a").to_numpy().tolist() == [["1"]]
    with pytest.raises(Refusal) as refused:
        fetch(url="${SHOP_URL}", query="SELECT a")
    assert PASSWORD not in str(refused.value)


def test_a_connection_that_is_killed_is_made_again(server: Postgres) -> None:
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%slowly%' AND pid <> pg_backend_pid()"
    )
    killer = threading.Timer(1.0, lambda: server.run(kill))
    killer.start()
    frame = fetch(url=url_of(server), query="SELECT pg_sleep(2)::text AS slowly, note FROM rows LIMIT 1")
    killer.join()
    assert len(frame) == 1


def test_a_server_that_is_away_and_one_that_says_nothing(server: Postgres) -> None:
    away = url_of(server).replace(str(server.port), str(find_free_port()))
    with pytest.raises(Down, match=r"127\.0\.0\.1:\d+ does not answer .*refused.* \(3 attempts") as refused:
        fetch(url=away, query="SELECT 1")
    assert PASSWORD not in str(refused.value)
    port, begun = find_free_port(), time.monotonic()
    with listener(port), pytest.raises(Down, match="timeout"):
        silent = url_of(server).replace(str(server.port), str(port))
        fetch(url=silent, query="SELECT 1", waiting=patience(attempts=2, seconds=1))
    assert time.monotonic() - begun < 15


def test_a_query_without_end_ends(server: Postgres) -> None:
    begun = time.monotonic()
    with pytest.raises(Refusal, match=r"raise fetch\.deadline_seconds"):
        fetch(url=url_of(server), query="SELECT pg_sleep(60)::text AS a", waiting=patience(deadline=1))
    assert time.monotonic() - begun < 10


def perennial(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return run_command(project, sys.executable, "-m", "perennial.cli", *words)


def test_a_table_is_adopted_fetched_again_and_kept_while_the_server_is_down(server: Postgres, tmp_path: Path) -> None:
    project = make_repository(tmp_path / "project")
    fill_orders(server)
    done = perennial(
        *(project, "adopt", url_of(server), "--query", "SELECT * FROM orders", "--target", "total", "--yes"),
        *("--watermark", "updated_at", "--key", "order_id"),
    )
    assert done.returncode == 0, done.stderr
    run_stages(project, "ingest", "ingest")
    before = (project / "data/source.dvc").read_text()
    assert "600 rows; nothing new" in perennial(project, "fetch").stdout
    assert (project / "data/source.dvc").read_text() == before
    server.run("UPDATE orders SET items = 99, updated_at = '2024-04-20' WHERE order_id = 'O00300'")
    assert "orders: 600 rows; changed 2024-02" in perennial(project, "fetch").stdout
    server.stop()
    try:
        held = (project / "data/source.dvc").read_text()
        done = perennial(project, "fetch")
        assert done.returncode == 1
        assert done.stderr.startswith(f"refused: the source orders is down: {server.place} does not answer")
        assert "data/source/orders still holds 600 rows, 2024-01 to 2024-03" in done.stderr
        assert (project / "data/source.dvc").read_text() == held
    finally:
        server.start()
    refuse_secrets(project, done.stderr)


def fill_orders(server: Postgres) -> None:
    """A table of orders, whose rows say when they were last changed."""
    table = orders()
    table = table.assign(order_id=[f"O{number:05d}" for number in range(len(table))], updated_at=table["paid_at"])
    shape = (
        "ordered_at timestamp, paid_at timestamp, items int, amount numeric, fee numeric, total numeric, "
        "order_id text primary key, updated_at timestamp"
    )
    rows = ", ".join("(" + ", ".join(f"'{cell}'" for cell in row) + ")" for row in table.to_numpy().tolist())
    server.run("DROP TABLE IF EXISTS orders", f"CREATE TABLE orders ({shape})", f"INSERT INTO orders VALUES {rows}")


def refuse_secrets(project: Path, said: str) -> None:
    """No file of the repository, nor a word of it, holds the password."""
    files = [file for file in project.rglob("*") if file.is_file() and not file.is_symlink()]
    assert len(files) > 30
    for text in (said, *(file.read_bytes().decode("latin-1") for file in files)):
        assert "s3cr3t" not in text
