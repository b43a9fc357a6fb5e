import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.refusal import Refusal

TEXTS = pd.DataFrame({"text": ["a"] * 5 + ["c"] * 4 + ["b"] * 4 + ["d"] * 2 + [None] * 9})


@pytest.mark.parametrize(
    ("max_categories", "min_count", "kept"),
    [(9, 1, ["a", "b", "c", "d"]), (9, 3, ["a", "b", "c"]), (2, 1, ["a", "b"]), (9, 6, [])],
)
def test_frequent_categories_are_kept_in_order(max_categories: int, min_count: int, kept: list[str]) -> None:
    columns = [Column("text", "category")]
    state = fit_encoder(TEXTS, columns, max_categories=max_categories, min_count=min_count)
    assert state["columns"][0]["categories"] == kept


@pytest.mark.parametrize(("rows", "kept"), [(150, ["a", "b"]), (3000, ["a"])])
def test_of_few_rows_rarer_categories_are_kept(rows: int, kept: list[str]) -> None:
    frame = pd.DataFrame({"text": ["b"] * 5 + ["a"] * (rows - 5)})
    assert fit_encoder(frame, [Column("text", "category")])["columns"][0]["categories"] == kept


def test_features_and_categorical_positions() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2013-01-01"]), "text": ["a"], "x": [1]})
    state = fit_encoder(frame, [Column("at", "datetime"), Column("text", "category"), Column("x", "numeric")])
    assert state["features"] == ["at.weekday", "at.week_sin", "at.week_cos", "at.days", "text", "x"]
    assert state["categorical"] == [4]
    assert encode_frame(state, frame).shape == (1, 6)


def test_ages_are_counted_where_the_time_of_the_decision_is_an_input() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2013-01-03", None]), "born": pd.to_datetime(["2013-01-01"] * 2)})
    columns = [Column("born", "datetime"), Column("at", "datetime")]
    state = fit_encoder(frame, columns, time="at")
    assert state["features"][3:5] == ["born.days", "born.age"]
    assert encode_frame(state, frame)[:, 4].tolist() == pytest.approx([2.0, float("nan")], nan_ok=True)
    with pytest.raises(Refusal, match="`at` is not in the table"):
        encode_frame(state, frame[["born"]])
    assert "born.age" not in fit_encoder(frame, columns[:1], time="at")["features"]


def test_ids_are_refused() -> None:
    with pytest.raises(Refusal, match="`text` is of dtype id"):
        fit_encoder(TEXTS, [Column("text", "id")])


def test_what_is_left_out_is_named_and_says_nothing() -> None:
    frame = pd.DataFrame({"text": ["a"], "x": [1]})
    state = fit_encoder(frame, [Column("text", "category"), Column("x", "numeric")], left_out=["text"])
    assert [column["name"] for column in state["columns"]] == ["text", "x"]
    assert (state["features"], state["categorical"]) == (["x"], [])
    assert encode_frame(state, frame).tolist() == [[1.0]]


def test_an_absent_input_is_refused() -> None:
    with pytest.raises(Refusal, match="`speed` is not in the table"):
        fit_encoder(TEXTS, [Column("speed", "numeric")])
    state = fit_encoder(TEXTS, [Column("text", "category")])
    with pytest.raises(Refusal, match="`text` is not in the table"):
        encode_frame(state, pd.DataFrame({"x": [1]}))
