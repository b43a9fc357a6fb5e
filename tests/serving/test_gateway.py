import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from perennial.evaluation.bad_requests import find_fault, list_bad_requests
from perennial.io.records import open_log, read_predictions
from perennial.model.predictor import predict_rows
from perennial.serving import runtime
from perennial.serving.desk import Desk
from perennial.serving.gateway import Gateway
from perennial.serving.runtime import Predictor, load_predictor
from perennial.serving.settings import Settings
from tests.serving.desks import LIMITS, OFF, open_client, recording, tiny_predictor
from tests.tiny import INPUTS, ROW, tiny_model, write_tiny_bundle

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def client(predictor: Predictor) -> Iterator[TestClient]:
    with open_client(predictor) as (client, _):
        yield client


def recorded(settings: Settings) -> list[dict[str, Any]]:
    """Everything in the log."""
    engine = open_log(settings.log_url)
    return [row for piece in read_predictions(engine) for row in piece]


def test_rows_are_answered_with_score_decision_and_model(client: TestClient, predictor: Predictor) -> None:
    rows = [ROW, ROW | {"carrier": None}, ROW | {"holiday": True}]
    answer = client.post("/predict", json={"rows": rows}).json()
    assert answer["model"] == {"version": predictor.bundle[:12], "bundle": predictor.bundle}
    scores = [one["score"] for one in answer["predictions"]]
    assert scores == predict_rows(tiny_model(), rows).tolist()
    assert [one["decision"] for one in answer["predictions"]] == [score >= 0.25 for score in scores]
    assert [one["warnings"] for one in answer["predictions"]] == [[], [], []]
    assert {(one["model"], one["lane"]) for one in answer["predictions"]} == {(predictor.version, "champion")}
    ids = [one["id"] for one in answer["predictions"]]
    assert [one.rpartition("-")[2] for one in ids] == ["0", "1", "2"]
    assert len({one.rpartition("-")[0] for one in ids}) == 1


def test_an_unseen_category_is_scored_as_missing_with_a_warning(client: TestClient) -> None:
    rows = [ROW | {"carrier": "ZZ"}, ROW | {"carrier": None}]
    unseen, missing = client.post("/predict", json={"rows": rows}).json()["predictions"]
    assert unseen["score"] == missing["score"]
    assert unseen["warnings"] == ["carrier was rare or never seen in training: scored as missing"]


def test_the_whole_table_of_bad_input(client: TestClient) -> None:
    requests = list_bad_requests(INPUTS, ROW, max_rows=LIMITS.max_rows, max_body_bytes=LIMITS.max_body_bytes)
    assert len(requests) > 40
    faults = []
    for request in requests:
        headers = {"content-type": request.kind} if request.kind else {}
        headers |= {"content-encoding": request.coding} if request.coding else {}
        answer = client.request(request.method, request.path, content=request.body, headers=headers)
        faults.append(find_fault(request, answer.status_code, answer.headers["content-type"], answer.content))
    assert [fault for fault in faults if fault] == []


def test_problems_are_listed_by_place_and_no_row_is_scored(client: TestClient) -> None:
    answer = client.post("/predict", json={"rows": [ROW, ROW | {"distance": "500", "x": 1}]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "the rows have 2 problem(s); none was scored.",
        "problems": ["rows[1].distance is text: send a number", "rows[1].x is not a column of this model"],
    }


def test_partial_answers_the_good_rows_and_refuses_the_bad_one_in_its_place(client: TestClient) -> None:
    rows = [ROW, ROW | {"distance": -1}, ROW]
    answer = client.post("/predict", json={"rows": rows, "partial": True})
    assert answer.status_code == 200
    first, bad, last = answer.json()["predictions"]
    assert first["score"] == last["score"]
    assert bad == {
        "error": {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "the row has 1 problem(s); it was not scored.",
            "problems": ["rows[1].distance is out of range: send 0 to 5000"],
        }
    }


def test_an_explanation_is_a_prediction_with_parts_that_add_up(client: TestClient) -> None:
    plain = client.post("/predict", json={"rows": [ROW]}).json()["predictions"][0]
    told = client.post("/explain", json={"rows": [ROW]}).json()["predictions"][0]
    assert {name: told[name] for name in ("score", "decision")} == {name: plain[name] for name in ("score", "decision")}
    assert set(told["contributions"]) == set(ROW)
    assert abs(told["base"] + sum(told["contributions"].values()) - told["raw"]) <= 1e-9


def test_the_list_of_problems_is_bounded(client: TestClient) -> None:
    row = {f"x{number}": 1 for number in range(300)}
    assert len(client.post("/predict", json={"rows": [row]}).json()["problems"]) == 50


def test_a_refusal_never_repeats_what_was_sent(client: TestClient) -> None:
    answer = client.post("/predict", json={"rows": [ROW | {"distance": "secret", "at": "secret"}]})
    assert answer.status_code == 422
    assert "secret" not in answer.text


def test_a_score_that_is_not_finite_is_the_service_s_fault(predictor: Predictor) -> None:
    harmed = replace(predictor, model=tiny_model(intercept=float("nan")))
    with open_client(harmed) as (client, _):
        answer = client.post("/predict", json={"rows": [ROW]})
    assert answer.status_code == 500
    assert "not finite" in answer.json()["detail"]


def test_an_unexpected_failure_says_and_logs_nothing_of_the_row(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_model: Any, _categories: Any, rows: Any) -> None:
        raise RuntimeError(f"it broke at {rows}")

    monkeypatch.setattr(runtime, "answer_rows", fail)
    with open_client(predictor) as (client, _), caplog.at_level(logging.DEBUG):
        answer = client.post("/predict", json={"rows": [ROW | {"carrier": "secret"}]})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_the_schema_tells_what_to_send(client: TestClient) -> None:
    schema: dict[str, Any] = client.get("/schema").json()
    assert [column["name"] for column in schema["inputs"]] == list(ROW)
    assert schema["limits"] == {"max_rows": 5, "max_body_bytes": 10000}
    assert client.post("/predict", json=schema["example"]).status_code == 200


def test_the_model_shows_its_card_and_its_verdict(predictor: Predictor) -> None:
    packaged = {"card": {"statement": "Late?"}, "verdict": {"blessed": True}}
    with open_client(predictor, packaged=packaged) as (client, _):
        shown = client.get("/model").json()
    assert shown["model"] == {"version": predictor.version, "bundle": predictor.bundle, "lane": "champion"}
    assert shown["card"]["statement"] == "Late?"
    assert shown["card"]["seen_until"] == "2013-08-01"
    assert shown["verdict"] == {"blessed": True}
    assert [column["name"] for column in shown["schema"]] == list(ROW)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("POST", "/model", 405),
        ("DELETE", "/", 405),
        ("GET", "/nothing", 404),
        ("GET", "/docs.json", 404),
        ("GET", "/static_content/swagger-ui.css", 404),
        ("HEAD", "/readyz", 200),
        ("GET", "/livez", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
    ],
)
def test_other_routes(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert answer.headers["allow"] in ("POST", "GET, HEAD")


def test_answers_are_json_for_strange_categories(client: TestClient) -> None:
    body = json.dumps({"rows": [ROW | {"carrier": "\ud800"}]}).encode()
    assert client.post("/predict", content=body, headers=JSON).status_code == 200


def test_figures_count_requests_rows_gaps_and_scores(client: TestClient) -> None:
    client.post("/predict", json={"rows": [ROW, ROW | {"carrier": None}, ROW | {"carrier": "ZZ"}]})
    client.post("/predict", json={"rows": [{}, ROW], "partial": True})
    client.get("/nothing/at/all")
    text = client.get("/metrics").text
    for line in (
        'perennial_requests_total{route="/predict",status="200"} 2.0',
        'perennial_requests_total{route="other",status="404"} 1.0',
        'perennial_missing_values_total{input="carrier"} 1.0',
        'perennial_unseen_values_total{input="carrier"} 1.0',
        'perennial_request_seconds_count{route="/predict"} 2.0',
    ):
        assert line in text
    assert 'outcome="answered"} 4.0' in text
    assert 'outcome="refused"} 1.0' in text


def test_a_caller_with_too_many_open_is_told_to_wait_and_all_is_well_again(predictor: Predictor) -> None:
    settings = replace(OFF, in_flight=3, in_flight_per_caller=2)
    with open_client(predictor, settings) as (client, get_desk):
        desk = get_desk()
        with desk.hold_slot("testclient"), desk.hold_slot("testclient"):
            mine = client.post("/predict", json={"rows": [ROW]})
        with desk.hold_slot("a"), desk.hold_slot("b"), desk.hold_slot("c"):
            everyone = client.post("/predict", json={"rows": [ROW]})
        assert (mine.status_code, everyone.status_code) == (429, 503)
        assert mine.headers["retry-after"] == everyone.headers["retry-after"] == "1"
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        assert 'perennial_shed_total{reason="caller"} 1.0' in client.get("/metrics").text


def test_a_service_that_ends_says_so(predictor: Predictor) -> None:
    with open_client(predictor) as (client, get_desk):
        get_desk().draining = True
        for method, path in (("GET", "/readyz"), ("POST", "/predict"), ("GET", "/model")):
            answer = client.request(method, path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert client.get("/livez").status_code == 200
        assert client.get("/metrics").status_code == 200


def test_what_takes_too_long_is_504(predictor: Predictor) -> None:
    slow = replace(predictor, is_sound=lambda row: time.sleep(0.05) or predictor.is_sound(row))
    rows = [ROW] * 5  # two pieces of an explanation
    with open_client(slow, replace(OFF, timeout_seconds=0.1)) as (client, get_desk):
        answer = client.post("/explain", json={"rows": rows})
        assert answer.status_code == 504
        assert get_desk().held == 0


def test_an_answer_is_in_the_log_with_what_made_it(predictor: Predictor, tmp_path: Path) -> None:
    settings = recording(tmp_path)
    with open_client(predictor, settings) as (client, _):
        body = {"rows": [ROW, {}, ROW | {"carrier": None}], "keys": ["a", "b", None], "partial": True}
        answered = client.post("/predict", json=body).json()["predictions"]
        kept = recorded(settings)
    assert [row["id"] for row in kept] == [answered[0]["id"], answered[2]["id"]]
    assert [row["inputs"] for row in kept] == [ROW, ROW | {"carrier": None}]
    assert [row["key"] for row in kept] == ["a", None]
    assert [(row["score"], row["decision"]) for row in kept] == [
        (one["score"], one["decision"]) for one in (answered[0], answered[2])
    ]
    assert {(row["model"], row["lane"], row["route"]) for row in kept} == {(predictor.version, "champion", "predict")}


def test_personal_data_is_answered_and_not_recorded(predictor: Predictor, tmp_path: Path) -> None:
    settings = recording(tmp_path)
    with open_client(replace(predictor, personal=frozenset({"carrier"})), settings) as (client, _):
        assert client.post("/predict", json={"rows": [ROW | {"carrier": "canary"}]}).status_code == 200
        assert client.post("/explain", json={"rows": [ROW | {"carrier": "canary"}]}).status_code == 200
        kept = recorded(settings)
    assert [sorted(row["inputs"]) for row in kept] == [["at", "distance", "holiday"]] * 2
    content = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert b"canary" not in content


def test_a_log_that_cannot_be_written_is_503_and_nothing_is_kept(predictor: Predictor, tmp_path: Path) -> None:
    settings = recording(tmp_path)
    with open_client(predictor, settings) as (client, _):
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        with open_log(settings.log_url).begin() as other:
            other.exec_driver_sql("ALTER TABLE predictions RENAME TO away")
        answer = client.post("/predict", json={"rows": [ROW, ROW]})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert client.get("/readyz").status_code == 503
        with open_log(settings.log_url).begin() as other:
            other.exec_driver_sql("ALTER TABLE away RENAME TO predictions")
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        assert len(recorded(settings)) == 2


def test_a_queue_answers_although_the_log_is_away_and_loses_nothing(predictor: Predictor, tmp_path: Path) -> None:
    settings = recording(tmp_path, log_durability="queue")
    with open_client(predictor, settings) as (client, get_desk):
        with open_log(settings.log_url).begin() as other:
            other.exec_driver_sql("ALTER TABLE predictions RENAME TO away")
        assert client.post("/predict", json={"rows": [ROW, ROW]}).status_code == 200
        with open_log(settings.log_url).begin() as other:
            other.exec_driver_sql("ALTER TABLE away RENAME TO predictions")
        writer = get_desk().writer
        assert writer is not None
        writer.close()
        assert len(recorded(settings)) == 2


def test_labels_come_back_by_id_or_by_the_caller_s_own_key(predictor: Predictor, tmp_path: Path) -> None:
    settings = recording(tmp_path)
    with open_client(predictor, settings) as (client, _):
        first, _ = client.post("/predict", json={"rows": [ROW, ROW], "keys": ["a", "b"]}).json()["predictions"]
        labels = [{"id": first["id"], "label": False}, {"key": "b", "label": True, "known_at": "2013-07-02"}]
        assert client.post("/feedback", json={"labels": labels}).json() == {"recorded": 2}
        assert client.post("/feedback", json={"labels": [{"id": first["id"], "label": True}]}).status_code == 200
        unknown = client.post("/feedback", json={"labels": [{"key": "a", "label": True}, {"id": "x", "label": True}]})
        assert unknown.status_code == 404
        assert unknown.json()["problems"] == ["labels[1].id is of no recorded prediction"]
        kept = recorded(settings)
    assert [row["label"] for row in kept] == [True, True]
    assert str(kept[1]["label_known_at"]) == "2013-07-02 00:00:00"


def test_without_a_log_no_label_can_come_in(client: TestClient) -> None:
    assert client.post("/feedback", json={"labels": [{"id": "x", "label": True}]}).status_code == 503


def test_a_flipped_byte_is_refused_before_anything_is_answered(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    path = tmp_path / "bundle" / "model.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    with pytest.raises(ValueError, match=r"model.json is not the file that was packed"):
        load_predictor(tmp_path / "bundle")


def test_requests_come_at_once_and_not_through_what_stands_around(predictor: Predictor) -> None:
    passed: list[str] = []

    class Around:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            passed.append(scope["type"])
            await self.app(scope, receive, send)

    desk = Desk(predictor, LIMITS, OFF)
    app = Starlette(middleware=[Middleware(Around), Middleware(Gateway, get_desk=lambda: desk)])
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.post("/predict", json={"rows": [ROW]}).status_code == 200
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/predict"):
            pytest.fail("there is no socket")
    assert passed == ["lifespan"]
