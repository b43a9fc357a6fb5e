from dataclasses import replace
from pathlib import Path

import pytest

from perennial.model.predictor import predict_rows
from perennial.refusal import Refusal
from perennial.serving.lanes import is_drawn
from perennial.serving.runtime import Predictor, load_predictor
from tests.serving.desks import OFF, open_client, recording
from tests.serving.test_shadow import recorded
from tests.tiny import ROW, tiny_model

KEYS = [f"k{number}" for number in range(5)]


def test_a_share_of_the_keys_is_answered_by_the_challenger_and_everything_says_so(
    predictor: Predictor, other: Path, tmp_path: Path
) -> None:
    version = load_predictor(other).version
    settings = recording(tmp_path, challenger=str(other), lane="canary", canary_share=0.5)
    drawn = [is_drawn(key, 0.5, version) for key in KEYS]
    assert 0 < sum(drawn) < 5
    with open_client(predictor, settings) as (client, _):
        body = {"rows": [ROW] * 5, "keys": KEYS}
        first = client.post("/predict", json=body).json()["predictions"]
        again = client.post("/explain", json=body).json()["predictions"]
        shown = client.get("/model").json()
        text = client.get("/metrics").text
    told = {True: ("canary", version), False: ("champion", predictor.version)}
    scores = {True: predict_rows(tiny_model(-2.0), [ROW])[0], False: predict_rows(tiny_model(), [ROW])[0]}
    for one, canary, twice in zip(first, drawn, again, strict=True):
        assert (one["lane"], one["model"]) == (twice["lane"], twice["model"]) == told[canary]
        assert one["score"] == twice["score"] == scores[canary]
        assert abs(twice["base"] + sum(twice["contributions"].values()) - twice["raw"]) <= 1e-9
    assert [one["id"].rpartition("-")[2] for one in first] == list("01234")
    rows = {row["id"]: row for row in recorded(settings)}
    assert len(rows) == 10
    assert all((rows[one["id"]]["lane"], rows[one["id"]]["model"]) == (one["lane"], one["model"]) for one in first)
    assert {name: shown["challenger"][name] for name in ("version", "lane", "share", "key")} == {
        "version": version,
        "lane": "canary",
        "share": 0.5,
        "key": None,
    }
    assert f'perennial_rows_total{{lane="canary",model="{version}",outcome="answered"}} {2.0 * sum(drawn)}' in text
    assert f'perennial_model{{bundle="{predictor.bundle}",lane="champion"' in text
    assert f'lane="canary",model="{version}"}} 1.0' in text


def test_a_column_may_be_the_key_and_must_be_an_input(predictor: Predictor, other: Path) -> None:
    settings = replace(OFF, challenger=str(other), lane="canary", canary_share=0.5, lane_key="carrier")
    with open_client(predictor, settings) as (client, _):
        rows = [ROW | {"carrier": code} for code in ("AA", "UA", "B6", "UA", "AA")]
        lanes = [one["lane"] for one in client.post("/predict", json={"rows": rows}).json()["predictions"]]
    assert (lanes[0], lanes[1]) == (lanes[4], lanes[3])
    assert lanes[0] == ("canary" if is_drawn("AA", 0.5, load_predictor(other).version) else "champion")
    with (
        pytest.raises(Refusal, match="PERENNIAL_LANE_KEY is 'tail', which is not an input"),
        open_client(predictor, replace(settings, lane_key="tail")),
    ):
        pytest.fail("it must not start")
