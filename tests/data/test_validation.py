import json

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column, Source
from perennial.data.validation import (
    bad_rows,
    refuse_bad_share,
    refuse_duplicates,
    refuse_row_count,
    refuse_stale,
    row_reasons,
    rule_masks,
)
from perennial.refusal import Refusal

NUMBER = Column("x", "numeric", low=0, high=10, nullable=False)
LETTER = Column("c", "category", allowed=("a", "b"))
SOURCE = Source("s", "s.csv", ("x",), "at", 3, (2, 5), 0.1, ("",), (NUMBER, LETTER), ())


def reasons(x: float | None, c: str | None, unparsed: str | None = None) -> list[str]:
    frame = pd.DataFrame({"x": [x], "c": [c], "_unparsed": pd.Series([unparsed], dtype=object)})
    masks = rule_masks(frame, SOURCE.columns)
    return row_reasons(masks, bad_rows(masks, 1))


@pytest.mark.parametrize(
    ("x", "c", "unparsed", "expected"),
    [
        (5, "a", None, []),
        (0, None, None, []),
        (10, "b", None, []),
        (None, "a", None, ["x: missing"]),
        (-1, "a", None, ["x: below 0"]),
        (11, "a", None, ["x: above 10"]),
        (np.inf, "a", None, ["x: above 10; x: not finite"]),
        (5, "z", None, ["c: not allowed"]),
        (None, "z", '{"x":"1,234"}', ["x: not numeric; c: not allowed"]),
    ],
)
def test_every_rule_a_row_breaks_is_named(x: float, c: str, unparsed: str | None, expected: list[str]) -> None:
    assert reasons(x, c, unparsed) == expected


@pytest.mark.parametrize(
    ("low", "high", "x", "expected"),
    [
        (None, 1, 2, ["x: above 1"]),
        (None, 1, -9, []),
        (1, None, 0, ["x: below 1"]),
        (None, None, np.inf, ["x: not finite"]),
        (None, None, None, []),
    ],
)
def test_a_range_may_be_open(low: float | None, high: float | None, x: float | None, expected: list[str]) -> None:
    masks = rule_masks(pd.DataFrame({"x": [x]}, dtype=float), [Column("x", "numeric", low=low, high=high)])
    assert list(masks) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("1970-01-02", []),
        (None, []),
        ("0001-01-01", ["at: below 1970-01-02T00:00:00"]),
        ("9999-12-31", ["at: above 1970-01-03T00:00:00"]),
    ],
)
def test_instants_have_ranges_too(at: str | None, expected: list[str]) -> None:
    column = Column("at", "datetime", low=86400, high=172800)
    frame = pd.DataFrame({"at": np.array([at], dtype="datetime64[us]")})
    assert list(rule_masks(frame, [column])) == expected


def test_a_cell_that_names_another_column_accuses_only_its_own() -> None:
    text = json.dumps({"x": '"c":'})
    assert reasons(None, "a", text) == ["x: not numeric"]


def test_good_rows_are_kept_apart_from_bad_ones() -> None:
    masks = rule_masks(pd.DataFrame({"x": [1.0, -1.0, 2.0], "c": ["a", "a", "b"]}), SOURCE.columns)
    assert bad_rows(masks, 3).tolist() == [False, True, False]


def test_a_frame_without_rules_has_no_bad_rows() -> None:
    assert bad_rows({}, 2).tolist() == [False, False]


def test_too_many_bad_rows_are_refused_with_the_worst_rule_and_three_rows() -> None:
    counts = {"x: below 0": 3, "c: not allowed": 1}
    with pytest.raises(Refusal, match=r"source s, column x, rule `below 0`: 3 rows break it\. Sample rows: 1; 2; 3\."):
        refuse_bad_share(SOURCE, 20, counts, 3, [1, 2, 3, 4])
    refuse_bad_share(SOURCE, 30, counts, 3, [])


@pytest.mark.parametrize(("rows", "sentence"), [(0, "not empty"), (1, "1 rows, expected 2 to 5"), (6, "6 rows")])
def test_row_counts_outside_the_band_are_refused(rows: int, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        refuse_row_count(SOURCE, rows)


def test_row_counts_inside_the_band_pass() -> None:
    refuse_row_count(SOURCE, 2)
    refuse_row_count(SOURCE, 5)


def test_duplicate_keys_are_refused_with_samples() -> None:
    with pytest.raises(Refusal, match=r"column x, rule `unique key`: 1 rows break it\. Sample rows: \(7, 2\)"):
        refuse_duplicates(SOURCE, 1, [(7, 2)])
    refuse_duplicates(SOURCE, 0, [])


@pytest.mark.parametrize("newest", [None, "2013-01-01"])
def test_a_stale_source_is_refused(newest: str | None) -> None:
    with pytest.raises(Refusal, match="freshness"):
        refuse_stale(SOURCE, None if newest is None else pd.Timestamp(newest), pd.Timestamp("2013-01-04T01:00"))


def test_a_fresh_source_passes() -> None:
    refuse_stale(SOURCE, pd.Timestamp("2013-01-01"), pd.Timestamp("2013-01-04"))
