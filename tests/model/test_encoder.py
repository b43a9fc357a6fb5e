"""The encoder's two executions: dicts without pandas, and frames; they must be one function."""

import math
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perennial.data.contract import Column
from perennial.model.encoder import encode_rows
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.instants import DATETIME_PARTS, PARTS
from perennial.model.learned import Truth
from perennial.model.text import SLOTS
from perennial.refusal import Refusal

ODD_TEXTS = [
    "",
    " ",
    "a",
    "a\0",
    "é",
    "e\u0301",
    "✈",
    "\U0001f6ec",
    "\u202eevil",
    "nan",
    "None",
    "NaN",
    "\ud800",
    "A" * 5000,
]
REMARKS = [
    *ODD_TEXTS,
    "Late, and rude!",
    "ﬁne ＬＡＴＥ late",
    "İstanbul Straße ǅ",
    "速達が遅い",
    "a" * 20000,
    "\u0e01\u0e33",
]
CATEGORIES = sorted(["", "a", "é", "✈", "nan", "None", "UA"])
COLUMNS = [
    Column("number", "numeric"),
    Column("flag", "boolean"),
    Column("text", "category"),
    Column("at", "datetime"),
    Column("born", "datetime"),
    Column("remark", "text"),
    Column("town", "category"),
    Column("left", "numeric"),
]
STATE = {
    "columns": [
        {"name": "number", "dtype": "numeric", "kind": "numeric"},
        {"name": "flag", "dtype": "boolean", "kind": "boolean"},
        {"name": "text", "dtype": "category", "kind": "category", "categories": CATEGORIES},
        {"name": "at", "dtype": "datetime", "kind": "datetime"},
        {"name": "born", "dtype": "datetime", "kind": "datetime", "parts": PARTS, "since": "at"},
        {
            **{"name": "remark", "dtype": "text", "kind": "text", "outputs": 2, "intercept": [0.1, -0.3]},
            **{"weights": [[slot / 7 for slot in range(SLOTS)], [1 / (slot + 3) for slot in range(SLOTS)]]},
        },
        {
            **{"name": "town", "dtype": "category", "kind": "category", "categories": ["", "a", "é"], "outputs": 1},
            "means": {"a": [0.25], "né": [0.5], "\U0001f6ec": [1 / 3]},
        },
        {"name": "left", "dtype": "numeric", "kind": "ignored"},
    ],
    "features": [
        *("number", "flag", "text"),
        *(f"at.{part}" for part in DATETIME_PARTS),
        *(f"born.{part}" for part in PARTS),
        *("remark.score0", "remark.score1", "remark.words", "town", "town.mean"),
    ],
    "categorical": [2],
}
DATES, WORDS = ("at", "born"), ("text", "remark", "town")
NAMES = [column["name"] for column in STATE["columns"]]
MISSING = st.sampled_from([None, math.nan])
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime.min, datetime.max) | st.datetimes(datetime.min, datetime.max, timezones=OFFSETS)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "number": MISSING | st.floats(allow_infinity=False) | st.integers(-(2**1023), 2**1023) | st.booleans(),
            "flag": MISSING | st.booleans() | st.sampled_from([0, 1, 0.0, 1.0]),
            "text": MISSING | st.text() | st.sampled_from(ODD_TEXTS + CATEGORIES),
            "at": MISSING | INSTANTS | INSTANTS.map(datetime.isoformat) | st.dates() | st.dates().map(date.isoformat),
            "born": MISSING | INSTANTS | INSTANTS.map(datetime.isoformat) | st.dates(),
            "remark": MISSING | st.text() | st.sampled_from(REMARKS),
            "town": MISSING | st.text(max_size=2) | st.sampled_from(["", "a", "é", "né", "\U0001f6ec"]),
            "left": MISSING | st.floats(),
        }
    ),
    max_size=8,
)
PROPERTY = settings(database=None, deadline=None, derandomize=True, max_examples=150)


def assert_equal(got: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12, equal_nan=True, strict=True)


@PROPERTY
@given(ROWS)
@example([])
@example([{"number": 1e308, "flag": None, "text": "\ud800", "at": "0001-01-01T00:00:00+14:00", "born": datetime.max}])
@example(
    [
        {
            "number": -(2**1023),
            "flag": 1,
            "text": "a\0",
            "at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))),
            "born": "0001-01-01",
        }
    ]
)
def test_dicts_and_an_object_frame_encode_alike(rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in NAMES}
        if rows
        else {name: pd.Series([], dtype=object) for name in NAMES}
    )
    assert_equal(encode_frame(STATE, frame), encode_rows(STATE, rows))


@PROPERTY
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "number": st.none() | st.floats(allow_infinity=False),
                "flag": st.none() | st.booleans(),
                "text": st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(CATEGORIES),
                "at": st.none() | st.datetimes(datetime.min, datetime.max),
                "born": st.none() | st.datetimes(datetime.min, datetime.max),
                "remark": st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(REMARKS[-5:]),
                "town": st.none() | st.sampled_from(["", "a", "é", "né", "\U0001f6ec", "elsewhere"]),
                "left": st.none() | st.floats(),
            }
        ),
        max_size=8,
    ),
    st.sampled_from(["typed", "nullable", "categorical"]),
)
def test_dicts_and_a_typed_frame_encode_alike(rows: list[dict[str, Any]], kind: str) -> None:
    number, flag, text, instant = {
        "typed": ("float64", object, "str", "datetime64[us]"),
        "nullable": ("Float64", "boolean", "string", "datetime64[us, UTC]"),
        "categorical": ("float64", "boolean", "category", "datetime64[us]"),
    }[kind]
    dtypes: dict[str, Any] = {
        **{"number": number, "flag": flag, "left": "float64"},
        **dict.fromkeys(WORDS, text),
        **dict.fromkeys(DATES, instant),
    }
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=dtypes[name]) for name in dtypes})
    assert_equal(encode_frame(STATE, frame), encode_rows(STATE, rows))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, 3], "int64"),
        ([1, 2, 3], "uint8"),
        ([1, None, 2**53 + 1], "Int64"),
        ([1.5, None], "float32"),
        ([True, False], "bool"),
    ],
)
def test_whole_numbers_and_truths_are_floats(values: list[Any], dtype: str) -> None:
    state = {"columns": [{"name": "x", "kind": "numeric"}], "features": ["x"], "categorical": []}
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    assert_equal(encode_frame(state, frame), encode_rows(state, [{"x": value} for value in values]))


def test_missing_rare_and_unseen_are_one_thing() -> None:
    encoded = encode_rows(STATE, [{}, {"text": None}, {"text": "nobody"}])
    assert np.isnan(encoded).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "12"),
        ("number", [1]),
        ("number", 10**400),
        ("flag", 2),
        ("flag", "true"),
        ("text", 5),
        ("text", True),
        ("at", "yesterday"),
        ("at", ""),
        ("at", 1_372_680_000),
        ("at", "20130701"),
        ("at", "2013-W27-1"),
        ("born", "2013-07-01x12:00"),
        ("remark", 5),
        ("town", True),
    ],
)
def test_a_wrong_type_is_refused_by_name_in_both(name: str, value: Any) -> None:
    with pytest.raises(Refusal, match=f"`{name}`"):
        encode_rows(STATE, [{name: value}])
    row = {
        "number": 1.0,
        "flag": True,
        "text": "a",
        "at": "2013-01-01",
        "born": "1980-02-29",
        "remark": "a",
        "town": "a",
        "left": 1,
    } | {name: value}
    with pytest.raises(Refusal, match=f"`{name}`"):
        encode_frame(STATE, pd.DataFrame({key: pd.Series([one], dtype=object) for key, one in row.items()}))


def test_a_fitted_state_encodes_its_own_rows() -> None:
    at, born = pd.to_datetime(["2013-01-01", None]), pd.to_datetime(["1980-02-29", "2012-12-31"])
    frame = pd.DataFrame({"number": [1.0, 2.0], "flag": [True, None], "text": ["b", "a"], "at": at, "born": born})
    frame = frame.assign(remark=["late", None], town=["x", "y"], left=[1.0, 2.0])
    truth = Truth(np.array([0.0, 1.0]), 2)
    state = fit_encoder(frame, COLUMNS, time="at", truth=truth, left_out=["left"], max_categories=1, min_count=1)
    rows = [
        {
            "number": 1.0,
            "flag": True,
            "text": "b",
            "at": "2013-01-01",
            "born": "1980-02-29",
            "remark": "late",
            "town": "x",
        },
        {"number": 2.0, "text": "a", "born": "2012-12-31", "town": "y"},
    ]
    assert_equal(encode_frame(state, frame), encode_rows(state, rows))


@pytest.mark.parametrize("module", ["model.encoder", "model.predictor", "io.bundle"])
def test_serving_loads_neither_pandas_nor_scikit_learn(module: str) -> None:
    code = (
        f"import perennial.{module}, sys; from perennial.model import trees; trees._library();"
        "print(sorted({'pandas', 'sklearn', 'scipy', 'pyarrow'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
