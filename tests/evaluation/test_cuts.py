"""How rows are cut into slices."""

import numpy as np
import pandas as pd
import pytest

from perennial.evaluation.cuts import cut_slices, hide_values, name_bands, name_slices


@pytest.mark.parametrize(
    ("values", "bands", "names"),
    [
        ([1, 2, 3, 4], 2, ["1 to < 2", "2 to 4", "2 to 4", "2 to 4"]),
        ([0, 0, 0, 1], 2, ["0", "0", "0", "1"]),
        ([5, np.nan], 4, ["5", "(missing)"]),
        ([0, 0, 0, 0, 1, 2, 3], 2, ["0 to 3"] * 7),
        ([np.nan], 2, ["(missing)"]),
        ([1, np.inf], 2, ["1", "(missing)"]),
    ],
)
def test_bands(values: list[float], bands: int, names: list[str]) -> None:
    assert name_bands(np.array(values, dtype=float), bands).tolist() == names


@pytest.mark.parametrize(
    ("values", "dtype", "names"),
    [
        (pd.Series(["a", None, "b"]), "category", ["a", "(missing)", "b"]),
        (pd.Series([True, None], dtype="boolean"), "boolean", ["True", "(missing)"]),
        (pd.Series([1, None], dtype="Int64"), "numeric", ["1", "(missing)"]),
        (pd.Series(["free text"]), "text", None),
        (pd.Series(pd.to_datetime(["2013-01-01"])), "datetime", None),
    ],
)
def test_slices_have_names(values: pd.Series, dtype: str, names: list[str] | None) -> None:
    got = name_slices(values, dtype, 4)
    assert (None if got is None else got.tolist()) == names


def test_small_slices_and_the_whole_are_not_cut() -> None:
    frame = pd.DataFrame({"a": ["x"] * 8 + ["y"] * 2, "b": ["z"] * 10})
    cut = list(cut_slices(frame, {"a": "category", "b": "category"}, rows=3, bands=4))
    assert [(column, value, rows.tolist()) for column, value, rows in cut] == [("a", "x", list(range(8)))]


def test_personal_values_are_numbered() -> None:
    rows = np.arange(2)
    slices = [("sex", "f", rows), ("name", "Ada", rows), ("name", "Eve", rows)]
    assert [(c, v) for c, v, _ in hide_values(slices, {"name"})] == [
        ("sex", "f"),
        ("name", "value 1"),
        ("name", "value 2"),
    ]
