from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from perennial.io import csv_text, scoring, unpacking
from perennial.io.scoring import score_file
from perennial.io.unpacking import read_capped
from perennial.model.predictor import predict_rows
from perennial.model.schema import parse_inputs
from perennial.refusal import Refusal
from tests.tiny import INPUTS, ROW, tiny_model

COLUMNS = parse_inputs(INPUTS)
BUNDLE, CARRIERS = "ab" * 32, ("UA", "AA", None, "ZZ")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(count: int = 40) -> pd.DataFrame:
    made: list[dict[str, Any]] = [
        ROW | {"trip": f"t{n}", "distance": 100.0 * n, "carrier": CARRIERS[n % 4], "holiday": n % 3 == 0}
        for n in range(count)
    ]
    return pd.DataFrame(made)


def score(source: str, target: str, model: Any = None) -> tuple[int, int]:
    tally = score_file(model or tiny_model(), COLUMNS, BUNDLE, Path(source), Path(target))
    return tally.scored, tally.rejected


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_answers_equal_those_of_the_service(suffix: str) -> None:
    table = rows()
    table.to_parquet("in.parquet") if suffix == "parquet" else table.to_csv(f"in.{suffix}", index=False)
    assert score(f"in.{suffix}", "out.parquet") == (40, 0)
    found = pd.read_parquet("out.parquet")
    offline = [
        {name: row[name] for name in ROW} for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]
    assert found["score"].tolist() == pytest.approx(predict_rows(tiny_model(), offline).tolist(), abs=1e-12)
    assert found["trip"].tolist() == table["trip"].tolist()
    assert set(found["decision"]) <= {"True", "False"}
    assert set(found["model_version"]) == {BUNDLE[:12]}


ODD = """SELECT 'UA' AS carrier, trip, distance::{number} AS distance, holiday, "at"::{instant} AS "at" FROM (VALUES
    (1, '100', true, '2013-07-01'), (2, '0.1', false, '2013-07-01 12:00:00.000001'), (3, '-0.0', true, '1970-01-01'),
    (4, NULL, NULL, NULL), (5, '9007199254740992', false, '2262-01-01'), (6, 'inf', true, '1677-10-01'),
    (7, 'nan', true, 'infinity')) AS rows(trip, distance, holiday, "at") WHERE trip <= {last}"""


@pytest.mark.parametrize(
    ("last", "number", "instant"),
    [
        *((last, "DOUBLE", "TIMESTAMP") for last in (3, 4, 5, 7)),
        (5, "FLOAT", "TIMESTAMP_NS"),
        (5, "BIGINT", "TIMESTAMP"),
    ],
)
def test_what_has_its_type_is_answered_as_its_text_would_be(last: int, number: str, instant: str) -> None:
    query = ODD.format(last=last, number=number, instant=instant)
    duckdb.sql(query).write_parquet("typed.parquet")
    duckdb.sql("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM 'typed.parquet'").write_parquet("text.parquet")
    assert score("typed.parquet", "out_typed.parquet") == score("text.parquet", "out_text.parquet")
    for part in ("", ".rejected"):
        typed, text = (pd.read_parquet(f"out_{kind}{part}.parquet") for kind in ("typed", "text"))
        pd.testing.assert_frame_equal(typed, text)


def test_rows_that_the_contract_does_not_take_go_beside_with_their_reasons() -> None:
    table = rows(6).astype(object)
    table.loc[1, "distance"], table.loc[2, "holiday"], table.loc[3, "at"] = 9e9, None, "tomorrow"
    table.to_csv("in.csv", index=False)
    assert score("in.csv", "out.csv") == (3, 3)
    beside = pd.read_csv("out.rejected.csv")
    assert beside["trip"].tolist() == ["t1", "t2", "t3"]
    assert "distance: above 5000" in beside["reasons"][0]
    assert "holiday: missing" in beside["reasons"][1]
    assert "at: not datetime" in beside["reasons"][2]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_is_scored(task: str) -> None:
    rows().to_csv("in.csv", index=False)
    assert score("in.csv", "out.csv", tiny_model(task=task)) == (40, 0)
    assert pd.read_csv("out.csv")["score"].notna().all()


def test_a_run_that_was_cut_short_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PIECE", 1000)
    rows(9_000).to_parquet("in.parquet")
    done: list[int] = []
    whole = scoring.score_piece

    def stop_at_third(*arguments: Any) -> Any:
        if len(done) >= 2:
            raise KeyboardInterrupt
        done.append(1)
        return whole(*arguments)

    monkeypatch.setattr(scoring, "score_piece", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        score("in.parquet", "out.parquet")
    assert not Path("out.parquet").exists()
    monkeypatch.setattr(scoring, "score_piece", lambda *arguments: (done.append(1), whole(*arguments))[1])
    assert score("in.parquet", "out.parquet")[0] + len(pd.read_parquet("out.rejected.parquet")) == 9_000
    assert len(done) == 9, "what was done before is not done again"
    assert pd.read_parquet("out.parquet")["trip"].is_unique
    assert not list(Path(".perennial/scoring").iterdir())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="carrier"), "has no column 'carrier', which the model needs"),
        (lambda table: table.assign(score=1), "has a column 'score', as an answer is called"),
    ],
)
def test_a_table_of_other_columns_is_refused(change: Any, said: str) -> None:
    change(rows()).to_csv("in.csv", index=False)
    with pytest.raises(Refusal, match=said):
        score("in.csv", "out.csv")
    assert not Path("out.csv").exists()


def test_a_table_that_is_not_there_or_damaged_is_refused() -> None:
    with pytest.raises(Refusal, match="is not there"):
        score("in.csv", "out.csv")
    Path("in.parquet").write_bytes(b"no")
    with pytest.raises(Refusal, match="does not read as a table"):
        score("in.parquet", "out.csv")


def test_a_number_is_scored_with_its_bounds() -> None:
    rows().to_csv("in.csv", index=False)
    model = replace(tiny_model(task="regression"), bounds={"kind": "shift", "coverage": 0.9, "low": -1.0, "high": 2.0})
    assert score("in.csv", "out.parquet", model) == (40, 0)
    found = pd.read_parquet("out.parquet")
    assert (found["upper"] - found["lower"]).tolist() == pytest.approx([3.0] * 40)
    assert list(found.columns[-5:]) == ["score", "lower", "upper", "decision", "model_version"]


def test_a_csv_is_read_in_pieces_whatever_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    pd.concat([rows()] * 200).to_csv("in.csv", index=False)
    largest = 0

    def watched(path: Path) -> Iterator[bytes]:
        nonlocal largest
        for piece in read_capped(path):
            largest = max(largest, len(piece))
            yield piece

    monkeypatch.setattr(unpacking, "CHUNK", 4096)
    monkeypatch.setattr(csv_text, "read_capped", watched)
    monkeypatch.setattr(csv_text, "find_encoding", lambda data: pytest.fail("the whole file was read"))
    assert score("in.csv", "out.parquet") == (8000, 0)
    assert largest == 4096


def test_a_name_is_no_pattern() -> None:
    rows(3).to_parquet("in[12].parquet")
    rows(7).to_parquet("in1.parquet")
    assert score("in[12].parquet", "out.parquet") == (3, 0)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_no_rows_are_answered_with_a_table_of_none(suffix: str) -> None:
    rows(1).head(0).to_parquet("in.parquet")
    assert score("in.parquet", f"out.{suffix}") == (0, 0)
    found = pd.read_csv("out.csv") if suffix == "csv" else pd.read_parquet("out.parquet")
    assert "score" in found.columns
    assert len(found) == 0


def test_what_is_read_is_not_written_over() -> None:
    rows(3).to_csv("in.csv", index=False)
    rows(3).to_csv("out.rejected.csv", index=False)
    before = Path("in.csv").read_bytes()
    for source, target in (("in.csv", "in.csv"), ("out.rejected.csv", "out.csv"), ("in.csv", "./in.csv")):
        with pytest.raises(Refusal, match="would be written over: name other answers"):
            score(source, target)
    assert Path("in.csv").read_bytes() == before


def test_one_run_scores_a_file_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(3).to_parquet("in.parquet")
    real = scoring.score_piece

    def meanwhile(*arguments: Any) -> Any:
        with pytest.raises(Refusal, match=r"another run scores in\.parquet already"):
            score("in.parquet", "other.parquet")
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_piece", meanwhile)
    assert score("in.parquet", "out.parquet") == (3, 0)


def test_a_column_called_like_an_answer_is_refused_whatever_its_case() -> None:
    rows(3).assign(Score=1).to_parquet("in.parquet")
    with pytest.raises(Refusal, match="as an answer is called"):
        score("in.parquet", "out.parquet")
    assert list(Path(".perennial/scoring").glob("*/")) == [], "a refused run leaves a folder"
