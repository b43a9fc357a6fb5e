import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from perennial.evaluation.rehearsal import find_fault, list_bad_requests
from perennial.model.predictor import predict_rows
from perennial.serving.app import ServeLimits, build_app
from perennial.serving.runtime import Predictor, load_predictor
from tests.tiny import INPUTS, ROW, tiny_model, write_tiny_bundle

LIMITS = ServeLimits(max_rows=5, max_body_bytes=10000)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    write_tiny_bundle(folder)
    return load_predictor(folder)


@pytest.fixture
def client(predictor: Predictor) -> TestClient:
    return TestClient(build_app(lambda: predictor, LIMITS))


def test_rows_are_answered_with_score_decision_and_model(client: TestClient, predictor: Predictor) -> None:
    rows = [ROW, ROW | {"carrier": None}, ROW | {"holiday": True}]
    answer = client.post("/predict", json={"rows": rows}).json()
    assert answer["model"] == {"version": predictor.bundle[:12], "bundle": predictor.bundle}
    scores = [one["score"] for one in answer["predictions"]]
    assert scores == predict_rows(tiny_model(), rows).tolist()
    assert [one["decision"] for one in answer["predictions"]] == [score >= 0.25 for score in scores]
    assert [one["warnings"] for one in answer["predictions"]] == [[], [], []]


def test_an_unseen_category_is_scored_as_missing_with_a_warning(client: TestClient) -> None:
    rows = [ROW | {"carrier": "ZZ"}, ROW | {"carrier": None}]
    unseen, missing = client.post("/predict", json={"rows": rows}).json()["predictions"]
    assert unseen["score"] == missing["score"]
    assert unseen["warnings"] == ["carrier was rare or never seen in training: scored as missing"]


def test_the_whole_table_of_bad_input(client: TestClient) -> None:
    requests = list_bad_requests(INPUTS, ROW, max_rows=LIMITS.max_rows, max_body_bytes=LIMITS.max_body_bytes)
    assert len(requests) > 30
    faults = []
    for request in requests:
        headers = {"content-type": request.kind} if request.kind else {}
        answer = client.post("/predict", content=request.body, headers=headers)
        faults.append(find_fault(request, answer.status_code, answer.content))
    assert [fault for fault in faults if fault] == []


def test_problems_are_listed_by_place_and_no_row_is_scored(client: TestClient) -> None:
    answer = client.post("/predict", json={"rows": [ROW, ROW | {"distance": "500", "x": 1}]})
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "the rows have 2 problem(s); none was scored.",
        "problems": ["rows[1].distance is text: send a number", "rows[1].x is not a column of this model"],
    }


def test_the_list_of_problems_is_bounded(client: TestClient) -> None:
    row = {f"x{number}": 1 for number in range(300)}
    assert len(client.post("/predict", json={"rows": [row]}).json()["problems"]) == 50


def test_a_refusal_never_repeats_what_was_sent(client: TestClient) -> None:
    answer = client.post("/predict", json={"rows": [ROW | {"distance": "secret", "at": "secret"}]})
    assert answer.status_code == 422
    assert "secret" not in answer.text


def test_a_score_that_is_not_finite_is_the_service_s_fault(predictor: Predictor) -> None:
    harmed = replace(predictor, model=tiny_model(intercept=float("nan")))
    client = TestClient(build_app(lambda: harmed, LIMITS))
    answer = client.post("/predict", json={"rows": [ROW]})
    assert answer.status_code == 500
    assert "not finite" in answer.json()["error"]


def test_the_schema_tells_what_to_send(client: TestClient) -> None:
    schema: dict[str, Any] = client.get("/schema").json()
    assert [column["name"] for column in schema["inputs"]] == list(ROW)
    assert schema["limits"] == {"max_rows": 5, "max_body_bytes": 10000}
    assert client.post("/predict", json=schema["example"]).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/predict", 405), ("GET", "/nothing", 404)])
def test_other_routes(client: TestClient, method: str, path: str, status: int) -> None:
    assert client.request(method, path).status_code == status


def test_answers_are_json_for_strange_categories(client: TestClient) -> None:
    body = json.dumps({"rows": [ROW | {"carrier": "\ud800"}]}).encode()
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200


def test_a_flipped_byte_is_refused_before_anything_is_answered(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    path = tmp_path / "bundle" / "model.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    with pytest.raises(ValueError, match=r"model.json is not the file that was packed"):
        load_predictor(tmp_path / "bundle")
