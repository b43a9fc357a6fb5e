"""The masks of a contract over 300,000 rows of 20 columns: against the limit, and against reading the same table."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from measure import median
from perennial.data.contract import Column
from perennial.data.validation import bad_rows, row_reasons, rule_masks
from perennial.io.tables import read_table, write_table

ROWS, LIMIT = 300_000, 0.2
COLUMNS = (
    *(Column(f"number_{n}", "numeric", nullable=False, low=-4, high=4) for n in range(12)),
    *(Column(f"word_{n}", "category", allowed=("a", "b", "c")) for n in range(4)),
    *(Column(f"instant_{n}", "datetime", low=0, high=4e9) for n in range(4)),
)


def make_table() -> pd.DataFrame:
    """Return a table of which some tens of cells per column break a rule."""
    random = np.random.default_rng(0)
    cells = {
        "numeric": lambda: random.normal(size=ROWS),
        "category": lambda: np.where(random.random(ROWS) < 1e-4, "z", random.choice(["a", "b", "c"], ROWS)),
        "datetime": lambda: pd.to_datetime(random.integers(-(10**5), 10**9, ROWS), unit="s"),
    }
    return pd.DataFrame({column.name: cells[column.dtype]() for column in COLUMNS})


def seconds(call: Callable[[], object], times: int = 7) -> float:
    """Return the median seconds of a call."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return median(spent)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        write_table(path, make_table())
        frame = read_table(path)
        masks = rule_masks(frame, COLUMNS)
        bad = bad_rows(masks, ROWS)
        assert len(row_reasons(masks, bad)) == int(bad.sum()) > 0
        validate = seconds(lambda: bad_rows(rule_masks(frame, COLUMNS), ROWS))
        read = seconds(lambda: read_table(path))
    print(f"{ROWS:,} rows x {len(COLUMNS)} columns, {int(bad.sum())} bad rows by {len(masks)} rules")
    print(f"masks {validate:.3f} s; {validate / LIMIT:.2f} of the limit {LIMIT} s; {validate / read:.2f} of reading it")
    if validate > LIMIT:
        sys.exit(f"the masks take {validate:.3f} s, more than the limit of {LIMIT} s")


if __name__ == "__main__":
    main()
