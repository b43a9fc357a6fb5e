"""Fetching a declared source again and again: exactly the months that changed are written and read anew."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perennial.cli import parse_arguments
from perennial.commands.fetch import PARAMS, build_source, choose_sources, say_change
from perennial.io.contract import read_contract
from perennial.io.files import read_json
from perennial.io.params import read_params
from perennial.io.snapshot import describe_held
from perennial.io.tables import read_table
from perennial.refusal import Refusal
from perennial.stages.ingest import ingest
from tests.conftest import FLIGHTS, set_params
from tests.io.web import gives, gives_json, says_nothing, web_server

COLUMNS = {
    "id": {"dtype": "id", "nullable": False, "known_at": "ordered_at"},
    "ordered_at": {"dtype": "datetime", "nullable": False, "known_at": "ordered_at"},
    "amount": {"dtype": "numeric", "known_at": "ordered_at"},
    "changed_at": {"dtype": "datetime", "known_at": "ordered_at"},
}
DECLARED = {"url": "sqlite:///shop.db", "query": "SELECT * FROM orders", "months": "ordered_at"}
INCREMENTAL = {"watermark": "changed_at"}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Orders of three months in a database, ten a month, each entered on its day."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    shutil.copy(FLIGHTS / "params.yaml", "params.yaml")
    set_params(tmp_path, {"problem.as_of": "2024-06-01", "fetch.wait_seconds": 0.01, "engine.memory_gb": 0.5})
    declare(DECLARED)
    days = [f"2024-{month:02}-{day:02} 10:00:00" for month in (1, 2, 3) for day in range(1, 20, 2)]
    rows = pd.DataFrame({"id": [f"o{n}" for n in range(30)], "ordered_at": days, "amount": range(30)})
    with closing(sqlite3.connect("shop.db")) as database:
        rows.assign(changed_at=days).to_sql("orders", database, index=False)
    return tmp_path


def declare(fetch: dict[str, Any]) -> None:
    source = {"path": "data/source/orders", "key": ["id"], "time": "ordered_at", "columns": COLUMNS, "fetch": fetch}
    Path("data/contract.yaml").write_text(yaml.safe_dump({"sources": {"orders": source}}))


def change(*statements: str) -> None:
    with closing(sqlite3.connect("shop.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def fetch_orders(whole: bool = False) -> str:
    """Fetch without DVC, which other tests ask for, and return what changed."""
    [(source, declared)] = choose_sources([]).values()
    place, target = Path("data/source/orders"), Path("fresh")
    target.mkdir()
    build_source(source, declared, target, params=read_params(PARAMS), whole=whole)
    before, after = describe_held(place), describe_held(target)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    target.rename(place)
    return say_change("orders", before, after).partition("; ")[2]


def ingested() -> dict[str, str]:
    """The hash of every month that the graph reads."""
    ingest(read_contract(), "2024-06-01", 0.5, 1)
    files = read_json("data/raw/manifest.json")["sources"]["orders"]["files"]
    return {name: each["sha256"] for name, each in files.items()}


NEW = "INSERT INTO orders VALUES ('o30', '2024-04-02 09:00:00', 7, '2024-04-02 09:00:00')"
CORRECTED = "UPDATE orders SET amount = 99, changed_at = '2024-05-01 08:00:00' WHERE id = 'o12'"
LATE = "INSERT INTO orders VALUES ('o31', '2024-01-20 09:00:00', 7, '2024-05-01 08:00:00')"
LATE_UNSEEN = "INSERT INTO orders VALUES ('o32', '2024-01-20 09:00:00', 7, '2024-01-20 09:00:00')"
MOVED = "UPDATE orders SET ordered_at = '2024-03-30 10:00:00', changed_at = '2024-05-01 08:00:00' WHERE id = 'o1'"
WITHDRAWN = "DELETE FROM orders WHERE ordered_at LIKE '2024-02%'"


CHANGES = pytest.mark.parametrize(
    ("statement", "said", "touched"),
    [
        pytest.param("SELECT 1", "nothing new", set(), id="nothing"),
        pytest.param(NEW, "new 2024-04", {"2024-04"}, id="a new month"),
        pytest.param(CORRECTED, "changed 2024-02", {"2024-02"}, id="a corrected month"),
        pytest.param(LATE, "changed 2024-01", {"2024-01"}, id="a late row"),
        pytest.param(LATE_UNSEEN, "changed 2024-01", {"2024-01"}, id="a late row that claims to be old"),
        pytest.param(MOVED, "changed 2024-01, 2024-03", {"2024-01", "2024-03"}, id="a row of another month"),
        pytest.param(WITHDRAWN, "withdrawn 2024-02", {"2024-02"}, id="a withdrawn month"),
    ],
)


@CHANGES
def test_what_changed_is_what_is_written_and_read_anew(statement: str, said: str, touched: set[str]) -> None:
    declare(DECLARED | INCREMENTAL)
    assert fetch_orders() == "new 2024-01, 2024-02, 2024-03"
    before = ingested()
    change(statement)
    assert fetch_orders() == said
    after = ingested()
    assert {name for name in before | after if before.get(name) != after.get(name)} == touched


@CHANGES
def test_without_a_watermark_it_is_the_same(statement: str, said: str, touched: set[str]) -> None:
    fetch_orders()
    change(statement)
    assert fetch_orders() == said


def test_an_incremental_fetch_ends_where_a_whole_one_does() -> None:
    declare(DECLARED | INCREMENTAL)
    fetch_orders()
    change(NEW, CORRECTED, LATE, LATE_UNSEEN, MOVED)
    fetch_orders()
    assert fetch_orders(whole=True) == "nothing new"


def test_a_swap_that_no_watermark_shows_is_found_by_a_whole_fetch() -> None:
    declare(DECLARED | INCREMENTAL)
    fetch_orders()
    change("DELETE FROM orders WHERE id = 'o1'", LATE_UNSEEN)
    assert fetch_orders() == "nothing new"
    assert fetch_orders(whole=True) == "changed 2024-01"


def test_the_clock_and_a_query_of_its_own_watermark() -> None:
    query = "SELECT * FROM orders WHERE changed_at >= :since AND ordered_at < :as_of"
    declare(DECLARED | INCREMENTAL | {"query": query})
    set_params(Path(), {"problem.as_of": "2024-02-01"})
    assert fetch_orders() == "new 2024-01"
    set_params(Path(), {"problem.as_of": "2024-06-01"})
    assert fetch_orders() == "new 2024-02, 2024-03"


def test_the_order_of_the_rows_does_not_matter() -> None:
    fetch_orders()
    declare(DECLARED | {"query": "SELECT * FROM orders ORDER BY amount DESC"})
    assert fetch_orders() == "nothing new"


def test_a_snapshot_without_months_is_one_file() -> None:
    declare({name: value for name, value in DECLARED.items() if name != "months"})
    assert fetch_orders() == "new all"


def test_a_column_that_is_gone_is_refused_and_a_new_one_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    fetch_orders()
    change("ALTER TABLE orders ADD COLUMN coupon TEXT")
    assert fetch_orders() == "nothing new"
    assert "left out, as data/contract.yaml does not have it: coupon" in capsys.readouterr().out
    change("ALTER TABLE orders DROP COLUMN amount")
    with pytest.raises(Refusal, match="it has no column 'amount' any more"):
        fetch_orders()


def test_pages_of_json_from_the_watermark_on(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"id": "o1", "ordered_at": "2024-01-01T10:00:00Z", "amount": 1, "changed_at": "2024-01-01T10:00:00Z"}
    later = row | {"id": "o2", "ordered_at": "2024-02-01T10:00:00Z", "changed_at": "2024-02-01T10:00:00Z"}
    with web_server() as web:
        url = web.on("/orders", gives_json([row]), gives_json([later]))
        declare({"url": url, "records": "", "parameters": {"from": ":since"}, "months": "ordered_at"} | INCREMENTAL)
        assert fetch_orders() == "new 2024-01"
        assert fetch_orders() == "new 2024-02"
        assert [query for _, query, _ in web.asked] == [{}, {"from": "2023-12-31T10:00:00Z"}]
    assert ingested().keys() == {"2024-01", "2024-02"}
    assert read_table("data/raw/orders/2024-02.parquet")["id"].tolist() == ["o2"]


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(project / "site"))
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["dvc", "init", "-q"], check=True)
    return project


def run(*words: str) -> None:
    parse_arguments(["fetch", *words]).run(parse_arguments(["fetch", *words]))


def test_a_source_that_is_down_keeps_what_it_had_and_the_others_are_fetched(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = yaml.safe_load(Path("data/contract.yaml").read_text())
    other = document["sources"]["orders"] | {"path": "data/source/other", "fetch": {"url": "http://127.0.0.1:9/o.csv"}}
    Path("data/contract.yaml").write_text(yaml.safe_dump({"sources": document["sources"] | {"other": other}}))
    with pytest.raises(Refusal, match=r"the source other is down: nothing .*never fetched here; the pipeline holds no"):
        run()
    assert "orders: 30 rows; new 2024-01, 2024-02, 2024-03" in capsys.readouterr().out
    pointer = Path("data/source.dvc").read_text()
    Path("shop.db").rename("moved.db")
    with pytest.raises(Refusal) as refused:
        run("orders")
    log = read_json("data/fetched.json")["orders"]
    assert f"It was last fetched on {log['at']}; data/source/orders still holds 30 rows, 2024-01 to 2024-03." in str(
        refused.value
    )
    assert Path("data/source.dvc").read_text() == pointer
    assert describe_held(Path("data/source/orders")).rows == 30


@pytest.mark.slow
def test_a_clone_brings_back_what_was_fetched_and_a_change_by_hand_is_refused(repository: Path) -> None:
    run()
    pointer = Path("data/source.dvc").read_text()
    shutil.rmtree("data/source")
    declare(DECLARED | INCREMENTAL)
    run()
    assert Path("data/source.dvc").read_text() == pointer
    Path("data/source/orders/2024-02.parquet").unlink()
    with pytest.raises(Refusal, match=r"data/source is not what data/source\.dvc names: `dvc checkout"):
        run()


@pytest.mark.slow
def test_a_fetch_that_is_killed_leaves_what_was_there(repository: Path) -> None:
    run()
    pointer, rows = Path("data/source.dvc").read_text(), describe_held(Path("data/source/orders"))
    with web_server() as web:
        declare({"url": web.on("/orders.csv", says_nothing(30)), "months": "ordered_at"})
        with subprocess.Popen([sys.executable, "-m", "perennial.cli", "fetch"]) as process:
            while not web.asked:
                time.sleep(0.05)
            process.kill()
        assert describe_held(Path("data/source/orders")) == rows
        assert Path("data/source.dvc").read_text() == pointer
        web.on("/orders.csv", gives("id,ordered_at,amount,changed_at\no1,2024-01-01 10:00:00,1,2024-01-01 10:00:00\n"))
        run()
    assert describe_held(Path("data/source/orders")).rows == 1


def test_names_that_are_not_declared() -> None:
    with pytest.raises(Refusal, match="trips is no source with a section `fetch`; these are: orders"):
        choose_sources(["trips"])
    document = yaml.safe_load(Path("data/contract.yaml").read_text())
    del document["sources"]["orders"]["fetch"]
    Path("data/contract.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(Refusal, match=r"no source in data/contract\.yaml has a section `fetch`"):
        choose_sources([])
