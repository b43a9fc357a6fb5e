import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perennial.refusal import Refusal
from perennial.serving import guard
from perennial.serving.guard import Guard, is_loopback, refuse_open_door
from perennial.serving.keys import describe_key
from perennial.serving.runtime import Predictor
from tests.serving.desks import OFF, open_client, tiny_predictor
from tests.tiny import ROW

ALL = ("predict", "feedback", "metrics", "docs")
ASKED = {
    "predict": [("POST", "/predict"), ("POST", "/explain")],
    "feedback": [("POST", "/feedback")],
    "metrics": [("GET", "/metrics")],
    "docs": [("GET", "/openapi.json")],
}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def client(predictor: Predictor) -> Iterator[TestClient]:
    """A service with one key per scope; each is called as its scope."""
    keys = ";".join(describe_key(scope, [scope], scope) for scope in ALL)
    with open_client(predictor, replace(OFF, api_keys=keys)) as (client, _):
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize("scope", ALL)
def test_a_key_opens_what_its_scope_says_and_no_more(client: TestClient, scope: str) -> None:
    for other, routes in ASKED.items():
        for method, path in routes:
            answer = client.request(method, path, json={"rows": [ROW]}, headers=bearer(scope))
            assert (answer.status_code == 403) == (other != scope), (path, answer.text)


@pytest.mark.parametrize("headers", [{}, bearer("nobody"), {"authorization": "Basic cHJlZGljdA=="}, bearer("")])
def test_without_a_known_key_nothing_is_answered_but_probes_and_the_empty_page(
    client: TestClient, headers: dict[str, str]
) -> None:
    for method, path in [*(one for routes in ASKED.values() for one in routes), ("GET", "/model"), ("GET", "/schema")]:
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    assert [client.get(path).status_code for path in ("/livez", "/readyz", "/")] == [200] * 3


def test_keys_of_a_mounted_file_are_rotated_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, predictor: Predictor
) -> None:
    monkeypatch.setattr(guard, "REREAD_SECONDS", 0.0)
    path = tmp_path / "keys"
    path.write_text(describe_key("old", ["docs"], "old"))
    with open_client(predictor, replace(OFF, api_keys_file=str(path))) as (client, _):

        def statuses() -> list[int]:
            return [client.get("/model", headers=bearer(key)).status_code for key in ("old", "new")]

        assert statuses() == [200, 401]
        path.write_text(f"{describe_key('old', ['docs'], 'old')}\n{describe_key('new', ['docs'], 'new')}")
        assert statuses() == [200, 200]
        path.write_text("half a li")
        assert statuses() == [200, 200]
        fresh = tmp_path / "fresh"
        fresh.write_text(describe_key("new", ["docs"], "new"))
        os.replace(fresh, path)
        assert statuses() == [401, 200]


def test_an_absent_or_damaged_file_of_keys_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        Guard(replace(OFF, api_keys_file=str(tmp_path / "none")))
    (tmp_path / "bad").write_text("ann")
    with pytest.raises(Refusal, match="bad, line 1, is not"):
        Guard(replace(OFF, api_keys_file=str(tmp_path / "bad")))


def test_without_keys_only_this_machine_is_answered(predictor: Predictor) -> None:
    with open_client(predictor) as (client, _):
        assert client.get("/model").status_code == 200
        answer = client.get("http://192.168.1.7/model")
        assert answer.status_code == 403
        assert client.get("http://192.168.1.7/livez").status_code == 200


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ],
)
def test_which_addresses_are_this_machine_s_own(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
    refuse_open_door(host, guarded=True)
    if not alone:
        with pytest.raises(Refusal, match="without API keys"):
            refuse_open_door(host, guarded=False)
