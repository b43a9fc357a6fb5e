"""Rows by their key: what is looked up, how old it may be, and what is said where it cannot be."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from perennial.io.feature_reader import FeatureReader
from perennial.io.feature_store import Run, open_features, write_features
from perennial.io.records import open_log, read_predictions
from perennial.serving.desk import Desk
from perennial.serving.runtime import Predictor
from tests.serving.desks import OFF, open_client, recording, tiny_predictor
from tests.tiny import ROW

NAMED = {"key": "trip"}
AGES = {"fresh": 60.0, "old": 7200.0}
Opened = tuple[TestClient, Callable[[], Desk]]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A feature table: a fresh row, one of two hours ago, and one that is not what the model takes."""
    url, now = f"sqlite:///{tmp_path_factory.mktemp('features')}/f.db", datetime.now(UTC)
    rows = [feature(key, now - timedelta(seconds=age), ROW) for key, age in AGES.items()]
    rows += [feature("other", now, {"distance": 1.0}), feature("7", now, ROW | {"carrier": "AA"})]
    engine = open_features(url)
    write_features(engine, [rows], Run(now, None, now, None))
    engine.dispose()
    return url


def feature(key: str, at: datetime, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "decision_at": at, "known_at": at, "inputs": json.dumps(inputs), "open": True}


@pytest.fixture
def opened(predictor: Predictor, url: str, tmp_path: Path) -> Iterator[Opened]:
    chosen = recording(tmp_path, features_url=url, features_max_age_seconds=3600.0)
    with open_client(predictor, chosen, NAMED) as opened:
        yield opened


def asked(*keys: Any, **more: Any) -> dict[str, Any]:
    return {"keys": [{"trip": key} for key in keys], **more}


def test_a_key_is_answered_as_its_row_would_be_with_its_age(opened: Opened) -> None:
    client, _ = opened
    [by_key] = client.post("/predict", json=asked("fresh")).json()["predictions"]
    [by_row] = client.post("/predict", json={"rows": [ROW]}).json()["predictions"]
    assert by_key.pop("age_seconds") == pytest.approx(60.0, abs=30.0)
    assert by_key.pop("known_at") == by_key.pop("decision_at")
    assert by_key.keys() == by_row.keys()
    assert by_key["score"] == by_row["score"]


def test_a_number_names_what_its_digits_name_and_a_key_may_come_twice(opened: Opened) -> None:
    answers = opened[0].post("/predict", json=asked(7, "7", 7.0)).json()["predictions"]
    assert len({one["score"] for one in answers}) == 1
    assert len({one["id"] for one in answers}) == 3


@pytest.mark.parametrize(
    ("key", "status", "problem"),
    [
        ("nobody", 404, "keys[1] is of no row in the feature table"),
        ("old", 409, "keys[1] is of a row that was known 72"),
        ("other", 409, "rows[1].carrier is not there"),
    ],
)
def test_an_unknown_an_old_and_a_foreign_row_are_refused_each_in_its_way(
    opened: Opened, key: str, status: int, problem: str
) -> None:
    client, _ = opened
    answer = client.post("/predict", json=asked("fresh", key))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["problems"][0].startswith(problem)
    good, bad = client.post("/predict", json=asked("fresh", key, partial=True)).json()["predictions"]
    assert good["score"] > 0
    assert bad["error"]["status"] == status
    assert bad["error"]["problems"][0].startswith(problem)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"keys": []}, "at least one key"),
        ({"keys": "fresh"}, "at least one key"),
        ({"keys": ["fresh"]}, "keys[0] is not an object with the one key 'trip'"),
        ({"keys": [{"trip": "fresh", "day": 1}]}, "keys[0] is not an object with the one key 'trip'"),
        ({"keys": [{"train": "fresh"}]}, "keys[0] is not an object with the one key 'trip'"),
        ({"keys": [{"trip": None}]}, "keys[0].trip is null: send text or a number"),
        ({"keys": [{"trip": True}]}, "keys[0].trip is a boolean"),
        ({"keys": [{"trip": "x" * 201}]}, "keys[0].trip is not printable text"),
        ({"keys": [{"trip": "fresh"}], "rows": [ROW]}, "keys[0] is not printable text"),
        ({"keys": [{"trip": "fresh"}], "partial": 1}, "`partial` is a number"),
        ({"keys": [{"trip": "fresh"}], "model": 1}, "'model' is not a key of a request"),
    ],
)
def test_rows_or_keys_and_nothing_else(opened: Opened, body: Any, words: str) -> None:
    answer = opened[0].post("/predict", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_too_many_keys_are_too_many_rows(opened: Opened) -> None:
    assert opened[0].post("/predict", json=asked(*["fresh"] * 6)).status_code == 413


def test_what_was_looked_up_is_recorded_under_its_key(opened: Opened, tmp_path: Path) -> None:
    client, get_desk = opened
    [one] = client.post("/predict", json=asked("fresh")).json()["predictions"]
    [[row]] = read_predictions(open_log(get_desk().settings.log_url))
    assert (row["id"], row["key"], row["inputs"]) == (one["id"], "fresh", ROW)
    labelled = client.post("/feedback", json={"labels": [{"key": "fresh", "label": True}]})
    assert labelled.json() == {"recorded": 1}


def test_ages_misses_and_queries_are_counted(opened: Opened) -> None:
    client, _ = opened
    client.post("/predict", json=asked("fresh", "nobody", "old", partial=True))
    shown = client.get("/metrics").text
    for line in (
        'perennial_feature_rows_total{outcome="found"} 1.0',
        'perennial_feature_rows_total{outcome="missing"} 1.0',
        'perennial_feature_rows_total{outcome="too_old"} 1.0',
        'perennial_feature_age_seconds_bucket{le="60.0"} 0.0',
        'perennial_feature_age_seconds_bucket{le="300.0"} 1.0',
        "perennial_feature_age_seconds_count 2.0",
        "perennial_feature_queries_total 1.0",
        "perennial_feature_failures_total 0.0",
    ):
        assert line in shown
    [age] = re.findall(r"(?m)^perennial_feature_run_age_seconds (\S+)", shown)
    assert 0 < float(age) < 300


def test_keys_are_described_as_they_are_taken(opened: Opened) -> None:
    client, _ = opened
    document = client.get("/openapi.json").json()
    assert client.get("/schema").json()["key"] == "trip"

    def fits(name: str, value: Any) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        return Draft202012Validator(schema).is_valid(value)

    assert fits("Request", asked("fresh", 7, partial=True))
    assert fits("Request", {"rows": [ROW], "keys": ["mine"]})
    assert not fits("Request", {"rows": [ROW], "keys": [{"trip": "fresh"}]})
    assert not fits("Request", {"keys": [{"train": "fresh"}]})
    for path, name in (("/predict", "Predictions"), ("/explain", "Explanations")):
        answer = client.post(path, json=asked("fresh", "old", "nobody", partial=True))
        assert fits(name, answer.json())
        assert {"404", "409", "503"} <= set(document["paths"][path]["post"]["responses"])


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("fresh")
ASKED = st.fixed_dictionaries(
    {"keys": st.lists(st.dictionaries(st.just("trip") | st.text(max_size=2), JUNK, max_size=2) | JUNK, max_size=3)},
    optional={"partial": st.booleans() | JUNK, "other": JUNK},
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(ASKED)
def test_no_keys_whatever_make_the_service_fail_or_lie(opened: Opened, body: Any) -> None:
    client, _ = opened
    answer = client.post("/predict", content=json.dumps(body), headers={"content-type": "application/json"})
    document = client.get("/openapi.json").json()
    assert str(answer.status_code) in document["paths"]["/predict"]["post"]["responses"]
    assert answer.status_code < 500
    name = "Predictions" if answer.status_code == 200 else "Problem"
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())
    if answer.status_code in (200, 404, 409):
        taken = {"$ref": "#/components/schemas/Request", "components": document["components"]}
        Draft202012Validator(taken).validate(body)


def test_without_a_feature_table_it_says_how_to_have_one(predictor: Predictor) -> None:
    with open_client(predictor, OFF, NAMED) as (client, _):
        answer = client.post("/predict", json=asked("fresh"))
        assert "404" not in client.get("/openapi.json").json()["paths"]["/predict"]["post"]["responses"]
    assert answer.status_code == 422
    assert "PERENNIAL_FEATURES_URL" in answer.json()["detail"]


def test_a_table_that_is_away_is_503_and_rows_are_answered_all_the_same(predictor: Predictor, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/f.db"
    with open_client(predictor, replace(OFF, features_url=url), NAMED) as (client, _):
        answer = client.post("/predict", json=asked("fresh"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        assert client.get("/readyz").status_code == 200
        assert "perennial_feature_failures_total 1.0" in client.get("/metrics").text
        engine, now = open_features(url), datetime.now(UTC)
        write_features(engine, [[feature("fresh", now, ROW)]], Run(now, None, now, None))
        assert client.post("/predict", json=asked("fresh")).status_code == 200


def test_a_table_that_is_silent_ends_at_the_deadline(
    predictor: Predictor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FeatureReader, "_read", lambda *_: time.sleep(1.0))
    with open_client(predictor, replace(OFF, features_url=url, timeout_seconds=0.2), NAMED) as (client, _):
        begun = time.monotonic()
        answer = client.post("/predict", json=asked("fresh"))
    assert answer.status_code == 503
    assert time.monotonic() - begun < 0.9
