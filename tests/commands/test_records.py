from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from perennial.io.records import insert_predictions
from perennial.refusal import Refusal
from tests.conftest import FLIGHTS
from tests.io.logged import make_row, open_new


def run(*words: str) -> None:
    arguments = parse_arguments(words)
    arguments.run(arguments)


def test_recorded_predictions_are_counted_exported_and_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERENNIAL_LOG_URL", f"sqlite:///{tmp_path}/log/predictions.db")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    with pytest.raises(Refusal, match="nothing is recorded"):
        run("records")
    assert not (tmp_path / "log").exists()
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(1), make_row(30)])
    run("records", "export", "--out", "x.parquet", "--since", "2013-07-02")
    run("records")
    run("records", "prune", "--days", "10")
    run("records")
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["1", "2", "2", "0"]
    for words, reason in (
        (("export", "--out", "x.csv"), "is no .parquet"),
        (("export", "--out", "x.parquet", "--since", "today"), "give a day or an instant"),
        (("prune", "--days", "0"), "keeps everything"),
    ):
        with pytest.raises(Refusal, match=reason):
            run("records", *words)
