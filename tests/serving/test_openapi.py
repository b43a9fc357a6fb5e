"""The OpenAPI document says what the service does, no more and no less."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from perennial.evaluation.bad_requests import list_bad_requests
from perennial.model.instants import _ISO, read_iso
from perennial.serving.gateway import ROUTES
from perennial.serving.keys import describe_key
from perennial.serving.runtime import Predictor
from perennial.serving.schema import Field, check_value
from perennial.serving.shapes import INSTANT, describe_field
from tests.serving.desks import LIMITS, OFF, open_client, recording, tiny_predictor
from tests.tiny import INPUTS, ROW

FIELDS = (
    Field("distance", "numeric", nullable=True, low=0, high=5000),
    Field("speed", "numeric", nullable=False),
    Field("holiday", "boolean", nullable=False),
    Field("carrier", "category", nullable=True),
    Field("origin", "category", nullable=True, allowed=("EWR", "JFK")),
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def client(predictor: Predictor, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(predictor, recording(tmp_path)) as (client, _):
        yield client


def refuse_misfit(document: dict[str, Any], name: str, value: Any) -> None:
    """Raise where a value is not as a component says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(value)


@given(st.sampled_from(FIELDS), VALUES | st.sampled_from(["EWR", "JFK", 0, 5000, 5000.1, -1, 2**53, 2**53 + 2]))
def test_the_schema_of_an_input_takes_exactly_what_the_service_takes(field: Field, value: Any) -> None:
    schema = describe_field(field, {})
    assert Draft202012Validator(schema).is_valid(value) == (check_value(field, value) is None)


@given(st.from_regex(INSTANT, fullmatch=True) | st.from_regex(re.compile(_ISO.pattern, re.ASCII), fullmatch=True))
def test_the_schema_of_an_instant_takes_the_days_that_there_are(text: str) -> None:
    assume("24:" not in text)  # newer Pythons take midnight so
    described = bool(re.fullmatch(INSTANT, text))
    assert described <= (read_iso(text) is not None)
    assert described or read_iso(text) is None or re.search(r"[+-][0-9]{2}:?[0-9]{2}:", text)


def test_good_answers_and_their_requests_are_as_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    request = {"rows": [ROW, {}], "keys": ["a", None], "partial": True}
    for path, name in (("/predict", "Predictions"), ("/explain", "Explanations")):
        answer = client.post(path, json=request).json()
        refuse_misfit(document, name, answer)
        example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        refuse_misfit(document, "Request", example)
        assert client.post(path, json=example).status_code == 200
    labels = {"labels": [{"id": answer["predictions"][0]["id"], "label": True}]}
    refuse_misfit(document, "Feedback", labels)
    refuse_misfit(document, "Recorded", client.post("/feedback", json=labels).json())


def test_every_refusal_has_a_described_status_and_body(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for request in list_bad_requests(INPUTS, ROW, max_rows=LIMITS.max_rows, max_body_bytes=LIMITS.max_body_bytes):
        headers = {"content-type": request.kind} if request.kind else {}
        answer = client.request(request.method, request.path, content=request.body, headers=headers)
        operation = document["paths"].get(request.path.partition("?")[0], {}).get(request.method.lower())
        if operation is not None:
            assert str(answer.status_code) in operation["responses"], request.name
        if answer.status_code >= 400:
            refuse_misfit(document, "Problem", answer.json())


JUNK = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)
ROWS = st.lists(
    st.fixed_dictionaries({name: st.just(value) | JUNK for name, value in ROW.items()}), min_size=1, max_size=2
)
BODIES = JUNK | st.fixed_dictionaries({"rows": ROWS | JUNK}, optional={"keys": JUNK, "partial": JUNK, "labels": JUNK})


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES, st.sampled_from(["/predict", "/explain", "/feedback"]))
def test_no_body_whatever_makes_the_service_fail_or_lie(client: TestClient, body: Any, path: str) -> None:
    answer = client.post(path, json=body)
    document = client.get("/openapi.json").json()
    assert answer.status_code < 500
    assert str(answer.status_code) in document["paths"][path]["post"]["responses"]
    name = "Problem" if answer.status_code >= 400 else {"/predict": "Predictions", "/explain": "Explanations"}[path]
    refuse_misfit(document, name, answer.json())
    taken = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    if answer.status_code == 200:
        schema = {"$ref": taken, "components": document["components"]}
        assert Draft202012Validator(schema).is_valid(body) or body["partial"]


def test_every_route_for_callers_is_described_and_nothing_else(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    for_machines = {"/", "/healthz", "/openapi.json", "/schema.json"}
    assert described == {(path, route.method) for path, route in ROUTES.items() if path not in for_machines}


def test_keys_are_described_where_they_are_asked_for(predictor: Predictor) -> None:
    guarded = replace(OFF, api_keys=describe_key("ann", ["docs"], "secret"))
    with open_client(predictor, guarded) as (client, _):
        document = client.get("/openapi.json", headers={"authorization": "Bearer secret"}).json()
    assert document["security"] == [{"key": []}]
    assert "401" in document["paths"]["/predict"]["post"]["responses"]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_described_as_they_answer(task: str, tmp_path: Path) -> None:
    with open_client(tiny_predictor(tmp_path, task)) as (client, _):
        document = client.get("/openapi.json").json()
        for path, name in (("/predict", "Predictions"), ("/explain", "Explanations")):
            refuse_misfit(document, name, client.post(path, json={"rows": [ROW]}).json())
