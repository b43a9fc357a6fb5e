import json

import numpy as np
import pandas as pd

from perennial.model.frames import predict_frame
from perennial.model.reference import frame_rows, golden_rows, reference_statistics
from tests.model.examples import make_frame, make_model

FRAME = make_frame()
MODEL = make_model("binary", "linear")


def test_rows_of_a_frame_are_json() -> None:
    frame = pd.DataFrame(
        {
            "a": pd.Series([1, None], dtype="Int64"),
            "b": [True, None],
            "c": ["é", None],
            "d": pd.to_datetime(["2013-07-01T12:00:00.5", None]),
            "e": pd.to_datetime(["2013-07-01T12:00:00+02:00", None]),
        }
    )
    assert json.loads(json.dumps(frame_rows(frame, list(frame)), allow_nan=False)) == [
        {"a": 1, "b": True, "c": "é", "d": "2013-07-01T12:00:00.500000", "e": "2013-07-01T10:00:00"},
        dict.fromkeys("abcde"),
    ]


def test_golden_rows_hold_the_edges() -> None:
    rows = golden_rows(FRAME, MODEL.encoder, withheld={}, count=20)
    assert rows[0] == frame_rows(FRAME[:1], MODEL.inputs)[0]
    assert dict.fromkeys(MODEL.inputs) in rows
    assert len(rows) == 20 + 2 + len(MODEL.inputs)
    assert any(row["text"] not in {None, *"pqrst"} for row in rows)
    assert len(golden_rows(FRAME[:3], MODEL.encoder, withheld={})) == 3 + 2 + len(MODEL.inputs)


def test_golden_rows_hold_no_personal_data() -> None:
    rows = golden_rows(FRAME, MODEL.encoder, withheld={"text": None, "x": 2.5}, count=20)
    assert {row["text"] for row in rows} <= {None, "never seen \u2708 \u0416"}
    assert {row["x"] for row in rows} == {None, 2.5}


def test_reference_counts_every_row_once() -> None:
    reference = reference_statistics(FRAME, MODEL.encoder, predict_frame(MODEL, FRAME))
    json.dumps(reference, allow_nan=False)
    x, text = reference["inputs"]["x"], reference["inputs"]["text"]
    assert sum(x["counts"]) == FRAME["x"].notna().sum()
    assert x["missing"] == round(FRAME["x"].isna().mean(), 12)
    assert x["edges"] == sorted(x["edges"])
    assert (x["edges"][0], x["edges"][-1]) == (FRAME["x"].min(), FRAME["x"].max())
    assert abs(sum(text["shares"].values()) + text["missing"] + text["other"] - 1) < 1e-9
    assert reference["inputs"]["flag"]["counts"] == [len(FRAME)]
    assert sum(reference["scores"][0]["counts"]) == reference["rows"] == len(FRAME)


def test_reference_of_nothing() -> None:
    empty = FRAME.assign(x=np.nan)
    assert reference_statistics(empty, MODEL.encoder, np.full((len(FRAME), 2), 0.5))["inputs"]["x"] == {
        "missing": 1.0,
        "edges": [],
        "counts": [],
    }
