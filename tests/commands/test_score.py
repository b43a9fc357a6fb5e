import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perennial.cli import parse_arguments
from perennial.io.bento import write_sums
from perennial.model.predictor import predict_rows
from perennial.refusal import Refusal
from tests.conftest import FLIGHTS
from tests.tiny import ROW, tiny_model, write_tiny_bundle

ASKED = ("--query", "SELECT * FROM rows ORDER BY trip")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the tiny bundle packaged, and a database of thirty rows, one of them bad."""
    monkeypatch.chdir(tmp_path)
    write_tiny_bundle(tmp_path / "models/bento/src/bundle")
    write_sums(tmp_path / "models/bento")
    (tmp_path / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    made: list[dict[str, Any]] = [ROW | {"trip": f"t{n:02d}", "distance": 100.0 * n} for n in range(30)]
    made[7] |= {"distance": None, "carrier": None}
    made[11] |= {"distance": 9e9}
    with closing(sqlite3.connect("shop.db")) as database:
        pd.DataFrame(made).to_sql("rows", database, index=False)
    return tmp_path


def run(*words: str) -> None:
    arguments = parse_arguments(("score", *words))
    arguments.run(arguments)


def rows_of(table: str, file: str = "shop.db") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f'SELECT * FROM "{table}"')]


def test_rows_of_a_query_are_answered_as_those_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    run("sqlite:///shop.db", "answers.parquet", *ASKED)
    assert "29 rows are scored: answers.parquet" in capsys.readouterr().out
    pd.DataFrame(rows_of("rows")).to_csv("rows.csv", index=False)
    run("rows.csv", "same.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet("answers.parquet"), pd.read_parquet("same.parquet"))


def test_answers_are_made_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("sqlite:///shop.db", "sqlite:///shop.db", *ASKED, "--table", "late scores")
    assert "1 rows are not what the contract takes: late scores_rejected says why" in capsys.readouterr().out
    found, [bad] = rows_of("late scores"), rows_of("late scores_rejected")
    assert "distance" in json.dumps(bad)
    assert bad["trip"] == "t11"
    asked = [ROW | {"distance": row["distance"], "carrier": row["carrier"]} for row in found]
    assert [row["score"] for row in found] == pytest.approx(predict_rows(tiny_model(), asked).tolist(), abs=1e-12)
    assert found[7]["distance"] is None
    assert {row["decision"] for row in found} <= {"True", "False"}


def test_a_file_of_rows_may_be_answered_in_a_new_database(monkeypatch: pytest.MonkeyPatch) -> None:
    pd.DataFrame([ROW]).to_parquet("rows.parquet")
    monkeypatch.setenv("SHOP_URL", "sqlite:///answers.db")
    run("rows.parquet", "${SHOP_URL}", "--table", "answers")
    assert len(rows_of("answers", "answers.db")) == 1


def test_a_csv_in_an_older_encoding_is_read_as_it_is_said() -> None:
    pd.DataFrame([ROW | {"trip": "Ők"}]).to_csv("rows.csv", index=False, encoding="cp1250")
    run("rows.csv", "answers.parquet", "--encoding", "cp1250")
    assert pd.read_parquet("answers.parquet")["trip"].tolist() == ["Ők"]


def test_a_table_that_is_there_is_kept() -> None:
    with pytest.raises(Refusal, match="the table rows is there already: name another with --table"):
        run("sqlite:///shop.db", "sqlite:///shop.db", *ASKED, "--table", "rows")
    before = rows_of("rows")
    with closing(sqlite3.connect("shop.db")) as database:
        database.execute("CREATE TABLE again_rejected (a)")
    with pytest.raises(Refusal, match="the table again_rejected is there already"):
        run("sqlite:///shop.db", "sqlite:///shop.db", *ASKED, "--table", "again")
    with closing(sqlite3.connect("shop.db")) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert "again" not in names, "one of two tables was made"
    assert rows_of("rows") == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sqlite:///shop.db", "a.csv"], "asked by its url and --query"),
        (["rows.csv", "a.csv", "--query", "SELECT 1"], "asked by its url and --query"),
        (["rows.csv", "sqlite:///a.db"], "by its url and --table"),
        (["rows.csv", "a.csv", "--table", "t"], "by its url and --table"),
        (["https://a.org/rows.csv", "a.csv", *ASKED], "https:// takes no query"),
        (["sqlite:///none.db", "a.csv", *ASKED], r"none\.db is not there"),
        (["sqlite:///shop.db", "a.csv", "--query", "SELECT * FROM nowhere"], "does not answer the query"),
        (["sqlite:///shop.db", "a.csv", "--query", "SELECT trip FROM rows"], "has no column"),
        (["sqlite:///shop.db", "mysql://x/y", *ASKED, "--table", "t"], "is in mysql: give sqlite"),
        (["sqlite:///shop.db", "sqlite:///no/folder/a.db", *ASKED, "--table", "t"], "cannot be written"),
        (["rows.csv", "sqlite:///:memory:", "--table", "t"], "would be in memory and lost"),
        (["sqlite:///shop.db", "postgresql://u:pw@h:abc/d", *ASKED, "--table", "t"], "is no URL"),
        (["postgresql://u:pw@h:abc/d", "a.csv", *ASKED], "cannot be used"),
        (
            ["sqlite:///shop.db", "postgresql://u:a@bcSECRET@h/d", *ASKED, "--table", "t"],
            "^[^S]*write it as %40",
        ),
        (["postgresql://u:a@bcSECRET@h/d", "a.csv", *ASKED], "^[^S]*write it as %40"),
        (["sqlite:///${NOT_SET}", "a.csv", *ASKED], "NOT_SET is not set"),
    ],
)
def test_what_cannot_be_asked_or_answered_is_said_in_a_sentence(words: list[str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        run(*words)
    assert not Path("a.csv").exists()
