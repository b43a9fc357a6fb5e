"""Input transformers that a repository adds: equal for a row and for a column, learned state in plain JSON."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column, parse_contract
from perennial.model import transformers
from perennial.model.encoder import encode_rows
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.reference import frame_rows, golden_rows
from perennial.model.transformers import Transformer
from perennial.refusal import Refusal
from tests.page import load_object

FREQUENCY: Transformer = load_object("extensions/transformers/frequency.py", "TRANSFORMER")
HALVES = Transformer(
    dtypes=("numeric", "boolean", "datetime"),
    fit=lambda values: {"middle": float(np.median(values))},
    parts=lambda learned: ("off", "above"),
    encode_value=lambda value, learned: (value - learned["middle"], float(value > learned["middle"])),
    encode_values=lambda values, learned: np.column_stack(
        [values - learned["middle"], (values > learned["middle"]).astype(float)]
    ),
)
FRAME = pd.DataFrame(
    {
        "x": [1.5, None, -3.0, 8.0],
        "flag": pd.Series([True, None, False, True], dtype="boolean"),
        "at": pd.to_datetime(["2013-01-01", "1950-05-05 10:00", None, "2013-07-01 12:00:00.000001"], format="ISO8601"),
        "town": ["a", None, "b", "a"],
        "remark": ["x y", "", None, "\u0416"],
    }
)
COLUMNS = [
    *(
        Column(name, dtype, encode="halves")
        for name, dtype in (("x", "numeric"), ("flag", "boolean"), ("at", "datetime"))
    ),
    *(Column(name, dtype, encode="frequency") for name, dtype in (("town", "category"), ("remark", "text"))),
]


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Register transformers by name."""
    return lambda **added: monkeypatch.setattr(transformers, "load_extensions", lambda kind: added)


@pytest.fixture
def state(add: Callable[..., None]) -> dict[str, Any]:
    add(frequency=FREQUENCY, halves=HALVES)
    return fit_encoder(FRAME, COLUMNS)


def test_a_row_and_a_column_are_encoded_alike_whatever_the_dtype(state: dict[str, Any]) -> None:
    rows = frame_rows(FRAME, list(FRAME))
    np.testing.assert_array_equal(encode_frame(state, FRAME), encode_rows(state, rows))
    unseen = FRAME.assign(town="nobody", remark="\U0001f600", x=1e300)
    np.testing.assert_array_equal(encode_frame(state, unseen), encode_rows(state, frame_rows(unseen, list(FRAME))))


def test_what_is_missing_is_missing_in_every_part(state: dict[str, Any]) -> None:
    assert np.isnan(encode_rows(state, [{}])).all()
    assert state["features"] == [
        *("x.off", "x.above", "flag.off", "flag.above", "at.off", "at.above"),
        *("town.share", "remark.share"),
    ]
    assert state["categorical"] == []


def test_what_was_learned_is_plain_json(state: dict[str, Any]) -> None:
    read = json.loads(json.dumps(state))
    assert read == state
    assert state["columns"][3] == {
        **{"name": "town", "dtype": "category", "kind": "added", "by": "frequency"},
        **{"parts": ["share"], "learned": {"a": 2 / 3, "b": 1 / 3}},
    }


def test_a_value_of_the_wrong_type_is_refused_as_ever(state: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="column `town` holds 3"):
        encode_rows(state, [{"town": 3}])


def test_a_column_that_is_left_out_or_empty_says_nothing(add: Callable[..., None]) -> None:
    add(frequency=FREQUENCY, halves=HALVES)
    found = fit_encoder(FRAME.assign(town=None), COLUMNS, left_out=["x"])
    assert [column["kind"] for column in found["columns"]] == ["ignored", "added", "added", "ignored", "added"]
    assert not any(key in found["columns"][0] for key in ("by", "learned"))


def test_golden_rows_hold_texts_that_nobody_has_seen(state: dict[str, Any]) -> None:
    rows = golden_rows(FRAME, state, withheld={})
    assert {"never seen \u2708 \u0416", None, "a"} <= {row["town"] for row in rows}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"encode_value": lambda value, learned: (value, 0.0)}, r"makes \[1\.5, 0\.0\] of 1\.5 alone and \["),
        ({"encode_value": lambda value, learned: (value - learned["middle"],)}, "alone and"),
        (
            {"encode_values": lambda values, learned: np.zeros((len(values), 3))},
            r"the shape \(3, 3\), wanted is \(3, 2\)",
        ),
        ({"encode_value": lambda value, learned: (math.inf, 0.0)}, "alone and"),
        ({"fit": lambda values: {"middle": math.nan}}, "not plain JSON"),
        ({"fit": lambda values: {1: 2}}, "not plain JSON"),
        ({"fit": lambda values: values}, "not plain JSON"),
        ({"dtypes": ("text",)}, "which takes text, and is numeric"),
    ],
)
def test_one_that_cannot_be_served_is_refused_when_it_is_fitted(
    add: Callable[..., None], changed: dict[str, Any], said: str
) -> None:
    add(halves=replace(HALVES, **changed))
    with pytest.raises(Refusal, match=said):
        fit_encoder(FRAME, COLUMNS[:1])


def test_a_name_that_no_file_has_is_refused(add: Callable[..., None]) -> None:
    add()
    with pytest.raises(Refusal, match=r"extensions/transformers/halves\.py is not there"):
        fit_encoder(FRAME, COLUMNS[:1])


def test_only_an_input_is_encoded() -> None:
    source = {"path": "x.csv", "key": ["k"], "columns": {"k": {"dtype": "id", "known_at": "static"}}}
    examples = {"y": {"dtype": "category", "role": "target", "encode": "frequency"}}
    with pytest.raises(Refusal, match=r"examples\.y has `encode` and is no input"):
        parse_contract({"sources": {"s": source}, "examples": examples})
