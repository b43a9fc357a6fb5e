"""A challenger that has gone wrong is counted; the champion answers as fast and as right as alone."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perennial.io.bundle import write_bundle
from perennial.model.predictor import predict_rows
from perennial.serving import challenger
from perennial.serving.lanes import is_drawn
from perennial.serving.runtime import Predictor
from tests.conftest import ROOT
from tests.serving.desks import open_client, recording, tiny_predictor
from tests.serving.test_canary import KEYS
from tests.serving.test_shadow import ROWS, recorded
from tests.tiny import INPUTS, ROW, tiny_model, write_tiny_bundle
from tests.waiting import wait_until

HARMS = ("raise", "nan", "slow", "die")


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def rival(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle whose process goes wrong as the test's parameter says, with room for few rows."""
    write_tiny_bundle(tmp_path / "rival", intercept=-2.0)
    monkeypatch.setenv("SICK", request.param)
    monkeypatch.setattr(challenger, "PROCESS", "tests.serving.sick")
    monkeypatch.setattr(challenger, "SOURCE", f"{ROOT}/src:{ROOT}")
    monkeypatch.setattr(challenger, "MOST_ROWS", 30)
    monkeypatch.setattr("perennial.serving.shadow.CLOSE_SECONDS", 0.0)
    return tmp_path / "rival"


def some(reasons: dict[str, str], quick: str) -> pytest.MarkDecorator:
    """Each harm with the reason that counts it; all but one run with the slow tests."""
    marks = {harm: () if harm == quick else pytest.mark.slow for harm in HARMS}
    cases = [pytest.param(harm, reasons[harm], marks=marks[harm]) for harm in HARMS]
    return pytest.mark.parametrize(("rival", "reason"), cases, indirect=["rival"])


@some({"raise": "raised", "nan": "not_finite", "slow": "full", "die": "died"}, quick="slow")
def test_a_sick_challenger_in_the_shadow_is_counted_and_never_felt(
    predictor: Predictor, rival: Path, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = recording(tmp_path, challenger=str(rival))
    with open_client(predictor, settings) as (client, get_desk):
        slowest = 0.0
        for _ in range(20):
            begun = time.monotonic()
            answers = client.post("/predict", json={"rows": ROWS}).json()["predictions"]
            slowest = max(slowest, time.monotonic() - begun)
            assert [one["score"] for one in answers] == predict_rows(tiny_model(), ROWS).tolist()
        assert slowest < 0.9
        faults = get_desk().challenger.faults
        wait_until(lambda: faults[reason] > 0)
        assert (faults["full"] == 30) == (reason == "full")  # what one may hold; the rest is dropped at once
        assert f'reason="{reason}"}} 0.0' not in client.get("/metrics").text
    assert len(recorded(settings)) == 60
    assert sum("challenger" in line for line in caplog.messages) <= 2
    assert "holiday" not in caplog.text


@some({"raise": "raised", "nan": "not_finite", "slow": "late", "die": "died"}, quick="raise")
def test_the_champion_answers_for_a_sick_canary(predictor: Predictor, rival: Path, reason: str, tmp_path: Path) -> None:
    settings = recording(tmp_path, challenger=str(rival), lane="canary", canary_share=0.5, canary_timeout_seconds=0.2)
    slow = []
    with open_client(predictor, settings) as (client, get_desk):
        one = get_desk().challenger
        assert one is not None
        drawn = sum(is_drawn(key, 0.5, one.version) for key in KEYS)
        for _ in range(10):
            begun = time.monotonic()
            answers = client.post("/predict", json={"rows": [ROW] * 5, "keys": KEYS}).json()["predictions"]
            slow.append(time.monotonic() - begun)
            assert {(one["model"], one["score"]) for one in answers} == {
                (predictor.version, predict_rows(tiny_model(), [ROW])[0])
            }
            assert sorted(one["lane"] for one in answers).count("fallback") == drawn
        wait_until(lambda: one.faults[reason] > 0)
        assert sum(one.faults.values()) == 10 * drawn
        # One caller waits for as long as it may; while that is not answered, nobody else does.
        assert sum(seconds > 0.19 for seconds in slow) <= (3 if reason == "late" else 1)
    assert sum(row["lane"] == "fallback" for row in recorded(settings)) == 10 * drawn


def test_a_model_that_overflows_on_some_rows_is_not_finite_and_never_recorded(
    predictor: Predictor, tmp_path: Path
) -> None:
    model = tiny_model()
    harmed = {**model.members[0], "dense": [[1e308, 1.0, -1.5e308, 0.25]]}
    write_bundle(
        tmp_path / "rival",
        replace(model, members=(harmed,)),
        schema=INPUTS,
        golden_rows=[ROW],
        reference={},
        seen=np.array([1], dtype=np.uint64),
        seen_until="2013-08-01",
    )
    settings = recording(tmp_path, challenger=str(tmp_path / "rival"))
    bad = ROW | {"distance": 5000.0, "at": "2013-07-01T23:00:00"}
    with open_client(predictor, settings) as (client, get_desk):
        assert client.post("/predict", json={"rows": [bad]}).status_code == 200
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        metrics = get_desk().metrics
        wait_until(lambda: any(lane == "shadow" for _, lane, _ in metrics.rows))
        assert get_desk().challenger.faults["not_finite"] == 1
    assert sorted(row["lane"] for row in recorded(settings)) == ["champion", "champion", "shadow"]
