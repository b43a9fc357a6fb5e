from pathlib import Path

import pandas as pd
import pytest

from perennial.data.contract import Column, Source
from perennial.io.tables import write_table
from perennial.io.warehouse import duplicate_keys, open_warehouse

SOURCE = Source("s", "s.csv", ("a", "b"), None, None, None, 0.0, ("",), (Column("a", "id"), Column("b", "id")), ())


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (["x", "x", "y"], ["1", "1", "1"], (1, [("x", "1", 2)])),
        (["x", "x", "y"], ["1", "2", "1"], (0, [])),
        ([None, None, "y"], ["1", "1", "1"], (0, [])),
        (["x", "x", "y"], [None, None, "1"], (0, [])),
    ],
    ids=["twice", "each once", "no key", "half a key"],
)
def test_only_whole_keys_can_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a: list[str | None], b: list[str | None], found: object
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table("s/all.parquet", pd.DataFrame({"a": a, "b": b}))
    with open_warehouse(0.5, 1) as connection:
        assert duplicate_keys(connection, SOURCE, "s") == found
