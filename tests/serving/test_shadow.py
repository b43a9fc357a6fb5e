import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perennial.io.companion import Companion
from perennial.io.records import open_log, read_predictions
from perennial.model.predictor import predict_rows
from perennial.refusal import Refusal
from perennial.serving.challenger import start_process
from perennial.serving.runtime import Predictor
from perennial.serving.settings import Settings
from tests.serving.desks import OFF, open_client, recording
from tests.tiny import ROW, tiny_model, write_tiny_bundle
from tests.waiting import wait_until

ROWS = [ROW, ROW | {"carrier": None}, ROW | {"distance": 4000.0}]


def recorded(settings: Settings) -> list[dict[str, Any]]:
    return [row for piece in read_predictions(open_log(settings.log_url)) for row in piece]


def test_the_shadow_scores_what_was_answered_and_is_recorded_beside_it(
    predictor: Predictor, other: Path, tmp_path: Path
) -> None:
    settings = recording(tmp_path, challenger=str(other))
    with open_client(predictor, settings) as (client, get_desk):
        asked = {"rows": [*ROWS, {}], "keys": ["a", "b", None, None], "partial": True}
        answered = client.post("/predict", json=asked).json()["predictions"]
        client.post("/explain", json={"rows": [ROW]})
        client.post("/feedback", json={"labels": [{"id": answered[0]["id"], "label": True}]})
        shown = client.get("/model").json()["challenger"]
        wait_until(lambda: get_desk().metrics.rows[shown["version"], "shadow", "scored"] == 4)
        text = client.get("/metrics").text
    assert {one.get("lane", "champion") for one in answered} == {"champion"}
    rows = {row["id"]: row for row in recorded(settings)}
    for place, one in enumerate(answered[:3]):
        beside, answer = rows[f"{one['id']}-s"], rows[one["id"]]
        assert (beside["lane"], beside["model"], beside["shadow_of"]) == ("shadow", shown["version"], one["id"])
        assert beside["score"] == predict_rows(tiny_model(-2.0), [ROWS[place]])[0] != answer["score"]
        assert {name: beside[name] for name in ("inputs", "key", "label", "route")} == {
            name: answer[name] for name in ("inputs", "key", "label", "route")
        }
        assert beside["scoring_ms"] > 0
        assert answer["scoring_ms"] > 0
    assert len(rows) == 8
    assert f'perennial_rows_total{{lane="shadow",model="{shown["version"]}",outcome="scored"}} 4.0' in text
    assert f'perennial_challenger_up{{lane="shadow",model="{shown["version"]}"}} 1.0' in text


@pytest.mark.slow
def test_a_challenger_that_dies_comes_back(predictor: Predictor, other: Path) -> None:
    with open_client(predictor, replace(OFF, challenger=str(other))) as (client, get_desk):
        one = get_desk().challenger
        assert one is not None
        one._companion.process.kill()
        wait_until(lambda: not one.is_up)
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        assert "perennial_challenger_up" in client.get("/metrics").text
        wait_until(lambda: one.is_up)
        client.post("/predict", json={"rows": [ROW]})
        wait_until(lambda: get_desk().metrics.rows[one.version, "shadow", "scored"] == 1)
        assert one.faults["away"] == 1


@pytest.mark.slow
def test_a_challenger_that_comes_back_silent_is_ended_and_started_again(
    predictor: Predictor, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent: list[Companion] = []

    def start_silent(place: str, lane: str) -> Companion:
        if not silent:
            ours, theirs = socket.socketpair()
            process = subprocess.Popen(["sleep", "600"], pass_fds=(theirs.fileno(),))
            theirs.close()
            silent.append(Companion(process, ours))
            return silent[0]
        return start_process(place, lane)

    with open_client(predictor, replace(OFF, challenger=str(other))) as (_, get_desk):
        one = get_desk().challenger
        assert one is not None
        monkeypatch.setattr("perennial.serving.challenger.start_process", start_silent)
        monkeypatch.setattr("perennial.serving.challenger.START_SECONDS", 5.0)
        one._companion.process.kill()
        wait_until(lambda: bool(silent))
        assert not one.is_up
        wait_until(lambda: one.is_up, 40)
        assert silent[0].process.poll() is not None


def test_a_flipped_byte_or_another_contract_is_refused_at_the_start(predictor: Predictor, tmp_path: Path) -> None:
    harmed = tmp_path / "harmed"
    write_tiny_bundle(harmed, intercept=-2.0)
    path = harmed / "model.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    write_tiny_bundle(tmp_path / "several", task="multiclass")
    for folder, reason in (
        (harmed, r"the challenger at .*harmed: .*model.json is not the file that was packed"),
        (tmp_path / "several", "its task is 'multiclass', the champion's 'binary'"),
        (tmp_path / "none", "is not there"),
    ):
        with (
            pytest.raises(Refusal, match=reason),
            open_client(predictor, replace(OFF, challenger=str(folder))),
        ):
            pytest.fail("it must not start")
