import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from perennial.cli import parse_arguments
from perennial.io.records import insert_labels, insert_predictions
from perennial.refusal import Refusal
from tests.conftest import FLIGHTS, set_params
from tests.io.logged import START, make_label, make_row, open_new


def run(*words: str) -> None:
    arguments = parse_arguments(words)
    arguments.run(arguments)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty log in a project that asks for few rows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    set_params(tmp_path, {"gate.min_rows": 100, "gate.min_blocks": 10})
    monkeypatch.setenv("PERENNIAL_LOG_URL", f"sqlite:///{tmp_path}/log/predictions.db")
    return open_new(tmp_path)


def record(log: Any, hours: range, label: bool = True) -> None:
    """Record a champion, one of whose answers in five is a canary's, and a better one in its shadow."""
    rows, labels = [], []
    for number in hours:
        late, canary = number % 3 == 0, number % 5 == 0
        wave = 0.1 * math.sin(number)
        told = {"model": "c" * 12, "lane": "canary"} if canary else {}
        rows.append(make_row(number, score=0.4 + wave, key=None, **told))
        if not canary:
            beside = {"model": "b" * 12, "lane": "shadow", "shadow_of": f"{number:08d}-0", "inputs": "{}", "key": None}
            rows.append(make_row(number, score=0.35 + 0.3 * late + wave, **beside) | {"id": f"{number:08d}-0-s"})
        labels.append(make_label(number, label=json.dumps(late)))
    with log.begin() as connection:
        insert_predictions(connection, rows)
        if label:
            insert_labels(connection, labels)


def test_both_lanes_are_compared_once_labels_are_in(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    record(log, range(0, 1000))
    run("lanes")
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["c" * 12, "canary", "200"],
        ["0" * 12, "champion", "800"],
        ["b" * 12, "shadow", "800"],
    ]
    run("lanes", "compare", "--json")
    shadow, canary = json.loads(capsys.readouterr().out)["pairs"]
    assert (shadow["lane"], shadow["champion"], shadow["challenger"]) == ("shadow", "0" * 12, "b" * 12)
    assert (shadow["better"], shadow["labelled"]) == ("challenger", {"champion": 800, "challenger": 800})
    assert shadow["difference"]["interval"][1] < 0
    assert (canary["lane"], canary["challenger"], canary["better"]) == ("canary", "c" * 12, None)
    assert canary["rows"]["challenger"] == 200
    run("lanes", "compare")
    said = capsys.readouterr().out
    assert "the challenger is better: its log_loss is -" in said
    assert "neither is better, clear of chance" in said


def test_too_few_labels_or_days_are_said(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    record(log, range(0, 1000), label=False)
    run("lanes", "compare")
    said = capsys.readouterr().out
    assert "too few to say: needs 100 more labels of rows that the champion scored" in said
    assert "10 more days with labels of both; labels of more than one class" in said
    record(log, range(1000, 2000))
    until = (START + timedelta(hours=1000, days=5)).isoformat()
    run("lanes", "compare", "--since", (START + timedelta(hours=1000)).isoformat(), "--until", until, "--json")
    shadow, _ = json.loads(capsys.readouterr().out)["pairs"]
    assert shadow["rows"]["champion"] == 96
    assert len(shadow["missing"]) == 3


def test_without_a_challenger_there_is_nothing_to_compare(log: Any, tmp_path: Path) -> None:
    with log.begin() as connection:
        insert_predictions(connection, [make_row(1)])
    with pytest.raises(Refusal, match="no challenger scored any of 1 predictions: serve one with"):
        run("lanes", "compare", "--records", f"sqlite:///{tmp_path}/log/predictions.db")
    with log.begin() as connection:
        insert_predictions(connection, [make_row(2, lane="fallback")])
    with pytest.raises(Refusal, match="the champion answered for a canary 1 times"):
        run("lanes", "compare")
    with pytest.raises(Refusal, match="--since is 'today'"):
        run("lanes", "compare", "--since", "today")
    with pytest.raises(Refusal, match="--since 2030-01-01 is not before --until 2020-01-01: swap them"):
        run("lanes", "compare", "--since", "2030-01-01", "--until", "2020-01-01")
