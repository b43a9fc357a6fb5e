"""Orders in a database and a workbook of customers, adopted together, fetched and run up to the split."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from perennial.io.tables import read_table
from tests.adoption.tables import orders
from tests.conftest import run_command, run_stages
from tests.io.fetched import make_repository
from tests.io.sheets import write_workbook

pytestmark = pytest.mark.slow


def test_two_sources_are_joined_and_each_row_finds_its_own(tmp_path: Path) -> None:
    project, draw = make_repository(tmp_path / "project"), np.random.default_rng(0)
    customers = [f"C{number:03d}" for number in range(150)]
    sold = orders().drop(columns="paid_at")
    sold = sold.assign(
        order_id=[f"O{number:04d}" for number in range(len(sold))],
        customer_id=draw.choice(customers, len(sold)),
        late=draw.choice(["yes", "no"], len(sold)),
    )
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        sold.to_sql("orders", database, index=False)
    # The last of them is not in the workbook.
    rows = [[name, f"tier {number % 3}", number] for number, name in enumerate(customers[:-1])]
    write_workbook(tmp_path / "customers.xlsx", {"customers": [["customer_id", "tier", "items"], *rows]})
    words = (
        "adopt",
        "sqlite:///../shop.db",
        "../customers.xlsx",
        "--query",
        "SELECT * FROM orders",
        "--target",
        "late",
    )
    done = run_command(project, sys.executable, "-m", "perennial.cli", *words, "--yes")
    assert done.returncode == 0, done.stderr
    assert "joined: customers by customer_id, found for 99" in done.stdout
    run_stages(project, "ingest", "split")
    examples = read_table(project / "data/examples.parquet").set_index("order_id")
    assert len(examples) == len(sold)
    tiers = {name: tier for name, tier, _ in rows}
    for order in sold.itertuples():
        found = examples.loc[order.order_id, "tier"]
        assert (found if isinstance(found, str) else None) == tiers.get(order.customer_id)
    assert "customers_items" in examples.columns
